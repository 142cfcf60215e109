# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 networks: sets of them that grow and shrink, and those that this host's interfaces are in."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network

SHORTEST_PREFIX = 8  # what reaches further is a mistake in a netmask
LINK_SECONDS = 5.0  # between two looks at this host's interfaces: bridges and VLANs come and go
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


class Links:
    """The networks that this host's interfaces are in, looked at again when they are older than LINK_SECONDS.

    A look-up takes no lock: what was read is swapped whole.
    """

    def __init__(
        self,
        read: Callable[[], list[tuple[str, IPv4Network]]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read or connected_networks
        self._clock = clock
        self._read_at = clock()
        self._found = self._read()

    def interface_of(self, address: str) -> str:
        """Return the interface on whose network ``address`` is, of several the narrowest's; "" for none."""
        wanted = IPv4Address(address)
        found = [(network.prefixlen, name) for name, network in self._links() if wanted in network]
        return max(found)[1] if found else ""

    def networks_of(self, interface: str) -> tuple[IPv4Network, ...]:
        """Return the networks of ``interface``."""
        return tuple(network for name, network in self._links() if name == interface)

    def _links(self) -> list[tuple[str, IPv4Network]]:
        if self._clock() - self._read_at > LINK_SECONDS:
            self._read_at = self._clock()
            self._found = self._read()
        return self._found


def local_networks(routes: str = _ROUTES) -> list[IPv4Network]:
    """Return the networks that this host is in: loopback, and those that Linux's table ``routes`` has no gateway for.

    The default route is none of them. Without a table, as without ``/proc``, it is loopback alone.
    """
    return [_LOOPBACK, *(network for _interface, network in connected_networks(routes))]


def connected_networks(routes: str = _ROUTES) -> list[tuple[str, IPv4Network]]:
    """Return interface and network of each line of ``routes`` without a gateway, but for default routes."""
    try:
        with open(routes, encoding="ascii") as table:
            lines = table.read().splitlines()[1:]
    except OSError:
        lines = []
    return [found for line in lines if (found := _connected(line)) is not None]


def _connected(route: str) -> tuple[str, IPv4Network] | None:
    fields = route.split()
    if len(fields) < 8:
        return None
    destination, gateway, mask = (int.from_bytes(bytes.fromhex(fields[place]), "little") for place in (1, 2, 7))
    if gateway or not mask:
        return None
    return fields[0], IPv4Network((destination, mask.bit_count()), strict=False)


def _number(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address), "big")
