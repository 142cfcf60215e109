# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A terminal whose whole screen is drawn: what was on it before comes back however the program ends."""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import termios
import tty
from types import FrameType, TracebackType

# ECMA-48, and xterm's private modes 1049 (the other screen), 25 (the cursor) and 7 (a long line goes on in the next).
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _CLEAR_LINE, _CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """The terminal on standard input and output, from ``with`` to its end, Ctrl-C and SIGTERM included.

    Ctrl-Z gives it back, ``fg`` takes it again.
    """

    def __init__(self) -> None:
        self._input = sys.stdin.fileno()
        self._modes = termios.tcgetattr(self._input)
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    @staticmethod
    def is_there() -> bool:
        """Return whether there is a terminal to draw on and to hear keys from."""
        return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    def __enter__(self) -> Screen:
        """Take the terminal."""
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGWINCH, self._resized)
        signal.signal(signal.SIGTSTP, self._suspend)
        self._take()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Give it back as it was."""
        self._give_back()

    @property
    def size(self) -> tuple[int, int]:
        """Return columns and lines."""
        found = shutil.get_terminal_size()
        return found.columns, found.lines

    def draw(self, lines: list[str]) -> None:
        """Show ``lines``, as many as there is room for."""
        body = "\r\n".join(f"{line}{_CLEAR_LINE}" for line in lines[: self.size[1]])
        self._write(f"{_HOME}{body}{_CLEAR_REST}")

    def wake(self) -> None:
        """Have ``wait`` return now; may be called from any thread."""
        try:
            os.write(self._wake, b"x")
        except BlockingIOError:
            pass  # it wakes anyhow

    def wait(self, seconds: float) -> str:
        """Return the keys that are pressed within ``seconds``, "" for none; sooner where ``wake`` was called."""
        ready, _unused, _none = select.select([self._input, self._woken], [], [], seconds)
        if self._woken in ready:
            os.read(self._woken, 4096)
        return os.read(self._input, 64).decode("utf-8", "replace") if self._input in ready else ""

    def _take(self) -> None:
        tty.setcbreak(self._input)
        self._write(_ENTER)

    def _give_back(self) -> None:
        self._write(_LEAVE)
        termios.tcsetattr(self._input, termios.TCSADRAIN, self._modes)

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def _end(self, number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    def _resized(self, _number: int, _frame: FrameType | None) -> None:
        self.wake()

    def _suspend(self, _number: int, _frame: FrameType | None) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()  # here it goes on after `fg`
        self.wake()
