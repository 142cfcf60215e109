# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is mounted below a directory, and how to be rid of it."""

from __future__ import annotations

import re
from pathlib import Path

from .command import run

TABLE = Path("/proc/self/mounts")


def below(directory: Path, table: str | None = None) -> list[str]:
    """The mount points below ``directory``, the last one first; ``table`` is in the form of /proc/self/mounts."""
    lines = (TABLE.read_text() if table is None else table).splitlines()
    points = [_plain(line.split(" ")[1]) for line in lines]
    return [point for point in reversed(points) if directory in Path(point).parents]


def clear(directory: Path) -> None:
    """Unmount all that is mounted below ``directory``, also what a process still has open."""
    for point in below(directory):
        run(["umount", "--lazy", point])


def _plain(word: str) -> str:
    """The word with the characters that the kernel wrote in octal, as a space is ``\\040``."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)
