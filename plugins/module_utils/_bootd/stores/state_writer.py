# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""States that are not in the store yet, and the thread that writes them: in batches, and not before many are gathered.

A state is kept GATHER seconds after it changed, LAST_GATHER at most where many machines ask. Of a machine that was only
seen again it waits for its next change, SEEN_GATHER seconds at most.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection

from ..decisions.stages import State
from ..process.faults import Caught, fields_of
from ..process.log import Log
from ..process.pieces import AT_ONCE, PAUSE, in_pieces
from .base import Backlog, Store, StoreError
from .seen_again import SeenAgain

GATHER = 0.2  # seconds that states wait for each other, and GATHER_SHARE times as long as the last ones took
GATHER_SHARE = 9
LAST_GATHER = 1.0
SEEN_GATHER = 30.0  # seconds that a state waits of which nothing is new but what was seen last, and when
BATCH = 1000  # states that are kept at once: a report waits for no more than that
FIRST_RETRY = 1.0
LAST_RETRY = 30.0


class StateWriter:
    """Writes states to ``store``. Safe to use from any thread; ``lock`` is the one over all states.

    ``state_of`` gives the state of a machine by its key, and is called with ``lock`` held.
    """

    def __init__(self, store: Store, log: Log, lock: threading.RLock, state_of: Callable[[str], State]) -> None:
        self.store = store
        self._log = log
        self._lock = lock
        self._changed = threading.Condition(lock)
        self._state_of = state_of
        # The machines whose state is not in the store as it is, and since when, on time.monotonic.
        self.dirty: dict[str, float] = {}
        self.seen_again = SeenAgain()  # the same of those of which nothing else is new, which may wait for SEEN_GATHER
        self._awaited: Counter[str] = Counter()  # by how many callers of ``save_now`` each state is waited for
        self._is_saving = False  # whether a batch is under way: one at a time
        self._saving: dict[str, State] = {}  # what is in it
        self._saving_since: dict[str, float] = {}  # as in ``dirty``
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start to write behind."""
        self._thread = threading.Thread(target=self._write_behind, name="journal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, as far as the store takes it, and stop."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def backlog(self) -> Backlog:
        """Return what is not in the store yet."""
        with self._lock:
            return Backlog.of([*self.dirty.values(), *self._saving_since.values()], time.monotonic())

    def mark(self, key: str) -> None:
        """Have the state of the machine ``key`` written; to be called with the lock held."""
        if not self.dirty:
            self._changed.notify_all()
        self.dirty.setdefault(key, time.monotonic())

    def is_due(self, key: str) -> bool:
        """Return whether the state of the machine ``key`` is another than in the store; with the lock held."""
        return key in self.dirty or key in self._saving

    def save_now(self, keys: Collection[str]) -> dict[str, Exception]:
        """Save the states of the machines ``keys``, and return once they are in the store: which are not, and why.

        Calls made at the same time share a commit. A StoreError is of all of them.
        """
        with self._changed:
            self._awaited.update(keys)
        try:
            fault = self._save_batch(list(keys))
            if fault is None or isinstance(fault, StoreError):
                return dict.fromkeys(keys, fault) if fault is not None else {}
            # It may be in another's state, and costs nobody else.
            return {key: fault for key in keys if (fault := self._save_batch([key], alone=True)) is not None}
        finally:
            with self._changed:
                self._awaited.subtract(keys)
                for key in keys:
                    if not self._awaited[key]:
                        del self._awaited[key]

    def _take(self, keys: list[str], *, alone: bool = False) -> None:
        """Move the dirty states of ``keys``, and those that a durable ``record`` waits for, to ``_saving``."""
        for some in in_pieces(keys):
            with self._lock:
                for key in some:
                    self._take_one(key)
        if not alone:
            with self._lock:
                for key in self._awaited:
                    self._take_one(key)

    def _take_one(self, key: str) -> None:
        if key in self.dirty:
            self._saving[key] = self._state_of(key)
            self._saving_since.setdefault(key, self.dirty.pop(key))
            self.seen_again.discard(key)

    def _write_behind(self) -> None:
        gather, retry = GATHER, 0.0
        while True:
            with self._changed:
                patience = self.seen_again.until_due(time.monotonic(), SEEN_GATHER)
                self._changed.wait_for(lambda: self._stopping.is_set() or self.dirty, patience)
            self._stopping.wait(retry or gather)
            is_last = self._stopping.is_set()
            self._have_seen_written(time.monotonic() - (0.0 if is_last else SEEN_GATHER))
            with self._lock:
                waiting = list(self.dirty)
            waiting.sort()  # neighbours in a database share its pages
            if not waiting:
                if is_last:
                    return
                continue
            began = time.monotonic()
            retry = self._save_all(waiting, retry)
            gather = min(max(GATHER, GATHER_SHARE * (time.monotonic() - began)), LAST_GATHER)
            if self._stopping.is_set() and retry:
                self._log.error("states_lost", machines=len(self.dirty), reason="the store takes no writes")
                return

    def _have_seen_written(self, before: float) -> None:
        """Make dirty what has waited as seen again since ``before`` or longer."""
        now, due = time.monotonic(), [""]
        while due:
            with self._lock:
                due = self.seen_again.take(AT_ONCE, before)
                for key in due:
                    self.dirty.setdefault(key, now)
            time.sleep(PAUSE)

    def _save_all(self, keys: list[str], wait: float) -> float:
        """Save ``keys``; return how many seconds to wait before the next try, 0 where all went well."""
        failed: dict[str, Exception] = {}
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            fault = self._save_batch(batch)
            if isinstance(fault, StoreError):
                failed[batch[0]] = fault
                break
            if fault is not None:
                # A fault ends the journal as little as a full disk does: it is in one state, and costs that one.
                failed |= {key: fault for key in batch if (fault := self._save_batch([key], alone=True)) is not None}
        if not failed:
            if wait:
                self._log.info("states_kept_again", machines=len(keys))
            return 0.0
        wait = min(max(wait * 2, FIRST_RETRY), LAST_RETRY)
        for key, fault in failed.items():
            told = {"reason": str(fault)} if isinstance(fault, StoreError) else fields_of(fault)
            self._log.error("state_not_kept", machine=key, **told, machines=len(self.dirty), retry_seconds=wait)
        return wait

    def _save_batch(self, keys: list[str], *, alone: bool = False) -> Exception | None:
        """Save ``keys`` in one batch, with what is waited for; return why that could not be, None where it is."""
        with Caught() as caught:
            with self._changed:
                self._changed.wait_for(lambda: not self._is_saving or not any(map(self.is_due, keys)))
                if not any(map(self.is_due, keys)):
                    return None  # they were in the batch of another
                self._is_saving = True
            try:
                self._take(keys, alone=alone)
                self.store.save(self._saving)
            except Exception:
                with self._changed:
                    # Their newest states wait as long as these do.
                    self.dirty |= self._saving_since
                raise
            finally:
                with self._changed:
                    self._is_saving = False
                    self._saving, self._saving_since = {}, {}
                    self._changed.notify_all()
        return caught.fault
