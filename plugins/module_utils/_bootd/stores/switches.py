# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""How a store's objects are served once bootd has switched netboot off, and what clashes among them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..hardware.model import Interface, Machine
from .base import StoreProblem
from .catalog import Clash


def as_served(machine: Machine, switched_off: Mapping[str, str], *, by_hand: bool = False) -> Machine:
    """Return ``machine`` with ``allowPXE`` false on each interface that bootd has switched off, and so on the others.

    ``switched_off`` maps its MAC to the reprovision annotation of that time: another value now asks for another
    installation, and the object itself decides again. ``by_hand``: somebody asked for it, no installation did.
    """
    interfaces = tuple(_as_served(item, machine.reprovision, switched_off) for item in machine.interfaces)
    if interfaces == machine.interfaces:
        return machine
    return replace(machine, interfaces=off_on_all(interfaces, by_hand=by_hand))


def off_on_all(interfaces: tuple[Interface, ...], *, by_hand: bool = False) -> tuple[Interface, ...]:
    """Return ``interfaces`` of one machine, all switched off where one is.

    Firmware that is told to boot its disk tries its next boot device, which may be the next card: netboot that is still
    on there would install the machine again.
    """
    if not any(item.netboot.switched_off for item in interfaces):
        return interfaces
    served = (_switched_off(item) if item.netboot.allow_pxe is True else item for item in interfaces)
    if not by_hand:
        return tuple(served)
    return tuple(
        replace(item, netboot=replace(item.netboot, by_hand=True)) if item.netboot.switched_off else item
        for item in served
    )


def _as_served(interface: Interface, reprovision: str, switched_off: Mapping[str, str]) -> Interface:
    if interface.netboot.allow_pxe is not True or switched_off.get(interface.mac) != reprovision:
        return interface
    return _switched_off(interface)


def _switched_off(interface: Interface) -> Interface:
    return replace(interface, netboot=replace(interface.netboot, allow_pxe=False, switched_off=True))


def clash_problems(clashes: Iterable[Clash]) -> Iterator[StoreProblem]:
    """Yield a problem for each machine that is not found by an address it claims, because an older one has it."""
    for clash in clashes:
        served, *others = clash.claimants
        for nic in others:
            machine = served.machine
            message = f"{nic.machine.key}: the {clash.field} {clash.value} belongs to {machine.key} ({machine.source})"
            yield StoreProblem(nic.machine.source, f"{message}, which is older and served")
