# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines to inventory hosts: their names, variables and groups. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import dashed

Machine = Mapping[str, Any]

# What is a variable of its own, in the words of the filter to_hardware, which takes these.
_VARIABLES = {
    "mac": "netboot_mac",
    "ip": "netboot_ip",
    "namespace": "netboot_namespace",
    "hostname": "netboot_hostname",
    "os": "netboot_os",
    "os_version": "netboot_os_version",
    "labels": "netboot_labels",
}
# The rest is `netboot`, the fact that a wait for the machine leaves: what was seen, and where.
_NOT_SEEN = {"hostname", "os", "os_version", "labels", "role", "problems"}
UNKNOWN_GROUP = "netboot_unknown"
_GROUPS = {"stage": "netboot_stage", "os_version": "netboot_version"}


def host_names(machines: Iterable[Machine]) -> dict[str, Machine]:
    """Return the machines by the names of their hosts.

    That is the object's name, or ``name.namespace`` where other namespaces have one of the same name.
    """
    machines = list(machines)
    times = Counter(machine["name"] for machine in machines)
    return {
        machine["name"] if times[machine["name"]] == 1 else f"{machine['name']}.{machine['namespace']}": machine
        for machine in machines
    }


def variables_of(machine: Machine) -> dict[str, Any]:
    """Return the variables of a machine's host; those that have no value are left out."""
    named = {variable: machine[name] for name, variable in _VARIABLES.items() if machine[name]}
    address = {"ansible_host": machine["ip"]} if machine["ip"] else {}
    seen = {name: value for name, value in machine.items() if name not in _NOT_SEEN}
    return {**address, **named, "netboot": seen}


def groups_of(machine: Machine, role_label: str) -> Iterator[str]:
    """Yield the groups of a machine's host, of characters yet that a group's name may not have."""
    for name, prefix in _GROUPS.items():
        if machine[name]:
            yield f"{prefix}_{machine[name]}"
    if role := machine["labels"].get(role_label):
        yield f"netboot_role_{role}"


def unknown_hosts(unknown: Iterable[Machine], machines: Iterable[Machine]) -> Iterator[tuple[str, Machine]]:
    """Yield the unknown machines that want to boot and are none of ``machines``, each with the name of its host."""
    known = {interface["mac"] for machine in machines for interface in machine["interfaces"]}
    for machine in unknown:
        if machine["wants_to_boot"] and machine["mac"] not in known:
            yield dashed(machine["mac"]), machine


def unknown_variables_of(machine: Machine) -> dict[str, Any]:
    """Return the variables of an unknown machine's host."""
    return {"netboot_mac": machine["mac"], "netboot": dict(machine)}
