# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The files store: Hardware from a directory of manifests, states in the state directory.

The manifests are the user's and never written. What was served goes on being served while a file can't be read or the
whole directory is away.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from ..decisions.stages import State
from ..hardware.model import Machine
from ..process.log import Log
from .base import Backlog, StoreError, StoreProblem
from .catalog import Catalog
from .manifests.cache import ManifestCache
from .manifests.tree import Tree, WriterActivity
from .manifests.watch import ManifestWatch
from .states.directory import KeptStates, StateDir
from .switches import as_served, clash_problems

MAX_PROBLEMS = 1000
CACHE_SECONDS = 60.0  # after a change until the cache is saved: manifests are often written one after the other


class FilesStore:
    """Implements ``Store`` over a manifest directory and a StateDir."""

    def __init__(self, directory: str, state_dir: StateDir, log: Log) -> None:
        self._directory = os.path.abspath(directory)
        self._state_dir = state_dir
        self._log = log
        self._lock = threading.RLock()  # over the tree, the states and the order of writes to the catalog
        self._cache = ManifestCache(state_dir.path)
        self._cache_due = math.inf  # when the cache is to be saved, on time.monotonic
        self._tree = Tree(self._directory, self._cache)
        self._catalog = Catalog()
        self._kept: KeptStates | None = None
        self._on_change: Callable[[], None] | None = None
        self._watch: ManifestWatch | None = None

    def read(self, catalog: Catalog) -> None:
        """Load everything into ``catalog`` once, without following changes; raises StoreError as ``start`` does."""
        with self._lock:
            self._catalog = catalog
            self._load_kept()
            trouble = self._cache.open()
            if trouble:
                self._log.info("manifest_cache_not_used", path=str(self._cache.path), reason=trouble)
            try:
                self._tree.load()
            except OSError as error:
                raise StoreError(f"{self._directory}: {error.strerror or error}") from error
            finally:
                self._cache.close()
            self._publish()

    def start(self, catalog: Catalog, on_change: Callable[[], None]) -> None:
        """Load everything, then follow the directory with inotify; see ``Store``."""
        self._on_change = on_change
        self._watch = ManifestWatch(self._look)
        self._watch.open([self._directory])
        self.read(catalog)
        self._save_cache()
        self._watch.start(self._tree.directories)

    def stop(self) -> None:
        """Stop following the directory; see ``Store``."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
            if self._cache_due < math.inf:
                self._save_cache()

    def load_states(self) -> Mapping[str, State]:
        """Return the states of the state directory, which is read once; see ``Store``."""
        with self._lock:
            return dict(self._load_kept().states)

    def changed_states(self) -> Mapping[str, State]:
        """Return nothing: the state directory has one writer; see ``Store``."""
        return {}

    def save(self, states: Mapping[str, State]) -> None:
        """Serve the machines as ``states`` have them from now on, and keep these on disk; see ``Store``."""
        with self._lock:
            kept = self._load_kept()
            for key, state in states.items():
                kept.states[key] = state
                machine = self._tree.machines.get(key)
                if machine is not None and (served := self._as_served(machine)) is not self._catalog.get(key):
                    self._catalog.upsert(served)
        self._state_dir.save(states)

    def backlog(self) -> Backlog:
        """Return that nothing waits: manifests are never written; see ``Store``."""
        return Backlog()

    def problems(self) -> list[StoreProblem]:
        """Return what is wrong with manifests and states now, the first MAX_PROBLEMS of it."""
        with self._lock:
            found = [*self._load_kept().problems, *self._tree.problems(), *clash_problems(self._catalog.clashes())]
            if self._watch is not None and self._watch.trouble():
                found.insert(0, StoreProblem(self._directory, self._watch.trouble()))
        if len(found) <= MAX_PROBLEMS:
            return found
        rest = StoreProblem(self._directory, f"{len(found) - MAX_PROBLEMS} more problems: run bootd check")
        return [*found[:MAX_PROBLEMS], rest]

    def _look(self, seen: WriterActivity) -> tuple[Iterable[str], float]:
        with self._lock:
            before = time.monotonic()
            refreshed = self._tree.refresh(seen)
            if refreshed.changed:
                self._publish()
                seconds = round(time.monotonic() - before, 3)
                self._log.debug("manifests_read", machines=len(self._catalog), seconds=seconds)
                self._cache_due = min(self._cache_due, before + CACHE_SECONDS)
            directories = list(self._tree.directories)
        if time.monotonic() >= self._cache_due:
            self._save_cache()
        if refreshed.changed and self._on_change is not None:
            self._on_change()
        return directories, refreshed.again_in

    def _save_cache(self) -> None:
        self._cache_due = math.inf
        try:
            self._cache.save(self._tree.digests())
        except OSError as error:
            self._log.warning(
                "manifest_cache_not_saved", path=str(self._cache.path), reason=error.strerror or str(error)
            )

    def _publish(self) -> None:
        self._catalog.replace(self._as_served(machine) for machine in self._tree.machines.values())

    def _as_served(self, machine: Machine) -> Machine:
        """Return ``machine`` with what bootd has switched off; the very object that is served where it is the same."""
        kept = self._load_kept()
        key = machine.key
        state = kept.states.get(key)
        if kept.is_unreadable(key):
            # It may have been installed since: better it waits for somebody than that its disks are overwritten.
            served = as_served(machine, {interface.mac: machine.reprovision for interface in machine.interfaces})
        elif state is not None and state.switched_off:
            served = as_served(machine, state.switched_off, by_hand=bool(state.switched_by))
        else:
            return machine
        present = self._catalog.get(key)
        return present if present == served else served

    def _load_kept(self) -> KeptStates:
        if self._kept is None:
            self._kept = self._state_dir.load()
        return self._kept
