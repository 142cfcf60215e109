# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Counters and histograms for one thread each, that cost a reply next to nothing: no lock is taken to count.

Those of the Prometheus client take several times as long, for they may be counted by any thread. What is collected is
the same.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

try:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
    from prometheus_client.utils import floatToGoString
except ImportError:
    pass

_FEW = 8  # durations, that are counted one by one sooner


class Tally:
    """One series of a TallyCounter. One thread counts, any may read."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self) -> None:
        """Count one more."""
        self.value += 1


class SharedTally(Tally):
    """A Tally that any thread may count."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def inc(self) -> None:
        """Count one more."""
        with self._lock:
            self.value += 1  # super() would cost as much as all the rest


class TallyCounter:
    """A counter whose series are each counted by one thread, but for those that are ``shared``."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self._name, self._text, self._labelnames = name, text, tuple(labels)
        self._series: dict[tuple[str, ...], Tally] = {}

    def labels(self, *values: str) -> Tally:
        """Return the series with these values of the labels."""
        return self._series.setdefault(values, Tally())

    def shared(self, *values: str) -> Tally:
        """Return the series with these values of the labels, for several threads."""
        found = self._series.get(values)
        return found if found is not None else self._series.setdefault(values, SharedTally())

    def describe(self) -> list[CounterMetricFamily]:
        """Return the metric without its values."""
        return [CounterMetricFamily(self._name, self._text, labels=self._labelnames)]

    def collect(self) -> list[CounterMetricFamily]:
        """Return the metric as it is now."""
        (family,) = self.describe()
        for values, tally in list(self._series.items()):
            family.add_metric(values, tally.value)
        return [family]


class Timings:
    """One series of a TallyHistogram: durations in seconds, up to each of ``bounds``. One thread observes."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def observe_all(self, durations: Sequence[float]) -> None:
        """Count many durations at once, which costs each of them less where they are many."""
        if len(durations) <= _FEW:
            for seconds in durations:
                self.counts[bisect_left(self.bounds, seconds)] += 1
                self.total += seconds
            return
        rising = sorted(durations)
        before = 0
        for place, bound in enumerate(self.bounds):
            upto = bisect_right(rising, bound)
            self.counts[place] += upto - before
            before = upto
        self.counts[-1] += len(rising) - before
        self.total += sum(rising)


class SharedTimings(Timings):
    """Timings that any thread may observe."""

    __slots__ = ("_lock",)

    def __init__(self, bounds: Sequence[float]) -> None:
        super().__init__(bounds)
        self._lock = threading.Lock()

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        with self._lock:
            self.counts[bisect_left(self.bounds, seconds)] += 1
            self.total += seconds

    def observe_all(self, durations: Sequence[float]) -> None:
        """Count many durations at once."""
        with self._lock:
            super().observe_all(durations)


class TallyHistogram:
    """A histogram of durations whose series are each observed by one thread, but for those that are ``shared``."""

    def __init__(self, name: str, text: str, bounds: Sequence[float], label: str) -> None:
        self._name, self._text, self._labelnames = name, text, (label,)
        self._bounds = bounds
        self._series: dict[str, Timings] = {}

    def labels(self, value: str) -> Timings:
        """Return the series with this value of the label."""
        return self._series.setdefault(value, Timings(self._bounds))

    def shared(self, value: str) -> Timings:
        """Return the series with this value of the label, for several threads."""
        found = self._series.get(value)
        return found if found is not None else self._series.setdefault(value, SharedTimings(self._bounds))

    def describe(self) -> list[HistogramMetricFamily]:
        """Return the metric without its values."""
        return [HistogramMetricFamily(self._name, self._text, labels=self._labelnames)]

    def collect(self) -> list[HistogramMetricFamily]:
        """Return the metric as it is now."""
        (family,) = self.describe()
        limits = [*map(floatToGoString, self._bounds), "+Inf"]
        for value, timings in list(self._series.items()):
            buckets = list(zip(limits, map(float, accumulate(timings.counts)), strict=True))
            family.add_metric([value], buckets, timings.total)
        return [family]
