# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress bars on the terminal that ansible-playbook runs in, drawn over anew while a task goes on.

An action runs in a process of its own, which Ansible cuts off from the terminal: what it gives to Display goes to the
main process, which alone writes. So this says by Display what to draw. Whether there is a terminal only the main
process knows, and Ansible imports actions there before it forks.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ansible import constants
from ansible.utils.display import Display

WIDTH = 20  # characters of a bar
MAX_LINES = 12
# ECMA-48: erase below, go up; and xterm's mode 7, by which a line that is too long does not go on in the next.
_ERASE = "\r\x1b[J"
_CUT, _WRAP = "\x1b[?7l", "\x1b[?7h"
_HAS_TERMINAL = sys.stdout is not None and sys.stdout.isatty()
_CALLBACKS = ("default", "ansible.builtin.default")

display = Display()


def _erase_at_end() -> None:
    """Leave nothing below the prompt where a run is interrupted, and nobody is left to take bars away."""
    sys.stdout.write("\x1b[J")
    sys.stdout.flush()


if _HAS_TERMINAL:
    atexit.register(_erase_at_end)  # in the main process: those that it forks end without


class Bars:
    """Lines that stand below all that is shown, until ``clear``; nothing at all where they are not ``wanted``.

    The cursor is left on an empty line above them, so that whatever else Ansible shows meanwhile begins there.
    """

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted
        self._drawn = False

    def draw(self, lines: Sequence[str]) -> None:
        """Show ``lines`` in the place of those that were drawn last."""
        if not self.wanted or not lines:
            return
        kept = [line.replace("\x1b", "?") for line in lines[:MAX_LINES]]
        body = "".join(f"\n{line}" for line in kept)
        self._write(f"{_ERASE}{_CUT}{body}{_WRAP}\x1b[{len(kept)}A\r")
        self._drawn = True

    def clear(self) -> None:
        """Take them away, before something else is shown."""
        if self._drawn:
            self._write(_ERASE)
            self._drawn = False

    @staticmethod
    def _write(text: str) -> None:
        # Not into Ansible's log, which has the lines.
        display.display(text, newline=False, screen_only=True)


def are_wanted(run_once: bool, task_vars: Mapping[str, Any] | None) -> bool:
    """Return whether there is a terminal to draw on that this task has for itself.

    Of several hosts each has a worker, and they would draw over one another. Who asks for details, for no colours, or
    for another form of output gets lines.
    """
    alone = run_once or len((task_vars or {}).get("ansible_play_batch") or ()) == 1
    plain = bool(constants.ANSIBLE_NOCOLOR) or os.environ.get("TERM", "dumb") == "dumb" or display.verbosity > 0
    return _HAS_TERMINAL and alone and not plain and constants.DEFAULT_STDOUT_CALLBACK in _CALLBACKS


def progress_bar(share: float) -> str:
    """Return a bar of which ``share``, from 0 to 1, is done."""
    done = int(WIDTH * min(max(share, 0.0), 1.0))
    return f"[{'#' * done}{'.' * (WIDTH - done)}]"
