# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes room for whom when there are as many connections, or downloads, as there may be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http.limits import RESERVED, STALLED_SECONDS, ConnectionSlot, ConnectionSlots

A, B, C = "10.10.0.1", "10.10.0.2", "10.10.0.3"


class Room:
    """ConnectionSlots with a clock that a test sets, and the names of those that were ended."""

    def __init__(self, limit: int) -> None:
        self.now = 0.0
        self.slots = ConnectionSlots(limit, lambda: self.now)
        self.ended: list[str] = []

    def enter(self, source: str, name: str = "", **state: Any) -> ConnectionSlot | None:
        """Enter, a moment later than the one before."""
        self.now += STALLED_SECONDS / 1000
        slot = self.slots.acquire(source, lambda: self.ended.append(name))
        for key, value in state.items() if slot is not None else ():
            setattr(slot, key, value)
        return slot


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
    first.note_progress()
    assert room.enter(A, "third")
    assert room.ended == ["second"]
    assert len(room.slots.all()) == 2


@pytest.mark.parametrize("state", [{"idle": False}, {"idle": False, "waiting_for_client": False}])
def test_enter_takes_nothing_from_clients_of_the_same_address(state):
    room = Room(2)
    room.enter(A, "first", **state)
    room.enter(A, "second", **state)
    assert room.enter(A) is None
    assert room.ended == []


def test_enter_ends_what_has_stalled():
    room = Room(2)
    room.enter(A, "first", idle=False)
    second = room.enter(A, "second", idle=False)
    room.now += STALLED_SECONDS
    second.note_progress()
    assert room.enter(A)
    assert room.ended == ["first"]


@pytest.mark.parametrize("state", [{}, {"idle": False}, {"idle": False, "waiting_for_client": False}])
def test_enter_takes_from_the_address_that_holds_most(state):
    room = Room(4)
    room.enter(B, "b")
    for name in ("first", "second", "third"):
        room.enter(A, name, **state)
    assert room.enter(C)
    assert room.ended == ["first"]


def test_enter_takes_first_from_those_who_wait_for_nothing():
    room = Room(3)
    room.enter(A, "working", waiting_for_client=False, idle=False)
    room.enter(A, "reading", idle=False)
    room.enter(A, "other", idle=False)
    assert room.enter(B)
    assert room.ended == ["reading"]


def test_enter_of_an_address_that_holds_as_much_as_any_takes_nothing():
    room = Room(2)
    room.enter(A, "a", idle=False)
    room.enter(B, "b", idle=False)
    assert room.enter(C) is None


def test_leave_makes_room():
    room = Room(1)
    slot = room.enter(A, "a", idle=False)
    slot.release()
    slot.release()
    assert room.enter(A)
    assert room.ended == []


def test_downloads_leave_connections_free():
    room = Room(RESERVED)
    slots = [room.enter(A, idle=False) for _unused in range(RESERVED)]
    assert [slot.begin_download() for slot in slots] == [True] * (RESERVED - 1) + [False]
    slots[0].end_download()
    assert slots[-1].begin_download()


def test_downloads_are_taken_from_the_address_that_holds_most():
    room = Room(8)
    for number in range(7):
        assert room.enter(A, f"a{number}", idle=False).begin_download()
    assert room.enter(B).begin_download()
    assert room.ended == ["a0"]


def test_downloads_end_with_their_connection():
    room = Room(8)
    slots = [room.enter(A, idle=False) for _unused in range(7)]
    assert all(slot.begin_download() for slot in slots)
    slots[0].release()
    assert room.enter(A).begin_download()


@given(st.lists(st.sampled_from([A, B, C]), max_size=40), st.integers(1, 8))
def test_no_address_locks_another_out(sources, limit):
    room = Room(limit)
    for source in sources:
        room.enter(source, idle=False)
    held = [slot.source for slot in room.slots.all()]
    assert len(held) <= limit
    for source in (A, B, C):
        if max(held.count(other) for other in (A, B, C)) > held.count(source) + 1:
            assert room.enter(source) is not None
            return
