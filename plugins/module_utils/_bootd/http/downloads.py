# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""How much of its files each machine has been sent, over all its connections and ranges.

Of each machine it is told every TELL_SECONDS at most.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from ..decisions.events import Progress

TELL_SECONDS = 5.0  # between two things told of one machine
MAX_MACHINES = 4096
MAX_FILES = 8  # of a machine, that are remembered

Tell = Callable[[Progress], object]


@dataclass(slots=True)
class _Machine:
    """What one machine was sent, by file, and when that was told last."""

    told_at: float | None = None
    files: OrderedDict[str, int] = field(default_factory=OrderedDict)


class Download:
    """One response with a file, or a part of one. ``size`` is that of the whole file, 0 until ``begin``."""

    def __init__(self, downloads: Downloads, key: str, name: str, what: str, tell: Tell) -> None:
        self._downloads, self._key, self._name = downloads, key, name
        self._what, self._tell = what, tell
        self._counted = 0
        self.size = 0

    def begin(self, offset: int, count: int, size: int) -> None:
        """Note that ``count`` octets from ``offset`` will be sent; where that is the whole file, it is counted anew."""
        self.size = size
        if offset == 0 and count == size:
            self._downloads.reset(self._key, self._name)

    def sent(self, octets: int) -> None:
        """Count what was sent: ``octets`` of this response so far."""
        more, self._counted = octets - self._counted, octets
        total = self._downloads.add(self._key, self._name, more)
        if total is not None:
            self._tell(Progress(self._what, min(total, self.size), self.size))


class Downloads:
    """The sums of all machines, the MAX_MACHINES that were sent something last; safe to use from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._machines: OrderedDict[str, _Machine] = OrderedDict()

    def follow(self, key: str, name: str, what: str, tell: Tell) -> Download:
        """Return the Download of a response with the file ``name``; ``tell`` gets the Progress of ``what``."""
        return Download(self, key, name, what, tell)

    def reset(self, key: str, name: str) -> None:
        """Count a file of a machine anew."""
        with self._lock:
            self._machine(key).files[name] = 0

    def add(self, key: str, name: str, octets: int) -> int | None:
        """Count octets of a file; return the sum where it is time to tell it."""
        now = self._clock()
        with self._lock:
            machine = self._machine(key)
            total = machine.files[name] = machine.files.pop(name, 0) + octets
            if len(machine.files) > MAX_FILES:
                machine.files.popitem(last=False)
            if machine.told_at is not None and now - machine.told_at < TELL_SECONDS:
                return None
            machine.told_at = now
            return total

    def _machine(self, key: str) -> _Machine:
        machine = self._machines.setdefault(key, _Machine())
        self._machines.move_to_end(key)
        if len(self._machines) > MAX_MACHINES:
            self._machines.popitem(last=False)
        return machine
