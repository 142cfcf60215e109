# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: what is recorded, its writer, and what other replicas have written."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.decisions.stages import State
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.process.log import Log
from _bootd.stores import journal as journal_module
from _bootd.stores import state_writer
from _bootd.stores.base import StoreError
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import Journal
from _bootd.stores.state_writer import BATCH
from samples.journals import DISCOVER, KEY, LEASE, MAC, SCRIPT, SUCCEEDED, MemoryStore, quiet, wait_until


def test_journal_durable_record_is_in_the_store_on_return():
    store = MemoryStore()
    Journal(store, quiet()).record(SUCCEEDED, durable=True)
    assert store.states[KEY].stage == "installed"


def test_journal_durable_record_raises_and_keeps_the_state_for_later():
    store = MemoryStore()
    store.broken = True
    journal = Journal(store, quiet())
    with pytest.raises(StoreError):
        journal.record(SUCCEEDED, durable=True)
    store.broken = False
    journal.record(SUCCEEDED, durable=True)
    assert store.states[KEY].installs == 1


def test_journal_writes_behind_and_flushes_on_stop():
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.start()
    journal.record(Event(KEY, MAC, 1.0, SCRIPT))
    assert store.saved.wait(5)
    journal.record(Event(KEY, MAC, 2.0, events.Loaded("", "kernel")))
    journal.stop()
    assert store.states[KEY].stage == "kernel"


def test_journal_stops_although_the_store_takes_nothing():
    store = MemoryStore()
    store.broken = True
    stream = io.StringIO()
    journal = Journal(store, Log("json", "error", stream))
    journal.start()
    journal.record(Event(KEY, MAC, 1.0, SCRIPT))
    journal.stop()
    assert "states_lost" in stream.getvalue()


def test_journal_goes_on_for_the_others_after_a_fault_in_the_store():
    class Faulty(MemoryStore):
        def save(self, states):
            if KEY in states:
                raise KeyError("surprise")
            super().save(states)

    store, stream = Faulty(), io.StringIO()
    journal = Journal(store, Log("json", "error", stream))
    journal.start()
    journal.record(SUCCEEDED)
    journal.record(replace(SUCCEEDED, key="default/b"))
    assert store.saved.wait(5)
    journal.stop()
    assert store.states["default/b"].stage == "installed"
    line = json.loads(stream.getvalue().splitlines()[0])
    assert (line["event"], line["machine"], line["reason"]) == ("state_not_kept", KEY, "KeyError: 'surprise'")


def test_journal_fault_of_the_store_in_one_state_costs_a_report_of_another_nothing():
    class Faulty(MemoryStore):
        def save(self, states):
            if KEY in states:
                raise KeyError("surprise")
            super().save(states)

    store = Faulty()
    journal = Journal(store, quiet())
    with ThreadPoolExecutor() as pool:
        reports = [pool.submit(journal.record, replace(SUCCEEDED, key=key), durable=True) for key in (KEY, "default/b")]
    assert isinstance(reports[0].exception(), KeyError)
    assert reports[1].result().stage == store.states["default/b"].stage == "installed"


def test_journal_fault_in_what_a_state_is_made_of_loses_no_state(monkeypatch):
    joined = journal_module.as_seen

    def faulty(state, event):
        if event.key == KEY:
            raise KeyError("surprise")
        return joined(state, event)

    store = MemoryStore()
    journal = Journal(store, quiet())
    for key in ("default/0", KEY, "default/z"):
        journal.record(Event(key, MAC, 1.0, DISCOVER))
        journal.record_seen(key, MAC, 2.0, LEASE)
    monkeypatch.setattr(journal_module, "as_seen", faulty)
    monkeypatch.setattr(state_writer, "FIRST_RETRY", 0.01)
    journal.start()
    wait_until(lambda: store.states.keys() == {"default/0", "default/z"})
    monkeypatch.setattr(journal_module, "as_seen", joined)
    wait_until(lambda: KEY in store.states)
    journal.stop()
    assert {state.last_at for state in store.states.values()} == {2.0}


class Gate(MemoryStore):
    """Keeps a batch once it is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.let_through = threading.Semaphore(0), threading.Semaphore(0)

    def save(self, states):
        self.entered.release()
        assert self.let_through.acquire(timeout=5)
        super().save(states)


def test_journal_reports_that_come_together_share_a_commit():
    store = Gate()
    journal = Journal(store, quiet())
    journal.record(replace(SUCCEEDED, key="default/slow", detail=SCRIPT))
    keys = [f"default/{number}" for number in range(20)]
    with ThreadPoolExecutor(30) as pool:
        first = pool.submit(journal.record, SUCCEEDED, durable=True)
        assert store.entered.acquire(timeout=5)
        others = [pool.submit(journal.record, replace(SUCCEEDED, key=key), durable=True) for key in keys]
        wait_until(lambda: len(journal.states()) == 22)
        assert not any(report.done() for report in (first, *others))
        wait_until(lambda: sum(journal._writer._awaited.values()) == 21)
        for _unused in range(2):
            store.let_through.release()
        assert {report.result(5).stage for report in (first, *others)} == {"installed"}
    assert store.batches == [[KEY], sorted(keys)], "nothing that nobody waits for is in it either"


def test_journal_report_whose_shared_commit_fails_is_not_called_kept():
    store = Gate()
    store.broken = True
    journal = Journal(store, quiet())
    with ThreadPoolExecutor() as pool:
        reports = [pool.submit(journal.record, replace(SUCCEEDED, key=f"default/{n}"), durable=True) for n in range(4)]
        for _unused in range(8):
            store.let_through.release()
    assert [type(report.exception()) for report in reports] == [StoreError] * 4
    store.broken = False
    for _unused in range(8):
        store.let_through.release()
    journal.record(replace(SUCCEEDED, key="default/0"), durable=True)
    assert store.states.keys() == {"default/0"}


def test_journal_report_waits_for_one_batch_of_a_storm_at_most():
    store = Gate()
    journal = Journal(store, quiet())
    journal.start()
    for number in range(2 * BATCH + 1):
        journal.record(Event(f"default/{number}", MAC, 1.0, SCRIPT))
    assert store.entered.acquire(timeout=5)
    with ThreadPoolExecutor() as pool:
        report = pool.submit(journal.record, SUCCEEDED, durable=True)
        wait_until(lambda: journal._writer._awaited)
        for _unused in range(2):
            store.let_through.release()
        assert report.result(5).stage == "installed"
        for _unused in range(8):
            store.let_through.release()
    journal.stop()
    assert KEY in store.batches[1]
    assert max(map(len, store.batches)) <= BATCH + 1
    assert len(store.states) == 2 * BATCH + 2


def test_journal_states_of_a_storm_are_written_once():
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.start()
    for number in range(200):
        for key in (KEY, "default/b"):
            journal.record(Event(key, MAC, float(number), events.Facts({})))
    journal.stop()
    assert len(store.batches) <= 3
    assert {state.last_at for state in store.states.values()} == {199.0}


def test_journal_writes_a_state_that_came_while_it_was_written():
    store = Gate()
    journal = Journal(store, quiet())
    journal.start()
    journal.record(Event(KEY, MAC, 1.0, SCRIPT))
    assert store.entered.acquire(timeout=5)
    journal.record(Event(KEY, MAC, 2.0, events.Loaded("", "kernel")))
    for _unused in range(2):
        store.let_through.release()
    journal.stop()
    assert store.states[KEY].stage == "kernel"


def test_journal_starts_from_the_stored_states():
    journal = Journal(MemoryStore({KEY: State(stage="installed", installs=2)}), quiet())
    journal.start()
    journal.stop()
    assert journal.state(KEY).installs == 2


def test_journal_of_progress_remembers_the_last_only():
    journal = Journal(MemoryStore(), quiet())
    journal.record(Event(KEY, MAC, 1.0, SCRIPT))
    for at in range(200):
        journal.record(Event(KEY, MAC, float(at), events.Progress(what="iso", bytes=at, size=200)))
    assert [event.at for event in journal.recent(KEY)] == [1.0, 199.0]


def test_journal_writes_nothing_while_a_machine_waits_for_the_same():
    store = MemoryStore()
    journal = Journal(store, quiet())
    for at in range(3):
        journal.record(Event(KEY, MAC, 5.0 + at, events.Held(waits_for="b (kernel)")), durable=at == 0)
    assert (store.states[KEY].last_at, journal.state(KEY).last_at) == (5.0, 5.0)
    del store.states[KEY]
    journal.record(Event(KEY, MAC, 9.0, events.Held(waits_for="b (kernel)")), durable=True)
    assert store.states == {}


def test_journal_decide_notes_what_was_chosen_and_nothing_where_nothing_was():
    journal = Journal(MemoryStore(), quiet())
    assert journal.decide(lambda: None) is None
    event = Event(KEY, MAC, 1.0, SCRIPT)
    assert journal.decide(lambda: event) is event
    assert journal.state(KEY).stage == "script"


def test_journal_knows_who_is_busy_also_after_a_restart_and_as_others_write():
    store = MemoryStore({KEY: State(stage="kernel"), "default/b": State(stage="installed")})
    journal = Journal(store, quiet())
    journal.start()
    assert journal.busy() == [KEY]
    journal.record(SUCCEEDED)
    assert journal.busy() == []
    store.elsewhere = {"default/b": State(stage="installing", last_at=9.0)}
    journal.reconcile(Catalog())
    assert journal.busy() == ["default/b"]
    journal.stop()


def test_journal_recent_events_are_bounded():
    journal = Journal(MemoryStore(), quiet())
    for at in range(200):
        journal.record(Event(KEY, MAC, float(at), events.Facts({})))
    assert [event.at for event in journal.recent(KEY)] == [float(at) for at in range(150, 200)]


@pytest.mark.parametrize(
    ("netboot", "stage", "switched_off"),
    [
        (Netboot(False, switched_off=True), "installed", {MAC: "1"}),
        (Netboot(True), "known", {}),
        (Netboot(False), "installed", {}),
    ],
)
def test_journal_reconcile_follows_the_edited_object(netboot, stage, switched_off):
    journal = Journal(MemoryStore({KEY: State(stage="installed", installs=1, switched_off={MAC: "1"})}), quiet())
    journal.start()
    catalog = Catalog()
    catalog.upsert(Machine("a", interfaces=(Interface(MAC, netboot=netboot),)))
    journal.reconcile(catalog)
    journal.stop()
    assert (journal.state(KEY).stage, journal.state(KEY).switched_off) == (stage, switched_off)


def test_journal_reconcile_leaves_a_switch_that_the_store_does_not_show_yet():
    journal = Journal(MemoryStore({KEY: State(stage="installed", installs=1, switched_off={MAC: "1"})}), quiet())
    journal.start()
    catalog = Catalog()
    catalog.upsert(Machine("a", interfaces=(Interface(MAC, netboot=Netboot(True)),), reprovision="1"))
    journal.reconcile(catalog)
    journal.stop()
    assert journal.state(KEY).switched_off == {MAC: "1"}


@pytest.mark.parametrize("later", [0.0, 60.0])
def test_journal_reconcile_puts_nothing_in_the_place_of_a_state_that_is_not_kept_yet(later):
    """What another replica wrote is of before this report, whatever its clock says: an installation is not undone."""
    store = MemoryStore()
    store.broken = True
    journal = Journal(store, quiet())
    journal.record(SUCCEEDED)
    store.elsewhere = {KEY: State(stage="installing", last_at=SUCCEEDED.at + later)}
    journal.reconcile(Catalog())
    assert (journal.state(KEY).stage, journal.state(KEY).installs) == ("installed", 1)
    store.broken = False
    journal.start()
    journal.stop()
    assert (store.states[KEY].stage, store.states[KEY].switched_off) == ("installed", {MAC: ""})


def test_journal_reconcile_takes_over_what_another_replica_wrote_once_its_own_is_kept():
    store = MemoryStore()
    journal = Journal(store, quiet())
    journal.record(SUCCEEDED, durable=True)
    store.elsewhere = {KEY: State(stage="ready", last_at=SUCCEEDED.at + 60.0)}
    journal.reconcile(Catalog())
    assert journal.state(KEY).stage == "ready"
    store.elsewhere = {KEY: State(stage="installing", last_at=SUCCEEDED.at)}
    journal.reconcile(Catalog())
    assert journal.state(KEY).stage == "ready"


def test_journal_reconcile_puts_nothing_in_the_place_of_a_state_that_is_being_kept():
    """While the store writes a report, a change of the objects has another replica's older state looked at."""

    class Reconciling(MemoryStore):
        def save(self, states):
            journal.reconcile(Catalog())
            super().save(states)

    store = Reconciling()
    store.elsewhere = {KEY: State(stage="installing", last_at=SUCCEEDED.at + 60.0)}
    journal = Journal(store, quiet())
    journal.record(SUCCEEDED, durable=True)
    assert (journal.state(KEY).stage, store.states[KEY].stage) == ("installed", "installed")


def test_who_follows_the_states_is_told_which_have_changed():
    journal = Journal(MemoryStore(), quiet())
    keys, revision = journal.changed_since(0)
    assert keys == []
    for key in ("default/a", "default/b", "default/a"):
        journal.record(Event(key, MAC, 1.0, SCRIPT))
    keys, later = journal.changed_since(revision)
    assert keys == ["default/a", "default/b"]
    assert journal.changed_since(later) == ([], later)


def test_of_a_file_on_its_way_the_beginning_and_the_last_are_remembered():
    journal = Journal(MemoryStore(), quiet())
    journal.record(Event(KEY, MAC, 1.0, SCRIPT))
    for at, what in ((2.0, "kernel"), (3.0, "kernel"), (4.0, "kernel"), (5.0, "initrd")):
        journal.record(Event(KEY, MAC, at, events.Progress(what, int(at), 10)))
    assert [(event.began, event.at) for event in journal.recent(KEY)] == [(0.0, 1.0), (2.0, 4.0), (0.0, 5.0)]


def test_journal_tells_what_waits_for_the_store_and_since_when():
    store = MemoryStore()
    journal = Journal(store, quiet())
    assert journal.backlog().states == 0
    store.broken = True
    with pytest.raises(StoreError):
        journal.record(SUCCEEDED, durable=True)
    first = journal.backlog()
    with pytest.raises(StoreError):
        journal.record(replace(SUCCEEDED, at=6.0), durable=True)
    second = journal.backlog()
    assert (first.states, second.states) == (1, 1)
    assert second.seconds >= first.seconds > 0  # it is as old as the first try
    store.broken = False
    journal.record(replace(SUCCEEDED, at=7.0), durable=True)
    assert journal.backlog().states == 0


def test_journal_followers_are_told_each_event_with_the_states_around_it():
    told = []
    journal = Journal(MemoryStore(), quiet())
    journal.follow(lambda event, before, after: told.append((event.kind, before.stage, after.stage)))
    journal.record(Event(KEY, MAC, 1.0, SCRIPT))
    journal.record(Event(KEY, MAC, 2.0, events.Facts({"product": "x"})))
    assert told == [("script", "known", "script"), ("facts", "script", "script")]
