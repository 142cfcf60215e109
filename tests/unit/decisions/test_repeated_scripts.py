# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is short for a script that is given again is what ``advance`` does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.events import BootFile, Discover, Event, Held, Lease, Loaded, Overdue, Progress, Report, Script
from _bootd.decisions.repeated_scripts import SOON, as_given, is_given_again
from _bootd.decisions.stages import State, advance, replace

KEY, MAC, OTHER_MAC = "default/a", "52:54:00:00:00:01", "52:54:00:00:00:02"
SCRIPT = Script("harvester", "http", 1000)
_DETAILS = st.sampled_from(
    [
        *(SCRIPT, SCRIPT, SCRIPT, Script("harvester", "tftp", 900), Script("harvester", "http"), Held("its turn")),
        *(Discover("firmware", True, "uefi", 7, "ipxe.efi"), Lease("os", True), BootFile("ipxe.efi", "tftp", 5)),
        *(Progress("kernel", 5, 10), Loaded("http://h/vmlinuz", "kernel", 10, 10), Overdue("nothing came any more")),
        *(Report("started"), Report("succeeded"), Report("failed", "no disk")),
    ]
)
_EVENTS = st.tuples(
    _DETAILS, st.sampled_from([MAC, MAC, MAC, OTHER_MAC]), st.sampled_from([0.5, 0.5, SOON, 11.0, -1.0])
)


@given(st.lists(_EVENTS, max_size=8), st.sampled_from([0.5, SOON, 11.0, -1.0]), st.sampled_from([MAC, OTHER_MAC]))
def test_a_script_that_is_given_again_changes_what_advance_changes(before, later, mac):
    state, at = State(), 5000.0
    for detail, card, seconds in before:
        at += seconds
        state = advance(state, Event(KEY, card, at, detail))
    for script in (SCRIPT, Script("harvester", "tftp"), Script("x", "tftp", 7)):
        again = Event(KEY, mac, at + later, script)
        if is_given_again(state, again):
            after = advance(state, again)
            assert as_given(state, again, script) == after
            assert (after.stage, after.attempt, after.steps) == (state.stage, state.attempt, state.steps)


def stood(*details):
    """Return the state of a machine that these were seen of, a second each."""
    state = State()
    for second, detail in enumerate(details):
        state = advance(state, Event(KEY, MAC, 5000.0 + second, detail))
    return state


@pytest.mark.parametrize(
    ("state", "again", "expected"),
    [
        (stood(SCRIPT), Event(KEY, MAC, 5001.0, SCRIPT), True),
        (stood(SCRIPT, Loaded("http://h/vmlinuz", "kernel", 10, 10)), Event(KEY, MAC, 5002.0, SCRIPT), True),
        (stood(SCRIPT), Event(KEY, MAC, 5000.1 + SOON, SCRIPT), False),
        (stood(SCRIPT), Event(KEY, MAC, 4999.0, SCRIPT), False),
        (stood(SCRIPT), Event(KEY, OTHER_MAC, 5001.0, SCRIPT), False),
        (replace(stood(SCRIPT), waits_for="its turn"), Event(KEY, MAC, 5001.0, SCRIPT), False),
        (stood(), Event(KEY, MAC, 5001.0, SCRIPT), False),
        (stood(SCRIPT, Report("started")), Event(KEY, MAC, 5002.0, SCRIPT), False),
        (stood(SCRIPT, Discover("firmware", True, "uefi")), Event(KEY, MAC, 5002.0, SCRIPT), False),
    ],
    ids=[
        "again",
        "after its kernel",
        "late",
        "clock set back",
        "other card",
        "held",
        "first",
        "installs",
        "boots again",
    ],
)
def test_a_script_is_given_again_only_where_nothing_else_of_the_boot_has_happened(state, again, expected):
    assert is_given_again(state, again) is expected
