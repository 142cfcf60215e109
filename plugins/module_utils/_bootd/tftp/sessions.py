# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The sessions: which transfers there are, how many there may be, and which is due when. No sockets, no clock."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count

from .content import Content
from .decide import Answer
from .packet import Request, Terms
from .sockets import Address, Channel
from .transfer import Transfer

MAX_SESSIONS = 2048  # each with a file, and mostly a socket
SLACK = 64  # entries of the schedule that are kept although nothing is due then
SHARE = 4  # no address has more than one in so many of them; many machines may be behind one


@dataclass(eq=False, slots=True)
class Session:
    """One transfer with its client, request, file and port. Times are seconds of the server's monotonic clock."""

    client: Address
    request: Request
    decision: Answer
    terms: Terms
    transfer: Transfer
    content: Content
    channel: Channel
    started: float
    last_heard: float  # but for the steps of the transfer
    scheduled_at: float = field(default=float("inf"), init=False)  # its earliest entry in the schedule

    @property
    def heard_at(self) -> float:
        """Return when its client was heard last."""
        return max(self.last_heard, self.transfer.stepped_at)


class Sessions:
    """All sessions by client, at most one for each address and port, and a schedule of their deadlines.

    There are at most ``limit``, and ``1 / SHARE`` of that of one address. Room is made by those of which the client has
    acknowledged nothing, the oldest first: their address may be forged. One that is being served loses its place to
    nobody.
    """

    def __init__(self, limit: int = MAX_SESSIONS) -> None:
        self._limit = limit
        self._limit_per_source = max(1, limit // SHARE)
        self._by_client: dict[Address, Session] = {}
        self._by_source: dict[str, dict[Session, None]] = {}
        self._unproven: dict[Session, None] = {}  # the oldest first; some may have proven themselves since
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

    def full(self, source: str) -> bool:
        """Return whether there is no room for another session of the address ``source``."""
        return len(self) >= self._limit or len(self._by_source.get(source, ())) >= self._limit_per_source

    def replaceable(self, source: str) -> Session | None:
        """Return the session that makes room for one of the address ``source``, where there is none left; or None."""
        if len(self._by_source.get(source, ())) >= self._limit_per_source:
            return next((own for own in self._by_source[source] if not own.transfer.acknowledged), None)
        for session in tuple(self._unproven) if len(self) >= self._limit else ():
            if not session.transfer.acknowledged:
                return session
            del self._unproven[session]
        return None

    def add(self, session: Session) -> None:
        """Add ``session`` to the table and to the schedule."""
        self._by_client[session.client] = session
        self._by_source.setdefault(session.client[0], {})[session] = None
        self._unproven[session] = None
        self.reschedule(session)

    def remove(self, session: Session) -> bool:
        """Forget ``session``; return whether it was here."""
        if self._by_client.get(session.client) is not session:
            return False
        del self._by_client[session.client]
        own = self._by_source[session.client[0]]
        del own[session]
        if not own:
            del self._by_source[session.client[0]]
        self._unproven.pop(session, None)
        session.scheduled_at = float("-inf")  # so that no entry in the schedule is its own any more
        return True

    def reschedule(self, session: Session) -> None:
        """Put the transfer's deadline into the schedule; a later one than before is found when the earlier comes."""
        deadline = session.transfer.deadline
        if deadline < session.scheduled_at:
            session.scheduled_at = deadline
            heapq.heappush(self._schedule, (deadline, next(self._order), session))
            if len(self._schedule) > 2 * len(self) + SLACK:
                # Else those that were replaced in a flood would be kept until they had been due.
                self._schedule = [entry for entry in self._schedule if entry[0] == entry[2].scheduled_at]
                heapq.heapify(self._schedule)

    def next_due(self) -> float | None:
        """Return when to call ``due`` next, or None where nothing is under way."""
        return self._schedule[0][0] if self._schedule else None

    def due(self, now: float) -> list[Session]:
        """Return the sessions whose deadline has come; each must be rescheduled or removed."""
        found = []
        while self._schedule and self._schedule[0][0] <= now:
            at, _order, session = heapq.heappop(self._schedule)
            if at != session.scheduled_at:
                continue
            session.scheduled_at = float("inf")
            if session.transfer.deadline <= now:
                found.append(session)
            else:
                self.reschedule(session)
        return found
