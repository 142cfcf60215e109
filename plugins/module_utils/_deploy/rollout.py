# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until objects work that were applied, or are gone that were removed.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import path_of, title_of
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.missing import (
    bad_conditions,
    has_failed,
    left_to_do,
    pod_troubles,
    selector_of,
)

PAUSE = 0.5  # seconds between two looks


class NotReady(Exception):
    """An object does not work in time; the message says what was last seen of it."""


def wait_for(client: Client, document: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return the object that ``document`` names as soon as it works: all pods available, the CRD served.

    Raises NotReady after ``seconds``, or when the cluster gives up, and ApiError. An API server that is away for a
    while, as when its own node gets another address, is waited for.
    """
    path, start = path_of(document), time.monotonic()
    while True:
        present, told = _look(client, path)
        left = left_to_do(present) if present else told or "it is not there"
        if present and not left:
            return present
        waited = time.monotonic() - start
        if waited > seconds or (present and has_failed(present)):
            reasons = [left, *(_last_seen(client, present) if present else ())]
            shown = f"{min(waited, seconds):.0f} s"
            raise NotReady(f"{title_of(document)} is not ready after {shown}: {'; '.join(reasons)}")
        time.sleep(PAUSE)


def wait_until_gone(client: Client, document: Mapping[str, Any], seconds: float) -> None:
    """Return when there is no object any more that ``document`` names, and no pod of it; raises NotReady, ApiError."""
    end = time.monotonic() + seconds
    while remains := _remains(client, document):
        if time.monotonic() > end:
            raise NotReady(f"{title_of(document)} is not gone after {seconds:.0f} s: {remains}")
        time.sleep(PAUSE)


def _remains(client: Client, document: Mapping[str, Any]) -> str:
    """Return what there still is of an object, "" where it is gone."""
    present, told = _look(client, path_of(document))
    if present:
        finalizers = present["metadata"].get("finalizers", [])
        return f"it waits for {', '.join(finalizers) or 'the cluster'}"
    try:
        pods = [] if told else _pods(client, document)
    except ApiUnreachable as error:
        return str(error)
    return told or ("there are its pods " + ", ".join(pod["metadata"]["name"] for pod in pods) if pods else "")


def _look(client: Client, path: str) -> tuple[dict[str, Any] | None, str]:
    """Return the object at ``path``, or None and why the API did not tell; "" where there is none."""
    try:
        return client.get(path), ""
    except ApiUnreachable as error:
        return None, str(error)
    except ApiError as error:
        if error.status != 404:
            raise
        return None, ""


def _last_seen(client: Client, present: Mapping[str, Any]) -> list[str]:
    try:
        return bad_conditions(present) + pod_troubles(_pods(client, present))
    except (ApiError, ApiUnreachable) as error:
        return [f"its pods can't be listed: {error}"]


def _pods(client: Client, workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    selector, namespace = selector_of(workload), workload["metadata"].get("namespace", "")
    if not selector or not namespace:
        return []
    return client.get(resource_path("v1", "pods", namespace), {"labelSelector": selector}).get("items", [])
