# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector of cyclic garbage: it frees what it should, and goes through little at a time."""

from __future__ import annotations

import gc
import io
import weakref

import pytest

from _bootd.process import garbage
from _bootd.process.garbage import (
    ANSWERS,
    LONGEST_SECONDS,
    LOOK_SECONDS,
    MAY_FREEZE,
    QUIET,
    THRESHOLDS,
    GarbageWatch,
    Turnover,
    loading,
)
from _bootd.process.log import Log


class Knot:
    """An object that is part of a cycle."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_loaded():
    thresholds = gc.get_threshold()
    gc.collect()
    with loading():
        pass
    yield
    gc.callbacks.remove(garbage._freeze_survivors)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_cyclic_garbage_is_freed_while_objects_are_made():
    knot = weakref.ref(Knot())
    made = [[] for _unused in range(20 * THRESHOLDS[0])]
    assert knot() is None
    assert len(made) == 20 * THRESHOLDS[0]


@pytest.mark.parametrize("after", [lambda: None, garbage.look_through_all])
def test_a_storm_is_not_gone_through_again_and_again(after):
    """Four hundred thousand objects are those of a storm of ten thousand machines."""
    looked_through: list[int] = []

    def count(phase: str, told: dict[str, int]) -> None:
        if phase == "start" and told["generation"] == 2:
            looked_through.append(sum(len(gc.get_objects(generation)) for generation in range(3)))

    with loading():
        machines = [[] for _unused in range(400_000)]
    after()
    gc.callbacks.append(count)
    try:
        stays = [[] for _unused in range(400_000)]
    finally:
        gc.callbacks.remove(count)
    assert looked_through, "what is in no cycle only would have to be frozen too"
    assert len(machines) == len(stays)
    assert max(looked_through) < 50_000
    assert sum(looked_through) < 1.5 * len(stays)


def test_what_takes_the_place_of_others_is_looked_through_by_and_by():
    """As answers do of more machines than are kept: there never are more, so the collector would not look."""
    most, turnover = 0, Turnover()

    def count(phase: str, _told: dict[str, int]) -> None:
        nonlocal most
        if phase == "start":
            most = max(most, len(gc.get_objects(0)))

    with loading():
        last = [[number] for number in range(100_000)]
    gc.callbacks.append(count)
    try:
        for number in range(len(last)):
            last[number] = [number]
            turnover.look(number)
        grown = [[] for _unused in range(2 * THRESHOLDS[0])]
    finally:
        gc.callbacks.remove(count)
    assert len(grown) < most < 3 * ANSWERS


class Hours:
    """The two clocks of a GarbageWatch."""

    def __init__(self) -> None:
        self.now, self.spent = 1000.0, 10.0
        self.watch = GarbageWatch(Log(stream=io.StringIO()), lambda: self.now, lambda: self.spent)

    def pass_by(self, seconds: float, busy: float) -> None:
        self.now += seconds
        self.spent += seconds * busy
        assert self.watch._work() == LOOK_SECONDS


def frozen_knot() -> weakref.ref[Knot]:
    """Return a reference to what has become garbage after it was frozen."""
    knot = Knot()
    gc.collect()
    return weakref.ref(knot)


def test_garbage_that_was_frozen_is_freed_in_a_quiet_moment():
    hours, knot = Hours(), frozen_knot()
    gc.collect()
    assert knot() is not None
    hours.pass_by(LOOK_SECONDS, busy=2 * QUIET)
    assert knot() is not None
    hours.pass_by(LOOK_SECONDS, busy=QUIET / 2)
    assert knot() is None


def test_garbage_that_was_frozen_is_freed_where_no_moment_is_quiet():
    hours, knot = Hours(), frozen_knot()
    hours.pass_by(LONGEST_SECONDS - 1, busy=1.0)
    assert knot() is not None
    hours.pass_by(LOOK_SECONDS, busy=1.0)
    assert knot() is None


def test_garbage_that_was_frozen_is_freed_where_much_was_and_no_moment_is_quiet():
    """What hangs together in a cycle, as an open connection of HTTP does, is frozen by the thousand in a storm."""
    hours, knot = Hours(), frozen_knot()
    stays = [[] for _unused in range(MAY_FREEZE // 2)]
    hours.pass_by(LOOK_SECONDS, busy=1.0)
    assert knot() is not None
    stays += [[] for _unused in range(MAY_FREEZE // 2 + gc.get_freeze_count())]
    hours.pass_by(LOOK_SECONDS, busy=1.0)
    assert knot() is None
    knot = frozen_knot()
    hours.pass_by(LOOK_SECONDS, busy=1.0)
    assert knot() is not None, "all are looked through again and again"
    assert stays


def test_all_is_looked_through_once_where_nothing_came_since(monkeypatch):
    hours, looks = Hours(), []
    gc.collect()
    monkeypatch.setattr(garbage, "look_through_all", lambda: looks.append(hours.now))
    for _unused in range(3):
        hours.pass_by(LOOK_SECONDS, busy=0.0)
    assert len(looks) == 1


def test_what_is_loaded_is_spared():
    with loading():
        machines = [[] for _unused in range(10)]
    assert not any(machine is item for machine in machines for item in gc.get_objects())
    assert gc.isenabled()
