# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A Hardware object in a cluster: how it is served, and the patch that brings it to what bootd knows. Pure.

bootd writes a machine's state to an annotation, and with it, in one patch, ``allowPXE`` where an installation switched
it. ``switchedOff`` in the annotation therefore tells that an ``allowPXE`` of false is bootd's, not its owner's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..decisions.stages import State, is_older
from ..hardware.mac import parse_mac
from ..hardware.manifest import Document
from ..hardware.model import (
    REPROVISION_ANNOTATION,
    STATE_ANNOTATION,
    Interface,
    Machine,
    is_as_written,
    machine_from_object,
    text_at,
)
from ..hardware.names import is_usable_key
from ..validation.objects import check_document
from .base import StoreProblem
from .states.document import from_json, to_json
from .switches import off_on_all

GROUP_VERSION = "tinkerbell.org/v1alpha1"
PLURAL = "hardware"
MAX_PROBLEMS = 100  # of one object
_STATE_POINTER = f"/metadata/annotations/{STATE_ANNOTATION.replace('/', '~1')}"  # RFC 6901 section 3


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One object as the API has it: ``machine`` as written, ``raw`` the object as JSON without what others manage."""

    machine: Machine
    raw: bytes
    uid: str = ""
    version: str = ""  # resourceVersion
    annotation: str = ""  # the state annotation's text
    state: State | None = None  # None where there is none, or it can't be read
    problems: tuple[StoreProblem, ...] = ()


def live_object_from(document: Mapping[str, Any]) -> LiveObject | None:
    """Return an object as a list or a watch gives it as a LiveObject; None where it has no usable name."""
    meta = document.get("metadata")
    if not isinstance(meta, Mapping):
        return None
    document = {"apiVersion": GROUP_VERSION, "kind": "Hardware", **document}
    document["metadata"] = {name: value for name, value in meta.items() if name != "managedFields"}
    machine = machine_from_object(document)
    where = f"Hardware {machine.key}"
    if not is_usable_key(machine.key):
        return None
    annotation = text_at(meta, "annotations", STATE_ANNOTATION)
    problems = [] if is_as_written(document, machine) else list(_problems(document, where))
    state = None
    if annotation:
        try:
            state = from_json(annotation)
        except ValueError as error:
            message = (
                f"the annotation {STATE_ANNOTATION} can't be used: {error}. Where bootd's disk has no state of it "
            )
            message += f"either, netboot stays off until {REPROVISION_ANNOTATION} has a new value"
            problems.append(StoreProblem(where, message))
    raw = json.dumps(document, separators=(",", ":")).encode()
    uid, version = text_at(meta, "uid"), text_at(meta, "resourceVersion")
    return LiveObject(replace(machine, source=where), raw, uid, version, annotation, state, tuple(problems))


def _problems(document: Mapping[str, Any], where: str) -> Iterator[StoreProblem]:
    found = [problem for problem in check_document(Document(dict(document))) if not problem.note]
    for problem in found[:MAX_PROBLEMS]:
        yield StoreProblem(where, f"{problem.path}: {problem.value}: {problem.message}")


def as_served(live: LiveObject, kept: State | None) -> Machine:
    """Return the machine as bootd serves it: what ``kept`` switches is in force before it is in the object.

    Only the interface that booted is switched in the object; the others are served alike.
    """
    machine = live.machine
    by_hand = kept is not None and bool(kept.switched_by)
    interfaces = off_on_all(tuple(_as_served(item, live, kept) for item in machine.interfaces), by_hand=by_hand)
    return machine if interfaces == machine.interfaces else replace(machine, interfaces=interfaces)


def _as_served(interface: Interface, live: LiveObject, kept: State | None) -> Interface:
    wanted = _wanted(interface, live, kept)
    off = wanted is False and _is_off(interface, live, kept)
    if wanted == interface.netboot.allow_pxe and not off:
        return interface
    return replace(interface, netboot=replace(interface.netboot, allow_pxe=wanted, switched_off=off))


def _wanted(interface: Interface, live: LiveObject, kept: State | None) -> bool | None:
    """Return the ``allowPXE`` that the object should have: its own, unless bootd switched it."""
    if interface.netboot.allow_pxe is None:
        return None
    if _is_off(interface, live, kept):
        return False
    # Switched off by bootd once, and given back: it was asked for another installation.
    ours = live.state is not None and interface.mac in live.state.switched_off
    return True if ours else interface.netboot.allow_pxe


def _is_off(interface: Interface, live: LiveObject, kept: State | None) -> bool:
    return kept is not None and kept.switched_off.get(interface.mac) == live.machine.reprovision


def patch_of(live: LiveObject, kept: State) -> list[dict[str, Any]]:
    """Return the JSON patch (RFC 6902) that brings the object to ``kept``; empty where nothing is to be done.

    It tests what it stands on: where the object has changed since, the API refuses it whole.
    """
    switches = [
        operation
        for interface in live.machine.interfaces
        if (wanted := _wanted(interface, live, kept)) != interface.netboot.allow_pxe
        for operation in _switch(live, interface.mac, bool(wanted))
    ]
    annotation = to_json(kept)
    if not switches and annotation == live.annotation:
        return []
    if json.loads(live.raw)["metadata"].get("annotations"):
        return [*switches, {"op": "add", "path": _STATE_POINTER, "value": annotation}]
    # "add" would replace annotations that came meanwhile.
    unchanged = {"op": "test", "path": "/metadata/resourceVersion", "value": live.version}
    first = {"op": "add", "path": "/metadata/annotations", "value": {STATE_ANNOTATION: annotation}}
    return [unchanged, *switches, first]


def _switch(live: LiveObject, mac: str, wanted: bool) -> Iterator[dict[str, Any]]:
    """Yield the operations that set ``allowPXE`` of the interface with ``mac``."""
    for index, item in enumerate(json.loads(live.raw)["spec"]["interfaces"]):
        netboot = item.get("netboot") if isinstance(item, dict) else None
        written = text_at(item, "dhcp", "mac")
        if parse_mac(written) != mac or not isinstance(netboot, dict) or netboot.get("allowPXE") is wanted:
            continue
        place = f"/spec/interfaces/{index}"
        yield {"op": "test", "path": f"{place}/dhcp/mac", "value": written}
        yield {"op": "test", "path": f"{place}/netboot/allowPXE", "value": not wanted}
        yield {"op": "replace", "path": f"{place}/netboot/allowPXE", "value": wanted}


def is_earlier(version: str, known: str) -> bool:
    """Return whether resource ``version`` is before ``known``; versions of one cluster are numbers that rise."""
    return version.isdecimal() and known.isdecimal() and int(version) < int(known)


def is_newer(live: LiveObject, kept: State | None, now: float) -> bool:
    """Return whether the object's state was seen later than ``kept``: another bootd, or an earlier one, wrote it."""
    return live.state is not None and (kept is None or is_older(kept, live.state, now))
