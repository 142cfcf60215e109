# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command to its end, and say what it printed when it fails."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence

# Of what takes a second or less on an idle host, and takes its turn on a busy one.
PATIENCE = 180.0  # seconds


class CommandFailed(RuntimeError):
    """A command is not there, took too long or ended with another status than 0; the message has its own words."""


def run(
    argv: Sequence[str], *, check: bool = True, timeout: float = PATIENCE, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run ``argv`` for at most ``timeout`` seconds and return what it printed.

    Raises CommandFailed where it is not there or takes longer, and if ``check`` where it fails.
    """
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        done = subprocess.run(list(argv), check=False, timeout=timeout, text=True, **pipes, **options)
    except FileNotFoundError as error:
        raise CommandFailed(f"{argv[0]}: not installed") from error
    except subprocess.TimeoutExpired as error:
        said = (error.stderr or error.stdout or b"").decode(errors="replace").strip()
        raise CommandFailed(f"{shlex.join(argv)}: has not ended in {timeout:.0f} s: {said}") from error
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise CommandFailed(f"{shlex.join(argv)}: exit status {done.returncode}: {said}")
    return done
