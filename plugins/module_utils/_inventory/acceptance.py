# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which unknown machines become hosts of an inventory, by which variables, and which can't. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import parse_mac
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import printable, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.keys import Unfit, is_empty, switch

PREFIX = "netboot_"
_NAMES = ("mac", "name", "address", "allow_pxe")
_NEEDED = {"mac": "58:47:ca:71:d8:49", "name": "um790-1"}
_EXAMPLE = {**_NEEDED, "address": "10.10.0.21/24"}
_ARM64 = (11, 19)  # option 93: UEFI, and UEFI over HTTP
Machine = Mapping[str, Any]


@dataclass
class Accepted:
    """``hosts`` are the variables of new hosts by name, ``present`` the names of those that were accepted before.

    Where there are ``problems``, neither is to be used.
    """

    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def accept(
    wanted: Iterable[Any], unknown: Iterable[Machine], machines: Iterable[Machine], *, unseen: bool = False
) -> Accepted:
    """Return what becomes of the machines ``wanted``, mappings of the keys mac, name, address and allow_pxe.

    They may have variables ``netboot_...`` beside. Without an address another DHCP server gives it, which the checks of
    an inventory want to be said. ``unknown`` and ``machines`` are those that ``hardware_info`` returns. ``unseen``:
    also those that bootd has not heard.
    """
    heard = {machine["mac"]: machine for machine in unknown}
    known = _Known(machines)
    accepted = Accepted()
    seen: dict[str, str] = {}
    for place, item in enumerate(wanted):
        found = list(_faults(item))
        told = f"machine {place + 1}" if not isinstance(item, Mapping) else _called(item, place)
        if not found:
            mac, name = str(parse_mac(str(item["mac"]).strip())), str(item["name"])
            found += [f"also of {seen[key]}: {key}" for key in (mac, name) if key in seen]
            seen |= dict.fromkeys((mac, name), told)
            if known.has(mac, name, _address(item)):
                accepted.present.append(name)
            else:
                found += known.objections(mac, name, _address(item))
                found += [] if unseen or mac in heard or mac in known.names else [_not_heard(mac, heard)]
                accepted.hosts[name] = variables_of(mac, item, heard.get(mac, {}))
        accepted.problems += [f"{told}: {fault}" for fault in found]
    return accepted


def variables_of(mac: str, item: Machine, machine: Machine) -> dict[str, Any]:
    """Return the variables of the host that ``item`` describes, with what was seen of its firmware.

    Nothing that a machine says of itself in words is among them. Without ``allow_pxe`` it boots nothing.
    """
    seen = {
        "netboot_firmware": machine.get("firmware"),
        "netboot_arch": "aarch64" if machine.get("arch") in _ARM64 else None,
    }
    return {
        **{name: value for name, value in seen.items() if value},
        **{name: value for name, value in item.items() if name.startswith(PREFIX)},
        "netboot_mac": mac,
        **({} if is_empty(item.get("address")) else {"netboot_ip": str(item["address"]).strip()}),
        "netboot_allow_pxe": switch(item.get("allow_pxe", False)),
    }


class _Known:
    """The machines that have a Hardware object, by what no other may have."""

    def __init__(self, machines: Iterable[Machine]) -> None:
        self.names: dict[str, str] = {}  # by MAC
        self._addresses: dict[str, str] = {}
        self._macs: dict[str, set[str]] = {}  # by name
        for machine in machines:
            name = machine["name"]
            for interface in machine["interfaces"]:
                self.names[interface["mac"]] = name
                if interface["ip"]:
                    self._addresses[interface["ip"]] = name
                self._macs.setdefault(name, set()).add(interface["mac"])
            self._macs.setdefault(name, set())

    def has(self, mac: str, name: str, address: str) -> bool:
        """Return whether the machine is there already, as it is wanted: without an ``address``, with any."""
        return self.names.get(mac) == name and (not address or self._addresses.get(address) == name)

    def objections(self, mac: str, name: str, address: str) -> Iterator[str]:
        """Yield what stands against another machine of these."""
        owner = self.names.get(mac)
        if owner is not None:
            yield f"{mac} has a Hardware object already, {owner}, which stays as it is"
        elif name in self._macs:
            others = " and ".join(sorted(self._macs[name])) or "no interface"
            yield f"there is another machine of this name, with {others}"
        taken = self._addresses.get(address)
        if taken is not None and taken != owner:
            yield f"{address} is the address of {taken}"


def _faults(item: Any) -> Iterator[str]:
    if not isinstance(item, Mapping):
        yield f"{shown(item)} should be a mapping, as in {_EXAMPLE}"
        return
    for name in item:
        if name not in _NAMES and not str(name).startswith(PREFIX):
            near = get_close_matches(str(name), _NAMES, 1)
            hint = f": should this be {near[0]}?" if near else f", nor a variable {PREFIX}..."
            yield f"{shown(name)} is none of {', '.join(_NAMES)}{hint}"
    for name, example in _NEEDED.items():
        if is_empty(item.get(name)):
            yield f"{name} is missing, as in {example}"
    if not is_empty(item.get("mac")) and parse_mac(str(item["mac"]).strip()) is None:
        yield f"{shown(item['mac'])} is no MAC address; in YAML it has to be in quotes"
    try:
        switch(item.get("allow_pxe", False))
    except Unfit as unfit:
        yield f"allow_pxe {unfit}"


def _address(item: Machine) -> str:
    return str(item.get("address") or "").strip().partition("/")[0]


def _called(item: Machine, place: int) -> str:
    """Return by what a person knows which of the machines is meant."""
    return printable(str(item.get("name") or item.get("mac") or f"machine {place + 1}"))


def _not_heard(mac: str, heard: Mapping[str, Machine]) -> str:
    near = get_close_matches(mac, heard, 1, 0.8)
    hint = f" (is {near[0]} meant?)" if near else ""
    return f"{mac} is none of the {len(heard)} unknown machines that bootd has heard{hint}"
