# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Kubernetes Events for the stages that machines reach: what `kubectl describe hardware` shows. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..decisions.stages import State

COMPONENT = "bootd"
MAX_MESSAGE = 1024  # bytes, the API's own limit
REASONS = {
    "offered": "AddressOffered",
    "loading": "BootFileLoaded",
    "script": "ScriptServed",
    "kernel": "KernelLoaded",
    "installing": "InstallationStarted",
    "installed": "InstallationSucceeded",
    "ready": "Ready",
    "failed": "InstallationFailed",
}


def stage_event(key: str, uid: str, state: State, host: str) -> dict[str, Any] | None:
    """Return the Event (core/v1) of the machine ``key`` having reached its stage; None for a stage nobody is told."""
    reason = REASONS.get(state.stage)
    if reason is None:
        return None
    namespace, _slash, name = key.partition("/")
    at = datetime.fromtimestamp(state.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    message = state.error if state.stage == "failed" else f"attempt {state.attempt}: {state.last}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": namespace, "generateName": f"{name[:200]}."},
        "involvedObject": {
            "apiVersion": "tinkerbell.org/v1alpha1",
            "kind": "Hardware",
            "namespace": namespace,
            "name": name,
            "uid": uid,
        },
        "type": "Warning" if state.stage == "failed" else "Normal",
        "reason": reason,
        "message": message.encode()[:MAX_MESSAGE].decode("utf-8", "ignore"),
        "source": {"component": COMPONENT, "host": host},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }
