# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of a tutorial that a test of its own types, word for word, with servers of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docsite.transcript import Typed, steps

ROOT = Path(__file__).resolve().parents[2]


def commands(page: str, *begin: str) -> list[str]:
    """Return those commands of a tutorial that begin so, of those that its own test does not type."""
    alone = [
        step.command for step in steps(ROOT / f"docs/tutorials/{page}.md") if isinstance(step, Typed) and step.alone
    ]
    return [next(command for command in alone if command.startswith(each)) for each in begin]


def typed(lines: Sequence[str], directory: Path, before: Sequence[str] = (), **environment: str) -> str:
    """Type ``lines`` into one shell in ``directory``, which is its home, too; returns what they print.

    ``before`` are words that the shell's own command line begins with. AssertionError where a command fails.
    """
    own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": str(directory)}
    argv = [*before, "bash", "-e", "-c", "\n".join(lines)]
    done = subprocess.run(
        argv, cwd=directory, env={**os.environ, **own, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout
