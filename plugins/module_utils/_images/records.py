# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a directory of images, and what was found when it was read last: nobody reads 6 GB twice for nothing.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import Found

NAME = ".verified.json"
BLOCK = 1024 * 1024
_IDENTITY = ("size", "mtime_ns", "inode")


class Records:
    """The digests of a directory's files, each good as long as the file has the same size, time and inode."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        self._known = self._read()
        self._changed = False

    def find(self, path: Path, *, again: bool, tell: Callable[[int], None]) -> Found | None:
        """Return what is at ``path``, None where nothing is; ``again``: read it whatever is known of it.

        ``tell`` is called with the number of bytes that were read. Raises OSError, and ValueError for what is no
        regular file.
        """
        status = _status(path)
        if status is None:
            return None
        known = self._known.get(path.name, {})
        if not again and _identity(status) == {name: known.get(name) for name in _IDENTITY}:
            return Found(status.st_size, str(known.get("sha512", "")))
        with path.open("rb", buffering=0) as file:
            digest = digest_of(file.readinto, tell)
        self.keep(path, digest)
        return Found(status.st_size, digest)

    @staticmethod
    def size_of(path: Path) -> Found | None:
        """Return what is at ``path`` without reading it; raises as ``find``."""
        status = _status(path)
        return None if status is None else Found(status.st_size)

    def keep(self, path: Path, digest: str) -> None:
        """Remember the digest of ``path`` as it is now."""
        self._known[path.name] = {**_identity(path.lstat()), "sha512": digest}
        self._changed = True

    def forget(self, name: str) -> None:
        """Remember nothing of ``name``."""
        self._changed |= self._known.pop(name, None) is not None

    def write(self) -> None:
        """Keep on disk what has changed; a record that is lost costs one more reading."""
        if not self._changed:
            return
        if not self._known:
            self._path.unlink(missing_ok=True)
            return
        draft = self._path.with_name(f"{NAME}.part")
        draft.write_text(json.dumps(self._known, indent=1, sort_keys=True), encoding="utf-8")
        os.replace(draft, self._path)
        self._changed = False

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: record for name, record in found.items() if isinstance(record, dict)}


def digest_of(read_into: Callable[[memoryview], int | None], tell: Callable[[int], None]) -> str:
    """Return the SHA-512 of what ``read_into`` gives until it gives nothing."""
    digest, block = hashlib.sha512(), memoryview(bytearray(BLOCK))
    while count := read_into(block):
        digest.update(block[:count])
        tell(count)
    return digest.hexdigest()


def _status(path: Path) -> os.stat_result | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is no regular file")
    return status


def _identity(status: os.stat_result) -> dict[str, int]:
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino}
