# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of whoever was heard lately, and what may be kept of that outside."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from _bootd.process.lately import Lately

MOST = 4


@given(st.lists(st.integers(0, 12), max_size=80))
def test_lately_remembers_as_many_as_it_says_and_twice_as_many_at_most(heard):
    lately: Lately[list[int]] = Lately(MOST, list)
    kept: dict[int, tuple[list[int], int]] = {}  # what was given of each, and in which era
    for place, who in enumerate(heard):
        lately.of(who).append(place)
        kept[who] = lately.of(who), lately.era
        assert len(lately) <= 2 * MOST
        last = list(dict.fromkeys(reversed(heard[: place + 1])))[:MOST]
        assert all(lately.find(other) is kept[other][0] for other in last)
        # Within an era, what was given is what is remembered.
        assert all(lately.find(other) is given for other, (given, era) in kept.items() if era == lately.era)


def test_lately_finds_nobody_who_was_not_heard():
    lately: Lately[list[int]] = Lately(MOST, list)
    assert lately.find("a") is None
    assert len(lately) == 0
