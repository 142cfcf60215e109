# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""How much one source may do, and how often a line that could come with every packet is written."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from .lately import Lately

LINE_SECONDS = 60.0  # between two lines about the same
LINES = 20.0  # at once, about whatever
LINES_PER_SECOND = 1.0
MAX_SUBJECTS = 1024


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    missed: int = 0


class RateLimit:
    """Limits what each source does to ``rate`` a second, after ``burst`` at once (a token bucket).

    The ``sources`` seen last are remembered. Times are in seconds. For one thread only.
    """

    def __init__(self, rate: float, burst: float, sources: int = MAX_SUBJECTS) -> None:
        self._rate = rate
        self._burst = burst
        self._sources = sources
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def admit(self, source: Hashable, now: float) -> int | None:
        """Return how often ``source`` was refused since it was last admitted, or None where it is refused now."""
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = _Bucket(self._burst, now)
            if len(self._buckets) > self._sources:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(source)
        # A clock that was set back must not empty the bucket.
        bucket.tokens = min(self._burst, bucket.tokens + max(0.0, now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.tokens < 1.0:
            bucket.missed += 1
            return None
        bucket.tokens -= 1.0
        missed, bucket.missed = bucket.missed, 0
        return missed

    def give_back(self, source: Hashable, missed: int = 0) -> None:
        """Count one less of ``source``, of which ``missed`` were refused: what was admitted came to nothing."""
        bucket = self._buckets.get(source)
        if bucket is not None:
            bucket.tokens = min(self._burst, bucket.tokens + 1.0)
            bucket.missed += missed


class Bucket:
    """What one source may do at once: so many ``tokens``, ``at`` that time."""

    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float) -> None:
        self.tokens, self.at = tokens, 0.0


class Pace:
    """Admits what RateLimit does, at a third of the price: for what comes in thousands a second, and is only counted.

    ``buckets`` are by source: see ``Lately``. One that was left alone until it is full is as good as a new one, and is
    forgotten: so made-up sources fill no memory. For one thread only.
    """

    def __init__(self, rate: float, burst: float, sources: int = MAX_SUBJECTS) -> None:
        self._rate = rate
        self._burst = burst
        self.buckets = Lately(sources, lambda: Bucket(burst))
        self._fills_in = burst / rate if rate else math.inf
        self._turns_at = 0.0

    def admits(self, source: Hashable, now: float) -> bool:
        """Return whether ``source`` may do one more."""
        if now >= self._turns_at:
            self.buckets.turn()
            self._turns_at = now + self._fills_in
        return self.takes(self.buckets.of(source), now)

    def takes(self, bucket: Bucket, now: float) -> bool:
        """Return whether the source with this ``bucket`` may do one more."""
        tokens, at = bucket.tokens, bucket.at
        if now > at:
            tokens += (now - at) * self._rate
            if tokens > self._burst:
                tokens = self._burst
        bucket.at = now
        if tokens < 1.0:
            bucket.tokens = tokens
            return False
        bucket.tokens = tokens - 1.0
        return True


class CrowdPace:
    """Admits what Pace does, for a crowd of whom most come once: of each there is a number here, and no object.

    Python's collector would have to look through the objects, and nobody is answered meanwhile. For one thread only.
    """

    def __init__(self, rate: float, burst: float, sources: int = MAX_SUBJECTS) -> None:
        self._interval = 1.0 / rate
        self._slack = (burst - 1.0) / rate
        self._fills_in = burst / rate
        self._sources = sources
        # When each may do all of ``burst`` again (the generic cell rate algorithm of ITU-T I.371, which admits what a
        # token bucket does); those that were not heard since the last turn stand apart, and are forgotten at the next.
        self._full_at: dict[Hashable, float] = {}
        self._full_before: dict[Hashable, float] = {}
        self._turns_at = 0.0

    def admits(self, source: Hashable, now: float) -> bool:
        """Return whether ``source`` may do one more."""
        if now >= self._turns_at:
            self._turn(now)
        full_at = self._full_at.get(source)
        if full_at is None:
            if len(self._full_at) >= self._sources:
                self._turn(now)
            full_at = self._full_before.pop(source, now)
        if full_at <= now:
            full_at = now
        elif full_at - now > self._slack:
            self._full_at[source] = full_at
            return False
        self._full_at[source] = full_at + self._interval
        return True

    def __len__(self) -> int:
        return len(self._full_at) + len(self._full_before)

    def _turn(self, now: float) -> None:
        """Forget those that were not heard since the last turn."""
        self._full_before, self._full_at = self._full_at, {}
        self._turns_at = now + self._fills_in


class RareLines:
    """Says when a line is due that strangers could have written at will: about each subject once in LINE_SECONDS.

    And LINES_PER_SECOND about all subjects together, after LINES at once. For one thread only.
    """

    def __init__(self) -> None:
        self._each = RateLimit(1 / LINE_SECONDS, 1.0, MAX_SUBJECTS)
        self._all = RateLimit(LINES_PER_SECOND, LINES, 1)

    def due(self, subject: Hashable, now: float) -> int | None:
        """Return how many lines about ``subject`` were left out since the last one, None where this one is, too."""
        missed = self._each.admit(subject, now)
        if missed is not None and self._all.admit("", now) is None:
            self._each.give_back(subject, missed + 1)  # its line comes as soon as there is room for one
            return None
        return missed
