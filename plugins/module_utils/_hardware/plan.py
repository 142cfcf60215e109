# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to become of the Hardware objects of a cluster. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import parse_mac
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.manifest import Document
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    DEFAULT_NAMESPACE,
    REPROVISION_ANNOTATION,
    STATE_ANNOTATION,
    text_at,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.validation.objects import check
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import (
    FIELD_MANAGER,
    LABEL,
    MANAGED_BY,
)

BOOTD = "bootd"  # its field manager: it owns allowPXE, and with it, as Kubernetes counts, the list it is in
# Of spec.interfaces[], where the CRD knows them: v0.8 does not.
DEFAULTS = {"disableDhcp": False}
Key = tuple[str, str]  # namespace, name


@dataclass(frozen=True)
class Step:
    """What becomes of one object. ``action``: ``created``, ``updated``, ``removed`` or ``unchanged``.

    ``wanted`` is the object to apply, ``live`` the one that is there, None where there is none.
    """

    key: Key
    action: str
    wanted: dict[str, Any] | None = None
    live: Mapping[str, Any] | None = None


def problems(machines: Iterable[Any]) -> list[str]:
    """Return a line for each thing that is wrong with any of ``machines``, as ``bootd check`` tells it."""
    documents = [Document(machine, f"machines[{place}]") for place, machine in enumerate(machines)]
    found = [str(problem) for problem in check(documents) if not problem.note]
    for place, document in enumerate(documents):
        kind = document.value.get("kind")
        if kind is not None and kind != "Hardware":
            found.append(f"machines[{place}]: kind: {kind!r}: should be Hardware")
    return found


def key_of(document: Mapping[str, Any], namespace: str = DEFAULT_NAMESPACE) -> Key:
    """Return namespace and name of an object; ``namespace`` is for one that names none."""
    return text_at(document, "metadata", "namespace") or namespace, text_at(document, "metadata", "name")


def steps(
    machines: Iterable[Mapping[str, Any]],
    live: Mapping[Key, Mapping[str, Any]],
    namespace: str,
    *,
    prune: bool,
    reprovision: str,
) -> list[Step]:
    """Return what has to become of each object, in the order of their names.

    ``live`` are all objects that are there. ``prune``: those that carry our label and are none of ``machines`` go.
    ``reprovision`` is the value by which machines that have been installed are asked to install again, "": not asked.
    """
    found = {}
    for machine in machines:
        key = key_of(machine, namespace)
        found[key] = step(machine, key, live.get(key), reprovision)
    for key, item in live.items():
        if prune and key not in found and (item.get("metadata", {}).get("labels") or {}).get(LABEL) == MANAGED_BY:
            found[key] = Step(key, "removed", live=item)
    return [found[key] for key in sorted(found)]


def step(machine: Mapping[str, Any], key: Key, live: Mapping[str, Any] | None, reprovision: str) -> Step:
    """Return what has to become of the object of one machine."""
    wanted = wanted_object(machine, key, live, reprovision)
    if live is None:
        return Step(key, "created", wanted)
    same = _holds(live, _with_defaults(wanted, live)) and not list(_given_up(live, wanted))
    return Step(key, "unchanged" if same else "updated", wanted, live)


def removals(
    machines: Iterable[Mapping[str, Any]], live: Mapping[Key, Mapping[str, Any]], namespace: str
) -> list[Step]:
    """Return the removal of the objects that ``machines`` have, in the order of their names."""
    keys = sorted(key_of(machine, namespace) for machine in machines)
    return [Step(key, "removed", live=live[key]) for key in keys if key in live]


def wanted_object(
    machine: Mapping[str, Any], key: Key, live: Mapping[str, Any] | None, reprovision: str
) -> dict[str, Any]:
    """Return the object to apply for ``machine``: as written, but for what bootd has to say in it.

    Netboot that bootd has switched off stays off, and an annotation that asks for another installation stays as it is:
    were it to go, that would be a new value, and bootd would install again.
    """
    wanted = dict(machine)
    meta = wanted["metadata"] = dict(wanted.get("metadata") or {})
    meta["namespace"], meta["name"] = key
    meta["labels"] = {**(meta.get("labels") or {}), LABEL: MANAGED_BY}
    annotations = dict(meta.get("annotations") or {})
    annotations.pop(STATE_ANNOTATION, None)
    if live is not None:
        asked = text_at(live, "metadata", "annotations", REPROVISION_ANNOTATION)
        if asked:
            annotations.setdefault(REPROVISION_ANNOTATION, asked)
        if switched_off(live):
            if reprovision:
                annotations[REPROVISION_ANNOTATION] = reprovision
            elif annotations.get(REPROVISION_ANNOTATION, "") == asked:
                wanted["spec"] = _kept_off(wanted, switched_off(live))
    if annotations:
        meta["annotations"] = annotations
    else:
        meta.pop("annotations", None)
    return wanted


def switched_off(live: Mapping[str, Any]) -> set[str]:
    """Return the MACs whose netboot bootd has switched off since an installation, and which are off."""
    try:
        state = json.loads(text_at(live, "metadata", "annotations", STATE_ANNOTATION) or "{}")
    except (ValueError, RecursionError):
        return set()
    kept = state.get("switchedOff") if isinstance(state, dict) else None
    off = set(kept) if isinstance(kept, dict) else set()
    return {mac for mac, netboot in _netboots(live) if mac in off and netboot.get("allowPXE") is False}


def _kept_off(wanted: Mapping[str, Any], macs: set[str]) -> dict[str, Any]:
    """Return the spec of ``wanted`` with netboot off for ``macs``. What it is made of is the caller's, and stays."""
    spec = copy.deepcopy(wanted["spec"])
    for mac, netboot in _netboots({"spec": spec}):
        if mac in macs and netboot.get("allowPXE") is True:
            netboot["allowPXE"] = False
    return spec


def _netboots(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the MAC and the netboot mapping of each interface that has both."""
    interfaces = (document.get("spec") or {}).get("interfaces")
    for item in interfaces if isinstance(interfaces, list) else ():
        netboot = item.get("netboot") if isinstance(item, Mapping) else None
        mac = parse_mac(text_at(item, "dhcp", "mac"))
        if mac is not None and isinstance(netboot, dict):
            yield mac, netboot


def _with_defaults(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``wanted`` with what the CRD has set by itself in a list, whose items are compared whole."""
    mine, theirs = ((document.get("spec") or {}).get("interfaces") for document in (wanted, live))
    if not isinstance(mine, list) or not isinstance(theirs, list) or len(mine) != len(theirs):
        return wanted
    filled = [
        {**{name: value for name, value in DEFAULTS.items() if name in there}, **item}
        for item, there in zip(mine, theirs, strict=True)
    ]
    return {**wanted, "spec": {**wanted["spec"], "interfaces": filled}}


def _holds(live: Any, wanted: Any) -> bool:
    """Return whether all of ``wanted`` is in ``live``; lists are whole values, mappings may have more."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(
            key in live and _holds(live[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        # What a list holds has no owner of its own: it is equal, or it is another.
        return live == wanted
    return live == wanted and isinstance(live, bool) == isinstance(wanted, bool)


def _given_up(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of ``live`` that were set by this collection and are in ``wanted`` no more."""
    for entry in live.get("metadata", {}).get("managedFields") or ():
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply":
            yield from _absent(entry.get("fieldsV1") or {}, wanted, "")


def _absent(fields: Mapping[str, Any], wanted: Any, path: str) -> Iterator[str]:
    for key, inner in fields.items():
        if not key.startswith("f:"):
            continue  # an item of a list, or the field itself
        name = key[2:]
        if not isinstance(wanted, Mapping) or name not in wanted:
            yield f"{path}.{name}"
        else:
            yield from _absent(inner, wanted[name], f"{path}.{name}")


def foreign(causes: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the (field, manager) of a refused apply that are really somebody else's.

    bootd's and our own are not: what bootd has to say is in the object already.
    """
    return [(field, manager) for field, manager in causes if manager not in (BOOTD, FIELD_MANAGER)]
