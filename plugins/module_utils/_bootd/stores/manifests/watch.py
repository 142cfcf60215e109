# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Follows a manifest directory by inotify, and looks at it every RESCAN seconds where that tells nothing."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

try:
    from inotify_simple import INotify, flags
except ImportError:
    pass

from .directory import is_manifest_name
from .tree import WriterActivity

QUIET = 0.05  # seconds without an event after which a change is taken for complete
MAX_WAIT = 0.2  # seconds that a change waits at most while others go on
RESCAN = 30.0  # seconds between looks that nothing asked for: a network file system tells of no changes
RESCAN_BLIND = 1.0  # seconds, where the system grants no inotify


class ManifestWatch:
    """Calls ``look(seen)`` in a thread of its own whenever something may have changed below a directory.

    ``look`` returns the directories to watch from then on, and after how many seconds it wants to be called again, 0:
    when something happens.
    """

    def __init__(self, look: Callable[[WriterActivity], tuple[Iterable[str], float]]) -> None:
        self._look = look
        self._inotify: INotify | None = None
        self._watched: dict[int, str] = {}  # watch descriptor -> directory
        self._finished: set[str] = set()  # since the last look
        self._writing: set[str] = set()  # changed, and not closed yet
        self._stopped = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._wait_first = 0.0
        self._thread: threading.Thread | None = None
        self._blind = ""  # why there is no inotify, where there is none

    def open(self, directories: Iterable[str]) -> None:
        """Begin to collect what happens in ``directories``."""
        try:
            self._inotify = INotify(nonblocking=True)
        except OSError as error:
            self._blind = f"no inotify: {error.strerror}; changes are served after {RESCAN_BLIND:.0f} s"
            return
        self._watch(directories)

    def start(self, directories: Iterable[str]) -> None:
        """Start the thread. It looks at once where one of ``directories`` was not watched since ``open``."""
        self._wait_first = 0.0 if self._watch(directories) else self._pause(0.0)
        self._thread = threading.Thread(target=self._run, name="manifests", daemon=True)
        self._thread.start()

    def trouble(self) -> str:
        """Return why changes are served late or not at all, "" where they are served as they should."""
        if self._thread is not None and not self._thread.is_alive():
            return "changes are no longer served: the thread that follows them met a fault; restart bootd"
        return self._blind

    def stop(self) -> None:
        """End the thread and close everything."""
        os.eventfd_write(self._stopped, 1)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
        os.close(self._stopped)

    def _run(self) -> None:
        pause = self._wait_first
        while (seen := self._wait(pause)) is not None:
            directories, again_in = self._look(seen)
            # What came into a new directory before it was watched is found by looking again.
            pause = 0.0 if self._watch(directories) else self._pause(again_in)

    def _pause(self, again_in: float) -> float:
        return again_in or (RESCAN_BLIND if self._blind else RESCAN)

    def _watch(self, directories: Iterable[str]) -> bool:
        """Watch exactly ``directories``; return whether there was a new one among them."""
        if self._inotify is None:
            return False
        watched: dict[int, str] = {}
        self._blind = ""
        for directory in directories:
            try:
                watched[self._inotify.add_watch(directory, _mask())] = directory
            except FileNotFoundError:
                continue
            except OSError as error:
                reason = f"{directory} can't be watched: {error.strerror}"
                self._blind = f"{reason}; changes are served after {RESCAN_BLIND:.0f} s"
        for descriptor in self._watched.keys() - watched.keys():
            # The system has forgotten it already where the directory is gone.
            with suppress(OSError):
                self._inotify.rm_watch(descriptor)
        new = bool(watched.keys() - self._watched.keys())
        self._watched = watched
        self._writing = {path for path in self._writing if os.path.dirname(path) in watched.values()}
        return new

    def _wait(self, timeout: float) -> WriterActivity | None:
        """Wait until something happened and has come to rest; return what is known then, None to stop."""
        poller = select.poll()
        poller.register(self._stopped, select.POLLIN)
        if self._inotify is not None:
            poller.register(self._inotify.fileno(), select.POLLIN)
        deadline = time.monotonic() + timeout
        happened = False
        while ready := poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            if any(descriptor == self._stopped for descriptor, _unused in ready):
                return None
            if not happened:
                happened = True
                last = time.monotonic() + MAX_WAIT
            elif time.monotonic() >= last:
                break
            self._take_events()
            deadline = min(time.monotonic() + QUIET, last)
        # Read after the clock: all that happened before that time is known.
        now = time.time()
        self._take_events()
        seen = WriterActivity(now, frozenset(self._finished), frozenset(self._writing))
        self._finished.clear()
        return seen

    def _take_events(self) -> None:
        if self._inotify is None:
            return
        for event in self._inotify.read(timeout=0):
            if event.mask & flags.Q_OVERFLOW:
                self._writing.clear()
            directory = self._watched.get(event.wd)
            if directory is None or not is_manifest_name(event.name):
                continue
            path = os.path.join(directory, event.name)
            if event.mask & flags.MODIFY:
                self._writing.add(path)
                self._finished.discard(path)
            elif event.mask & (flags.CLOSE_WRITE | flags.MOVED_TO):
                self._writing.discard(path)
                self._finished.add(path)
            elif event.mask & (flags.DELETE | flags.MOVED_FROM):
                self._writing.discard(path)
                self._finished.discard(path)


def _mask() -> int:
    mask: int = (
        flags.MODIFY
        | flags.CLOSE_WRITE
        | flags.CREATE
        | flags.MOVED_FROM
        | flags.MOVED_TO
        | flags.DELETE
        | flags.DELETE_SELF
        | flags.MOVE_SELF
        | flags.ATTRIB
        | flags.ONLYDIR
    )
    return mask
