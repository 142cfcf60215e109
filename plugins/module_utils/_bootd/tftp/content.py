# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The content that a transfer sends: a boot file or a script, opened, read in pieces, in octet or netascii mode."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from ..process.faults import EXHAUSTED
from ..process.served_files import open_first
from .blocks import Blocks, FileBlocks, KeptFiles, ReadBlocks, Source, Version
from .decide import Answer, ServeScript, TakeReport
from .packet import ErrorCode, TftpError

KEPT = b"\n"  # in answer to a report: GRUB shows it, and of an empty file it takes not even the first block
# Seconds for which whoever asks is given a file that is open already, as long as it is still what its name leads to:
# after that it is looked at anew whether its place is inside of the directory.
_SHARED = 1.0
_MISSING = (ErrorCode.NOT_FOUND, "file not found")
_DENIED = (ErrorCode.ACCESS_VIOLATION, "this file is not served")
_OTHER = (ErrorCode.UNDEFINED, "the file can't be opened")
_TFTP_ERRORS = {
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ELOOP: _DENIED,
    errno.ENOENT: _MISSING,
    errno.ENOTDIR: _MISSING,
    errno.ENAMETOOLONG: _MISSING,
}


class BytesSource:
    """Octets in memory: a script that was made for this request."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size: int | None = len(content)

    def read(self, offset: int, length: int) -> bytes:
        return self._content[offset : offset + length]


class FileSource:
    """An open file, sent at the size it had when it was opened: the size the client may have been told."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._end = size
        self.size: int | None = size

    def read(self, offset: int, length: int) -> bytes:
        wanted = max(0, min(length, self._end - offset))
        pieces = []
        while wanted:
            try:
                piece = os.pread(self._descriptor, wanted, offset)
            except OSError as error:
                raise TftpError(ErrorCode.UNDEFINED, f"reading failed: {error.strerror}") from error
            if not piece:
                raise TftpError(ErrorCode.UNDEFINED, "the file became shorter while it was sent")
            pieces.append(piece)
            wanted -= len(piece)
            offset += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class NetasciiSource:
    """Another source in netascii (RFC 764): LF is sent as CR LF, CR as CR NUL.

    Offsets count converted octets. Reads must not go back behind the offset of the read before, as a transfer's
    windows never do: only the place where the last read began is remembered.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._offset = 0  # converted octets ...
        self._raw = 0  # ... that these raw octets make
        self.size: int | None = None

    def read(self, offset: int, length: int) -> bytes:
        skip = offset - self._offset
        if skip < 0:
            raise ValueError("a netascii source does not go back")
        converted, rawsize = b"", 0
        while len(converted) < skip + length:
            raw = self._source.read(self._raw + rawsize, skip + length - len(converted))
            if not raw:
                break
            converted += to_netascii(raw)
            rawsize += len(raw)
        self._move_to(converted, skip)
        return converted[skip : skip + length]

    def _move_to(self, converted: bytes, skip: int) -> None:
        passed = converted[:skip]
        # Each LF and each CR became two octets that begin with CR; a CR at the end is only half of one.
        half = passed.endswith(b"\r")
        whole = len(passed) - half
        self._raw += whole - passed.count(b"\r", 0, whole)
        self._offset += whole


def to_netascii(raw: bytes) -> bytes:
    """Return ``raw`` in netascii; each octet is converted by itself, so any cut of the input will do."""
    return raw.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


class BootFile:
    """An open file, which all have together that are sent it: each calls ``close`` once, and nobody else does.

    ``version`` is what it was when opened, ``opened`` when that was, by the clock of its ``BootFiles``.
    """

    def __init__(self, descriptor: int, opened: float, ended: Callable[[BootFile], None]) -> None:
        self.descriptor = descriptor
        self.version = Version.of(descriptor)
        self.opened = opened
        self.users = 1
        self._ended = ended

    @property
    def size(self) -> int:
        """Return its size when it was opened, in octets."""
        return self.version.size

    def close(self) -> None:
        """Close it, where nobody else is sent it any more."""
        self.users -= 1
        if not self.users:
            self._ended(self)
            os.close(self.descriptor)


class BootFiles:
    """One or more directories; the first that has a name wins. For one thread only.

    Directories are looked up at each request: one that is replaced, or mounted later, is used from then on.
    """

    def __init__(self, directories: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._directories = tuple(directory for directory in directories if directory)
        self._clock = clock
        self._open: dict[str, BootFile] = {}  # by the name under which it was opened last

    def open(self, name: str) -> BootFile:
        """Open ``name``, a relative path; raise TftpError 1 where there is no such file, 2 where it is not served.

        OSError where the process can open nothing more now, so that the client may ask again later. Links are followed
        as long as they stay inside their directory: volumes of Kubernetes are made of such links.
        """
        found, now = self._open.get(name), self._clock()
        if found is not None and now - found.opened < _SHARED and self._version(name) == found.version:
            found.users += 1
            return found
        try:
            descriptor = open_first(self._directories, name)
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            raise TftpError(*_TFTP_ERRORS.get(error.errno or 0, _OTHER)) from error
        found = self._open[name] = BootFile(descriptor, now, partial(self._forget, name))
        return found

    def _version(self, name: str) -> Version | None:
        """Return what a file that was opened by ``name`` is now, if anything is there that can be looked at."""
        for directory in self._directories:
            try:
                return Version.of(f"{directory}/{name}")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                return None
        return None

    def _forget(self, name: str, file: BootFile) -> None:
        if self._open.get(name) is file:
            del self._open[name]


@dataclass(slots=True)
class Content:
    """What one transfer sends. ``size`` is in octets as stored; ``file`` is None where there is none.

    ``as_stored`` is whether the octets of the file are sent as they are.
    """

    source: Source
    size: int
    file: BootFile | None = None
    as_stored: bool = False
    _kept: FileBlocks | None = field(default=None, init=False)

    def in_blocks(self, blksize: int, files: KeptFiles) -> Blocks:
        """Return this in blocks of ``blksize``; those of a file from ``files``, where it has room for them."""
        plain = ReadBlocks(self.source, blksize)
        if self.file is not None and self.as_stored:
            self._kept = files.blocks_of(self.file.descriptor, self.file.version, plain, blksize)
        return self._kept or plain

    def close(self) -> None:
        """Close the file, where one is open."""
        if self._kept is not None:
            self._kept.close()
        if self.file is not None:
            self.file.close()


def open_content(decision: Answer, mode: str, files: BootFiles, images: BootFiles) -> Content:
    """Return what ``decision`` sends in ``mode``; raise TftpError where the file can't be had."""
    if isinstance(decision, TakeReport):
        return Content(BytesSource(KEPT), len(KEPT))
    if isinstance(decision, ServeScript):
        return Content(_in_mode(mode, BytesSource(decision.content)), len(decision.content))
    found = (images if decision.image else files).open(decision.name)
    return Content(_in_mode(mode, FileSource(found.descriptor, found.size)), found.size, found, mode == "octet")


def _in_mode(mode: str, source: Source) -> Source:
    return NetasciiSource(source) if mode == "netascii" else source
