# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""How much one machine may say: a token bucket each (RATE lines a second, BURST at once), for so many machines."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

RATE = 100.0
BURST = 1000.0  # a kernel says some hundred lines in its first second
MAX_SOURCES = 4096


@dataclass(slots=True)
class _Bucket:
    filled: float
    at: float
    missed: int = 0


class RateLimit:
    """Not safe for several threads: the server has one. Time is passed in, in seconds."""

    def __init__(self, rate: float = RATE, burst: float = BURST, sources: int = MAX_SOURCES) -> None:
        self._rate = rate
        self._burst = burst
        self._sources = sources
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def admit(self, source: str, now: float) -> int | None:
        """Return how many lines of ``source`` were refused since the last one admitted, or None where this one is."""
        bucket = self._buckets.setdefault(source, _Bucket(self._burst, now))
        self._buckets.move_to_end(source)
        if len(self._buckets) > self._sources:
            self._buckets.popitem(last=False)
        # A clock that was set back must not empty the bucket.
        bucket.filled = min(self._burst, bucket.filled + max(0.0, now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.filled < 1.0:
            bucket.missed += 1
            return None
        bucket.filled -= 1.0
        missed, bucket.missed = bucket.missed, 0
        return missed
