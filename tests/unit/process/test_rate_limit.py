# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that strangers could have written at will."""

from __future__ import annotations

from _bootd.process.rate_limit import LINE_SECONDS, LINES, MAX_SUBJECTS, RareLines, RateLimit


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
