# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The boot-file directories: opens regular files in them, and nothing that lies elsewhere."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from .packet import ErrorCode, TftpError


@dataclass(frozen=True, slots=True)
class BootFile:
    """An open file. Whoever has it closes ``descriptor``; ``size`` in octets, as it was when opened."""

    descriptor: int
    size: int


class BootFiles:
    """One or more directories; the first that has a name wins.

    Directories are looked up at each request: one that is replaced, or mounted later, is used from then on.
    """

    def __init__(self, directories: Iterable[str]) -> None:
        self._directories = tuple(directory for directory in directories if directory)

    def open(self, name: str) -> BootFile:
        """Open ``name``, a relative path; raise TftpError 1 where there is no such file, 2 where it is none to serve.

        Links are followed as long as they stay inside their directory: volumes of Kubernetes are made of such links.
        """
        if not name or "\0" in name or os.path.isabs(name):
            raise TftpError(ErrorCode.ACCESS_VIOLATION, "not a file name served here")
        for directory in self._directories:
            try:
                return _open_beneath(directory, name)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                    raise TftpError(*_ANSWERS.get(error.errno, _OTHER)) from error
        raise TftpError(ErrorCode.NOT_FOUND, "file not found")


_DENIED = (ErrorCode.ACCESS_VIOLATION, "this file is not served")
_OTHER = (ErrorCode.UNDEFINED, "the file can't be opened now")
_ANSWERS = {
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ELOOP: _DENIED,
    errno.ENAMETOOLONG: (ErrorCode.NOT_FOUND, "file not found"),
}


def _open_beneath(directory: str, name: str) -> BootFile:
    root = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=root)
    except OSError:
        os.close(root)
        raise
    try:
        # What is judged here is the file that is held open, so a rename or a new link in between changes nothing;
        # O_PATH has touched neither a device nor a pipe.
        if not _place(found).startswith(_place(root).rstrip("/") + "/"):
            raise PermissionError(errno.EACCES, "outside of the boot-file directory")
        status = os.fstat(found)
        if not stat.S_ISREG(status.st_mode):
            raise PermissionError(errno.EACCES, "not a regular file")
        return BootFile(os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_CLOEXEC), status.st_size)
    finally:
        os.close(found)
        os.close(root)


def _place(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")
