# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Files with one state each, in ``machines/NAMESPACE`` of a state directory.

NAME.json           what earlier versions of bootd kept; read, and taken over into the database
NAME.json.broken    a state that could not be read, for somebody to look at; the machine's netboot is off until it
                    is removed
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from secrets import token_hex

from .database import MAX_DOCUMENT, TEMPORARY, sync_directory

BROKEN = ".broken"
_FILE_NAME = re.compile(r"([^.].*)\.json((?:\.[0-9]+)?\.broken)?", re.DOTALL)


class StateFiles:
    """The directory ``machines`` of a state directory."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._machines = state_dir / "machines"

    def kept(self) -> list[tuple[str, Path]]:
        """Return machine key and path of each state of an earlier bootd, by path; raises OSError."""
        return [(key, path) for key, path, broken in self._files() if not broken]

    def set_aside(self) -> list[tuple[str, Path]]:
        """Return machine key and path of each state that was set aside, by path; raises OSError."""
        return [(key, path) for key, path, broken in self._files() if broken]

    def rename_aside(self, path: Path) -> Path:
        """Set the file of an earlier bootd aside, and return what it is called then; raises OSError."""
        target = next(name for name in aside_names(path) if not name.exists())
        path.rename(target)
        sync_directory(path.parent)
        return target

    def write_aside(self, key: str, document: bytes) -> Path:
        """Put ``document`` of the machine ``key`` into a file set aside, on disk on return; raises OSError."""
        namespace, _slash, name = key.partition("/")
        directory = self._machines / namespace
        for path in aside_names(directory / f"{name}.json"):
            if not path.exists():
                break
            if path.read_bytes() == document:
                return path  # by a bootd that ended before it had forgotten the row
        for parent in (self._machines, directory):
            parent.mkdir(mode=0o700, exist_ok=True)
        temporary = write_temporary(directory, document)
        try:
            temporary.rename(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        for parent in (directory, self._machines, self._state_dir):
            sync_directory(parent)
        return path

    def forget(self, paths: list[Path]) -> None:
        """Remove files that were taken over, and directories that are empty then; raises OSError."""
        for path in paths:
            path.unlink(missing_ok=True)
        for directory in (*{path.parent for path in paths}, self._machines):
            with suppress(OSError):
                directory.rmdir()

    def remove_leftovers(self) -> None:
        """Remove what a bootd that was killed was about to write; raises OSError."""
        for directory in (self._state_dir, *self._namespaces()):
            for name in os.listdir(directory):
                if name.startswith(TEMPORARY):
                    (directory / name).unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[str, Path, bool]]:
        for namespace in self._namespaces():
            for name in sorted(os.listdir(namespace)):
                if found := _FILE_NAME.fullmatch(name):
                    yield f"{namespace.name}/{found[1]}", namespace / name, found[2] is not None

    def _namespaces(self) -> list[Path]:
        with suppress(FileNotFoundError):
            return sorted(entry for entry in self._machines.iterdir() if entry.is_dir() and not entry.is_symlink())
        return []


def read_bounded(path: Path) -> bytes:
    """Return the content of a state file; raises OSError, and ValueError where it is too large to be one."""
    with path.open("rb") as file:
        data = file.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise ValueError(f"larger than {MAX_DOCUMENT} bytes")
    return data


def write_temporary(directory: Path, content: bytes) -> Path:
    """Write ``content`` to a new file in ``directory``, synced, and return its path; leaves nothing where it fails."""
    path = directory / f"{TEMPORARY}{token_hex(8)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        error.filename = error.filename or str(path)
        raise
    return path


def aside_names(path: Path) -> Iterator[Path]:
    """Yield the names that ``path`` may have once it is set aside."""
    yield path.with_name(f"{path.name}{BROKEN}")
    for number in count(2):
        yield path.with_name(f"{path.name}.{number}{BROKEN}")
