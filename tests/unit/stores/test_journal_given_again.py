# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal makes of a script that is given again and again: what it makes of each event alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.decisions.repeated_scripts import SOON
from _bootd.decisions.stages import State
from _bootd.stores import state_writer
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import Journal
from samples.journals import DISCOVER, KEY, LEASE, MAC, MemoryStore, quiet, wait_until

OTHER_MAC = "52:54:00:00:00:02"
SCRIPT = events.Script("harvester", "http", 1000)
GIVEN = [
    *[(MAC, SCRIPT)] * 4,
    (MAC, events.Script("harvester", "http", 1000)),
    (MAC, events.Script("other", "http", 700)),
    (OTHER_MAC, SCRIPT),
    (MAC, events.LocalBoot("installed")),
]
OTHERS = [
    *(DISCOVER, LEASE, events.Lease("os", True), events.Discover("ipxe", True), events.Discover("os", False)),
    *(events.Loaded("http://h/vmlinuz", "kernel", 10, 10), events.Progress("initrd", 1, 2), events.Held("its turn")),
    *(events.Report("started"), events.Report("succeeded"), events.Report("failed"), events.Overdue("nothing came")),
]
LOOKS = {
    "state": lambda journal: journal.state(KEY),
    "states": lambda journal: journal.states(),
    "recent": lambda journal: journal.recent(KEY),
    "changed": lambda journal: journal.changed_since(0)[0],
    "busy": lambda journal: journal.busy(),
    "backlog": lambda journal: journal.backlog().states,
}
STEPS = st.one_of(
    *[st.tuples(st.just("give"), st.integers(0, len(GIVEN) - 1))] * 3,
    st.tuples(st.sampled_from(["record", "see"]), st.sampled_from(OTHERS)),
    st.tuples(st.just("look"), st.sampled_from(sorted(LOOKS))),
)


def both():
    """Return two journals that were told nothing yet."""
    return (Journal(MemoryStore(), quiet(), lambda: 1.0) for _unused in range(2))


def then(*steps):
    """Return the script given twice, half a second between them, and what follows as far behind it."""
    return [(step, 0.5) for step in (("give", 0), ("give", 0), *steps)]


@example(then(("see", LEASE)))
@example(then(("give", 5)))
@example(then(("give", 6), ("give", 0)))
@example([*then(), (("give", 0), -1.0)])
@example([*then(), (("give", 0), 10.5)])
@given(st.lists(st.tuples(STEPS, st.sampled_from([0.0, 0.5, 0.5, 0.5, SOON, 10.5, -1.0])), max_size=14))
def test_record_given_is_what_record_is_to_whoever_looks(steps):
    plain, quick = both()
    told, expected = [], []
    plain.follow(lambda *seen: expected.append(seen))
    quick.follow(lambda *seen: told.append(seen))
    repeated = [quick.repeated(KEY, mac, detail) for mac, detail in GIVEN]
    at = 5000.0
    for (what, which), seconds in steps:
        at += seconds
        if what == "give":
            mac, detail = GIVEN[which]
            plain.record(Event(KEY, mac, at, detail))
            quick.record_given(repeated[which], at)
        elif what == "look":
            assert LOOKS[which](quick) == LOOKS[which](plain)
        else:
            for journal in (plain, quick):
                if what == "record":
                    journal.record(Event(KEY, MAC, at, which))
                else:
                    journal.record_seen(KEY, MAC, at, which)
    assert quick.stages([KEY]) == plain.stages([KEY])
    assert told == expected
    for name, look in LOOKS.items():
        assert look(quick) == look(plain), name


def test_a_script_that_is_given_again_soon_costs_no_state_until_somebody_looks():
    _plain, journal = both()
    script = journal.repeated(KEY, MAC, SCRIPT)
    for at in (10.0, 11.0, 12.0, 13.0):
        journal.record_given(script, at)
        if at == 10.0:
            before = journal.standing(KEY)
    assert journal.standing(KEY) is before
    assert (journal.state(KEY).script_at, journal.state(KEY).bytes) == (13.0, {"http": 4000})
    assert [event.at for event in journal.recent(KEY)] == [10.0, 11.0, 12.0, 13.0]


@pytest.mark.parametrize("ends", [True, False])
def test_a_script_that_is_given_again_is_written_after_a_while_and_at_the_stop(monkeypatch, ends):
    if not ends:
        monkeypatch.setattr(state_writer, "SEEN_GATHER", 0.01)
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.start()
    script = journal.repeated(KEY, MAC, SCRIPT)
    journal.record_given(script, 10.0)
    wait_until(lambda: store.states)
    journal.record_given(script, 12.0)
    if not ends:
        wait_until(lambda: store.states[KEY].script_at == 12.0)
    journal.stop()
    assert (store.states[KEY].script_at, store.states[KEY].bytes) == (12.0, {"http": 2000})


@pytest.mark.parametrize(("last_at", "stage"), [(11.0, "script"), (13.0, "installed")])
def test_what_another_replica_wrote_is_taken_over_as_behind_a_script_that_was_recorded(last_at, stage):
    """And what was given before it is no part of it: that would have it boot again."""
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.start()
    script = journal.repeated(KEY, MAC, SCRIPT)
    journal.record_given(script, 10.0)
    wait_until(lambda: store.states)
    wait_until(lambda: not journal.backlog().states)
    journal.record_given(script, 12.0)
    store.elsewhere = {KEY: State(stage="installed", installs=1, last_at=last_at)}
    journal.reconcile(Catalog())
    assert (journal.state(KEY).stage, journal.state(KEY).last_at) == (stage, max(last_at, 12.0))
    journal.record_given(script, 14.0)
    assert (journal.state(KEY).stage, journal.state(KEY).attempt) == ("script", 0 if stage == "script" else 1)
    journal.stop()
