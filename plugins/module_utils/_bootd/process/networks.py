# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 networks: sets of them that grow and shrink, and those that this host's interfaces are in."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network

SHORTEST_PREFIX = 8  # what reaches further is a mistake in a netmask
_ROUTES = "/proc/net/route"
_LOOPBACK = IPv4Network("127.0.0.0/8")


class NetworkSet:
    """Networks, each as often as it was added. A look-up costs a step for each length of prefix, and takes no lock."""

    def __init__(self, networks: Iterable[IPv4Network] = ()) -> None:
        self._by_mask: dict[int, Counter[int]] = {}
        for network in networks:
            self._count(int(network.network_address), int(network.netmask), 1)

    def add(self, address: str, netmask: str) -> None:
        """Add the network of an interface; nothing where ``netmask`` is "" or shorter than SHORTEST_PREFIX."""
        self._count_interface(address, netmask, 1)

    def discard(self, address: str, netmask: str) -> None:
        """Take back one ``add`` of the same arguments."""
        self._count_interface(address, netmask, -1)

    def __contains__(self, address: str) -> bool:
        number = _number(address)
        # A copy: another thread may add a mask meanwhile.
        return any(number & mask in networks for mask, networks in tuple(self._by_mask.items()))

    def _count_interface(self, address: str, netmask: str, step: int) -> None:
        mask = _number(netmask) if address and netmask else 0
        if mask.bit_count() >= SHORTEST_PREFIX:
            self._count(_number(address) & mask, mask, step)

    def _count(self, network: int, mask: int, step: int) -> None:
        networks = self._by_mask.setdefault(mask, Counter())
        networks[network] += step
        if not networks[network]:
            del networks[network]
        if not networks:
            del self._by_mask[mask]


def local_networks(routes: str = _ROUTES) -> list[IPv4Network]:
    """Return the networks that this host is in: loopback, and those that Linux's table ``routes`` has no gateway for.

    The default route is none of them. Without a table, as without ``/proc``, it is loopback alone.
    """
    try:
        with open(routes, encoding="ascii") as table:
            lines = table.read().splitlines()[1:]
    except OSError:
        lines = []
    return [_LOOPBACK, *(found for line in lines if (found := _connected(line)) is not None)]


def _connected(route: str) -> IPv4Network | None:
    fields = route.split()
    if len(fields) < 8:
        return None
    destination, gateway, mask = (int.from_bytes(bytes.fromhex(fields[place]), "little") for place in (1, 2, 7))
    return None if gateway or not mask else IPv4Network((destination, mask.bit_count()), strict=False)


def _number(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address), "big")
