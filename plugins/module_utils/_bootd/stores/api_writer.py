# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Writes to the API in a background thread: states as patches, stages as Events, in order, retried until accepted.

The queue holds machine names, not copies of states: however often one changes meanwhile, the last is written once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..kube.client import JSON_PATCH, Client, resource_path
from ..kube.errors import ApiError, ApiUnreachable
from ..process.faults import Caught, fields_of
from ..process.log import Log
from ..process.worker import Worker
from .base import Backlog
from .live_object import GROUP_VERSION, PLURAL

_Argument = TypeVar("_Argument")

FIELD_MANAGER = "bootd"
GATHER = 0.2  # seconds that a state waits for the next one of the same boot
FIRST_RETRY = 0.5
LAST_RETRY = 15.0
MAX_EVENTS = 4096
STOP_SECONDS = 3.0
NOT_FOUND = 404
STALE = (409, 422)  # the object has changed since the patch was made: a conflict, or one of its tests failed


class ApiWriter:
    """A queue of writes to Hardware objects and of Events, and the thread that makes them. Safe to use from any thread.

    ``patch_for(key)`` returns the JSON patch for the machine's object: empty where it is up to date, None where there
    is no object. ``on_written(key, object)`` is called with the object as the API has it after a patch.
    """

    def __init__(
        self,
        client: Client,
        patch_for: Callable[[str], list[dict[str, Any]] | None],
        on_written: Callable[[str, Mapping[str, Any]], None],
        log: Log,
    ) -> None:
        self._client = client
        self._patch_for = patch_for
        self._on_written = on_written
        self._log = log
        self._lock = threading.Lock()
        self._waiting: dict[str, float] = {}  # machine key -> when its state came; the oldest first
        self._events: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS)
        self._failures = 0
        self.trouble = ""
        self._worker = Worker("hardware-states", self._work, log)

    def start(self) -> None:
        """Start to write."""
        self._worker.start()

    def stop(self) -> None:
        """Write what waits, for STOP_SECONDS at most, and stop; what is left is in the state directory too."""
        self._worker.stop()
        deadline = time.monotonic() + STOP_SECONDS
        try:
            for key in list(self._waiting):
                if time.monotonic() > deadline:
                    return
                self._try(self._patch, key)
        except ApiUnreachable as error:
            self._fail(error)

    def write_state(self, key: str) -> None:
        """Queue the machine's state to be written; returns at once."""
        with self._lock:
            self._waiting.setdefault(key, time.monotonic())
        self._worker.wake()

    def is_waiting(self, key: str) -> bool:
        """Return whether a state of the machine has not reached the API yet."""
        return key in self._waiting

    def post_event(self, event: dict[str, Any]) -> None:
        """Queue an Event to be posted; returns at once. With MAX_EVENTS of them waiting the oldest is dropped."""
        self._events.append(event)
        self._worker.wake()

    def backlog(self) -> Backlog:
        """Return the states that have not reached the API yet."""
        with self._lock:
            return Backlog.of(self._waiting.values(), time.monotonic())

    def __len__(self) -> int:
        return len(self._waiting)

    def _work(self) -> float | None:
        """Write what waits; return after how many seconds to be called again, None: when woken."""
        with self._lock:
            waiting = list(self._waiting.items())
        refused = False
        try:
            for key, since in waiting:
                early = since + GATHER - time.monotonic()
                if early > 0:
                    return early
                refused |= not self._try(self._patch, key)
            while self._events and not refused:
                event = self._events[0]
                refused |= not self._try(self._post, event)
                if not refused and self._events and self._events[0] is event:
                    self._events.popleft()
        except ApiUnreachable as error:
            self._fail(error)
            return self._pause()
        if refused:
            return self._pause()
        self._failures, self.trouble = 0, ""
        return GATHER if self._waiting else None

    def _try(self, request: Callable[[_Argument], None], argument: _Argument) -> bool:
        """Make one request; return whether the API accepted it, false where it, or a fault of bootd, prevented it."""
        with Caught(but=(ApiUnreachable,)) as caught:
            request(argument)
        if caught.fault is None:
            return True
        if not isinstance(caught.fault, ApiError):
            self._log.error("fault", thread="hardware-states", **fields_of(caught.fault))
        self._fail(caught.fault)
        return False

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        self.trouble = str(error)

    def _pause(self) -> float:
        return min(FIRST_RETRY * 2.0 ** min(self._failures - 1, 10), LAST_RETRY)

    def _patch(self, key: str) -> None:
        with self._lock:
            came = self._waiting.get(key)
        if patch := self._patch_for(key):
            try:
                self._send(key, patch)
            except ApiError as error:
                if error.status not in STALE:
                    raise
                self._on_written(key, self._client.get(_path(key)))
                self._send(key, self._patch_for(key) or [])
        with self._lock:
            # What came while it was sent is written with the next patch.
            if self._waiting.get(key) == came and not self._patch_for(key):
                self._waiting.pop(key, None)

    def _send(self, key: str, patch: list[dict[str, Any]]) -> None:
        if patch:
            query = {"fieldManager": FIELD_MANAGER}
            self._on_written(key, self._client.request("PATCH", _path(key), query, patch, JSON_PATCH))

    def _post(self, event: dict[str, Any]) -> None:
        path = resource_path("v1", "events", event["metadata"]["namespace"])
        try:
            self._client.request("POST", path, body=event)
        except ApiError as error:
            if error.status in (400, NOT_FOUND, 422):
                return  # the namespace is going, or will never take it
            raise


def _path(key: str) -> str:
    namespace, _slash, name = key.partition("/")
    return resource_path(GROUP_VERSION, PLURAL, namespace, name)
