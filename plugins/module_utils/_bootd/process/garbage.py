# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""When Python's collector looks for cyclic garbage: never through all there is while machines are answered.

Nearly all objects of bootd stay (machines, states, answers that are kept, last packets), and hardly any is part of a
cycle. The collector would go through all of them again whenever there are a quarter more, and nobody is answered
meanwhile: 70 ms with 10,000 machines. So what has outlived its three generations is frozen, which it then passes by,
and is looked through in a quiet moment only. What is freed without a cycle is freed at once, frozen or not.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .log import Log
from .worker import Worker

# Objects by which the youngest generation grows until it is looked through, and how many such looks make one at the
# next generation: so one at all that is not frozen comes every 14,000 objects, and takes some milliseconds.
THRESHOLDS = (700, 10, 1)
ANSWERS = 2048  # between two looks at what is new: some milliseconds each
LOOK_SECONDS = 60.0  # between two questions whether it is quiet
QUIET = 0.02  # of that time on a processor
LONGEST_SECONDS = 6 * 3600.0  # without a quiet moment, after which all is looked through all the same
# So it is where as many objects were frozen since the last time, and half of what was left then: they may be garbage by
# now, as each connection of HTTP is that was open when it was frozen, 14 KiB of 30 objects.
MAY_FREEZE = 200_000


@contextmanager
def loading() -> Iterator[None]:
    """Do without the collector in the block, whose objects stay, and have it spare them from then on."""
    gc.disable()
    try:
        yield
        _freeze_all()
        gc.set_threshold(*THRESHOLDS)
        if _freeze_survivors not in gc.callbacks:
            gc.callbacks.append(_freeze_survivors)
    finally:
        gc.enable()


def _freeze_survivors(phase: str, told: dict[str, int]) -> None:
    if phase == "stop" and told["generation"] == 2:
        gc.freeze()


def look_through_all() -> None:
    """Free all cyclic garbage, also what was frozen before it became that: 0.2 s with 10,000 machines."""
    gc.unfreeze()
    gc.collect()
    _freeze_all()


def _freeze_all() -> None:
    gc.freeze()
    # The next full collection waits for a quarter of what the last one has left, which is next to nothing then.
    gc.collect()


def full_collections() -> int:
    """Return how many collections there were after which survivors were frozen."""
    return int(gc.get_stats()[2]["collections"])


class Turnover:
    """Has the collector look at what is new where as much goes as comes. For one thread.

    It counts by how much there is more. While answers that are kept take the place of older ones that is nothing, and
    once it were something, hundreds of thousands would be looked through at once: 0.1 s, in which nobody is answered.
    """

    def __init__(self) -> None:
        self._looked_at = 0

    def look(self, made: int) -> None:
        """Have the collector look, unless it did so lately: so many answers were ``made`` until now, by a decision.

        Each leaves some objects in the place of others. One that is given again leaves nothing for the collector.
        """
        if made - self._looked_at >= ANSWERS:
            self._looked_at = made
            gc.collect()


class GarbageWatch:
    """Looks through all objects when bootd has little to do, once after each time that there was more to do.

    And while it has much to do where so many were frozen that their garbage would fill the memory.
    """

    def __init__(
        self,
        log: Log,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock, self._spent = clock, spent
        self._asked_at, self._spent_then = clock(), spent()
        self._looked_at = self._asked_at
        self._collections = 0  # full ones, up to the last look through all
        self._frozen = gc.get_freeze_count()  # objects, then
        self._worker = Worker("garbage", self._work, log)

    def start(self) -> None:
        """Start to watch."""
        self._collections, self._frozen = full_collections(), gc.get_freeze_count()
        self._worker.start()

    def stop(self) -> None:
        """Stop watching; no error where it never started."""
        self._worker.stop()

    def _work(self) -> float:
        now, spent = self._clock(), self._spent()
        elapsed, busy = now - self._asked_at, spent - self._spent_then
        self._asked_at, self._spent_then = now, spent
        is_time = elapsed > 0 and (busy <= QUIET * elapsed or now - self._looked_at >= LONGEST_SECONDS)
        if full_collections() != self._collections and (is_time or self._has_frozen_many()):
            look_through_all()
            self._collections, self._frozen, self._looked_at = full_collections(), gc.get_freeze_count(), now
        return LOOK_SECONDS

    def _has_frozen_many(self) -> bool:
        return gc.get_freeze_count() > 1.5 * self._frozen + MAY_FREEZE
