# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A limit of how often something may happen for each of many keys, as lines in the log for each address. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MAX_KEYS = 4096  # that are remembered


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    missed: int = 0


class RateLimit:
    """Limits each key to ``rate`` a second, after ``burst`` at once (a token bucket). For one thread only.

    Times are in seconds. Of ``keys`` and more, the one that was longest not asked for is forgotten.
    """

    def __init__(self, rate: float, burst: float, keys: int = MAX_KEYS) -> None:
        self._rate = rate
        self._burst = burst
        self._keys = keys
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def admit(self, key: str, now: float) -> int | None:
        """Return how many of ``key`` were refused since the last one admitted, or None where this one is."""
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)
        # A clock that was set back must not empty the bucket.
        bucket.tokens = min(self._burst, bucket.tokens + max(0.0, now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.tokens < 1.0:
            bucket.missed += 1
            return None
        bucket.tokens -= 1.0
        missed, bucket.missed = bucket.missed, 0
        return missed

    def give_back(self, key: str) -> None:
        """Count one less of ``key``: what was admitted turned out to be none of those that are limited."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.tokens = min(self._burst, bucket.tokens + 1.0)
