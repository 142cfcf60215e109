# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Writes to the API behind everybody's back: states as patches, stages as Events, in order, until the API took them.

A state waits as the machine's name, not as a copy: however often it changes meanwhile, the last one is written once.
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
    """``patch_for(key)`` returns what to patch the machine's object with, empty for nothing, None where it has none.

    ``took(key, object)`` is told the object as the API has it afterwards. Safe to use from any thread.
    """

    def __init__(
        self,
        client: Client,
        patch_for: Callable[[str], list[dict[str, Any]] | None],
        took: Callable[[str, Mapping[str, Any]], None],
        log: Log,
    ) -> None:
        self._client = client
        self._patch_for = patch_for
        self._took = took
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
        """Write what waits, for STOP_SECONDS at most, and stop: the state directory has it all."""
        self._worker.stop()
        deadline = time.monotonic() + STOP_SECONDS
        try:
            for key in list(self._waiting):
                if time.monotonic() > deadline:
                    return
                self._try(self._patch, key)
        except ApiUnreachable as error:
            self._fail(error)

    def put(self, key: str) -> None:
        """Have the machine's state written."""
        with self._lock:
            self._waiting.setdefault(key, time.monotonic())
        self._worker.wake()

    def waits(self, key: str) -> bool:
        """Return whether a state of the machine has not reached the API yet."""
        return key in self._waiting

    def tell(self, event: dict[str, Any]) -> None:
        """Have an Event posted; with MAX_EVENTS of them waiting the oldest is lost."""
        self._events.append(event)
        self._worker.wake()

    def __len__(self) -> int:
        return len(self._waiting)

    def _work(self) -> float | None:
        """Write what waits; return when to go on."""
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
        """Return whether the API took it. What it refuses holds up nothing else, and neither does a fault of ours."""
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
                self._took(key, self._client.get(_path(key)))
                self._send(key, self._patch_for(key) or [])
        with self._lock:
            # What came while it was sent is written with the next patch.
            if self._waiting.get(key) == came and not self._patch_for(key):
                self._waiting.pop(key, None)

    def _send(self, key: str, patch: list[dict[str, Any]]) -> None:
        if patch:
            query = {"fieldManager": FIELD_MANAGER}
            self._took(key, self._client.request("PATCH", _path(key), query, patch, JSON_PATCH))

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
