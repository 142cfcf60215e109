# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The kubernetes store: Hardware from a cluster, states in an annotation of each object.

What was served goes on being served while the API is away, also over a restart. A state is kept on disk first, and in
the object as soon as the API takes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..decisions.stages import State, is_older
from ..hardware.model import Machine
from ..kube.client import Client, resource_path
from ..kube.errors import ApiError, ApiUnreachable
from ..kube.object_watch import ObjectWatch
from ..kube.rules import missing_rules
from ..kube.stage_events import stage_event
from ..process.log import Log
from ..process.worker import Worker
from .api_writer import ApiWriter
from .base import Backlog, StoreError, StoreProblem
from .catalog import Catalog
from .live_object import GROUP_VERSION, PLURAL, LiveObject, as_served, is_earlier, is_newer, live_object_from, patch_of
from .object_cache import ObjectCache
from .states.directory import KeptStates, StateDir
from .switches import clash_problems

MAX_PROBLEMS = 1000
CACHE_SECONDS = 2.0  # between two writes of the cache, or CACHE_SHARE times as long as the last one took
CACHE_SHARE = 20
NO_CRD = (
    "the cluster knows no Hardware; install its CRD, with the module baremetal.netboot.hardware_crd "
    "or Tinkerbell's own, and start again"
)


class KubernetesStore:
    """Implements ``Store`` over the Hardware objects of ``namespace``, "" for all.

    ``own`` is the namespace bootd runs in, "" outside a cluster; ``host`` names this replica in Events.
    """

    def __init__(
        self, client: Client, namespace: str, state_dir: StateDir, log: Log, *, own: str = "", host: str = ""
    ) -> None:
        self._client, self._namespace, self._own, self._host = client, namespace, own, host
        self._state_dir, self._log = state_dir, log
        self._lock = threading.RLock()  # over all below and the order of writes to the catalog
        self._objects: dict[str, LiveObject] = {}
        self._missing: frozenset[str] = frozenset()  # served although the cluster no longer has them
        self._version = ""
        self._kept = KeptStates()
        self._unreadable: dict[str, Mapping[str, str]] = {}  # key: switched_off of those whose annotation can't be read
        self._adopted: dict[str, State] = {}
        self._trouble = ""
        self._catalog = Catalog()
        self._on_change: Callable[[], None] | None = None
        self._watch = ObjectWatch(client, resource_path(GROUP_VERSION, PLURAL, namespace), self)
        self._writer = ApiWriter(client, self._patch_for, self._take_written, log)
        self._cache = ObjectCache(state_dir.path)
        self._cache_saver = Worker("hardware-cache", self._save_cache, log)
        self._cache_due = False
        self._cache_free_at = 0.0  # on time.monotonic: writing it takes no more than a small share of the time
        self._started = False

    def read(self, catalog: Catalog) -> None:
        """Load everything into ``catalog`` once, without following changes; raises StoreError."""
        self._catalog = catalog
        self._kept = self._state_dir.load()
        try:
            self._watch.list()
        except (ApiError, ApiUnreachable) as error:
            raise StoreError(str(error)) from error

    def start(self, catalog: Catalog, on_change: Callable[[], None]) -> None:
        """Load everything, from the cache where the API is away, and follow the objects; see ``Store``."""
        self._catalog = catalog
        with self._lock:
            self._kept = self._state_dir.load()
            self._load_cache()
        version = ""
        try:
            self._check_access()
            version = self._watch.list()
        except ApiUnreachable as error:
            self._log.error("api_away", reason=str(error), machines=len(self._objects))
            self.trouble(str(error))
        except ApiError as error:
            raise StoreError(NO_CRD if error.status == 404 else str(error)) from error
        self._on_change, self._started = on_change, True
        self._writer.start()
        self._cache_saver.start()
        self._watch.start(version)

    def stop(self) -> None:
        """Stop following the objects, write what can be written now; see ``Store``."""
        self._watch.stop()
        self._on_change = None
        if self._started:
            self._started = False
            self._writer.stop()
            self._cache_saver.stop()
            self._save_cache()

    def load_states(self) -> Mapping[str, State]:
        """Return the latest states, of the state directory or the objects; see ``Store``."""
        with self._lock:
            return dict(self._kept.states)

    def changed_states(self) -> Mapping[str, State]:
        """Return the states that another replica has written since the last call; see ``Store``."""
        with self._lock:
            adopted, self._adopted = self._adopted, {}
            return adopted

    def save(self, states: Mapping[str, State]) -> None:
        """Serve the machines as ``states`` have them, keep these on disk, and have the API take them; see ``Store``."""
        self._state_dir.save({key: self._serve(key, state) for key, state in states.items()})

    def _serve(self, key: str, state: State) -> State:
        """Serve the machine as ``state`` has it, have the API take it, and return it as it is to be kept."""
        with self._lock:
            if key in self._unreadable and not state.switched_off:
                state = replace(state, switched_off=self._unreadable[key])
            before = self._kept.states.get(key)
            self._kept.states[key] = state
            if state.switched_off:
                self._kept.recovered.add(key)
            live = self._objects.get(key)
            if live is not None and (served := self._as_served(live)) is not self._catalog.get(key):
                self._catalog.upsert(served)
        if live is not None and self._started:
            self._writer.write_state(key)
            self._post_stage_event(key, live, before, state)
        return state

    def backlog(self) -> Backlog:
        """Return the states that have not reached their objects yet; see ``Store``."""
        return self._writer.backlog()

    def problems(self) -> list[StoreProblem]:
        """Return what is wrong with the API, the objects and the states now, the first MAX_PROBLEMS of it."""
        with self._lock:
            found = list(self._all_problems())
        if len(found) <= MAX_PROBLEMS:
            return found
        return [*found[:MAX_PROBLEMS], StoreProblem(self._client.server, f"{len(found) - MAX_PROBLEMS} more problems")]

    def listed(self, objects: list[Mapping[str, Any]], version: str) -> None:
        """Take ``objects`` for all there are; see ``Follower``."""
        found = {live.machine.key: live for item in objects if (live := live_object_from(item)) is not None}
        with self._lock:
            gone = {key: live for key, live in self._objects.items() if key not in found}
            # Versions only rise: where they fall, this is a cluster that has lost data, not one somebody cleaned up.
            kept_on = gone.keys() if is_earlier(version, self._version) else gone.keys() & self._missing
            self._missing = frozenset(kept_on)
            self._objects = found | {key: gone[key] for key in self._missing}
            self._version = version
            for live in found.values():
                self._adopt_newer(live)
            self._catalog.replace([self._as_served(live) for live in self._objects.values()])
            waiting = [key for key, live in found.items() if self._differs(live)]
        for key in waiting:
            self._writer.write_state(key)
        self._changed()

    def applied(self, events: list[tuple[str, Mapping[str, Any]]], version: str) -> None:
        """Take in what a watch told; see ``Follower``."""
        with self._lock:
            changed = [self._apply(kind, item) for kind, item in events]
            self._version = version
        if any(changed):
            self._changed()

    def trouble(self, reason: str) -> None:
        """Keep why the objects can't be followed, as a problem of the store; see ``Follower``."""
        if reason != self._trouble:
            self._trouble = reason
            if self._on_change is not None:
                self._on_change()

    def _apply(self, kind: str, item: Mapping[str, Any]) -> bool:
        """Take in one event; return whether anything is served, or said, differently."""
        live = live_object_from(item)
        if live is None:
            return False
        key = live.machine.key
        before = self._objects.get(key)
        if key in self._missing:
            self._missing -= {key}
        elif before is not None and is_earlier(live.version, before.version):
            return False  # an answer to a patch has overtaken the watch
        if kind == "DELETED":
            self._objects.pop(key, None)
            self._catalog.remove(key)
            return before is not None
        self._objects[key] = live
        adopted = self._adopt_written(live, before)
        served = self._as_served(live)
        self._catalog.upsert(served)
        if not self._writer.is_waiting(key) and self._has_wrong_switch(live):
            self._writer.write_state(key)
        return adopted or before is None or before.machine != live.machine or before.problems != live.problems

    def _adopt_newer(self, live: LiveObject) -> None:
        """Take the object's state for the machine's where it is newer than the one on disk."""
        key = live.machine.key
        kept = self._kept.states.get(key)
        if live.state is not None and is_newer(live, kept, time.time()):
            self._kept.states[key] = self._adopted[key] = live.state
            self._unreadable.pop(key, None)
        elif live.annotation and live.state is None and kept is None:
            self._unreadable.setdefault(key, _all_off(live))
        if live.state is not None and self._kept.states[key].installs >= live.state.installs:
            self._kept.recovered.add(key)  # no installation that the object tells of is missing here

    def _adopt_written(self, live: LiveObject, before: LiveObject | None) -> bool:
        """Take a state that another replica has just written; return whether there was one."""
        key = live.machine.key
        if (before is not None and live.annotation == before.annotation) or self._writer.is_waiting(key):
            return False
        kept = self._kept.states.get(key)
        if live.state is None or live.state == kept or (kept is not None and is_older(live.state, kept, time.time())):
            return False
        self._kept.states[key] = self._adopted[key] = live.state
        self._unreadable.pop(key, None)
        return True

    def _as_served(self, live: LiveObject) -> Machine:
        served = as_served(live, self._state_of(live))
        present = self._catalog.get(served.key)
        return present if present == served else served

    def _state_of(self, live: LiveObject) -> State | None:
        # A machine whose state can't be read may have been installed since: better it waits for somebody than that its
        # disks are overwritten.
        key = live.machine.key
        if self._kept.is_unreadable(key):
            return State(switched_off=_all_off(live))
        return self._kept.states.get(key) or (
            State(switched_off=self._unreadable[key]) if key in self._unreadable else None
        )

    def _differs(self, live: LiveObject) -> bool:
        kept = self._kept.states.get(live.machine.key)
        return kept is not None and bool(patch_of(live, kept))

    def _has_wrong_switch(self, live: LiveObject) -> bool:
        kept = self._kept.states.get(live.machine.key)
        return kept is not None and any(operation["op"] == "replace" for operation in patch_of(live, kept))

    def _patch_for(self, key: str) -> list[dict[str, Any]] | None:
        with self._lock:
            live, kept = self._objects.get(key), self._kept.states.get(key)
            return None if live is None or kept is None else patch_of(live, kept)

    def _take_written(self, key: str, document: Mapping[str, Any]) -> None:
        """Take in the object as a patch has left it, before the watch tells it."""
        with self._lock:
            if key not in self._objects:
                return
            changed = self._apply("MODIFIED", document)
        if changed:
            self._changed()

    def _post_stage_event(self, key: str, live: LiveObject, before: State | None, state: State) -> None:
        if before is None or (before.stage, before.attempt) != (state.stage, state.attempt):
            event = stage_event(key, live.uid, state, self._host)
            if event is not None:
                self._writer.post_event(event)

    def _changed(self) -> None:
        self._cache_due = True
        self._cache_saver.wake()
        if self._on_change is not None:
            self._on_change()

    def _check_access(self) -> None:
        missing = missing_rules(self._client, self._namespace, self._own)
        if missing:
            raise StoreError("\n  ".join(["bootd may not do what it has to do in this cluster:", *missing]))

    def _load_cache(self) -> None:
        try:
            cached = self._cache.load()
        except (OSError, ValueError) as error:
            self._log.error("cache_not_read", path=str(self._cache.path), reason=str(error))
            return
        lives = [live for item in cached.objects if (live := live_object_from(item)) is not None]
        self._objects = {live.machine.key: live for live in lives}
        self._version, self._missing = cached.version, cached.missing & self._objects.keys()
        for live in lives:
            self._adopt_newer(live)
        self._catalog.replace([self._as_served(live) for live in lives])

    def _save_cache(self) -> float | None:
        """Write the cache where something has changed; return the seconds until it may be written again."""
        began = time.monotonic()
        if not self._cache_due:
            return None
        if self._started and began < self._cache_free_at:
            return self._cache_free_at - began
        with self._lock:
            self._cache_due = False
            objects, version, missing = [live.raw for live in self._objects.values()], self._version, self._missing
        try:
            self._cache.save(objects, version, missing)
        except OSError as error:
            self._cache_due = True
            self._log.error("cache_not_written", path=str(self._cache.path), reason=error.strerror or str(error))
        ended = time.monotonic()
        self._cache_free_at = ended + max(CACHE_SECONDS, CACHE_SHARE * (ended - began))
        # What could not be written is tried again, also where nothing else changes.
        return self._cache_free_at - ended if self._cache_due else None

    def _all_problems(self) -> Iterator[StoreProblem]:
        if self._trouble:
            message = f"{self._trouble}; the machines it held are served as they were"
            yield StoreProblem(self._client.server, message)
        if self._writer.trouble and len(self._writer):
            message = f"{len(self._writer)} states wait for the API: {self._writer.trouble}"
            yield StoreProblem(self._client.server, message)
        for key in sorted(self._missing):
            yield StoreProblem(f"Hardware {key}", f"not in the cluster any more, {self._why_missing()}")
        yield from self._kept.problems
        for live in self._objects.values():
            yield from live.problems
        yield from clash_problems(self._catalog.clashes())

    def _why_missing(self) -> str:
        return (
            "which has lost data or was restored from a backup; served on as it was. Apply it again, or, to forget it, "
            f"remove {self._cache.path} and restart bootd"
        )


def _all_off(live: LiveObject) -> dict[str, str]:
    """Return the ``switched_off`` that holds the machine until its object asks for another installation."""
    return {interface.mac: live.machine.reprovision for interface in live.machine.interfaces}
