# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process in the background, found again by its pid file and by what /proc says of it.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

POLL = 0.05  # seconds
STOP_TIMEOUT = 15.0  # seconds for a process to end after SIGTERM, before SIGKILL


class Background:
    """The process that ``pid_file`` names, as long as ``program`` is a word of its command line.

    A pid may since belong to another process, which must neither count nor be stopped.
    """

    def __init__(self, program: str, pid_file: str) -> None:
        self.program = program
        self.pid_file = Path(pid_file)

    def pid(self) -> int | None:
        """Return the process's pid, or None where it does not run."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._runs(pid) else None

    def _runs(self, pid: int) -> bool:
        return self.program in self.command_line(pid)

    def command_line(self, pid: int) -> list[str]:
        """Return the words with which process ``pid`` was started."""
        return _words(pid, "cmdline")

    def environment(self, pid: int, prefix: str) -> dict[str, str]:
        """Return the variables that begin with ``prefix`` with which process ``pid`` was started."""
        pairs = (word.partition("=") for word in _words(pid, "environ"))
        return {name: value for name, _equals, value in pairs if name.startswith(prefix)}

    def start(self, argv: Sequence[str], environment: Mapping[str, str], log_file: str) -> subprocess.Popen[bytes]:
        """Start ``argv`` in a session of its own, its output at the end of ``log_file``; raises OSError."""
        with open(log_file, "ab") as log:
            # run_command waits for what it runs, and this outlives the module.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                list(argv),
                cwd="/",
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid_file.write_text(f"{process.pid}\n", encoding="ascii")
        return process

    def stop(self, pid: int) -> None:
        """End process ``pid`` and return when it is gone: SIGTERM, and SIGKILL for one that does not listen."""
        for number, patience in ((signal.SIGTERM, STOP_TIMEOUT), (signal.SIGKILL, STOP_TIMEOUT)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                break
            end = time.monotonic() + patience
            while self._runs(pid) and time.monotonic() < end:
                time.sleep(POLL)
            if not self._runs(pid):
                break
        self.pid_file.unlink(missing_ok=True)


def size_of(path: str) -> int:
    """Return how many bytes a file has, 0 where there is none."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def last_lines(path: str, count: int, start: int = 0) -> list[str]:
    """Return the last ``count`` lines of a log from byte ``start`` on; raises OSError."""
    with open(path, "rb") as file:
        file.seek(max(start, size_of(path) - 64 * 1024))
        return file.read().decode("utf-8", "replace").splitlines()[-count:]


def _words(pid: int, name: str) -> list[str]:
    """Return a file of /proc that holds words, each with a NUL after it; none for a process that has ended."""
    try:
        raw = Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [word.decode("utf-8", "surrogateescape") for word in raw.split(b"\0")[:-1]]
