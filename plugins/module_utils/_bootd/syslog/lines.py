# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The last lines each machine sent, never more than a bound: for people who ask what its console said."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass

from ..process.masking import mask

MAX_LINES = 20_000  # of all machines together
LINES_PER_MACHINE = 200
MAX_TEXT = 512  # characters of a line that are kept


@dataclass(frozen=True, slots=True)
class Line:
    """One line a machine sent, ``at`` in seconds since the epoch."""

    at: float
    severity: str
    app_name: str
    text: str


class Lines:
    """The lines of every machine. Beyond ``limit`` the machine that has been silent longest loses its oldest."""

    def __init__(self, limit: int = MAX_LINES, per_machine: int = LINES_PER_MACHINE) -> None:
        self._limit = limit
        self._per_machine = per_machine
        self._total = 0
        self._by_key: OrderedDict[str, deque[Line]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, key: str, line: Line) -> None:
        """Keep ``line`` of the machine ``key``."""
        with self._lock:
            lines = self._by_key.setdefault(key, deque())
            self._by_key.move_to_end(key)
            lines.append(line)
            self._total += 1
            if len(lines) > self._per_machine:
                lines.popleft()
                self._total -= 1
            while self._total > self._limit:
                self._drop_oldest()

    def of(self, key: str) -> list[Line]:
        """Return the last lines of the machine ``key``, oldest first."""
        with self._lock:
            return list(self._by_key.get(key, ()))

    def __len__(self) -> int:
        return self._total

    def _drop_oldest(self) -> None:
        key, lines = next(iter(self._by_key.items()))
        lines.popleft()
        self._total -= 1
        if not lines:
            del self._by_key[key]


def presentable(text: str, app_name: str = "") -> str:
    """Return the text of a message of ``app_name`` without what looks like a secret, cut to what is kept.

    What precedes a colon is taken for the name (RFC 3164 section 4.1.3), so it may say what the text is, a password.
    """
    start = f"{mask(app_name)}: " if app_name else ""
    shown = mask(f"{start}{text}")
    return (shown.removeprefix(start) if shown.startswith(start) else mask(text))[:MAX_TEXT]
