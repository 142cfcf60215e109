# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program on a terminal of its own, as somebody would run it who looks at it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

SECONDS = 30.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*[mK]")
# In a session of its own, whose terminal that is: so Ctrl-C reaches it.
_ON_ITS_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """``argv`` on a terminal of ``columns`` and ``lines``, until the block ends.

    ``modes`` are those of the terminal before it ran, ``output`` is all that was read of it so far.
    """

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], *, columns: int = 100, lines: int = 24) -> None:
        self._ours, self._side = pty.openpty()
        fcntl.ioctl(self._side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.modes = self.modes_now()
        self.output = ""
        side = self._side
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ON_ITS_TERMINAL, *argv],
            stdin=side,
            stdout=side,
            stderr=side,
            env={"TERM": "xterm", **environ},
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._side)

    def modes_now(self) -> list[object]:
        """Return how the terminal is set, as ``termios.tcgetattr`` does."""
        return termios.tcgetattr(self._side)

    def press(self, keys: str) -> None:
        """Type ``keys``."""
        os.write(self._ours, keys.encode())

    def read_until(self, wanted: str) -> None:
        """Read until ``wanted`` has been written, whatever its colours."""
        deadline = time.monotonic() + SECONDS
        while wanted not in _COLOURS.sub("", self.output):
            assert time.monotonic() < deadline, self.output
            self.read(0.1)

    def read(self, patience: float) -> bool:
        """Read what has been written within ``patience`` seconds; return whether there was something."""
        if not select.select([self._ours], [], [], patience)[0]:
            return False
        self.output += os.read(self._ours, 65536).decode("utf-8", "replace")
        return True

    def wait(self) -> int:
        """Return the exit status, once all that it wrote is read."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.output
            self.read(0.05)
        while self.read(0.05):
            pass
        return self.process.returncode
