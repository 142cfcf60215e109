# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is on its way: ``.NAME.part``, which no server serves, until it is whole and right.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from ansible_collections.baremetal.netboot.plugins.module_utils._images.records import BLOCK
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import hidden

MODE = 0o644  # images are no secret, and servers run as somebody else


class Part:
    """The beginning of ``target``, written and read up to now; ``with`` closes it, and leaves it where it is.

    ``digest`` is that of the finished file, "" where nobody knows it. What an earlier run has left is gone on with
    where that was after the same file; ``validator`` is what the source called its version (RFC 9110 section 8.8).
    """

    def __init__(self, target: Path, digest: str, tell: Callable[[int], None]) -> None:
        self.target = target
        self.digest = digest
        self.path = target.with_name(hidden(target.name, "part"))
        self._note = target.with_name(hidden(target.name, "part.json"))
        self._tell = tell
        self._hash = hashlib.sha512()
        self.size = 0
        self.kept = 0  # of it that an earlier run has left
        self.validator = ""
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def __enter__(self) -> Part:
        try:
            self._go_on()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, *_unused: object) -> None:
        os.close(self._descriptor)

    @property
    def resumable(self) -> bool:
        """Return whether the rest alone can make a file that is known to be right."""
        return bool(self.size and (self.validator or self.digest))

    @property
    def right(self) -> bool:
        """Return whether it is the whole file, as its digest tells."""
        return bool(self.digest) and self._hash.hexdigest() == self.digest

    def _go_on(self) -> None:
        note = _read_note(self._note)
        # Without a note it is what was found in the file's place: only a digest tells whether it is its beginning.
        if note.get("sha512", self.digest) != self.digest or not (note.get("validator") or self.digest):
            self.restart()
            return
        self.validator = note.get("validator", "")
        block = memoryview(bytearray(BLOCK))
        while count := os.preadv(self._descriptor, [block], self.size):
            self._hash.update(block[:count])
            self.size += count
        self.kept = self.size
        self._tell(self.size)

    def restart(self, validator: str = "") -> None:
        """Begin with nothing, of the version ``validator``."""
        os.ftruncate(self._descriptor, 0)
        self._tell(-self.size)
        self.size = self.kept = 0
        self._hash = hashlib.sha512()
        self.validator = validator
        note = {"sha512": self.digest, "validator": validator}
        self._note.write_text(json.dumps(note), encoding="utf-8")

    def write(self, data: memoryview) -> None:
        """Add ``data``; raises OSError, as of a full disk."""
        self._hash.update(data)
        while data:
            count = os.pwrite(self._descriptor, data, self.size)
            data = data[count:]
            self.size += count
            self._tell(count)

    def finish(self) -> str:
        """Put the file in its place, on disk before it is seen there, and return its digest; raises Wrong."""
        found = self._hash.hexdigest()
        if self.digest and found != self.digest:
            raise Wrong(self.size, found, self.digest)
        os.fchmod(self._descriptor, MODE)
        os.fsync(self._descriptor)
        os.rename(self.path, self.target)
        self._note.unlink(missing_ok=True)
        sync_directory(self.target.parent)
        return found

    def discard(self) -> None:
        """Leave nothing behind."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


class Wrong(Exception):
    """A whole file that is not what its checksum says."""

    def __init__(self, size: int, found: str, wanted: str) -> None:
        super().__init__(f"{size} bytes with the sha512 {found[:16]}..., but the checksums say {wanted[:16]}...")


def sync_directory(directory: Path) -> None:
    """Have a directory's names on disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_note(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}
