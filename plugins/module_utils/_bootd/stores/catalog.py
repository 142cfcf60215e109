# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The catalog: every machine of the store, found by MAC, by address or by name, without ever blocking a reply.

Readers take no lock: each index entry is an immutable tuple that a writer swaps whole.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from ..hardware.model import Machine, Nic
from ..process.networks import NetworkSet


@dataclass(frozen=True, slots=True)
class Clash:
    """Two or more interfaces that claim one MAC or address; the first of ``claimants`` is the one served."""

    field: str  # "mac" or "address"
    value: str
    claimants: tuple[Nic, ...]


class Catalog:
    """In-memory index of Machines. Writers are serialised by a lock; look-ups are single dictionary reads."""

    def __init__(self) -> None:
        self._machines: dict[str, Machine] = {}
        self._by_mac: dict[str, tuple[Nic, ...]] = {}
        self._by_address: dict[str, tuple[Nic, ...]] = {}
        self._networks = NetworkSet()
        self._lock = threading.Lock()
        self.version = 0  # another one once a machine was added, changed or removed: not before that can be looked up

    def by_mac(self, mac: str) -> Nic | None:
        """Return the interface with ``mac`` (lower-case colon form); of several claimants, the oldest object's."""
        found = self._by_mac.get(mac)
        return found[0] if found else None

    def by_ip(self, address: str) -> Nic | None:
        """Return the interface that holds the reservation for IPv4 ``address``."""
        found = self._by_address.get(address)
        return found[0] if found else None

    def in_network(self, address: str) -> bool:
        """Return whether IPv4 ``address`` is in the network, by address and netmask, of any machine's reservation."""
        return address in self._networks

    def get(self, key: str) -> Machine | None:
        """Return the machine named ``namespace/name``."""
        return self._machines.get(key)

    def machines(self) -> list[Machine]:
        """Return all machines, ordered by key."""
        with self._lock:
            return sorted(self._machines.values(), key=lambda machine: machine.key)

    def keys(self) -> list[str]:
        """Return the keys of all machines, in no order."""
        with self._lock:
            return list(self._machines)

    def by_key(self) -> dict[str, Machine]:
        """Return all machines by their keys, in no order."""
        with self._lock:
            return dict(self._machines)

    def __len__(self) -> int:
        return len(self._machines)

    def upsert(self, machine: Machine) -> None:
        """Add ``machine``, or put it in the place of the one with its key; the same object again costs nothing."""
        with self._lock:
            self._put(machine)

    def remove(self, key: str) -> None:
        """Forget the machine named ``key``; no error where there is none."""
        with self._lock:
            self._drop(key)

    def replace(self, machines: Iterable[Machine]) -> None:
        """Make ``machines`` the whole content. Machines that are the same object as before cost nothing."""
        wanted = {machine.key: machine for machine in machines}
        with self._lock:
            for machine in wanted.values():
                self._put(machine)
            for key in [key for key in self._machines if key not in wanted]:
                self._drop(key)

    def clashes(self) -> list[Clash]:
        """Return every MAC and address that more than one interface claims."""
        with self._lock:
            return [
                Clash(field, value, claimants)
                for field, index in (("mac", self._by_mac), ("address", self._by_address))
                for value, claimants in sorted(item for item in index.items() if len(item[1]) > 1)
            ]

    def _put(self, machine: Machine) -> None:
        before = self._machines.get(machine.key)
        if before is machine:
            return
        self._machines[machine.key] = machine
        for interface in machine.interfaces:
            nic = Nic(machine, interface)
            _insert(self._by_mac, interface.mac, nic)
            if interface.address:
                _insert(self._by_address, interface.address, nic)
            self._networks.add(interface.address, interface.netmask)
        # Only now: whoever looks meanwhile finds the machine as it was, and not that it is unknown.
        self._withdraw(before)
        self.version += 1

    def _drop(self, key: str) -> None:
        machine = self._machines.pop(key, None)
        if machine is not None:
            self._withdraw(machine)
            self.version += 1

    def _withdraw(self, machine: Machine | None) -> None:
        if machine is None:
            return
        for interface in machine.interfaces:
            _withdraw(self._by_mac, interface.mac, machine)
            _withdraw(self._by_address, interface.address, machine)
            self._networks.discard(interface.address, interface.netmask)


def _insert(index: dict[str, tuple[Nic, ...]], value: str, nic: Nic) -> None:
    present = index.get(value)
    if present is None:
        index[value] = (nic,)
    else:
        index[value] = tuple(sorted((*present, nic), key=lambda item: (item.machine.created, item.machine.key)))


def _withdraw(index: dict[str, tuple[Nic, ...]], value: str, machine: Machine) -> None:
    rest = tuple(nic for nic in index.get(value, ()) if nic.machine is not machine)
    if rest:
        index[value] = rest
    else:
        index.pop(value, None)
