# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab has made, written down before it is made, so that another process can take it away after a crash."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from . import mounts, namespaces

# Beside /run/netns, and gone with it when the host restarts.
DIRECTORY = Path("/run/baremetal-netboot-lab")


class NameTaken(RuntimeError):
    """A lab of that name is up, and belongs to another process."""


class Ledger:
    """The namespaces of the lab ``name``, where it mounts, and the process that owns it, in one small file."""

    def __init__(self, name: str) -> None:
        """Open the ledger of the lab ``name``, new or left over by an earlier process."""
        self.path = DIRECTORY / f"{name}.json"
        self._namespaces: list[str] = []
        self._directories: list[str] = []
        self._owner = _this_process()
        if self.path.exists():
            document = json.loads(self.path.read_text())
            self._namespaces = document["namespaces"]
            self._directories = document.get("directories", [])
            self._owner = tuple(document["owner"])

    @property
    def owner_is_alive(self) -> bool:
        """Whether the process that made the lab still runs: same id, and started at the same time."""
        pid, started = self._owner
        return start_time(pid) == started

    def take_over(self) -> None:
        """Make this process the owner; what a dead owner left goes first. Raises NameTaken if the owner lives."""
        if self._owner == _this_process():
            return
        if self.owner_is_alive:
            raise NameTaken(f"process {self._owner[0]} has a lab called {self.path.stem}")
        self.clear()
        self._owner = _this_process()

    def add(self, namespace: str) -> None:
        """Write ``namespace`` down; to be called before it is made."""
        self._namespaces.append(namespace)
        self._write()

    def add_directory(self, directory: Path) -> None:
        """Write down that something will be mounted below ``directory``."""
        self._directories.append(str(directory))
        self._write()

    def clear(self) -> None:
        """End all that was written down, then forget it."""
        for namespace in reversed(self._namespaces):
            namespaces.delete(namespace)
        self._namespaces.clear()
        for directory in self._directories:
            mounts.clear(Path(directory))
        self._directories.clear()
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        DIRECTORY.mkdir(exist_ok=True)
        draft = self.path.with_suffix(".new")
        document = {"owner": self._owner, "namespaces": self._namespaces, "directories": self._directories}
        draft.write_text(json.dumps(document))
        draft.replace(self.path)


def all_ledgers() -> Iterator[Ledger]:
    """The ledgers of every lab on this host."""
    for path in sorted(DIRECTORY.glob("*.json")):
        yield Ledger(path.stem)


def _this_process() -> tuple[int, int | None]:
    return os.getpid(), start_time(os.getpid())


def start_time(pid: int) -> int | None:
    """When ``pid`` started, in clock ticks since boot (/proc/PID/stat, field 22); None if it does not run."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command name before the last parenthesis may hold anything, spaces and parentheses among it.
    state, *fields = text.rpartition(")")[2].split()
    # One that was killed stays as a zombie where nobody asks for its exit status.
    return None if state in "ZX" else int(fields[18])
