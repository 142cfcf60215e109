# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces: make one, enter one, and end all that lives in one.

A process belongs to the lab when it lives in one of the lab's namespaces. The kernel keeps that true for children,
daemons and processes whose parent was killed, so no list of process ids has to be written down and kept right.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .command import run

DIRECTORY = Path("/run/netns")
GRACE = 5.0  # seconds between the request to end and the kill


def create(name: str) -> None:
    """Make the namespace ``name`` with its loopback up."""
    run(["ip", "netns", "add", name])
    run(["ip", "-n", name, "link", "set", "lo", "up"])


def exists(name: str) -> bool:
    """Whether the namespace ``name`` is there."""
    return (DIRECTORY / name).exists()


def inside(name: str, argv: Sequence[str]) -> list[str]:
    """The command that runs ``argv`` in the namespace ``name``; unlike `ip netns exec` it leaves /sys as it is."""
    return ["nsenter", f"--net={DIRECTORY / name}", "--", *argv]


def processes(name: str) -> Iterator[int]:
    """Process ids that live in the namespace ``name``, this process never among them."""
    wanted = _identity(DIRECTORY / name)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _identity(entry / "ns/net") == wanted:
            yield int(entry.name)


def delete(name: str) -> None:
    """End every process in the namespace ``name`` and delete it with its interfaces; nothing happens if it is gone."""
    if not exists(name):
        return
    _end_all(name)
    run(["ip", "netns", "delete", name])


def _end_all(name: str) -> None:
    """Ask every process in the namespace to end, and kill what is left after the grace."""
    deadline = time.monotonic() + GRACE
    asked: set[int] = set()
    while alive := set(processes(name)):
        late = time.monotonic() > deadline
        for pid in alive if late else alive - asked:
            _signal_inhabitant(name, pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= alive
        _wait_for_one(alive, timeout=0.2)


def _signal_inhabitant(name: str, pid: int, number: signal.Signals) -> None:
    """Signal ``pid`` if it still lives in the namespace; the descriptor keeps its number from being reused."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if _identity(Path(f"/proc/{pid}/ns/net")) == _identity(DIRECTORY / name):
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return  # it ended by itself between the look and the signal
    finally:
        os.close(handle)


def _wait_for_one(pids: set[int], timeout: float) -> None:
    """Return when one of ``pids`` has ended, or after ``timeout`` seconds."""
    handles = []
    try:
        for pid in pids:
            handles.append(os.pidfd_open(pid))
        select.select(handles, [], [], timeout)
    except ProcessLookupError:
        return
    finally:
        for handle in handles:
            os.close(handle)


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode that name a namespace; None where there is none to see, as of a process that ended."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
