# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells others how far a run is: a small hidden file beside the images, replaced about once a second.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

NAME = ".progress.json"
PERIOD = 1.0  # seconds


class Progress:
    """Counts what was read or received of each file, from any thread; ``path`` None: tells nobody.

    The document is ``{"files": {NAME: {"doing": "reading" | "fetching" | "done", "bytes": n, "size": n or null}}}``.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._files: dict[str, dict[str, int | str | None]] = {}
        self._told_at = -PERIOD

    def begin(self, name: str, doing: str, size: int | None) -> Callable[[int], None]:
        """Begin to count a file's bytes and return what to call with those that were added."""
        with self._lock:
            self._files[name] = entry = {"doing": doing, "bytes": 0, "size": size}
        self._tell()

        def add(count: int) -> None:
            with self._lock:
                entry["bytes"] = int(entry["bytes"] or 0) + count
            self._tell()

        return add

    def done(self, name: str) -> None:
        """A file is there and right."""
        with self._lock:
            if name in self._files:
                self._files[name]["doing"] = "done"
        self._tell(now=True)

    def end(self) -> None:
        """Leave nothing behind."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _tell(self, *, now: bool = False) -> None:
        if self._path is None:
            return
        with self._lock:
            if not now and self._clock() - self._told_at < PERIOD:
                return
            self._told_at = self._clock()
            text = json.dumps({"files": self._files})
            draft = self._path.with_name(f"{NAME}.part")
            try:
                draft.write_text(text, encoding="utf-8")
                os.replace(draft, self._path)
            except OSError:
                # Nobody is told any more; the images matter.
                self._path = None
