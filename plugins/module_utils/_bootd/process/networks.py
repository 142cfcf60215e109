# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 networks: sets of them that grow and shrink, and those that this host's interfaces are in."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network

SHORTEST_PREFIX = 8  # what reaches further is a mistake in a netmask
LINK_SECONDS = 5.0  # between two looks at this host's interfaces: bridges and VLANs come and go
_ROUTES = "/proc/net/route"
_TO_A_HOST = "\tFFFFFFFF\t"  # only a mask is such a field, or the limited broadcast address with that mask
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
        networks = self._by_mask.get(mask)
        if networks is None:
            networks = self._by_mask[mask] = Counter()
        networks[network] += step
        if not networks[network]:
            del networks[network]
        if not networks:
            del self._by_mask[mask]


def is_own_address(address: str) -> bool:
    """Return whether ``address`` is one of this host's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


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
        self._found = _Tables.of(self._read())

    def interface_of(self, address: str) -> str:
        """Return the interface on whose network ``address`` is, of several the narrowest's.

        "" where it is on none, or is no IPv4 address: proxies tell of IPv6 clients too.
        """
        if not is_ipv4(address):
            return ""
        number = _number(address)
        for mask, names in self._tables().by_mask:
            if name := names.get(number & mask):
                return name
        return ""

    def networks_of(self, interface: str) -> tuple[IPv4Network, ...]:
        """Return the networks of ``interface``."""
        return self._tables().by_interface.get(interface, ())

    def _tables(self) -> _Tables:
        if self._clock() - self._read_at > LINK_SECONDS:
            self._read_at = self._clock()
            self._found = _Tables.of(self._read())
        return self._found


@dataclass(frozen=True, slots=True)
class _Tables:
    """The networks of Links, by interface, and their interfaces by mask (the narrowest first) and network."""

    by_interface: Mapping[str, tuple[IPv4Network, ...]]
    by_mask: tuple[tuple[int, Mapping[int, str]], ...]

    @classmethod
    def of(cls, links: Iterable[tuple[str, IPv4Network]]) -> _Tables:
        """Return the tables of ``links``, interfaces and networks. One network on two links is the last name's."""
        by_interface: dict[str, tuple[IPv4Network, ...]] = {}
        by_mask: dict[int, dict[int, str]] = {}
        for name, network in links:
            by_interface[name] = (*by_interface.get(name, ()), network)
            names, number = by_mask.setdefault(int(network.netmask), {}), int(network.network_address)
            names[number] = max(name, names.get(number, ""))
        return cls(by_interface, tuple(sorted(by_mask.items(), reverse=True)))


def local_networks(routes: str = _ROUTES) -> list[IPv4Network]:
    """Return the networks that this host is in: loopback, and those that Linux's table ``routes`` has no gateway for.

    The default route is none of them. Without a table, as without ``/proc``, it is loopback alone.
    """
    return [_LOOPBACK, *(network for _interface, network in connected_networks(routes))]


def connected_networks(routes: str = _ROUTES) -> list[tuple[str, IPv4Network]]:
    """Return interface and network of each line of ``routes`` without a gateway, but for default routes.

    Nor are routes to one host among them: no machine boots over one, and a Kubernetes node has one for each pod.
    """
    try:
        with open(routes, encoding="ascii") as table:
            lines = table.read().splitlines()[1:]
    except OSError:
        lines = []
    return [found for line in lines if _TO_A_HOST not in line and (found := _connected(line)) is not None]


def _connected(route: str) -> tuple[str, IPv4Network] | None:
    fields = route.split()
    if len(fields) < 8:
        return None
    destination, gateway, mask = (int.from_bytes(bytes.fromhex(fields[place]), "little") for place in (1, 2, 7))
    if gateway or not mask:
        return None
    return fields[0], IPv4Network((destination, mask.bit_count()), strict=False)


@lru_cache(maxsize=16_384)  # those of as many machines, which ask several times
def is_ipv4(address: str) -> bool:
    """Return whether ``address`` is an IPv4 address in dotted form."""
    try:
        socket.inet_pton(socket.AF_INET, address)  # a tenth of what IPv4Address takes, which allows the same
    except (OSError, ValueError):
        return False
    return True


@lru_cache(maxsize=64)  # netmasks are the same again and again
def _number(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address), "big")
