# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a relay says of itself and of its client's network, as far as it can be true. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from ..hardware.model import Interface
from . import options as opt
from .packet import NO_ADDRESS, Packet


def usable(address: str) -> bool:
    """Return whether ``address``, dotted or "", can be a host's own: unicast, and not of this host or network."""
    first = int(address.partition(".")[0] or 0)
    return 0 < first < 224 and first != 127


def is_plausible(request: Packet, interface: Interface, server: str, *, on_loopback: bool) -> bool:
    """Return whether an answer to giaddr of ``request`` can reach a relay; True where there is none.

    bootd answers to giaddr, so that must be one other host: no group, no broadcast address, as far as the network of
    ``interface`` tells it, nothing that is only valid on one link, and not ``server``, bootd's own address. Its own
    loopback has a relay only for a bootd that is reached there and nowhere else (``on_loopback``).
    """
    address = request.giaddr
    if address == NO_ADDRESS or (on_loopback and IPv4Address(address).is_loopback):
        return True
    if not _is_routed(address) or address == server:
        return False
    network = _network(interface)
    # RFC 3021: the two addresses of a /31 are both hosts, and a /32 has no other.
    if network is None or network.prefixlen > 30:
        return True
    return IPv4Address(address) not in (network.network_address, network.broadcast_address)


def server_id_override(request: Packet) -> str | None:
    """Return the address that the relay wants to be the server identifier (RFC 5107), None where it names no host."""
    return _named(request, opt.SERVER_ID_OVERRIDE)


def link_selection(request: Packet) -> str | None:
    """Return an address of the network that the client is on (RFC 3527), None where the relay names none."""
    return _named(request, opt.LINK_SELECTION)


def is_elsewhere(request: Packet, interface: Interface) -> bool:
    """Return whether the client of ``request`` is on another network than the reservation of ``interface`` is for.

    Only link selection says so beyond doubt: a relay's giaddr need not be an address of its client's network.
    """
    link, network = link_selection(request), _network(interface)
    return link is not None and network is not None and IPv4Address(link) not in network


def _named(request: Packet, code: int) -> str | None:
    value = request.options.get(opt.RELAY_AGENT_INFORMATION)
    address = opt.ipv4(opt.sub_options(value).get(code)) if value else None
    return address if address is not None and _is_routed(address) else None


def _is_routed(address: str) -> bool:
    """Return whether packets to ``address`` reach one host, also from beyond its link (RFC 3927 section 7)."""
    return usable(address) and not IPv4Address(address).is_link_local


def _network(interface: Interface) -> IPv4Network | None:
    if not interface.netmask:
        return None
    try:
        return IPv4Network(f"{interface.address}/{interface.netmask}", strict=False)
    except ValueError:
        return None
