# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The last packets of each machine, in memory only, for whoever looks at it: what it asked, what it got, and why.

An entry is a tuple of what is there anyway, and no text is made of it before somebody reads it: ``http.packets`` does.
Of a machine, the time of an entry and all else are put into a ring one behind the other, and make no object of their
own: there are so many of them that Python's collector would have to look through.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

# When, in seconds since the epoch; "dhcp", "tftp" or "http"; ANSWERED or UNANSWERED; what was asked; and by protocol:
# dhcp  the type of the answer, its address, the kind of client, its boot file, why, the giaddr, the interface
# tftp  the client's address, RRQ or WRQ, how the transfer ended, the octets that were sent, those of the file, why
# http  the client's address, method, query, status, the octets that were sent, why
# What was asked is the type of the DHCP message, the name of the file, the path. It may hold secrets.
Entry: TypeAlias = "tuple[float, str, str, str, tuple[str | int | None, ...]]"
What: TypeAlias = "tuple[str, str, str, tuple[str | int | None, ...]]"  # the same but for the time
Ring: TypeAlias = "deque[float | What]"  # a time, what was then, a time, ...: see ``entries_of``

ANSWERED, UNANSWERED = "out", "in"
NOTHING_TOLD = ("", "", "", "")  # the first four of dhcp, where there is no answer

KEPT = 16  # entries of each machine
MAX_MACHINES = 32768  # interfaces that have entries: those that came last
UNKNOWN_KEPT = 1024  # entries of all MAC addresses that are no machine's, together


class RecentPackets:
    """The last KEPT entries of each interface, and the last UNKNOWN_KEPT of all others. Safe to use from any thread."""

    def __init__(self) -> None:
        self._known: dict[str, Ring] = {}
        self._unknown: deque[tuple[str, Entry]] = deque(maxlen=UNKNOWN_KEPT)
        self.era = 0  # another one whenever an interface was forgotten
        self._adding = threading.Lock()  # of an interface that had no entry yet

    def note(self, mac: str, entry: Entry) -> None:
        """Remember ``entry`` of the interface ``mac`` of a machine that has an object."""
        self.ring(mac).extend((entry[0], entry[1:]))  # both at once: no other thread comes in between

    def ring(self, mac: str) -> Ring:
        """Return where entries of the interface ``mac`` go, until ``era`` is another.

        One thread, and no other, may append a time and then what was then, as two calls, which cost less than one with
        both: the thread that notes most of the packets.
        """
        ring = self._known.get(mac)
        return ring if ring is not None else self._add(mac)

    def note_unknown(self, mac: str, entry: Entry) -> None:
        """Remember ``entry`` of a MAC address that no object has: anybody may make up as many as he likes."""
        self._unknown.append((mac, entry))

    def note_all_unknown(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """Do what ``note_unknown`` does with each of ``entries``."""
        self._unknown.extend(entries)

    def of(self, mac: str) -> list[Entry]:
        """Return the entries of ``mac``, oldest first, KEPT at most; those from before it had an object as well."""
        # A copy is made at once, and what others add meanwhile is not in it.
        unknown = [entry for other, entry in self._unknown.copy() if other == mac]
        ring = self._known.get(mac)
        known = entries_of(ring.copy()) if ring is not None else []
        return sorted([*unknown, *known], key=lambda entry: entry[0])[-KEPT:]

    def _add(self, mac: str) -> Ring:
        with self._adding:
            ring = self._known.setdefault(mac, deque(maxlen=2 * KEPT))
            if len(self._known) > MAX_MACHINES:
                del self._known[next(iter(self._known))]
                self.era += 1
            return ring


def entries_of(ring: Iterable[float | What]) -> list[Entry]:
    """Return the entries in ``ring``, whichever thread was adding one when it was copied.

    Others may have come between a time and what was then; that itself may not be there yet, or the time no more.
    """
    found: list[Entry] = []
    times: list[float] = []
    for item in ring:
        if not isinstance(item, tuple):
            times.append(item)
        elif times:
            found.append((times.pop(), *item))
    return found
