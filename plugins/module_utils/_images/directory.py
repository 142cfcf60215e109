# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory of images that one run at a time changes.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.baremetal.netboot.plugins.module_utils._images.part import sync_directory


class Busy(Exception):
    """Another run is at work in the directory."""


def make(directory: Path) -> None:
    """Make a directory that all may read; raises OSError."""
    if directory.is_dir():
        return
    make(directory.parent)
    directory.mkdir(mode=0o755, exist_ok=True)
    directory.chmod(0o755)  # whatever the umask is: servers run as somebody else
    sync_directory(directory.parent)


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Keep other runs out; the lock is the kernel's, so that it ends with the process. Raises Busy, OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another run is at work in {directory}") from None
        yield
    finally:
        os.close(descriptor)


def free_space(directory: Path) -> int:
    """Return the bytes that may be written to where ``directory`` is, or will be; raises OSError."""
    there = next(path for path in (directory, *directory.parents) if path.is_dir())
    status = os.statvfs(there)
    # Root could take more, which the file system keeps for itself.
    return status.f_bavail * status.f_frsize


def allocated(path: Path) -> int:
    """Return the bytes that a file takes, 0 where there is none."""
    try:
        return path.lstat().st_blocks * 512
    except FileNotFoundError:
        return 0
