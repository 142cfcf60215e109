# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far an object has come, read from its status: nothing left to wait for, or a sentence that says what. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MAX_PODS = 3  # that are told of


def left_to_do(document: Mapping[str, Any]) -> str:
    """Return what an object still has to do before it works, "" where nothing is left or its kind has no progress."""
    reader = _READERS.get(document["kind"])
    return reader(document) if reader else ""


def has_failed(document: Mapping[str, Any]) -> bool:
    """Return whether the cluster itself has given up on a Deployment."""
    return any(
        item.get("type") == "Progressing" and item.get("reason") == "ProgressDeadlineExceeded"
        for item in _conditions(document)
    )


def selector_of(document: Mapping[str, Any]) -> str:
    """Return the label selector of a workload's pods, as the API's ``labelSelector``; "" where it has none."""
    labels = document.get("spec", {}).get("selector", {}).get("matchLabels", {})
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


def bad_conditions(document: Mapping[str, Any]) -> list[str]:
    """Return the conditions of an object that are not as they should be, for people."""
    return [
        f"{item.get('type')} is {item.get('status')}: {item.get('message') or item.get('reason') or 'no reason given'}"
        for item in _conditions(document)
        if (item.get("status") == "True") == (item.get("type") == "ReplicaFailure")
    ]


def pod_troubles(pods: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each pod that is not ready, at most MAX_PODS of them."""
    found = [f"pod {pod['metadata']['name']}: {trouble}" for pod in pods if (trouble := _trouble(pod))]
    more = [f"and {len(found) - MAX_PODS} pods more"] if len(found) > MAX_PODS else []
    return found[:MAX_PODS] + more


def _conditions(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return document.get("status", {}).get("conditions") or []


def _of_deployment(document: Mapping[str, Any]) -> str:
    status, wanted = document.get("status", {}), document.get("spec", {}).get("replicas", 1)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if not _is_observed(document):
        return "the cluster has not looked at it yet"
    if updated < wanted:
        return f"{updated} of {wanted} pods are of the new version"
    if status.get("replicas", 0) > updated:
        return f"{status['replicas'] - updated} pods of the old version have not ended"
    return f"{available} of {wanted} pods are available" if available < wanted else ""


def _of_daemon_set(document: Mapping[str, Any]) -> str:
    status = document.get("status", {})
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if not _is_observed(document):
        return "the cluster has not looked at it yet"
    if wanted == 0:
        return "no node is one that it may run on"
    if updated < wanted:
        return f"{updated} of {wanted} pods are of the new version"
    return f"{available} of {wanted} pods are available" if available < wanted else ""


def _of_crd(document: Mapping[str, Any]) -> str:
    established = any(item["type"] == "Established" and item["status"] == "True" for item in _conditions(document))
    return "" if established else "the API does not serve it yet"


def _is_observed(document: Mapping[str, Any]) -> bool:
    return document.get("status", {}).get("observedGeneration", 0) >= document["metadata"].get("generation", 1)


_READERS = {"CustomResourceDefinition": _of_crd, "DaemonSet": _of_daemon_set, "Deployment": _of_deployment}


def _trouble(pod: Mapping[str, Any]) -> str:
    """Return why a pod is not ready, "" where it is."""
    status = pod.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions") or ()}
    if conditions.get("Ready", {}).get("status") == "True":
        return ""
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    told = [words for container in containers if (words := _container_trouble(container))]
    unscheduled = conditions.get("PodScheduled", {})
    if unscheduled.get("status") == "False":
        told.append(f"not scheduled: {unscheduled.get('message') or unscheduled.get('reason', '')}")
    return "; ".join(told) or f"{status.get('phase', 'unknown')}, not ready"


def _container_trouble(container: Mapping[str, Any]) -> str:
    waiting = container.get("state", {}).get("waiting")
    ended = container.get("lastState", {}).get("terminated") or container.get("state", {}).get("terminated")
    told = []
    if waiting and waiting.get("reason") not in ("ContainerCreating", "PodInitializing"):
        told.append(f"{waiting.get('reason', 'waiting')}: {waiting.get('message', '')}".rstrip(": "))
    if ended and ended.get("exitCode", 0) != 0:
        words = " ".join(filter(None, (ended.get("reason"), ended.get("message"))))
        told.append(f"ended with exit status {ended['exitCode']} {words}".rstrip())
    return f"{container['name']}: {'; '.join(told)}" if told else ""
