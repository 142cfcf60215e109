# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that asked bootd and have no Hardware object: read from a running bootd, by its URL or through a cluster.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http.client import HTTPException
from typing import Any

from ansible.module_utils.urls import open_url

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import parse_mac
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import printable
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable

PATH = "/api/v1/unknown"
TIMEOUT = 10
MAX_ANSWER = 8 * 1024 * 1024
MAX_TEXT = 256
PODS = "app.kubernetes.io/name=bootd,app.kubernetes.io/component=daemon"
NEEDS_URL = "unknown needs bootd_url with a store of files, as in http://10.10.0.20:7080"
_TEXTS = (
    *("client", "vendor_class", "architecture", "firmware", "user_class", "uuid", "hostname"),
    *("relay", "circuit_id", "remote_id", "interface", "address"),
)
_NUMBERS = ("first", "last", "count")
_PROTOCOLS = ("dhcp", "tftp", "http")


class NotAnswered(Exception):
    """No bootd has told whom it does not know; the message says who was asked and why not."""


def from_bootd(url: str, use_proxy: bool) -> list[dict[str, Any]]:
    """Return what bootd at ``url`` answers, the one seen last first; raises NotAnswered."""
    where = f"{url.rstrip('/')}{PATH}"
    try:
        with open_url(where, timeout=TIMEOUT, use_proxy=use_proxy) as answer:
            return _machines(json.loads(answer.read(MAX_ANSWER)))
    except (OSError, ValueError, HTTPException) as error:
        raise NotAnswered(f"no running bootd has answered: {where}: {error}") from error


def from_pods(client: Client) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what the pods of bootd answer, asked through the API server, and why any did not; raises NotAnswered.

    Raises ApiError and ApiUnreachable where the pods can't be listed.
    """
    pods = client.get(resource_path("v1", "pods"), {"labelSelector": PODS}).get("items") or []
    answers, problems = [], []
    for pod in pods:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        path = resource_path("v1", "pods", namespace, f"{name}:{_port_of(pod)}")
        try:
            answers.append(_machines(client.get(f"{path}/proxy{PATH}")))
        except (ApiError, ApiUnreachable, ValueError) as error:
            problems.append(f"pod {namespace}/{name}: {error}")
    if not answers:
        raise NotAnswered("; ".join(problems) or f"no pod has the labels {PODS}")
    return merged(answers), problems


def merged(answers: Iterable[Iterable[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the machines of several bootds, the one seen last first; of one machine what was seen last counts."""
    found: dict[str, dict[str, Any]] = {}
    for machine in sorted((machine for answer in answers for machine in answer), key=lambda machine: machine["last"]):
        found[machine["mac"]] = machine
    return sorted(found.values(), key=lambda machine: machine["last"], reverse=True)


def _port_of(pod: Mapping[str, Any]) -> int:
    ports = [port for container in pod["spec"]["containers"] for port in container.get("ports") or ()]
    return next((port["containerPort"] for port in ports if port.get("name") == "http"), 7080)


def _machines(document: Any) -> list[dict[str, Any]]:
    """Return the machines of an answer; raises ValueError where it is none of bootd's.

    Every field is there and of its type: what strangers say goes on to people and inventories.
    """
    machines = document.get("unknown") if isinstance(document, dict) else None
    if not isinstance(machines, list) or not all(isinstance(machine, dict) for machine in machines):
        raise ValueError("the answer is not bootd's list of unknown machines")
    return [_machine(mac, machine) for machine in machines if (mac := parse_mac(machine.get("mac", "")))]


def _machine(mac: str, machine: Mapping[str, Any]) -> dict[str, Any]:
    arch, asked = machine.get("arch"), machine.get("asked")
    times = asked if isinstance(asked, dict) else {}
    return {
        "mac": mac,
        **{name: printable(str(machine.get(name) or ""))[:MAX_TEXT] for name in _TEXTS},
        "arch": arch if isinstance(arch, int) else None,
        "wants_to_boot": machine.get("wants_to_boot") is True,
        **{name: _number(machine.get(name)) for name in _NUMBERS},
        "asked": {name: _number(times.get(name)) for name in _PROTOCOLS},
    }


def _number(value: Any) -> int | float:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
