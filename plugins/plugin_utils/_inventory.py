# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory hosts to Hardware objects, and what is wrong with them in the inventory's own words. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.manifest import Document
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import text_at
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import Problem, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.validation.objects import check
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import (
    PlanError,
    draft,
    plain,
    plan,
)

PREFIX = "netboot_"
OWN_OBJECT = f"{PREFIX}hardware"  # a whole Hardware object, which then stands for all other variables
ADDRESS = "ansible_host"  # counts where nothing else gives the machine's address
_ADDRESS_NAMES = {"ip", "address", "ip_address"}
# Fields of Hardware objects that messages name, and the variables they come from.
_FIELDS = {"operating_system.distro": "os", "netboot.ipxe": "ipxe", "netboot.osie": "kernel"}
_FIELD = re.compile("|".join(map(re.escape, _FIELDS)))
_MAX_NAMES = 3
_SUGGESTION = re.compile(r"(?<=should this be )(\w+)(?=\?)")


class InventoryError(ValueError):
    """The inventory can't become Hardware objects; ``lines`` are the reasons."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Finding:
    """What is wrong with host ``name``: ``path`` is the variable, or what is below it."""

    name: str
    path: str
    value: str
    message: str


def describe(name: str, variables: Mapping[str, Any], after: Iterable[str] = ()) -> dict[str, Any]:
    """Return what the variables of host ``name`` say of its machine, in the words of ``plan``.

    ``after`` are the machines that it waits for unless its variables say something of that.
    """
    found = {key.removeprefix(PREFIX): variables[key] for key in variables if key.startswith(PREFIX)}
    address = variables.get(ADDRESS)
    if not _ADDRESS_NAMES & found.keys() and _is_ipv4(address):
        found["ip"] = address
    return {"after": list(after), **found, "name": name}


def drafted(name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Hardware object of host ``name`` as far as it can be made, for others to find more that is wrong."""
    own = plain(variables[OWN_OBJECT]) if OWN_OBJECT in variables else None
    return own if isinstance(own, dict) else draft(describe(name, variables))


def hardware_objects(
    hosts: Mapping[str, Mapping[str, Any]], after: Mapping[str, Iterable[str]] | None = None
) -> list[dict[str, Any]]:
    """Return the Hardware objects of ``hosts`` (name -> variables), in their order; raises InventoryError.

    ``after`` says of hosts which machines they wait for unless their variables say something of that.
    """
    waits = after or {}
    own = {name: plain(variables[OWN_OBJECT]) for name, variables in hosts.items() if OWN_OBJECT in variables}
    described = [name for name in hosts if name not in own]
    findings: list[Finding] = []
    planned: dict[str, dict[str, Any]] = {}
    try:
        planned = dict(
            zip(described, plan(describe(name, hosts[name], waits.get(name, ())) for name in described), strict=True)
        )
    except PlanError as error:
        findings += [_of_plan(problem, described) for problem in error.problems]
    objects = {name: own[name] if name in own else planned[name] for name in hosts if name in own or name in planned}
    if own:
        findings += _of_objects(objects, own)
    if findings:
        raise InventoryError(lines_of(findings))
    return list(objects.values())


def _of_plan(problem: Problem, names: list[str]) -> Finding:
    """Return a problem of a machine in the words of its host's variables."""
    message = problem.message if "." in problem.path else _SUGGESTION.sub(rf"{PREFIX}\1", problem.message)
    message = _FIELD.sub(lambda match: PREFIX + _FIELDS[match[0]], message)
    path = problem.path if problem.path == "name" else PREFIX + problem.path
    return Finding(names[problem.document], path, problem.value, message)


def _of_objects(objects: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the objects that users wrote, and what they and the planned ones can't both have."""
    names = list(objects)
    for problem in check(Document(item, number=place) for place, item in enumerate(objects.values())):
        name = names[problem.document]
        if not problem.note:
            path = ".".join(filter(None, (OWN_OBJECT if name in own else "", problem.path)))
            yield Finding(name, path, problem.value, problem.message)
    for name, item in own.items():
        given = text_at(item, "metadata", "name")
        if given not in ("", name):
            message = "should be the name that the host has in the inventory"
            yield Finding(name, f"{OWN_OBJECT}.metadata.name", shown(given), message)


def lines_of(findings: Iterable[Finding]) -> list[str]:
    """Return a line for each problem; hosts that have the same one, as from a variable of their group, share it."""
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        hosts.setdefault((finding.path, finding.value, finding.message), []).append(finding.name)
    return [
        ": ".join(part for part in (f"{_some(names)} {path}", value, message) if part)
        for (path, value, message), names in hosts.items()
    ]


def _some(names: list[str]) -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def _is_ipv4(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(IPv4Address(text))
    except AddressValueError:
        return False
