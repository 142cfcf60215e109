# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files count as just opened, and that no number of names takes more than its room."""

from __future__ import annotations

import pytest

from _bootd.http.recently_opened import MAX_PATHS, OPENED_SECONDS, RENEW_SECONDS, RecentlyOpened


@pytest.fixture
def now():
    """Return the time, which a test may change."""
    return [0.0]


@pytest.fixture
def opened(now):
    """Return paths that were opened at the time that is now."""
    return RecentlyOpened(lambda: now[0])


def test_a_file_is_opened_by_a_thread_first(opened):
    assert [opened.admits("/images/a") for _again in range(2)] == [False, False]
    opened.add("/images/a")
    assert opened.admits("/images/a") and not opened.admits("/images/b")
    assert "/images/a" in opened and "/images/b" not in opened


def test_one_request_has_it_opened_again_while_others_go_on(opened, now):
    opened.add("/images/a")
    now[0] = RENEW_SECONDS
    assert [opened.admits("/images/a") for _each in range(3)] == [False, True, True]
    assert "/images/a" not in opened
    opened.add("/images/a")
    assert opened.admits("/images/a")
    now[0] += RENEW_SECONDS
    assert [opened.admits("/images/a") for _each in range(2)] == [False, True]


def test_a_file_that_no_thread_could_open_again_counts_no_longer(opened, now):
    opened.add("/images/a")
    now[0] = RENEW_SECONDS
    opened.admits("/images/a")
    now[0] = OPENED_SECONDS
    assert not opened.admits("/images/a")


def test_room_is_made_of_those_that_count_no_longer_only(opened, now):
    for number in range(MAX_PATHS + 1):
        opened.add(str(number))
    assert opened.admits("0") and not opened.admits(str(MAX_PATHS))
    now[0] = OPENED_SECONDS
    assert not opened.admits("0")
    opened.add(str(MAX_PATHS))
    assert opened.admits(str(MAX_PATHS))
    assert (len(opened._opened_at), len(opened._renewed)) == (1, 0)
