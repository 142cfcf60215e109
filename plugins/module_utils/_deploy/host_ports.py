# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods hold ports of their nodes. Pure.

No process need listen on such a port: the network of the pods may redirect it, and takes it away from whoever does.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_pod import labels
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings

INGRESS = (("TCP", 80), ("TCP", 443))
_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class HostPort:
    """A port of a node, and the pod that holds it, as in "kube-system/traefik"."""

    node: str
    protocol: str
    port: int
    pod: str

    def sentence(self) -> str:
        """Return it for people."""
        return f"pod {self.pod} holds {self.protocol} port {self.port} of node {self.node}"


def host_ports(pods: Iterable[Mapping[str, Any]], settings: Settings) -> list[HostPort]:
    """Return the ports of nodes that ``pods``, those of this bootd excepted, hold now."""
    return [held for pod in pods if not _is_own(pod, settings) for held in _of_pod(pod)]


def conflicts(held: Iterable[HostPort], nodes: Iterable[str], settings: Settings) -> list[str]:
    """Return a sentence for each port that bootd needs too, if that leaves it too few of ``nodes``."""
    needed = set(settings.ports().values())
    nodes = set(nodes)
    found = [item for item in held if item.node in nodes and (item.protocol, item.port) in needed]
    free = nodes - {item.node for item in found}
    return [item.sentence() for item in found] if len(free) < settings.replicas else []


def of_ingress(held: Iterable[HostPort]) -> list[str]:
    """Return a sentence for each port of web servers that is held: these are not bootd's to take."""
    return [item.sentence() for item in held if (item.protocol, item.port) in INGRESS]


def _of_pod(pod: Mapping[str, Any]) -> Iterator[HostPort]:
    meta, spec = pod["metadata"], pod["spec"]
    if not spec.get("nodeName") or pod.get("status", {}).get("phase") in _ENDED:
        return
    for container in spec.get("containers", ()):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                name = f"{meta['namespace']}/{meta['name']}"
                yield HostPort(spec["nodeName"], port.get("protocol", "TCP"), port["hostPort"], name)


def _is_own(pod: Mapping[str, Any], settings: Settings) -> bool:
    meta = pod["metadata"]
    return meta["namespace"] == settings.namespace and labels(settings).items() <= meta.get("labels", {}).items()
