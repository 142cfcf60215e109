# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythons of this machine that can make a virtual environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

Version = tuple[int, int]

OLDEST: Version = (3, 11)
NEWEST: Version = (3, 14)
NAME = re.compile(r"python3(\.\d+)?")
# A name on PATH proves nothing: it may be a shim of nothing, or lack ensurepip, which Debian packages by itself.
PROBE = "import ensurepip, sys, venv; print(*sys.version_info[:2], sys._base_executable)"
PATIENCE = 20  # seconds


def candidates() -> Iterator[Path]:
    """Yield what may be a Python: the one that runs this, those on PATH, and those that pyenv keeps off it."""
    yield Path(sys.executable)
    directories = [Path(name) for name in os.get_exec_path()]
    if root := pyenv_root():
        directories += sorted((root / "versions").glob("*/bin"))
    for directory in directories:
        if directory.is_dir():
            yield from sorted(path for path in directory.iterdir() if NAME.fullmatch(path.name))


def pyenv_root() -> Path | None:
    """Return where pyenv keeps its Pythons, None where there is no pyenv."""
    if root := os.environ.get("PYENV_ROOT"):
        return Path(root)
    program = shutil.which("pyenv")
    if program is None:
        return None
    done = subprocess.run([program, "root"], capture_output=True, text=True, check=False, timeout=PATIENCE)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def usable(paths: Iterable[Path]) -> dict[Version, Path]:
    """Return the first Python of each version from OLDEST to NEWEST that runs and can make a virtual environment."""
    found: dict[Version, Path] = {}
    for path in dict.fromkeys(paths):
        if answer := probe(path):
            version, base = answer
            if OLDEST <= version <= NEWEST:
                found.setdefault(version, base)
    return dict(sorted(found.items()))


def probe(path: Path) -> tuple[Version, Path] | None:
    """Return the version of a Python and the path outside any virtual environment; None if it does not run."""
    try:
        argv = [path, "-I", "-c", PROBE]
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split(maxsplit=2)
    if done.returncode or len(words) != 3:
        return None
    return (int(words[0]), int(words[1])), Path(words[2].strip())
