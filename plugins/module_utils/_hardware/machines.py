# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines as people ask for them: what their Hardware objects say, and what bootd has seen of them. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.stages import State
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import Interface, text_at
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.http.status import machine_document
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stores.live_object import (
    LiveObject,
    as_served,
    live_object_from,
)

ROLE_LABEL = "netboot.baremetal/role"
UNSEEN = State()
UNKNOWN = State(stage="")  # nobody could be asked what was seen


@dataclass(frozen=True, slots=True)
class Entry:
    """A Hardware object that a store holds, and what was seen of its machine."""

    document: Mapping[str, Any]
    live: LiveObject
    state: State

    @property
    def key(self) -> str:
        """Return ``namespace/name``."""
        return self.live.machine.key


def entry_of(document: Mapping[str, Any]) -> Entry | None:
    """Return the Entry of an object in a cluster, which carries its state; None where it has no usable name."""
    live = live_object_from(document)
    return None if live is None else Entry(document, live, live.state or UNSEEN)


def seen_of(entry: Entry) -> dict[str, Any]:
    """Return the machine as bootd's own API lists it."""
    return machine_document(as_served(entry.live, entry.state), entry.state)


def described(entry: Entry) -> dict[str, Any]:
    """Return what ``seen_of`` does, and what else stands in the object: nothing that could be a secret."""
    seen = seen_of(entry)
    machine = entry.live.machine
    interface = next((item for item in machine.interfaces if item.mac == seen["mac"]), Interface(""))
    labels = labels_of(entry.document)
    system = ("instance", "operating_system")
    return {
        **seen,
        "interfaces": [{"mac": item.mac, "ip": item.address} for item in machine.interfaces],
        "installs": entry.state.installs,
        "allow_pxe": interface.netboot.allow_pxe,
        "hostname": interface.hostname,
        "os": text_at(machine.metadata, *system, "distro"),
        "os_version": text_at(machine.metadata, *system, "version"),
        "role": labels.get(ROLE_LABEL, ""),
        "labels": labels,
        "problems": [problem.message for problem in entry.live.problems],
    }


def labels_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels of an object, without what can't be one."""
    meta = document.get("metadata")
    labels = meta.get("labels") if isinstance(meta, Mapping) else None
    if not isinstance(labels, Mapping):
        return {}
    return {str(name): value for name, value in labels.items() if isinstance(value, str)}


def named(entries: Iterable[Entry], names: Iterable[str]) -> tuple[list[Entry], list[str]]:
    """Return the entries called one of ``names``, and the names that nothing is called.

    A name is ``name`` in any namespace, or ``namespace/name``.
    """
    wanted = dict.fromkeys(names)
    found = [entry for entry in entries if entry.key in wanted or entry.live.machine.name in wanted]
    called = {name for entry in found for name in (entry.key, entry.live.machine.name)}
    return found, [name for name in wanted if name not in called]
