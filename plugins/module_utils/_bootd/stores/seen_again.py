# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What machines do again and again, as the journal has it until it makes events and states of that: all at hand.

With ten thousand machines most of what a look-up costs is that nothing of it is in the processor's cache.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import islice
from typing import TypeAlias

from ..decisions.events import Detail, Event, Held, Progress
from ..decisions.stages import State

_REPEATED = (Progress, Held)  # of these only the last in a row about the same is remembered
# The last events of a machine: a time, what was then, a time, ... Of what it does again and again there is no event
# yet (see ``Repeated.event``), nor a pair of the two: Python's collector would have to look through so many.
Ring: TypeAlias = "deque[float | Event | Repeated]"


class Again:
    """Of one machine: its ``state`` and the ``revision`` of that, its last events, and ``what`` was seen again of it.

    That was ``at`` that time, and ``waits`` as long as it is no part of the state. Where that is its script, it was
    ``given`` so many times since.
    """

    __slots__ = ("at", "given", "recent", "revision", "state", "waits", "what")
    what: Repeated

    def __init__(self, state: State, revision: int, recent: Ring) -> None:
        self.state, self.revision, self.recent = state, revision, recent
        self.at, self.waits, self.given = 0.0, False, 0


class Repeated:
    """Something that a machine does again and again: its ``key``, the ``mac`` of its card, and the ``detail``.

    ``revision`` is of the last state in which it changed nothing; the last events would keep each state itself.
    """

    __slots__ = ("again", "detail", "key", "mac", "revision")

    def __init__(self, key: str, mac: str, detail: Detail, again: Again) -> None:
        self.key, self.mac, self.detail, self.again = key, mac, detail, again
        self.revision: int | None = None

    def event(self, at: float) -> Event:
        """Return that it was done ``at`` that time."""
        return Event(self.key, self.mac, at, self.detail)


class SeenAgain:
    """The machines of which nothing is new but that they were seen, and since when they wait to be written.

    Times are on time.monotonic. For one thread at a time.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}  # by key, the first of them first

    def add(self, key: str, now: float) -> None:
        """Have the machine ``key`` wait, unless it does."""
        self._since.setdefault(key, now)

    def discard(self, key: str) -> None:
        """Have the machine ``key`` wait no more; harmless where it does not."""
        self._since.pop(key, None)

    def until_due(self, now: float, patience: float) -> float:
        """Return the seconds until the first has waited for ``patience``, which is also the answer where none waits."""
        since = next(iter(self._since.values()), None)
        return patience if since is None else max(0.0, since + patience - now)

    def take(self, most: int, before: float) -> list[str]:
        """Return those that wait since ``before`` or longer, ``most`` at most, which then wait no more."""
        due = [key for key in islice(self._since, most) if self._since[key] <= before]
        for key in due:
            del self._since[key]
        return due


def ring_of(most: int) -> Ring:
    """Return room for the ``most`` last events of a machine."""
    return deque(maxlen=2 * most)


def events_in(recent: Ring) -> list[Event]:
    """Return the last events of a machine, oldest first."""
    found: list[Event] = []
    at = 0.0
    for item in recent:
        if isinstance(item, Event):
            found.append(item)
        elif isinstance(item, Repeated):
            found.append(item.event(at))
        else:
            at = item
    return found


def remember(recent: Ring, event: Event) -> None:
    """Add ``event`` to the last ones of its machine, in the place of the last one where that was about the same."""
    last = recent[-1] if recent else None
    if isinstance(last, Event) and isinstance(event.detail, _REPEATED) and last.is_about_the_same(event):
        recent.pop()
        recent.pop()
        event = replace(event, began=last.began or last.at)
    recent.extend((event.at, event))
