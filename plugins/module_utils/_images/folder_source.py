# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release in a folder of the host, as from a disk that somebody carried there.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import (
    Away,
    Missing,
    SourceError,
    Stream,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import CHECKSUMS


class FolderSource:
    """Files in ``folder``, by their ``names`` there."""

    def __init__(self, folder: Path, names: Mapping[str, str]) -> None:
        self._folder = folder
        self._names = names
        self.place = str(folder)

    def url(self, role: str) -> str:
        """Return where a file is."""
        return str(self._path(role))

    def checksums(self) -> str:
        """Return the text of the checksum file; raises SourceError."""
        return read_text(self._path(CHECKSUMS))

    def size(self, role: str) -> int | None:
        """Return the size of a file; raises SourceError."""
        return size_of(self._path(role))

    def open(self, role: str, offset: int = 0, validator: str = "") -> Stream:
        """Return a file from ``offset`` on, or whole where it has changed since; raises SourceError."""
        return stream_of(self._path(role), offset, validator)

    def _path(self, role: str) -> Path:
        return self._folder / self._names[role]


def read_text(path: Path) -> str:
    """Return a small file; raises SourceError."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise _told(path, error) from error


def size_of(path: Path) -> int:
    """Return the size of a file; raises SourceError."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise _told(path, error) from error


def stream_of(path: Path, offset: int, validator: str) -> Stream:
    """Return a file from ``offset`` on, or whole where it is not the version ``validator`` now; raises SourceError."""
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise _told(path, error) from error
    status = os.fstat(file.fileno())
    version = f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
    start = offset if offset <= status.st_size and validator in ("", version) else 0
    file.seek(start)
    return Stream(_reader(file, path), file.close, start, status.st_size, version)


def _reader(file: BinaryIO, path: Path):
    def read_into(block: memoryview) -> int:
        try:
            return file.readinto(block)
        except OSError as error:
            raise Away(f"{path}: {error.strerror}") from error

    return read_into


def _told(path: Path, error: OSError) -> SourceError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return Missing(f"{path}: there is no such file")
    return SourceError(f"{path}: {error.strerror}")
