# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines that stand at some stages: always those, and at no cost for all others."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.decisions.stages import BUSY, STAGES, State
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import Journal
from samples.journals import DISCOVER, KEY, LEASE, MAC, SCRIPT, SUCCEEDED, MemoryStore, quiet

DETAILS = (DISCOVER, LEASE, SCRIPT, events.Loaded("", "kernel"), SUCCEEDED.detail, events.Overdue("silent"))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(DETAILS)), max_size=20), st.sets(st.sampled_from(STAGES))
)
def test_they_are_those_whose_state_says_so(done, stages):
    store = MemoryStore({f"default/{stage}": State(stage=stage, last_at=1.0) for stage in STAGES})
    journal = Journal(store, quiet())
    for key, state in store.load_states().items():
        journal._put(key, state)
    for number, (name, detail) in enumerate(done):
        journal.record(Event(f"default/{name}", MAC, 2.0 + number, detail))
    states = journal.states()
    assert journal.states_at(stages) == {key: state for key, state in states.items() if state.stage in stages}
    # Each stands at one stage, and at none where it stood before: else all would be looked at again in the end.
    assert sorted(key for keys in journal._standing_at.values() for key in keys) == sorted(states)
    assert journal.installing == {key for key, state in states.items() if state.stage in BUSY}


def test_what_another_bootd_has_written_moves_a_machine():
    store = MemoryStore({KEY: State(stage="script")})
    journal = Journal(store, quiet())
    journal.start()
    store.elsewhere = {KEY: State(stage="installed", last_at=9.0)}
    journal.reconcile(Catalog())
    journal.stop()
    assert (list(journal.states_at(["script"])), list(journal.states_at(["installed"]))) == ([], [KEY])


def test_machines_that_stand_elsewhere_leave_nothing_for_the_collector():
    journal = Journal(MemoryStore(), quiet())
    for number in range(5000):
        journal._put(f"default/{number}", State(stage="ready", last_at=1.0))
    gc.collect()
    gc.disable()
    try:
        assert journal.states_at(("installed", "failed")) == {}
        assert gc.get_count()[0] < 100
    finally:
        gc.enable()
