# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process at a time makes what is made once and kept, where steps run side by side."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(target: Path) -> Iterator[bool]:
    """Wait for who makes ``target`` now, and keep others from it meanwhile; gives whether it is still to be made.

    Who dies holds nothing any more. The lock is a file beside the target.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not target.exists()
