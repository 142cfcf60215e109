# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Limits on connections and on downloads, and which connection is closed for a new one once a limit is reached.

One address may hold them all as long as nobody else wants one. From then on the address that holds most loses the
connection that has kept bootd waiting longest, so no number of connections from one address locks another out.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

STALLED_SECONDS = 5.0  # without one octet taken or sent: may be closed for another client of the same address
RESERVED = 8  # one in so many connections is kept free of downloads, so that reports find one


class ConnectionSlot:
    """One connection, as it counts against the limits."""

    __slots__ = ("_slots", "end", "idle", "progress_at", "source", "waiting_for_client")

    def __init__(self, slots: ConnectionSlots, source: str, end: Callable[[], object]) -> None:
        self._slots = slots
        self.source = source
        self.end = end  # closes the connection; may be called from any thread
        self.waiting_for_client = True  # else the client waits for bootd
        self.idle = True  # no whole request of it is unanswered
        self.progress_at = slots.clock()  # when it last sent or took an octet

    def note_progress(self) -> None:
        """Note that the client has sent or taken something."""
        self.progress_at = self._slots.clock()

    def begin_download(self) -> bool:
        """Return whether this connection may be sent a file; it then holds a download until ``end_download``."""
        return self._slots.begin_download(self)

    def end_download(self) -> None:
        """No longer count as a download."""
        self._slots.end_download(self)

    def release(self) -> None:
        """No longer count as a connection, nor as a download."""
        self._slots.release(self)


class ConnectionSlots:
    """The connections, ``limit`` at most, and the downloads among them; may be used from any thread."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._limit = limit
        self._lock = threading.Lock()
        self._connections: set[ConnectionSlot] = set()
        self._downloads: set[ConnectionSlot] = set()

    def acquire(self, source: str, end: Callable[[], object]) -> ConnectionSlot | None:
        """Return a slot for a new connection from the address ``source``, None where there is none.

        ``end`` is called, from any thread, to close the connection where another takes its slot.
        """
        slot = ConnectionSlot(self, source, end)
        with self._lock:
            return slot if self._add(self._connections, self._limit, slot) else None

    def begin_download(self, slot: ConnectionSlot) -> bool:
        """Return whether ``slot`` may begin a download; it then counts as one."""
        with self._lock:
            return self._add(self._downloads, max(1, self._limit - self._limit // RESERVED), slot)

    def end_download(self, slot: ConnectionSlot) -> None:
        """Count ``slot`` as a download no longer; no error where it was none."""
        with self._lock:
            self._downloads.discard(slot)

    def release(self, slot: ConnectionSlot) -> None:
        """Count ``slot`` no longer; no error where it was released before."""
        with self._lock:
            self._forget(slot)

    def all(self) -> list[ConnectionSlot]:
        """Return all slots that are held."""
        with self._lock:
            return list(self._connections)

    def _add(self, held: set[ConnectionSlot], limit: int, slot: ConnectionSlot) -> bool:
        if len(held) >= limit and slot not in held:
            victim = slot_to_evict(held, slot, self.clock())
            if victim is None:
                return False
            self._forget(victim)
            victim.end()
        held.add(slot)
        return True

    def _forget(self, slot: ConnectionSlot) -> None:
        self._connections.discard(slot)
        self._downloads.discard(slot)


def slot_to_evict(held: set[ConnectionSlot], newcomer: ConnectionSlot, now: float) -> ConnectionSlot | None:
    """Return which of ``held`` is closed to make room for ``newcomer``, None where none is.

    It is one of the address that holds most, and of those the one that has kept bootd waiting longest. Among clients
    of one address, or of addresses that hold equally many, nobody loses a response that is on its way.
    """
    counts = Counter(slot.source for slot in held)
    counts[newcomer.source] += 1
    most = max(counts.values())
    candidates = [slot for slot in held if counts[slot.source] == most]
    if counts[newcomer.source] == most:
        candidates = [slot for slot in candidates if slot.idle or _is_stalled(slot, now)]
    return min(candidates, key=lambda slot: (not slot.waiting_for_client, slot.progress_at), default=None)


def _is_stalled(slot: ConnectionSlot, now: float) -> bool:
    return slot.waiting_for_client and now - slot.progress_at >= STALLED_SECONDS
