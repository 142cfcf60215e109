# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes room for whom when there are as many connections, or downloads, as there may be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http.limits import RESERVED, STALLED_SECONDS, Place, Places

A, B, C = "10.10.0.1", "10.10.0.2", "10.10.0.3"


class Room:
    """Places with a clock that a test sets, and the names of those that were ended."""

    def __init__(self, limit: int) -> None:
        self.now = 0.0
        self.places = Places(limit, lambda: self.now)
        self.ended: list[str] = []

    def enter(self, source: str, name: str = "", **state: Any) -> Place | None:
        """Enter, a moment later than the one before."""
        self.now += STALLED_SECONDS / 1000
        place = self.places.enter(source, lambda: self.ended.append(name))
        for key, value in state.items() if place is not None else ():
            setattr(place, key, value)
        return place


def test_enter_while_there_is_room():
    room = Room(2)
    assert room.enter(A)
    assert room.enter(A)
    assert room.ended == []


def test_enter_ends_who_kept_us_waiting_longest():
    room = Room(2)
    first = room.enter(A, "first")
    room.enter(A, "second")
    room.now += 1
    first.moved()
    assert room.enter(A, "third")
    assert room.ended == ["second"]
    assert len(room.places.all()) == 2


@pytest.mark.parametrize("state", [{"answered": False}, {"answered": False, "waiting": False}])
def test_enter_takes_nothing_from_clients_of_the_same_address(state):
    room = Room(2)
    room.enter(A, "first", **state)
    room.enter(A, "second", **state)
    assert room.enter(A) is None
    assert room.ended == []


def test_enter_ends_what_has_stalled():
    room = Room(2)
    room.enter(A, "first", answered=False)
    second = room.enter(A, "second", answered=False)
    room.now += STALLED_SECONDS
    second.moved()
    assert room.enter(A)
    assert room.ended == ["first"]


@pytest.mark.parametrize("state", [{}, {"answered": False}, {"answered": False, "waiting": False}])
def test_enter_takes_from_the_address_that_holds_most(state):
    room = Room(4)
    room.enter(B, "b")
    for name in ("first", "second", "third"):
        room.enter(A, name, **state)
    assert room.enter(C)
    assert room.ended == ["first"]


def test_enter_takes_first_from_those_who_wait_for_nothing():
    room = Room(3)
    room.enter(A, "working", waiting=False, answered=False)
    room.enter(A, "reading", answered=False)
    room.enter(A, "other", answered=False)
    assert room.enter(B)
    assert room.ended == ["reading"]


def test_enter_of_an_address_that_holds_as_much_as_any_takes_nothing():
    room = Room(2)
    room.enter(A, "a", answered=False)
    room.enter(B, "b", answered=False)
    assert room.enter(C) is None


def test_leave_makes_room():
    room = Room(1)
    place = room.enter(A, "a", answered=False)
    place.leave()
    place.leave()
    assert room.enter(A)
    assert room.ended == []


def test_downloads_leave_connections_free():
    room = Room(RESERVED)
    places = [room.enter(A, answered=False) for _unused in range(RESERVED)]
    assert [place.begin_download() for place in places] == [True] * (RESERVED - 1) + [False]
    places[0].end_download()
    assert places[-1].begin_download()


def test_downloads_are_taken_from_the_address_that_holds_most():
    room = Room(8)
    for number in range(7):
        assert room.enter(A, f"a{number}", answered=False).begin_download()
    assert room.enter(B).begin_download()
    assert room.ended == ["a0"]


def test_downloads_end_with_their_connection():
    room = Room(8)
    places = [room.enter(A, answered=False) for _unused in range(7)]
    assert all(place.begin_download() for place in places)
    places[0].leave()
    assert room.enter(A).begin_download()


@given(st.lists(st.sampled_from([A, B, C]), max_size=40), st.integers(1, 8))
def test_no_address_locks_another_out(sources, limit):
    room = Room(limit)
    for source in sources:
        room.enter(source, answered=False)
    held = [place.source for place in room.places.all()]
    assert len(held) <= limit
    for source in (A, B, C):
        if max(held.count(other) for other in (A, B, C)) > held.count(source) + 1:
            assert room.enter(source) is not None
            return
