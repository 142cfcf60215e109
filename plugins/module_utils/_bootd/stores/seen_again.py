# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What machines do again and again, as the journal has it until it makes events and states of that: all at hand.

With ten thousand machines most of what a look-up costs is that nothing of it is in the processor's cache.
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from ..decisions.events import Detail, Event
from ..decisions.stages import State

Seen: TypeAlias = "tuple[float, Repeated]"  # an event that is not made yet: see ``Repeated.event``


class Again:
    """Of one machine: its ``state``, its last events, and ``what`` was seen again of it ``at`` that time.

    That ``waits`` as long as it is no part of the state.
    """

    __slots__ = ("at", "recent", "state", "waits", "what")
    what: Repeated

    def __init__(self, state: State, recent: deque[Event | Seen]) -> None:
        self.state, self.recent = state, recent
        self.at, self.waits = 0.0, False


class Repeated:
    """Something that a machine does again and again: its ``key``, the ``mac`` of its card, and the ``detail``.

    ``state`` is the last one in which it changed nothing.
    """

    __slots__ = ("again", "detail", "key", "mac", "state")

    def __init__(self, key: str, mac: str, detail: Detail, again: Again) -> None:
        self.key, self.mac, self.detail, self.again = key, mac, detail, again
        self.state: State | None = None

    def event(self, at: float) -> Event:
        """Return that it was done ``at`` that time."""
        return Event(self.key, self.mac, at, self.detail)
