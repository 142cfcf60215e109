# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who is asking: the client's address and the machine it belongs to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Protocol

from ..hardware.model import Nic
from ..process.networks import is_ipv4

Networks = Sequence[IPv4Network | IPv6Network]


class Machines(Protocol):
    """The two look-ups by which a machine is found."""

    def by_mac(self, mac: str) -> Nic | None: ...

    def by_ip(self, address: str) -> Nic | None: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """The interface of the machine that asks, None where it is unknown; ``name`` is the MAC or address it gave."""

    nic: Nic | None
    name: str


def networks(cidrs: Sequence[str]) -> Networks:
    """Return the networks of ``settings.trusted_proxies``; raises ValueError where one is none."""
    return tuple(ip_network(cidr, strict=False) for cidr in cidrs)


def client_address(peer: str, forwarded: str, trusted: Networks) -> str:
    """Return the address the request comes from: the peer's, unless that is a trusted proxy.

    X-Forwarded-For (``forwarded``) is read from its end, where the nearest proxy wrote: each address is believed as
    long as a trusted proxy reported it. What a client put at its beginning is never reached.
    """
    address = _plain_peer(peer) or peer
    for hop in reversed(forwarded.split(",") if forwarded else []):
        if not _is_in(address, trusted):
            return address
        reported = _plain(hop.strip())
        if not reported:
            return address
        address = reported
    return address


def identify(machines: Machines, mac: str | None, address: str) -> Caller:
    """Return the machine with ``mac``, in lower-case colon form, or where that is None with ``address``."""
    if mac is not None:
        return Caller(machines.by_mac(mac), mac)
    return Caller(machines.by_ip(address), address)


def _plain(text: str) -> str:
    if is_ipv4(text):
        return text
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


_plain_peer = lru_cache(maxsize=16_384)(_plain)  # for those of as many machines, which ask several times


def _is_in(address: str, trusted: Networks) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in trusted)
