# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Opens regular files in a directory, and nothing that lies elsewhere: the one way in which a server opens a file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from functools import lru_cache

# The errors of a directory that does not have the name: the next one may.
_MISSING = (errno.ENOENT, errno.ENOTDIR)


def open_inside(directory: str, name: str) -> int:
    """Return a read-only descriptor of the regular file ``name``, a relative path in ``directory``.

    Links are followed as long as they stay inside: volumes of Kubernetes are made of such links. Raises OSError:
    ENOENT or ENOTDIR where there is no such file, EACCES where it is none to serve.
    """
    if not is_relative(name):
        raise PermissionError(errno.EACCES, "not a name of a file in a directory")
    root = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=root)
        try:
            return _open_found(root, found)
        finally:
            os.close(found)
    finally:
        os.close(root)


def open_first(directories: Iterable[str], name: str) -> int:
    """Return a descriptor of ``name`` in the first of ``directories`` that has it; raises OSError as open_inside."""
    for directory in directories:
        try:
            return open_inside(directory, name)
        except OSError as error:
            if error.errno not in _MISSING:
                raise
    raise FileNotFoundError(errno.ENOENT, "in none of the directories", name)


def tidied(path: str) -> str:
    """Return ``path`` as every server reads what a client asks for, relative to the root.

    Backslashes are slashes; empty segments and "." are left out. Firmware and boot programs put such paths together of
    the one they were loaded from: ``//grubx64.efi``, ``./grub.cfg``, ``\\EFI\\BOOT\\grubx64.efi``.
    """
    return "/".join(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))


@lru_cache(maxsize=128)  # a storm asks for a few names, and for each in many ranges
def is_relative(name: str) -> bool:
    """Return whether ``name`` is a tidied path of a file that may be served.

    No segment begins with a dot, so none leads upwards and none is hidden; all characters are printable.
    """
    return name.isprintable() and name == tidied(name) != "" and not any(part[0] == "." for part in name.split("/"))


def _open_found(root: int, found: int) -> int:
    # Judged is the file that is held open, so a rename or a new link in between changes nothing; O_PATH has touched
    # neither a device nor a pipe.
    if not _place(found).startswith(_place(root).rstrip("/") + "/"):
        raise PermissionError(errno.EACCES, "outside of the directory")
    if not stat.S_ISREG(os.fstat(found).st_mode):
        raise PermissionError(errno.EACCES, "not a regular file")
    return os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_CLOEXEC)


def _place(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")
