# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files count as just opened, and that no number of names takes more than its room."""

from __future__ import annotations

from _bootd.http.recently_opened import MAX_PATHS, OPENED_SECONDS, RecentlyOpened


def test_a_path_counts_for_as_long_as_it_was_just_opened():
    now = [0.0]
    opened = RecentlyOpened(lambda: now[0])
    assert "/images/a" not in opened
    opened.add("/images/a")
    now[0] = OPENED_SECONDS - 0.01
    assert "/images/a" in opened and "/images/b" not in opened
    now[0] = OPENED_SECONDS
    assert "/images/a" not in opened


def test_room_is_made_of_those_that_count_no_longer_only():
    now = [0.0]
    opened = RecentlyOpened(lambda: now[0])
    for number in range(MAX_PATHS + 1):
        opened.add(str(number))
    assert "0" in opened and str(MAX_PATHS) not in opened
    now[0] = OPENED_SECONDS
    opened.add(str(MAX_PATHS))
    assert str(MAX_PATHS) in opened
    assert len(opened._opened_at) == 1
