# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Follows objects of a cluster: a list, then a watch from where it stood, again and again."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..hardware.model import text_at
from ..process.faults import Caught, fields_of
from .client import Client, Watch
from .errors import ApiError, ApiUnreachable

PAGE = 500  # objects of one answer
WATCH_SECONDS = 240  # after which the server ends a watch, and the next begins
MAX_WAITING = 4096  # events read and not applied yet
FIRST_RETRY = 0.2
LIST_SECONDS = 1.0  # between two lists, whatever the server says of the version that the last one gave
LAST_RETRY = 5.0
GONE = 410  # HTTP status, and the code in an ERROR event: the version is too old to watch from


class Follower(Protocol):
    """The callbacks of an ObjectWatch. All calls come from one thread at a time."""

    def listed(self, objects: list[Mapping[str, Any]], version: str) -> None:
        """Take ``objects`` for all there are, as of ``version``."""

    def applied(self, events: list[tuple[str, Mapping[str, Any]]], version: str) -> None:
        """Take in ``(type, object)`` of a watch, type ADDED, MODIFIED or DELETED; ``version`` follows the last."""

    def trouble(self, reason: str) -> None:
        """Take note of why the objects can't be followed; "" once they can again."""


@dataclass(slots=True)
class _Batch:
    """What was read of a watch and waits to be applied together."""

    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    version: str = ""


class ObjectWatch:
    """Follows the objects at ``path`` that the label ``selector`` selects; calls ``follower`` from its own thread."""

    def __init__(
        self,
        client: Client,
        path: str,
        follower: Follower,
        *,
        selector: str = "",
        page: int = PAGE,
        name: str = "",
        list_seconds: float = LIST_SECONDS,
    ) -> None:
        self._client = client
        self._path = path
        self._selection = {"labelSelector": selector} if selector else {}
        self._page = page
        self._name = name or path.rpartition("/")[2]
        self._follower = follower
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._watch: Watch | None = None
        self._version = ""  # to watch from; "" to list again. Only the thread has it.
        self._list_seconds = list_seconds
        self._listed_at = -list_seconds  # on time.monotonic
        self._thread: threading.Thread | None = None

    def list(self) -> str:
        """List everything once; return the version to watch from; raises ApiError and ApiUnreachable."""
        self._listed_at = time.monotonic()
        objects, version = list_all(self._client, self._path, self._page, self._selection)
        self._follower.listed(objects, version)
        return version

    def start(self, version: str = "") -> None:
        """Follow from ``version`` on; from a list where it is ""."""
        self._thread = threading.Thread(target=self._run, args=(version,), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; no error where it never started."""
        with self._lock:
            self._stopping.set()
            if self._watch is not None:
                self._watch.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, version: str) -> None:
        wait, self._version = 0.0, version
        while not self._stopping.wait(self._pause()):
            with Caught() as caught:
                self._version = self._version or self.list()
                # Begun, the watch proves that the API is back, also where nothing ever happens.
                self._follow()
                wait = 0.0
            error = caught.fault
            if error is None or self._stopping.is_set():
                continue  # what closes a watch under its reader may be any error
            if not isinstance(error, ApiUnreachable):
                self._version = ""  # refused, or not understood: a list says what is true now
            if isinstance(error, ApiError) and error.status == GONE:
                continue
            expected = isinstance(error, (ApiError, ApiUnreachable))
            self._follower.trouble(
                str(error) if expected else "a fault: {reason} at {where}".format(**fields_of(error))
            )
            wait = min(max(wait * 2, FIRST_RETRY), LAST_RETRY)
            # Many daemons that lost one API server shall not come back in step.
            self._stopping.wait(wait * random.uniform(0.5, 1.0))

    def _pause(self) -> float:
        """Return for how many seconds the objects are not to be listed again, 0.0 where no list is needed."""
        return 0.0 if self._version else max(0.0, self._listed_at + self._list_seconds - time.monotonic())

    def _follow(self) -> None:
        """Watch until the server ends it or it is lost; what came before is not asked for again."""
        query = {"resourceVersion": self._version, "allowWatchBookmarks": "true", **self._selection}
        watch = self._client.watch(self._path, query, WATCH_SECONDS + random.randrange(60))
        with self._lock:
            if self._stopping.is_set():
                watch.stop()
            self._watch = watch
        self._follower.trouble("")
        try:
            for batch in batches(watch):
                if any(kind == "ERROR" for kind, _unused in batch.events):
                    self._version = ""
                    return
                self._version = batch.version or self._version
                self._follower.applied(batch.events, self._version)
        finally:
            with self._lock:
                self._watch = None
            watch.stop()


def list_all(
    client: Client, path: str, page: int = PAGE, selection: Mapping[str, str] | None = None
) -> tuple[list[Mapping[str, Any]], str]:
    """Return all objects at ``path``, ``page`` at a time, and the version to watch from; raises as ``Client.get``."""
    objects: list[Mapping[str, Any]] = []
    query: dict[str, Any] = {"limit": page, **(selection or {})}
    while True:
        answer = client.get(path, query)
        objects += answer.get("items") or ()
        meta = answer.get("metadata") or {}
        query["continue"] = meta.get("continue")
        if not query["continue"]:
            return objects, str(meta.get("resourceVersion", ""))


def batches(events: Iterable[Mapping[str, Any]]) -> Iterator[_Batch]:
    """Yield the events that have arrived since the last batch, together: a burst of a thousand is applied as one.

    Raises what reading ``events`` raises, after all that came before it.
    """
    arrived: queue.Queue[Mapping[str, Any]] = queue.Queue(MAX_WAITING)
    end: Mapping[str, Any] = {}  # told from an empty event by being this very object
    failed: list[BaseException] = []

    def read() -> None:
        with Caught() as caught:
            for event in events:
                arrived.put(event)
        if caught.fault is not None:
            failed.append(caught.fault)
        arrived.put(end)

    reader = threading.Thread(target=read, name="watch-events", daemon=True)
    reader.start()
    going = True
    while going:
        batch = _Batch()
        waiting = [arrived.get(), *_all_waiting(arrived)]
        if waiting[-1] is end:
            waiting.pop()
            going = False
        for event in waiting:
            _take(batch, event)
        if waiting:
            yield batch
    reader.join()
    if failed:
        raise failed[0]


def _all_waiting(waiting: queue.Queue[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for _unused in range(MAX_WAITING):
        try:
            yield waiting.get_nowait()
        except queue.Empty:
            return


def _take(batch: _Batch, event: Mapping[str, Any]) -> None:
    kind, value = event.get("type"), event.get("object")
    if not isinstance(value, Mapping):
        return
    if kind in ("ADDED", "MODIFIED", "DELETED", "ERROR"):
        batch.events.append((kind, value))
    if kind != "ERROR":
        batch.version = text_at(value, "metadata", "resourceVersion") or batch.version
