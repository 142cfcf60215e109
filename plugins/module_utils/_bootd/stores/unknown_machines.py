# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines that asked and are in no Hardware object: always recorded, never more than a bound.

Anybody can make up MAC addresses. So machines that came back, and those that want to boot, each have room of their own
that others can't take: see ``_ROOM``. What a machine says of itself is told without secrets, cut short, and with every
character escaped that a terminal would obey. Kept in memory only: whoever is still there asks again.
"""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass

from ..dhcp import options as opt
from ..dhcp.sighting import BOOTS, Sighting, relay_ids_of, user_class_of, uuid_of
from ..hardware.problem import printable
from ..process.masking import mask

MAX_UNKNOWN = 1024
MAX_TEXT = 64  # characters that are told of a text
CAME_BACK = 2.0  # seconds from first to last: firmware asks again after 4 (PXE 2.1 section 2.2.2), a made-up MAC never
DHCP, TFTP, HTTP = PROTOCOLS = ("dhcp", "tftp", "http")
# Eighths of the room, by whether the machine wants to boot from the network, and whether it came back.
_ROOM = {(True, True): 4, (True, False): 2, (False, True): 1, (False, False): 1}


@dataclass(frozen=True, slots=True)
class Unknown:
    """One unknown machine; "" and None for what it did not say, times in seconds since the epoch.

    ``client`` is "firmware", "ipxe" or "os", "" where no DHCP was heard of it; ``relay`` the giaddr it came through;
    ``address`` what it has from elsewhere; ``asked`` how often it was heard by each of PROTOCOLS.
    """

    mac: str
    client: str
    wants_to_boot: bool
    vendor_class: str
    arch: int | None
    user_class: str
    uuid: str
    hostname: str
    relay: str
    circuit_id: str
    remote_id: str
    interface: str
    address: str
    first: float
    last: float
    count: int
    asked: dict[str, int]


class _Entry:
    """What is kept of one machine: the last message of its firmware or iPXE, and the last of all.

    ``dhcp``, ``tftp`` and ``http`` are how often it was heard by each of PROTOCOLS: in a flood one is made for each
    message, and a dict of them would cost as much as all the rest.
    """

    __slots__ = ("address", "boots", "dhcp", "first", "http", "last", "mac", "newest", "tftp")

    def __init__(self, mac: str, first: float) -> None:
        self.mac, self.first, self.last = mac, first, 0.0
        self.boots: Sighting | None = None
        self.newest: Sighting | None = None
        self.address = ""
        self.dhcp = self.tftp = self.http = 0

    @property
    def wants_to_boot(self) -> bool:
        return self.boots is not None or self.tftp > 0 or self.http > 0

    def asked(self) -> dict[str, int]:
        return {DHCP: self.dhcp, TFTP: self.tftp, HTTP: self.http}


class UnknownMachines:
    """At most ``limit`` unknown machines. Safe to use from any thread."""

    def __init__(self, limit: int = MAX_UNKNOWN) -> None:
        self._rooms = {place: max(1, limit * eighths // 8) for place, eighths in _ROOM.items()}
        self._seen: dict[tuple[bool, bool], OrderedDict[str, _Entry]] = {place: OrderedDict() for place in _ROOM}
        self._shelves: dict[str, OrderedDict[str, _Entry]] = {}  # in which of these each is, by MAC
        self._macs: dict[str, str] = {}  # by the addresses that machines have
        self._evicted = _Glimpses()
        self._lock = threading.Lock()
        self.version = 0  # another one whenever anything was recorded or forgotten

    def record(self, mac: str, said: Sighting, now: float) -> bool:
        """Note what ``mac`` said by DHCP; return whether it is new, so that the log need not repeat it."""
        return bool(self.record_all([(mac, said)], now))

    def record_all(self, heard: Iterable[tuple[str, Sighting]], now: float) -> list[tuple[str, Sighting]]:
        """Do what ``record`` does with each of ``heard``, in their order; return those that are new."""
        new = []
        with self._lock:
            for mac, said in heard:
                entry, is_new = self._entry(mac, now)
                entry.newest = said
                if said.client in BOOTS:
                    entry.boots = said
                entry.dhcp += 1
                self._put(entry, said.address, now)
                if is_new:
                    new.append((mac, said))
        return new

    def asked_for_file(self, protocol: str, mac: str, address: str, now: float) -> None:
        """Note that a file was asked for from ``address``; where ``mac`` is "", of whoever took that address."""
        with self._lock:
            found = mac or self._macs.get(address)
            if found:
                entry = self._entry(found, now)[0]
                setattr(entry, protocol, getattr(entry, protocol) + 1)
                self._put(entry, address, now)

    def wanting_to_boot(self) -> int:
        """Return how many of them want to boot from the network."""
        with self._lock:
            return sum(len(room) for (wants, _came_back), room in self._seen.items() if wants)

    def forget(self, mac: str) -> None:
        """Drop ``mac``, because it has a Hardware object now."""
        with self._lock:
            if self._take(mac) is not None:
                self.version += 1

    def all(self) -> list[Unknown]:
        """Return the recorded machines, the one seen last at the end."""
        with self._lock:
            found = [copy(entry) for shelf in self._seen.values() for entry in shelf.values()]
        # Not under the lock: to read and mask their texts takes long, and DHCP replies wait for ``record``.
        return sorted(map(_told, found), key=lambda entry: entry.last)

    def macs(self) -> list[str]:
        """Return the MAC addresses of the recorded machines, in no order."""
        with self._lock:
            return [mac for shelf in self._seen.values() for mac in shelf]

    def __len__(self) -> int:
        return sum(map(len, self._seen.values()))

    def _entry(self, mac: str, now: float) -> tuple[_Entry, bool]:
        """Return the entry of ``mac``, taken out, and whether nothing is known of it."""
        found = self._take(mac)
        if found is not None:
            return found, False
        first = self._evicted.when(mac, now)
        return _Entry(mac, now if first is None else first), first is None

    def _put(self, entry: _Entry, address: str, now: float) -> None:
        self.version += 1
        mac, entry.last = entry.mac, now
        entry.address = address = address or entry.address
        if address:
            self._macs[address] = mac
        place = entry.boots is not None or entry.wants_to_boot, now - entry.first >= CAME_BACK
        shelf = self._shelves[mac] = self._seen[place]
        shelf[mac] = entry
        if len(shelf) > self._rooms[place]:
            mac, gone = shelf.popitem(last=False)
            del self._shelves[mac]
            self._forget_address(gone)
            self._evicted.note(mac, gone.first)

    def _take(self, mac: str) -> _Entry | None:
        shelf = self._shelves.pop(mac, None)
        if shelf is None:
            return None
        found = shelf.pop(mac)
        self._forget_address(found)
        return found

    def _forget_address(self, gone: _Entry) -> None:
        if gone.address and self._macs.get(gone.address) == gone.mac:
            del self._macs[gone.address]


class _Glimpses:
    """When MACs were first heard that had to make room, in one MiB, however many there are.

    In a flood of 10,000 made-up ones a second, three of four machines are still known when they ask again after 4 s,
    and have a place from then on. The hash has a key that nobody knows (PEP 456).
    """

    _SLOTS = 1 << 17
    _LASTS = 600  # seconds
    _TIME = 0xFFFFFFFF
    _MARK = 0xFFFFFFFF00000000

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * self._SLOTS))  # half of the hash, and a time in seconds

    def note(self, mac: str, at: float) -> None:
        """Remember that ``mac`` was first heard at the time ``at``."""
        mark = hash(mac)
        self._slots[mark % self._SLOTS] = (mark & self._MARK) | (int(at) & self._TIME)

    def when(self, mac: str, now: float) -> float | None:
        """Return when ``mac`` was first heard, None where that is not known any more."""
        mark = hash(mac)
        found = self._slots[mark % self._SLOTS]
        at = found & self._TIME
        return float(at) if (found ^ mark) & self._MARK == 0 and 0 <= now - at <= self._LASTS else None


_NOTHING = Sighting("", None, b"", b"", b"", b"", b"", "", "", "")


def _told(entry: _Entry) -> Unknown:
    newest = entry.newest or _NOTHING
    # An operating system's later request must not hide what the firmware said.
    boots = entry.boots or newest
    circuit_id, remote_id = relay_ids_of(newest)
    asked = entry.asked()
    return Unknown(
        mac=entry.mac,
        client=boots.client,
        wants_to_boot=entry.wants_to_boot,
        vendor_class=safe_text(opt.text(boots.vendor_class)),
        arch=boots.arch,
        user_class=safe_text(user_class_of(boots)),
        uuid=uuid_of(boots) or uuid_of(newest),
        hostname=safe_text(opt.text(newest.hostname)),
        relay=newest.relay,
        circuit_id=safe_text(circuit_id),
        remote_id=safe_text(remote_id),
        interface=newest.interface,
        address=entry.address,
        first=entry.first,
        last=entry.last,
        count=sum(asked.values()),
        asked=asked,
    )


def safe_text(text: str) -> str:
    """Return what a stranger has written, without secrets, on one line, and cut short."""
    return printable(mask(text))[:MAX_TEXT]
