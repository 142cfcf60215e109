# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command to its end, and say what it printed when it fails."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence


class CommandFailed(RuntimeError):
    """A command is not there or ended with a status other than 0; the message has the command and its own words."""


def run(
    argv: Sequence[str], *, check: bool = True, timeout: float = 60, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run ``argv`` for at most ``timeout`` seconds and return what it printed; raises CommandFailed if ``check``."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        done = subprocess.run(list(argv), check=False, timeout=timeout, text=True, **pipes, **options)
    except FileNotFoundError as error:
        raise CommandFailed(f"{argv[0]}: not installed") from error
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise CommandFailed(f"{shlex.join(argv)}: exit status {done.returncode}: {said}")
    return done
