# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The boot-file directories: opens regular files in them, and nothing that lies elsewhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass

from ..beneath import open_first
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

        OSError where the process may open nothing more now: asking again later makes sense. Links are followed as
        long as they stay inside their directory: volumes of Kubernetes are made of such links.
        """
        try:
            descriptor = open_first(self._directories, name)
        except OSError as error:
            if error.errno in _EXHAUSTED:
                raise
            raise TftpError(*_ANSWERS.get(error.errno, _OTHER)) from error
        return BootFile(descriptor, os.fstat(descriptor).st_size)


_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_MISSING = (ErrorCode.NOT_FOUND, "file not found")
_DENIED = (ErrorCode.ACCESS_VIOLATION, "this file is not served")
_OTHER = (ErrorCode.UNDEFINED, "the file can't be opened")
_ANSWERS = {
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ELOOP: _DENIED,
    errno.ENOENT: _MISSING,
    errno.ENOTDIR: _MISSING,
    errno.ENAMETOOLONG: _MISSING,
}
