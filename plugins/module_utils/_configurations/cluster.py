# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installer configurations as Secrets: a list of each namespace, then only the writes that are needed, several at once.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.configurations.secrets import (
    DATA_KEYS,
    LABEL,
    PREFIX,
    SELECTOR,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import text_at
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import (
    APPLY_PATCH,
    MERGE_PATCH,
    Client,
    resource_path,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import plan
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations.plan import (
    CLUSTER_PREFIX,
    Kept,
    Key,
    Step,
    Wanted,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.namespaces import make_namespaces
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import FIELD_MANAGER, MANAGED_BY
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import LABEL as MANAGED_LABEL

MACHINE_ANNOTATION = "netboot.baremetal/machine"
TOKEN_KEY = "token"
AT_ONCE = 8  # requests
PAGE = 250  # Secrets of one answer
MAX_SHOWN = 20  # of the machines that failed


class ConfigurationError(Exception):
    """The Secrets could not be brought about; the message has a line for each of them."""


@dataclass(frozen=True)
class Wish:
    """What the module was asked for, beside the configurations."""

    prune: bool = False
    create_namespace: bool = False
    check: bool = False

    @property
    def foresees_namespace(self) -> bool:
        """Return whether a namespace that is missing would be there by now."""
        return self.check and self.create_namespace


@dataclass(frozen=True)
class Done:
    """What became of one Secret, or would in check mode; ``error`` says why nothing did."""

    step: Step
    error: str = ""


@dataclass(frozen=True)
class Live:
    """A Secret that is there: its configuration, and whether it is one of this collection's."""

    kept: Kept
    ours: bool


def present(client: Client, configurations: list[Wanted], live: Mapping[Key, Live], wish: Wish) -> list[Done]:
    """Bring ``configurations`` about where ``live`` are those there; raises ConfigurationError."""
    there = {key: item.kept for key, item in live.items()}
    ours = [key for key, item in live.items() if item.ours] if wish.prune else []
    return _all(plan.steps(configurations, there, ours=ours), live, lambda step: _bring_about(client, step, wish))


def absent(client: Client, keys: Iterable[Key], wish: Wish) -> list[Done]:
    """Remove the Secrets of the machines ``keys``; raises ConfigurationError."""
    keys = list(keys)
    live = listed(client, {namespace for namespace, _name in keys})
    there = {key: item.kept for key, item in live.items()}
    return _all(plan.removals(keys, there), live, lambda step: _bring_about(client, step, wish))


def have_namespaces(client: Client, names: Iterable[str], *, check: bool) -> None:
    """Make those of the namespaces ``names`` that are not there; raises ConfigurationError."""
    try:
        make_namespaces(client, names, check=check)
    except (ApiError, ApiUnreachable) as error:
        raise ConfigurationError(str(error)) from error


def token_of(client: Client, namespace: str, cluster: str, made: str, wish: Wish) -> tuple[str, bool]:
    """Return the cluster's token, which is ``made`` where there is none yet, and whether that is so.

    Raises ConfigurationError where there is a Secret of that name which is not this collection's.
    """
    name = f"{CLUSTER_PREFIX}{cluster}"
    try:
        there = _get(client, namespace, name)
        if there is None:
            try:
                _create(client, namespace, name, TOKEN_KEY, made, {}, {}, check=wish.check)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    if wish.foresees_namespace and error.status == 404:
                        return made, True
                    raise
                there = _get(client, namespace, name)
            else:
                return made, True
    except (ApiError, ApiUnreachable) as error:
        raise ConfigurationError(str(error)) from error
    token = _decoded(there, TOKEN_KEY) if there is not None and _is_ours(there) else ""
    if not token:
        raise ConfigurationError(f"Secret {namespace}/{name} was not made by this module: remove it, or name another")
    return token, False


def listed(client: Client, namespaces: Iterable[str]) -> dict[Key, Live]:
    """Return the Secrets of machines that are in ``namespaces``; raises ConfigurationError."""
    found = {}
    try:
        for namespace in sorted(namespaces):
            for item in _pages(client, resource_path("v1", "secrets", namespace)):
                name = text_at(item, "metadata", "name")
                if name.startswith(PREFIX):
                    key = namespace, name.removeprefix(PREFIX)
                    found[key] = Live(_kept(item), _is_ours(item))
    except (ApiError, ApiUnreachable) as error:
        raise ConfigurationError(str(error)) from error
    return found


def _pages(client: Client, path: str) -> Iterable[Mapping[str, Any]]:
    query: dict[str, Any] = {"labelSelector": SELECTOR, "limit": PAGE}
    while True:
        answer = client.get(path, query)
        yield from answer.get("items") or ()
        query["continue"] = (answer.get("metadata") or {}).get("continue")
        if not query["continue"]:
            return


def _all(todo: list[Step], live: Mapping[Key, Live], work: Callable[[Step], Done]) -> list[Done]:
    """Do ``work`` for each step, several at a time; raises ConfigurationError naming each that failed."""

    def careful(step: Step) -> Done:
        if step.action != "unchanged" and step.key in live and not live[step.key].ours:
            secret = f"{step.key[0]}/{PREFIX}{step.key[1]}"
            return Done(step, f"Secret {secret} was not made by this module, which leaves it alone")
        return work(step)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(careful, todo))
    failed = [item.error for item in done if item.error]
    if failed:
        went_well = sum(item.step.action != "unchanged" and not item.error for item in done)
        tail = f"{went_well} others were written" if went_well else "nothing was written"
        shown = [*failed[:MAX_SHOWN], *([f"and {len(failed) - MAX_SHOWN} more"] if len(failed) > MAX_SHOWN else [])]
        raise ConfigurationError("\n".join([*shown, f"{len(failed)} of {len(done)} configurations failed; {tail}"]))
    return done


def _bring_about(client: Client, step: Step, wish: Wish) -> Done:
    if step.action == "unchanged":
        return Done(step)
    namespace, machine = step.key
    name = f"{PREFIX}{machine}"
    try:
        if step.action == "removed":
            client.request("DELETE", resource_path("v1", "secrets", namespace, name), _query(wish.check))
        elif step.action == "updated":
            body = _secret(namespace, name, *_data_of(step), {LABEL: "true"}, {MACHINE_ANNOTATION: machine})
            path, query = resource_path("v1", "secrets", namespace, name), _query(wish.check)
            if step.before is not None and step.before.suffix != step.suffix:
                # What it was kept as before goes in the same step: bootd uses neither of two.
                gone = {
                    "data": {key: None for suffix, key in DATA_KEYS.items() if suffix != step.suffix} | body["data"]
                }
                client.request("PATCH", path, {**query, "fieldManager": FIELD_MANAGER}, gone, MERGE_PATCH)
            # Its label says that it is ours, whatever somebody has done to it since.
            query |= {"fieldManager": FIELD_MANAGER, "force": "true"}
            client.request("PATCH", path, query, body, APPLY_PATCH)
        else:
            labels, annotations = {LABEL: "true"}, {MACHINE_ANNOTATION: machine}
            _create(client, namespace, name, *_data_of(step), labels, annotations, check=wish.check)
    except ApiError as error:
        if error.status == 404 and (step.action == "removed" or (wish.foresees_namespace and step.action == "created")):
            return Done(step)  # gone already, or in a namespace that would be there
        return Done(step, f"{namespace}/{machine}: {error}")
    except ApiUnreachable as error:
        return Done(step, f"{namespace}/{machine}: {error}")
    return Done(step)


def _data_of(step: Step) -> tuple[str, str]:
    """Return the key in a Secret's data under which the step's configuration shall be, and its text."""
    return DATA_KEYS[step.suffix], step.after.text if step.after else ""


def _kept(secret: Mapping[str, Any]) -> Kept:
    found = [Kept(text, suffix) for suffix, key in DATA_KEYS.items() if (text := _decoded(secret, key))]
    if len(found) > 1:
        return Kept(found[0].text, "")
    return found[0] if found else Kept("")


def _create(
    client: Client,
    namespace: str,
    name: str,
    key: str,
    text: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    *,
    check: bool,
) -> None:
    """Create a Secret; unlike an apply, that never takes the place of one that somebody else has made."""
    body = _secret(namespace, name, key, text, labels, annotations)
    query = {**_query(check), "fieldManager": FIELD_MANAGER}
    client.request("POST", resource_path("v1", "secrets", namespace), query, body)


def _secret(
    namespace: str, name: str, key: str, text: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "namespace": namespace, "labels": {MANAGED_LABEL: MANAGED_BY, **labels}}
    if annotations:
        meta["annotations"] = dict(annotations)
    data = {key: base64.b64encode(text.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}


def _get(client: Client, namespace: str, name: str) -> dict[str, Any] | None:
    try:
        return client.get(resource_path("v1", "secrets", namespace, name))
    except ApiError as error:
        if error.status != 404:
            raise
        return None


def _is_ours(secret: Mapping[str, Any]) -> bool:
    return text_at(secret, "metadata", "labels", MANAGED_LABEL) == MANAGED_BY


def _decoded(secret: Mapping[str, Any], key: str) -> str:
    try:
        return base64.b64decode(text_at(secret, "data", key)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _query(check: bool) -> dict[str, str]:
    return {"dryRun": "All"} if check else {}
