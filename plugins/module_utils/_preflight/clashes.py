# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a cluster already and stands in the way: machines with the same addresses, objects of others. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import machine_from_object
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import title_of
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import (
    CLUSTER,
    INVENTORY,
    Check,
    Problem,
)


def of_machines(present: Iterable[Mapping[str, Any]], machines: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Return which machines (name, macs, addresses) have the MAC or the address of another Hardware object."""
    machines = list(machines)
    own = {machine["name"] for machine in machines}
    taken: dict[str, str] = {}
    for item in present:
        machine = machine_from_object(item)
        if machine.name not in own:
            for interface in machine.interfaces:
                taken.update({value: machine.key for value in (interface.mac, interface.address) if value})
    problems = []
    for machine in machines:
        for value in (*machine["macs"], *machine["addresses"]):
            if value in taken:
                what = f"{value} of {machine['name']} is that of the Hardware object {taken[value]} too"
                remedy = f"give {machine['name']} another, or remove the object: kubectl delete hardware"
                problems.append(Problem(what, f"Hardware {taken[value]}", remedy, INVENTORY))
    return problems


def of_objects(foreign: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Return a problem for each object of somebody else that has the name of one of ours."""
    remedy = "set another bootd_namespace, or remove that object if nobody needs it"
    return [
        Problem(f"{title_of(item)} is there, and this collection has not made it", title_of(item), remedy, CLUSTER)
        for item in foreign
    ]


def look(looked_at: str, problems: Iterable[Problem]) -> Check:
    """Return the check."""
    return Check("objects", looked_at, list(problems))
