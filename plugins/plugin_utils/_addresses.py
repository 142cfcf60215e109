# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that have to differ: those of machines and clusters, of gateways, and of the hosts that serve. Pure.

What two machines claim is told where objects are checked; here it is what is no machine's.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware import values
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import Interface, ipv4, text_at
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import shown
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import PREFIX, Finding, variable_for

SERVER = "bootd_address"  # of the host that runs bootd

HostVars = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Holder:
    """Who has an address: a host's machine, its gateway, or a server; ``what`` says so to people."""

    host: str
    kind: str
    what: str


def holders(objects: Mapping[str, Any], hostvars: HostVars) -> dict[str, list[Holder]]:
    """Return who has which address: the machines of ``objects`` (host -> Hardware), their gateways, and servers."""
    found: dict[str, list[Holder]] = {}
    for host, item in objects.items():
        for address, gateway in _cards(item):
            if address:
                found.setdefault(address, []).append(Holder(host, "machine", f"the address of {host}"))
            if gateway and not any(holder.kind == "gateway" for holder in found.get(gateway, ())):
                found.setdefault(gateway, []).append(Holder(host, "gateway", f"the gateway of {host}"))
    # Every host has it where it is a variable of all: one that is no machine is named, if there is any.
    for host in sorted(hostvars, key=lambda name: name in objects):
        address = _read(hostvars[host], SERVER)
        if address and not any(holder.kind == "server" for holder in found.get(address, ())):
            found.setdefault(address, []).append(Holder(host, "server", f"bootd's own ({SERVER} of {host})"))
    return found


def machine_findings(
    objects: Mapping[str, Any], hosts: HostVars, known: Mapping[str, list[Holder]]
) -> Iterator[Finding]:
    """Yield which machine of ``objects`` has the address of a gateway or a server; ``hosts`` are their variables."""
    for host, item in objects.items():
        for place, (address, gateway) in enumerate(_cards(item)):
            other = next((holder for holder in known.get(address, ()) if holder.kind != "machine"), None)
            # Its own gateway is told where its object is checked.
            if other is not None and address != gateway:
                path = f"{PREFIX}interfaces[{place - 1}].ip" if place else variable_for("ip", hosts[host])
                yield Finding(host, path, shown(address), f"is {other.what}; should be one that nobody else has")


def vip_message(vip: str, cards: Iterable[Interface], known: Mapping[str, list[Holder]]) -> str:
    """Return what is wrong with the address of a cluster whose machines have these cards, "" where nothing is."""
    message = values.host_address(vip)
    if message:
        return message
    others = known.get(vip)
    if others:
        return f"is {others[0].what}; should be one that nobody else has"
    for card in cards:
        network = _network(card)
        if network is None:
            continue
        if IPv4Address(vip) not in network:
            return f"outside the network of its machines, {network}: nobody would reach it"
        if network.prefixlen < 31 and IPv4Address(vip) in (network.network_address, network.broadcast_address):
            kind = "network" if IPv4Address(vip) == network.network_address else "broadcast"
            return f"is the {kind} address of {network}; should be one between"
    return ""


def _read(variables: Mapping[str, Any], name: str) -> str:
    """Return the text in a variable, "" where there is none, or one that needs what only the host can tell."""
    try:
        value = variables.get(name)
    except AnsibleError:
        return ""
    return "".join(value) if isinstance(value, str) else ""


def _network(card: Interface) -> IPv4Network | None:
    if values.ipv4(card.address) or values.netmask(card.netmask):
        return None
    return IPv4Network(f"{card.address}/{card.netmask}", strict=False)


def _cards(item: Any) -> Iterator[tuple[str, str]]:
    """Yield address and gateway of each interface of an object as written, "" where there is none that can be read."""
    spec = item.get("spec") if isinstance(item, Mapping) else None
    interfaces = spec.get("interfaces") if isinstance(spec, Mapping) else None
    for card in interfaces if isinstance(interfaces, list) else ():
        address, gateway = (ipv4(text_at(card, "dhcp", "ip", name)) for name in ("address", "gateway"))
        yield address, gateway
