# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The transfers that are under way: never more than a bound, and which of them is due when. No sockets, no clock."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count

from .content import Content
from .decide import ServeFile, ServeScript
from .options import Terms
from .packet import Request
from .sockets import Address, Channel
from .transfer import Transfer

MAX_SESSIONS = 512
MAX_PER_SOURCE = 4


@dataclass(eq=False, slots=True)
class Session:
    """One transfer with all that belongs to it; times are those of the server's monotonic clock, in seconds."""

    client: Address
    request: Request
    decision: ServeFile | ServeScript
    terms: Terms
    transfer: Transfer
    content: Content
    channel: Channel
    started: float
    heard: float
    wakes: float = field(default=float("inf"), init=False)  # the earliest moment it stands in the schedule for


class Sessions:
    """All sessions, by client; each client address and port has one at most."""

    def __init__(self, limit: int = MAX_SESSIONS, limit_per_source: int = MAX_PER_SOURCE) -> None:
        self._limit = limit
        self._limit_per_source = limit_per_source
        self._by_client: dict[Address, Session] = {}
        self._by_source: dict[str, list[Session]] = {}
        self._schedule: list[tuple[float, int, Session]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._by_client)

    def all(self) -> list[Session]:
        """Return every session."""
        return list(self._by_client.values())

    def get(self, client: Address) -> Session | None:
        """Return the session of ``client``."""
        return self._by_client.get(client)

    def in_the_way(self, source: str) -> Session | None:
        """Return a session of ``source`` that a new one may replace where it has too many: the oldest not taken up."""
        own = self._by_source.get(source, [])
        if len(own) < self._limit_per_source:
            return None
        return next((session for session in own if not session.transfer.proven), None)

    def full(self, source: str) -> bool:
        """Return whether there is no room for another session of ``source``."""
        return len(self) >= self._limit or len(self._by_source.get(source, ())) >= self._limit_per_source

    def add(self, session: Session) -> None:
        """Take ``session`` in, and into the schedule."""
        self._by_client[session.client] = session
        self._by_source.setdefault(session.client[0], []).append(session)
        self.reschedule(session)

    def remove(self, session: Session) -> bool:
        """Forget ``session``; return whether it was here."""
        if self._by_client.get(session.client) is not session:
            return False
        del self._by_client[session.client]
        own = self._by_source[session.client[0]]
        own.remove(session)
        if not own:
            del self._by_source[session.client[0]]
        session.wakes = float("-inf")  # nothing in the schedule is its own any more
        return True

    def reschedule(self, session: Session) -> None:
        """Note the transfer's deadline; a later one than before needs no note, it is seen when the earlier comes."""
        if session.transfer.deadline < session.wakes:
            session.wakes = session.transfer.deadline
            heapq.heappush(self._schedule, (session.wakes, next(self._order), session))

    def next_due(self) -> float | None:
        """Return when to call ``due`` next, or None where nothing is under way."""
        return self._schedule[0][0] if self._schedule else None

    def due(self, now: float) -> list[Session]:
        """Return the sessions whose deadline has come; each must be rescheduled or removed."""
        found = []
        while self._schedule and self._schedule[0][0] <= now:
            at, _order, session = heapq.heappop(self._schedule)
            if at != session.wakes:
                continue
            session.wakes = float("inf")
            if session.transfer.deadline <= now:
                found.append(session)
            else:
                self.reschedule(session)
        return found
