# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs and the journal's write-behind."""

from __future__ import annotations

import gc
import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.decisions.stages import State
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.process.log import Log
from _bootd.process.pieces import AT_ONCE
from _bootd.stores import journal as journal_module
from _bootd.stores.base import StoreError
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import BATCH, RECENT_EVENTS, Journal

KEY, MAC = "default/a", "52:54:00:00:00:01"
SCRIPT = events.Script(boot="harvester", via="http")
SUCCEEDED = Event(KEY, MAC, 5.0, events.Report(outcome="succeeded", reprovision=""))


class MemoryStore:
    """Keeps states in memory; ``broken`` makes it refuse like a full disk."""

    def __init__(self, states: dict[str, State] | None = None) -> None:
        self.states = dict(states or {})
        self.broken = False
        self.saved = threading.Event()
        self.batches: list[list[str]] = []
        self.elsewhere: dict[str, State] = {}  # what another replica has written

    def load_states(self):
        return dict(self.states)

    def changed_states(self):
        changed, self.elsewhere = self.elsewhere, {}
        return changed

    def save(self, states):
        if self.broken:
            raise StoreError("no space left on device")
        self.states |= states
        self.batches.append(sorted(states))
        self.saved.set()


def wait_until(happened) -> None:
    """Return once ``happened`` is true."""
    end = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.001)


def quiet() -> Log:
    return Log("json", "error", io.StringIO())


@pytest.mark.parametrize("form", ["json", "text"])
def test_log_one_event_is_one_line_whatever_a_client_sent(form):
    stream = io.StringIO()
    Log(form, "debug", stream).info("recv", vendor='PXE"\n{"event":"forged"}\x1b[2J\r\u2028', mac=None)
    assert stream.getvalue().count("\n") == 1
    assert not set("\x1b\r\u2028") & set(stream.getvalue())
    assert "mac" not in stream.getvalue()


def test_log_json_keeps_types_and_bounds_long_fields():
    stream = io.StringIO()
    Log("json", "info", stream).info("http", status=200, uri="x" * 100_000)
    line = json.loads(stream.getvalue())
    assert (line["level"], line["event"], line["status"], len(line["uri"])) == ("info", "http", 200, 1024)


def test_log_below_its_level_is_silent():
    stream = io.StringIO()
    Log("json", "warning", stream).info("recv")
    assert stream.getvalue() == ""


def test_log_on_a_closed_stream_does_not_raise():
    stream = io.StringIO()
    stream.close()
    Log("json", "info", stream).info("recv")


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
    monkeypatch.setattr(journal_module, "FIRST_RETRY", 0.01)
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
        wait_until(lambda: sum(journal._awaited.values()) == 21)
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
        wait_until(lambda: journal._awaited)
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


DISCOVER = events.Discover("firmware", True, "uefi", 7, "ipxe.efi")
LEASE = events.Lease("firmware", True, "uefi", 7, "ipxe.efi")


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
    monkeypatch.setattr(journal_module, "SEEN_GATHER", 0.01)
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
    monkeypatch.setattr(journal_module, "SEEN_GATHER", 0.3)
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
    for look in (journal.states, lambda: journal._save_all(keys, 0.0)):
        for key in keys:
            journal.record_seen(key, MAC, 20.0, LEASE)
            journal._mark_dirty(key)
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
