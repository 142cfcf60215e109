# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the interface there on which machines are heard, and the address on it that they are given? Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import Modes
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import (
    INVENTORY,
    NODE,
    Check,
    Problem,
)


@dataclass(frozen=True)
class Link:
    """A network interface as ``ip -json address`` tells it; ``addresses`` as in 10.10.0.20/24."""

    name: str
    mac: str
    up: bool
    carrier: bool
    addresses: tuple[IPv4Interface, ...] = ()

    def dhcp_mode(self, modes: Modes) -> str:
        """Return which of bootd's ``modes`` a machine on this link meets."""
        return modes.of_request("", self.name, [own.network for own in self.addresses])


def links_from(document: Iterable[Mapping[str, Any]]) -> list[Link]:
    """Return the interfaces in what ``ip -json address show`` prints."""
    found = []
    for item in document:
        flags = item.get("flags", ())
        addresses = tuple(
            IPv4Interface(f"{info['local']}/{info['prefixlen']}")
            for info in item.get("addr_info", ())
            if info.get("family") == "inet" and "local" in info
        )
        carrier = "NO-CARRIER" not in flags
        found.append(Link(str(item["ifname"]), str(item.get("address", "")), "UP" in flags, carrier, addresses))
    return found


def of_address(links: Iterable[Link], address: str) -> Link | None:
    """Return the interface that has ``address``, None where none has."""
    return next((link for link in links if any(str(own.ip) == address for own in link.addresses)), None)


def look(links: Iterable[Link], interface: str, address: str, host: str, *, virtual: bool) -> Check:
    """Return what there is to say of ``interface`` ("": all) and bootd's ``address`` ("": not known).

    ``virtual``: kube-vip is to put the address there, so that it may be missing.
    """
    links = list(links)
    named = next((link for link in links if link.name == interface), None)
    holder = of_address(links, address)
    problems = []
    if interface and named is None:
        others = ", ".join(f"{link.name} {_addresses(link)}".strip() for link in links if link.name != "lo")
        what = f"there is no network interface {interface}"
        remedy = f"name one that is there: {others}" if others else "the host has none but lo"
        problems.append(Problem(what, f"{host} bootd_interface", remedy, INVENTORY))
    elif named is not None and not named.up:
        remedy = f"ip link set {interface} up, and have it come up at boot"
        problems.append(Problem(f"{interface} is down", host, remedy, NODE))
    elif named is not None and not named.carrier:
        problems.append(Problem(f"{interface} has no link", host, "plug the cable in, or look at the switch", NODE))
    if address and holder is None and not virtual:
        there = [f"{own.ip} on {link.name}" for link in links for own in link.addresses if not own.ip.is_loopback]
        what = f"no interface has bootd's address {address}"
        own_ones = f", or have bootd_address be one that is there: {', '.join(there)}" if there else ""
        remedy = f"give it to {interface or 'an interface'}{own_ones}"
        problems.append(Problem(what, host, remedy, NODE))
    elif holder is not None and named is not None and holder.name != named.name and holder.name != "lo":
        what = f"bootd's address {address} is on {holder.name}, and DHCP is answered on {interface}"
        problems.append(Problem(what, f"{host} bootd_interface", f"should this be {holder.name}?", INVENTORY))
    link = named or holder
    return Check("interface", f"{link.name} is up and has {_addresses(link)}" if link else "", problems)


def _addresses(link: Link) -> str:
    return ", ".join(str(address) for address in link.addresses) or "no address"
