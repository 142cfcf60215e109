# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that strangers could have written at will."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st

from _bootd.process.rate_limit import LINE_SECONDS, LINES, MAX_SUBJECTS, CrowdPace, Pace, RareLines, RateLimit


def test_rare_lines_about_each_subject_and_how_many_were_left_out():
    lines = RareLines()
    assert lines.due("a", 0.0) == 0
    assert [lines.due("a", 1.0) for _unused in range(5)] == [None] * 5
    assert lines.due("b", 1.0) == 0
    assert lines.due("a", LINE_SECONDS) == 5


def test_rare_lines_about_all_subjects_together():
    lines = RareLines()
    due = [number for number in range(10_000) if lines.due(number, number / 1000) is not None]
    assert LINES <= len(due) <= LINES + 10


def test_rate_limit_forgets_the_source_that_was_quiet_longest():
    limit = RateLimit(rate=0.0, burst=1.0)
    assert limit.admit("busy", 0.0) == 0
    for number in range(MAX_SUBJECTS - 1):
        limit.admit(number, 0.0)
        assert limit.admit("busy", 0.0) is None
    limit.admit("one more", 0.0)
    assert limit.admit("busy", 0.0) is None
    assert limit.admit(0, 0.0) == 0


def test_rate_limit_refuses_what_exceeds_burst_and_counts_it():
    limit = RateLimit(rate=1.0, burst=2.0)
    assert [limit.admit("a", 0.0) for _unused in range(4)] == [0, 0, None, None]
    assert limit.admit("b", 0.0) == 0
    assert limit.admit("a", 0.5) is None
    assert limit.admit("a", 1.0) == 3
    assert limit.admit("a", 2.0) == 0


def test_rate_limit_survives_a_clock_set_back():
    limit = RateLimit(rate=1.0, burst=1.0)
    assert limit.admit("a", 100.0) == 0
    assert limit.admit("a", 0.0) is None
    assert limit.admit("a", 1.0) == 1


def test_rate_limit_forgets_the_source_silent_longest():
    limit = RateLimit(rate=1.0, burst=1.0, sources=2)
    assert [limit.admit(key, 0.0) for key in "abc"] == [0, 0, 0]
    assert limit.admit("a", 0.0) == 0
    assert limit.admit("c", 0.0) is None


def test_rate_limit_given_back_is_not_counted():
    limit = RateLimit(rate=1.0, burst=2.0)
    for _unused in range(100):
        assert limit.admit("a", 0.0) == 0
        limit.give_back("a")
    limit.give_back("never asked for")
    assert [limit.admit("a", 0.0) for _unused in range(3)] == [0, 0, None]


def test_rare_lines_that_found_no_room_are_counted_and_come_later():
    lines = RareLines()
    for number in range(int(LINES)):
        assert lines.due(number, 0.0) == 0
    assert lines.due("machine", 0.0) is None
    assert lines.due("machine", 0.0) is None
    assert lines.due("machine", 1.0) == 2


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 3) | st.just(0.0)), max_size=200))
def test_pace_admits_what_a_rate_limit_does(asked):
    limit, pace, now = RateLimit(rate=2.0, burst=5.0), Pace(rate=2.0, burst=5.0), 100.0
    for source, later in asked:
        now += later
        assert pace.admits(source, now) == (limit.admit(source, now) is not None)


def test_pace_remembers_as_many_sources_as_it_says_and_twice_as_many_at_most():
    pace = Pace(rate=0.0, burst=1.0, sources=10)
    for number in range(1000):
        assert pace.admits(number, 0.0)
        assert not any(pace.admits(other, 0.0) for other in range(max(0, number - 9), number + 1))
        assert len(pace.buckets) <= 20


def test_pace_forgets_whoever_was_silent_until_all_was_admitted_again():
    pace = Pace(rate=10.0, burst=60.0)
    for number in range(10_000):
        assert pace.admits("busy", number / 10)
        assert pace.admits(number, number / 10)
        assert len(pace.buckets) <= 2 * 61


# Of halves and eighths, which floating point has no remainder of.
EIGHTHS = st.integers(0, 24).map(lambda number: number / 8)


@given(st.lists(st.tuples(st.integers(0, 3), EIGHTHS), max_size=200))
def test_a_crowd_is_admitted_as_by_a_rate_limit(asked):
    limit, pace, now = RateLimit(rate=2.0, burst=5.0), CrowdPace(rate=2.0, burst=5.0), 100.0
    for source, later in asked:
        now += later
        assert pace.admits(source, now) == (limit.admit(source, now) is not None)


def test_of_a_crowd_as_many_are_remembered_as_is_said_and_twice_as_many_at_most():
    pace = CrowdPace(rate=0.001, burst=1.0, sources=10)
    for number in range(1000):
        assert pace.admits(number, 1.0)
        assert not any(pace.admits(other, 1.0) for other in range(max(0, number - 9), number + 1))
        assert len(pace) <= 20


def test_of_a_crowd_whoever_was_silent_until_all_was_admitted_again_is_forgotten():
    pace = CrowdPace(rate=10.0, burst=60.0)
    for number in range(10_000):
        assert pace.admits("busy", number / 10)
        assert pace.admits(number, number / 10)
        assert len(pace) <= 2 * 61


def test_a_crowd_leaves_nothing_for_the_collector():
    pace = CrowdPace(rate=10.0, burst=60.0, sources=10_000)
    sources = [f"02:00:00:00:{number:04x}" for number in range(5000)]
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects(0))
        for source in sources:
            pace.admits(source, 1.0)
        assert len(gc.get_objects(0)) - before < 10
    finally:
        gc.enable()
