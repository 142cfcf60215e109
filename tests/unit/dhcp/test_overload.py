# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not answered any more where more comes than can be answered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from _bootd.dhcp.overload import PATIENCE, QUEUE, too_late
from _bootd.process.datagram_batch import SLOTS

NOW = 1000.0
BEHIND = QUEUE + 1  # full batches one behind the other


def test_too_late_is_nothing_where_nobody_waits_behind():
    assert too_late([0.0] * (SLOTS - 1), NOW, BEHIND) == 0
    assert too_late([], NOW, BEHIND) == 0


def test_too_late_is_nothing_of_what_came_while_the_host_was_stopped():
    assert too_late([0.0] * SLOTS, NOW, QUEUE) == 0
    assert too_late([0.0] * SLOTS, NOW, 1) == 0


def test_too_late_are_the_oldest_whose_clients_have_asked_again():
    old, fresh = [NOW - PATIENCE - 0.1] * 10, [NOW - PATIENCE + 0.1] * (SLOTS - 10)
    assert too_late(old + fresh, NOW, BEHIND) == 10
    assert too_late(fresh + old, NOW, BEHIND) == 0
    assert too_late([0.0] * SLOTS, NOW, BEHIND) == SLOTS
    assert too_late([NOW] * SLOTS, NOW, BEHIND) == 0
    assert too_late([NOW + 3600] * SLOTS, NOW, BEHIND) == 0  # the clock was set back


@given(st.lists(st.floats(0, 20), min_size=SLOTS, max_size=SLOTS).map(sorted))
def test_too_late_tells_the_old_from_the_fresh(came_at):
    count = too_late(came_at, 20.0, BEHIND)
    assert all(20.0 - at > PATIENCE for at in came_at[:count])
    assert all(20.0 - at <= PATIENCE for at in came_at[count:])
