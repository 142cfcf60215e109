# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The journal: every machine's events in order, and its state, which ``state_writer`` keeps in the store.

Recording never waits for the store, except where the caller asks for it (``durable``): an installer is told "kept"
only when its report is. All else that changes a state is kept some tenths of a second later, in batches: so however
often one asks meanwhile it is written once. That a machine was seen again, which changes nothing but when and by what,
waits longer, and so does a script that is given again soon. A bootd that is killed forgets what it has seen in that
time, and no more; one that is stopped writes it first.

Replies wait for the lock, so whoever goes through all states does so in pieces, and lets go of it between.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import TypeAlias

from ..decisions.events import Detail, Event, Script
from ..decisions.repeated_leases import as_seen, changes_nothing
from ..decisions.repeated_scripts import SOON, as_given, is_given_again
from ..decisions.stages import BUSY, STAGES, State, advance, is_older, release_switch
from ..hardware.model import Machine
from ..process.log import Log
from ..process.pieces import in_pieces
from .base import Backlog, Store
from .catalog import Catalog
from .seen_again import Again, Repeated, Ring, events_in, remember, ring_of
from .state_writer import StateWriter

RECENT_EVENTS = 50
Follower: TypeAlias = "Callable[[Event, State, State], None]"  # an event, the state before and after it


class Journal:
    """Machine states in memory, written behind to ``store``. Safe to use from any thread."""

    def __init__(self, store: Store, log: Log, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._states: dict[str, State] = {}
        # What machines did since without changing more than when they were seen; ``_join`` makes it part of the state.
        self._seen: dict[str, Again] = {}
        self._again: dict[str, Again] = {}
        self._recent: defaultdict[str, Ring] = defaultdict(partial(ring_of, RECENT_EVENTS))
        self.installing: set[str] = set()  # the machines whose stage is one of BUSY; to be read only
        self._standing_at: dict[str, set[str]] = {stage: set() for stage in STAGES}  # the machines by their stage
        self._revisions: dict[str, int] = {}  # of each machine's state, the one that changed last at the end
        self._revision = 0
        self._followers: list[Follower] = []
        self._lock = threading.RLock()  # over all above
        self._writer = StateWriter(store, log, self._lock, self.state)
        self.opened_at = clock()
        self._unseen = State(since=self.opened_at)  # of every machine that nothing was seen of

    def start(self) -> None:
        """Read back the states of the store and start to write behind."""
        for key, state in self._writer.store.load_states().items():
            self._put(key, state)
        self._writer.start()

    def stop(self) -> None:
        """Write what waits, as far as the store takes it, and stop."""
        self._writer.stop()

    def state(self, key: str) -> State:
        """Return the state of the machine ``key``; a machine nothing was seen of is ``known``."""
        if key in self._seen:
            with self._lock:
                self._join(key)
        return self.standing(key)

    def standing(self, key: str) -> State:
        """Return the state of the machine ``key`` but for what was seen, or given, again since.

        ``last`` and ``last_at`` may be older, and ``script_at`` and ``bytes``.
        """
        return self._states.get(key) or self._unseen

    def stages(self, keys: Iterable[str]) -> dict[str, int]:
        """Return how many of the machines ``keys`` stand at each of STAGES, by stage."""
        states = self._states
        found = Counter(state.stage if (state := states.get(key)) else STAGES[0] for key in keys)
        return {stage: found[stage] for stage in STAGES}

    def recent(self, key: str) -> list[Event]:
        """Return the last events of the machine ``key``, oldest first."""
        with self._lock:
            recent = self._recent.get(key)
            return events_in(recent) if recent is not None else []

    def changed_since(self, revision: int) -> tuple[list[str], int]:
        """Return the keys of the machines whose states have changed after ``revision``, and the revision of now.

        Revisions count from 0 when the journal is made. Whoever follows the states asks by what was returned last.
        """
        keys = []
        self._join_all()
        with self._lock:
            for key in reversed(self._revisions):
                if self._revisions[key] <= revision:
                    break
                keys.append(key)
            return keys, self._revision

    def busy(self) -> list[str]:
        """Return the keys of the machines that are between their script and the end of their installation."""
        with self._lock:
            return sorted(self.installing)

    def states(self) -> dict[str, State]:
        """Return the states of all machines that something was seen of, by key."""
        self._join_all()
        with self._lock:
            return dict(self._states)

    def states_at(self, stages: Collection[str]) -> dict[str, State]:
        """Return the states of the machines that stand at one of ``stages``, by key.

        It is asked every few seconds: machines that stand elsewhere cost nothing.
        """
        with self._lock:
            keys = [key for stage in stages for key in self._standing_at[stage]]
        states = {key: self.state(key) for key in keys}
        return {key: state for key, state in states.items() if state.stage in stages}

    def follow(self, follower: Follower) -> None:
        """Call ``follower`` with each event from now on, in their order; it must be quick and raise nothing.

        But for those that change no more of a state than what was seen last, and when, or given again.
        """
        self._followers.append(follower)

    def backlog(self) -> Backlog:
        """Return what is not in the store yet."""
        return self._writer.backlog()

    def record(self, event: Event, *, durable: bool = False) -> State:
        """Note ``event`` and return the machine's new state; raises StoreError where ``durable`` was not possible."""
        with self._lock:
            before = self.state(event.key)
            if isinstance(event.detail, Script) and not durable and is_given_again(before, event):
                state = as_given(before, event, event.detail)
                self._put(event.key, state)
                self._writer.seen_again.add(event.key, time.monotonic())
                remember(self._recent[event.key], event)
                return state
            state = advance(before, event)
            remember(self._recent[event.key], event)
            for follower in self._followers:
                follower(event, before, state)
            if state is not before:
                self._put(event.key, state)
                self._writer.mark(event.key)
        if durable and (fault := self.keep([event.key]).get(event.key)) is not None:
            raise fault
        return state

    def keep(self, keys: Collection[str]) -> dict[str, Exception]:
        """Return once the store has the states of the machines ``keys``, by one commit: which it has not, and why.

        That is a StoreError where the store takes nothing, and a fault where such a state can't be written.
        """
        return self._writer.save_now(keys)

    def repeated(self, key: str, mac: str, detail: Detail) -> Repeated:
        """Return what ``record_repeated``, or ``record_given``, is told of something that is done again and again."""
        with self._lock:
            again = self._again.get(key)
            if again is None:
                again = self._again[key] = Again(self.standing(key), self._revisions.get(key, 0), self._recent[key])
            return Repeated(key, mac, detail, again)

    def record_repeated(self, done: Iterable[Repeated], at: float) -> None:
        """Do what ``record`` does with the events of ``done``: at next to no cost where only their time is new.

        Replies wait for this, so what it changes of a state is made when somebody looks at it, or it is written.
        """
        with self._lock:
            for what in done:
                again = what.again
                if again.given:
                    self._join(what.key)
                if again.revision is not what.revision:
                    if not changes_nothing(again.state, what.detail):
                        self.record(what.event(at))
                        continue
                    what.revision = again.revision
                again.what, again.at = what, at
                append = again.recent.append
                append(at)
                append(what)
                if not again.waits:
                    again.waits = True
                    self._seen[what.key] = again
                    self._writer.seen_again.add(what.key, time.monotonic())

    def record_given(self, what: Repeated, at: float) -> None:
        """Do what ``record`` does with the event of ``what``, a script: at little cost where it is given again soon."""
        with self._lock:
            again = what.again
            if again.given and again.what is what:
                is_again = 0.0 <= at - again.at <= SOON  # nothing else has changed: that would have had it joined
            else:
                if again.waits:
                    self._join(what.key)
                is_again = is_given_again(again.state, what.event(at))
            if not is_again:
                self.record(what.event(at))
                return
            again.what, again.at = what, at
            again.given += 1
            again.recent.extend((at, what))
            if not again.waits:
                again.waits = True
                self._seen[what.key] = again
                self._writer.seen_again.add(what.key, time.monotonic())

    def record_seen(self, key: str, mac: str, at: float, detail: Detail) -> None:
        """Do what ``record`` does with the event of these: at little cost where it changes nothing but its time."""
        self.record_repeated((self.repeated(key, mac, detail),), at)

    def _join(self, key: str) -> None:
        """Make what was seen of the machine ``key`` part of its state; nothing where that is done."""
        seen = self._seen.get(key)
        if seen is not None:
            event = seen.what.event(seen.at)
            if isinstance(event.detail, Script):
                self._put(key, as_given(seen.state, event, event.detail, seen.given))
            else:
                self._put(key, as_seen(seen.state, event))
            seen.waits, seen.given = False, 0
            # Not before: whoever takes no lock looks here first.
            del self._seen[key]

    def _forget_seen(self, key: str, until: float) -> None:
        """Forget what was seen of the machine ``key`` and is no part of its state, unless it was after ``until``."""
        seen = self._seen.get(key)
        if seen is not None and seen.at > until:
            return
        self._writer.seen_again.discard(key)
        if seen is not None:
            seen.waits, seen.given = False, 0
            del self._seen[key]

    def _join_all(self) -> None:
        """Make all that was seen until now part of the states."""
        with self._lock:
            keys = list(self._seen)
        for some in in_pieces(keys):
            with self._lock:
                for key in some:
                    self._join(key)

    def decide(self, choose: Callable[[], Event | None]) -> Event | None:
        """Note the event that ``choose`` makes of the states as they are; nothing else is noted meanwhile."""
        with self._lock:
            event = choose()
            if event is not None:
                self.record(event)
            return event

    def _put(self, key: str, state: State) -> None:
        before = self._states.get(key)
        if before is None or before.stage != state.stage:
            self._move(key, before, state.stage)
        self._states[key] = state
        self._revision += 1
        if (again := self._again.get(key)) is not None:
            again.state, again.revision = state, self._revision
        self._revisions.pop(key, None)
        self._revisions[key] = self._revision

    def _move(self, key: str, before: State | None, stage: str) -> None:
        """Have the machine ``key`` stand at ``stage``, and no more where it stood ``before``."""
        if before is not None:
            self._standing_at[before.stage].discard(key)
        self._standing_at[stage].add(key)
        if stage in BUSY:
            self.installing.add(key)
        else:
            self.installing.discard(key)

    def reconcile(self, catalog: Catalog) -> None:
        """Let objects that were edited since decide again about the netboot that bootd had switched off.

        States that another replica has written since are taken over, where nothing newer is known here. A machine that
        was only seen again is no such thing: that becomes part of whichever state it has. One that was given its script
        again is: that belongs to the boot that is known here.
        """
        with self._lock:
            for key, state in self._writer.store.changed_states().items():
                if key in self._seen and self._seen[key].given:
                    self._join(key)
                if not self._writer.is_due(key) and not is_older(state, self.standing(key), self._clock()):
                    self._put(key, state)
                    self._forget_seen(key, state.last_at)
        for key in list(self._states):
            switched_off = self.standing(key).switched_off
            machine = catalog.get(key) if switched_off else None
            if machine is None:
                continue
            for mac in list(switched_off):
                self._reconcile_switch(machine, mac)

    def _reconcile_switch(self, machine: Machine, mac: str) -> None:
        netboot = next((item.netboot for item in machine.interfaces if item.mac == mac), None)
        if netboot is None or netboot.switched_off:
            return
        with self._lock:
            state = self.state(machine.key)
            if netboot.allow_pxe is True and state.switched_off.get(mac) == machine.reprovision:
                return  # the switch is on its way to the store, nobody has edited the object
            self._put(machine.key, release_switch(state, mac, again=netboot.allow_pxe is True))
            self._writer.mark(machine.key)
