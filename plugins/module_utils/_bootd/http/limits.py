# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who may have a connection, and who a download, when there are as many as there may be.

One address may hold them all as long as nobody else wants one. From then on whoever holds most gives up what it has
waited on longest, so no number of connections from one address locks another address out.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

STALLED_SECONDS = 5.0  # without one octet taken or sent: may be ended for another client of the same address
RESERVED = 8  # one in so many connections is kept free of downloads, so that reports find one


class Place:
    """What one connection holds. ``waiting``: bootd waits for the client, and not the client for bootd."""

    def __init__(self, places: Places, source: str, end: Callable[[], None]) -> None:
        self._places = places
        self.source = source
        self.end = end  # closes the connection; may be called from any thread
        self.waiting = True
        self.answered = True  # nothing that the client asked for is still to be sent
        self.progress = places.clock()

    def moved(self) -> None:
        """Note that the client has sent or taken something."""
        self.progress = self._places.clock()

    def begin_download(self) -> bool:
        """Return whether this connection may be sent a file; it then holds a download until ``end_download``."""
        return self._places.begin_download(self)

    def end_download(self) -> None:
        """Give the download back."""
        self._places.end_download(self)

    def leave(self) -> None:
        """Give back all that the connection holds."""
        self._places.leave(self)


class Places:
    """The connections, ``limit`` at most, and the downloads among them; may be used from any thread."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._limit = limit
        self._lock = threading.Lock()
        self._connections: set[Place] = set()
        self._downloads: set[Place] = set()

    def enter(self, source: str, end: Callable[[], None]) -> Place | None:
        """Return the place of a new connection from the address ``source``, None where there is none."""
        place = Place(self, source, end)
        with self._lock:
            return place if self._add(self._connections, self._limit, place) else None

    def begin_download(self, place: Place) -> bool:
        """Return whether ``place`` may begin a download."""
        with self._lock:
            return self._add(self._downloads, max(1, self._limit - self._limit // RESERVED), place)

    def end_download(self, place: Place) -> None:
        """Take back a download; no error where there is none."""
        with self._lock:
            self._downloads.discard(place)

    def leave(self, place: Place) -> None:
        """Take back a connection; no error where that was done before."""
        with self._lock:
            self._forget(place)

    def all(self) -> list[Place]:
        """Return the places of all connections."""
        with self._lock:
            return list(self._connections)

    def _add(self, held: set[Place], limit: int, place: Place) -> bool:
        if len(held) >= limit and place not in held:
            victim = dispensable(held, place, self.clock())
            if victim is None:
                return False
            self._forget(victim)
            victim.end()
        held.add(place)
        return True

    def _forget(self, place: Place) -> None:
        self._connections.discard(place)
        self._downloads.discard(place)


def dispensable(held: set[Place], newcomer: Place, now: float) -> Place | None:
    """Return which of ``held`` is to make room for ``newcomer``, None where none is.

    It is one of the address that holds most, and of those the one that has kept bootd waiting longest. Among clients
    of one address, or of addresses that hold equally much, nobody loses what is on its way to him.
    """
    counts = Counter(place.source for place in held)
    counts[newcomer.source] += 1
    most = max(counts.values())
    candidates = [place for place in held if counts[place.source] == most]
    if counts[newcomer.source] == most:
        candidates = [place for place in candidates if place.answered or _is_stalled(place, now)]
    return min(candidates, key=lambda place: (not place.waiting, place.progress), default=None)


def _is_stalled(place: Place, now: float) -> bool:
    return place.waiting and now - place.progress >= STALLED_SECONDS
