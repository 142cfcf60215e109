# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal makes of machines of which nothing is new but that they were seen again."""

from __future__ import annotations

import gc
import io
import threading
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.decisions.stages import State
from _bootd.process.log import Log
from _bootd.process.pieces import AT_ONCE
from _bootd.stores import state_writer
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import RECENT_EVENTS, Journal
from samples.journals import DISCOVER, KEY, LEASE, MAC, SCRIPT, SUCCEEDED, MemoryStore, quiet, wait_until


def test_journal_reconcile_takes_over_what_another_replica_wrote_before_the_machine_was_only_seen_again():
    """A report came to another replica, and this one heard the machine again before it was told of that."""
    store = MemoryStore({KEY: State(stage="installing", last_at=1.0)})
    journal = Journal(store, quiet())
    journal.start()
    journal.record_seen(KEY, MAC, 6.0, events.Discover("os", netboot=False))
    store.elsewhere = {KEY: State(stage="installed", installs=1, last_at=5.0)}
    journal.reconcile(Catalog())
    assert (journal.state(KEY).stage, journal.state(KEY).installs) == ("installed", 1)
    journal.stop()
    assert (store.states[KEY].stage, store.states[KEY].last_at) == ("installed", 6.0)


def test_journal_reconcile_forgets_what_was_seen_again_before_another_replica_wrote():
    store = MemoryStore({KEY: State(stage="installing", last_at=1.0)})
    journal = Journal(store, quiet())
    journal.start()
    journal.record_seen(KEY, MAC, 4.0, events.Discover("os", netboot=False))
    store.elsewhere = {KEY: State(stage="installed", last="report", installs=1, last_at=5.0)}
    journal.reconcile(Catalog())
    assert journal.state(KEY) == State(stage="installed", last="report", installs=1, last_at=5.0)
    journal.record_seen(KEY, MAC, 6.0, events.Discover("os", netboot=False))
    assert journal.state(KEY).last_at == 6.0
    journal.stop()
    assert store.states[KEY].last_at == 6.0


def test_record_seen_is_what_record_is_to_whoever_looks():
    """Whichever way one looks, and in whichever order."""
    looks = {
        "state": lambda journal: journal.state(KEY),
        "states": lambda journal: journal.states(),
        "recent": lambda journal: journal.recent(KEY),
        "stages": lambda journal: journal.stages([KEY]),
        "changed": lambda journal: journal.changed_since(1)[0],
        "backlog": lambda journal: journal.backlog().states,
        "record": lambda journal: journal.record(Event(KEY, MAC, 50.0, SCRIPT)),
    }
    for first in looks:
        plain, quick = (Journal(MemoryStore(), Log(stream=io.StringIO()), lambda: 1.0) for _unused in range(2))
        for at, detail in enumerate((DISCOVER, DISCOVER, LEASE, SCRIPT, LEASE, DISCOVER), 10):
            plain.record(Event(KEY, MAC, float(at), detail))
            quick.record_seen(KEY, MAC, float(at), detail)
        for name in (first, *looks):
            assert looks[name](quick) == looks[name](plain), (first, name)


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from(
                [DISCOVER, LEASE, SCRIPT, events.Progress("kernel", 1, 2), events.Progress("initrd", 1, 2)]
            ),
        ),
        min_size=RECENT_EVENTS,
        max_size=3 * RECENT_EVENTS,
    )
)
def test_recent_is_what_was_noted_the_last_of_it_in_order(steps):
    journal, expected = Journal(MemoryStore(), quiet(), lambda: 1.0), []
    for at, (again, detail) in enumerate(steps, 10):
        event = Event(KEY, MAC, float(at), detail)
        if again:
            journal.record_seen(KEY, MAC, event.at, detail)
        else:
            journal.record(event)
        last = expected[-1] if expected else event
        if isinstance(detail, events.Progress) and last is not event and last.is_about_the_same(event):
            expected[-1] = replace(event, began=last.began or last.at)
        else:
            expected.append(event)
    assert journal.recent(KEY) == expected[-RECENT_EVENTS:]


def test_record_seen_that_changes_nothing_costs_no_state():
    journal = Journal(MemoryStore(), Log(stream=io.StringIO()), lambda: 1.0)
    journal.record_seen(KEY, MAC, 10.0, DISCOVER)
    before = journal.standing(KEY)
    for at in (11.0, 12.0, 13.0):
        journal.record_seen(KEY, MAC, at, LEASE)
    assert journal.standing(KEY) is before
    assert journal.state(KEY).last_at == 13.0
    assert [event.at for event in journal.recent(KEY)] == [10.0, 11.0, 12.0, 13.0]


def test_record_seen_is_written_and_told_to_who_follows_changes(monkeypatch):
    monkeypatch.setattr(state_writer, "SEEN_GATHER", 0.01)
    store = MemoryStore()
    journal = Journal(store, Log(stream=io.StringIO()))
    journal.start()
    journal.record_seen(KEY, MAC, 10.0, DISCOVER)
    wait_until(lambda: KEY in store.states)
    revision = journal.changed_since(0)[1]
    journal.record_seen(KEY, MAC, 11.0, DISCOVER)
    assert journal.changed_since(revision)[0] == [KEY]
    journal.record_seen(KEY, MAC, 12.0, DISCOVER)
    wait_until(lambda: store.states[KEY].last_at == 12.0)
    journal.record_seen(KEY, MAC, 13.0, DISCOVER)
    journal.stop()
    assert store.states[KEY].last_at == 13.0


def test_what_was_only_seen_again_waits_for_the_next_change_of_its_machine():
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.start()
    for key in (KEY, "default/b"):
        journal.record_seen(key, MAC, 10.0, DISCOVER)
    wait_until(lambda: len(store.states) == 2)
    for key in (KEY, "default/b"):
        journal.record_seen(key, MAC, 11.0, LEASE)
    assert journal.backlog().states == 0, "nothing is late"
    journal.record(Event("default/b", MAC, 12.0, SCRIPT))
    wait_until(lambda: store.states["default/b"].stage == "script")
    journal.record_seen("default/b", MAC, 13.0, LEASE)
    assert store.states[KEY].last_at == 10.0
    journal.stop()
    assert [(batch, store.states[batch[0]].last_at) for batch in store.batches[-1:]] == [([KEY, "default/b"], 11.0)]
    assert store.states["default/b"].last_at == 13.0


def test_what_was_only_seen_again_is_written_when_it_has_waited_long_enough(monkeypatch):
    monkeypatch.setattr(state_writer, "SEEN_GATHER", 0.3)
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.record_seen(KEY, MAC, 10.0, DISCOVER)
    journal.start()
    wait_until(lambda: store.states)
    for number in range(3 * AT_ONCE):
        journal.record_seen(f"default/{number % (2 * AT_ONCE)}", MAC, 1.0, events.Discover("os", netboot=False))
    wait_until(lambda: len(store.states) == 2 * AT_ONCE + 1)
    assert store.batches == [[KEY], sorted(store.states.keys() - {KEY})], "once, and together"
    journal.stop()


def test_what_was_only_seen_again_is_part_of_a_report_that_is_kept():
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.record(Event(KEY, MAC, 1.0, SCRIPT), durable=True)
    journal.record_seen(KEY, MAC, 2.0, LEASE)
    journal.record(replace(SUCCEEDED, at=3.0), durable=True)
    journal.start()
    journal.stop()
    assert len(store.batches) == 2, "there was nothing left to write"


def test_journal_goes_through_all_states_in_pieces_between_which_replies_have_the_lock(monkeypatch):
    """A reply waits for the lock, so nobody may change more than some states while he has it."""
    held: list[int] = [0]

    class Counting(threading._PyRLock):
        def acquire(self, *args, **more):
            taken = super().acquire(*args, **more)
            if self._count == 1:
                held.append(0)
            return taken

        __enter__ = acquire

    monkeypatch.setattr(threading, "RLock", Counting)
    journal = Journal(MemoryStore(), quiet())
    monkeypatch.undo()
    put = journal._put
    monkeypatch.setattr(journal, "_put", lambda key, state: (held.append(held.pop() + 1), put(key, state)))
    keys = [f"default/{number}" for number in range(10 * AT_ONCE)]

    def see_all(detail: events.Detail) -> int:
        for key in keys:
            journal.record_seen(key, MAC, 10.0, detail)
        held.clear()
        return journal.changed_since(0)[1]

    revision = see_all(DISCOVER)
    see_all(LEASE)
    assert 0 < max(held) <= AT_ONCE
    assert len(journal.changed_since(revision)[0]) == len(keys)
    for look in (journal.states, lambda: journal._writer._save_all(keys, 0.0)):
        for key in keys:
            journal.record_seen(key, MAC, 20.0, LEASE)
            journal._writer.mark(key)
        held.clear()
        look()
        assert sum(held) == len(keys)
        assert max(held) <= AT_ONCE


def test_journal_keeps_no_state_for_what_was_seen_when_that_was_the_machines():
    journal = Journal(MemoryStore(), quiet())
    told = [journal.repeated(KEY, MAC, DISCOVER), journal.repeated(KEY, MAC, LEASE)]
    journal.record_seen(KEY, MAC, 1.0, DISCOVER)
    last_at = [1000.0 + number for number in range(RECENT_EVENTS)]
    for number, at in enumerate(last_at):
        journal.record_seen(KEY, MAC, at, LEASE)
        journal.record_repeated(told[number % 2 :], at)
        journal.state(KEY)
    kept = [state for state in gc.get_objects() if isinstance(state, State) and state.last_at in last_at]
    assert kept == [journal.state(KEY)]


def test_a_script_that_is_given_again_waits_and_is_kept_at_the_stop():
    store = MemoryStore()
    told = []
    plain, journal = Journal(MemoryStore(), quiet()), Journal(store, quiet())
    journal.follow(lambda event, _before, _after: told.append(event.at))
    journal.start()
    script = events.Script("harvester", "http", 1000)
    for at in (10.0, 11.0, 12.0):
        event = Event(KEY, MAC, at, script)
        assert journal.record(event) == plain.record(event)
        if at == 10.0:
            wait_until(lambda: store.states)
    assert journal.backlog().states == 0, "nothing is late"
    assert (store.states[KEY].script_at, journal.state(KEY).script_at) == (10.0, 12.0)
    assert (told, [event.at for event in journal.recent(KEY)]) == ([10.0], [10.0, 11.0, 12.0])
    assert journal.changed_since(1)[0] == [KEY]
    journal.stop()
    assert (store.states[KEY].script_at, store.states[KEY].bytes) == (12.0, {"http": 3000})
    assert store.batches == [[KEY], [KEY]]


def test_a_script_that_is_given_again_late_is_written_as_any_change():
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.start()
    for at in (10.0, 1000.0):
        journal.record(Event(KEY, MAC, at, SCRIPT))
        wait_until(lambda: KEY in store.states)
    wait_until(lambda: store.states[KEY].script_at == 1000.0)
    journal.record(Event(KEY, MAC, 1001.0, SCRIPT), durable=True)
    assert store.states[KEY].script_at == 1001.0
    journal.stop()
