# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last packets of each machine are there, and no more of them, whoever sends however many."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from _bootd.runtime.recent_packets import KEPT, MAX_MACHINES, UNKNOWN_KEPT, RecentPackets

MAC, OTHER = "58:47:ca:71:d8:49", "58:47:ca:71:d8:50"


def entry(at):
    return (float(at), "dhcp", "out", "DHCPDISCOVER", ())


def times(recent, mac=MAC):
    return [found[0] for found in recent.of(mac)]


def test_the_last_of_each_machine_are_kept():
    recent = RecentPackets()
    for at in range(100):
        recent.note(MAC, entry(at))
    recent.note(OTHER, entry(0))
    assert times(recent) == list(range(100 - KEPT, 100))
    assert times(recent, OTHER) == [0]
    assert times(recent, "52:54:00:00:00:01") == []


@given(st.lists(st.tuples(st.sampled_from([MAC, OTHER]), st.integers(0, 5)), max_size=100))
def test_what_is_read_is_what_was_noted_the_last_of_it_in_order(noted):
    recent, expected = RecentPackets(), {MAC: [], OTHER: []}
    for at, (mac, number) in enumerate(noted):
        packet = (float(at), "http", "out", f"/{number}", ("192.0.2.1", "GET", "", 200, number, ""))
        recent.note(mac, packet)
        expected[mac].append(packet)
        assert recent.of(mac) == expected[mac][-KEPT:]


@given(st.lists(st.sampled_from(["append", "append", "note"]), max_size=150))
def test_an_entry_whose_half_is_there_is_read_when_it_is_whole(steps):
    """One thread appends a time and then what was then; all others, whoever reads as well, may come in between."""
    recent = RecentPackets()
    ring, half, whole = recent.ring(MAC), None, []
    for at, step in enumerate(steps):
        packet = entry(at)
        if step == "note":
            recent.note(MAC, packet)
            whole.append(packet)
        elif half is None:
            ring.append(packet[0])
            half = packet
        else:
            ring.append(half[1:])
            whole.append(half)
            half = None
        found = recent.of(MAC)
        assert found == sorted(whole)[len(whole) - len(found) :]
        assert len(found) >= min(len(whole), KEPT - 1)


def test_unknown_ones_take_nothing_from_machines_and_share_what_they_have():
    recent = RecentPackets()
    recent.note(MAC, entry(0))
    recent.note_unknown(OTHER, entry(0))
    for number in range(2 * UNKNOWN_KEPT):
        recent.note_unknown(f"52:54:00:00:{number // 256:02x}:{number % 256:02x}", entry(number))
    assert times(recent) == [0]
    assert times(recent, OTHER) == []
    assert times(recent, "52:54:00:00:07:ff") == [2047]


def test_what_came_before_a_machine_had_an_object_is_shown_with_the_rest():
    recent = RecentPackets()
    for at in (1, 2):
        recent.note_unknown(MAC, entry(at))
    recent.note(MAC, entry(3))
    assert times(recent) == [1, 2, 3]


def test_the_number_of_machines_has_a_bound():
    recent = RecentPackets()
    for number in range(MAX_MACHINES + 10):
        recent.note(str(number), entry(number))
    assert [bool(times(recent, str(number))) for number in (0, 9, 10, MAX_MACHINES + 9)] == [False, False, True, True]


def test_it_is_read_while_others_write():
    recent = RecentPackets()

    def write():
        for at in range(5000):
            recent.note(MAC, entry(at))
            recent.note_unknown(MAC, entry(at))

    threads = [threading.Thread(target=write) for _unused in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert len(recent.of(MAC)) <= KEPT
    assert len(recent.of(MAC)) == KEPT
