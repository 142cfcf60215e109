# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writer of the archive format the kernel takes an initramfs in: cpio "newc" (kernel documentation, buffer-format)."""

from __future__ import annotations

import stat

TRAILER = "TRAILER!!!"


class Archive:
    """An archive made in memory; every file belongs to root and has no date, so that equal input gives equal bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._inode = 0

    def directory(self, name: str) -> None:
        """Add a directory."""
        self._add(name, stat.S_IFDIR | 0o755, b"")

    def file(self, name: str, content: bytes, *, executable: bool = False) -> None:
        """Add a file with ``content``."""
        self._add(name, stat.S_IFREG | (0o755 if executable else 0o644), content)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link to ``target``."""
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def finish(self) -> bytes:
        """The whole archive."""
        self._add(TRAILER, 0, b"")
        return b"".join(self._parts)

    def _add(self, name: str, mode: int, content: bytes) -> None:
        self._inode += 1
        title = name.encode() + b"\0"
        # inode, mode, uid, gid, links, mtime, size, device and special device (major, minor each), name size, checksum
        fields = (self._inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(title), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._parts += [_padded(header + title), _padded(content)]


def _padded(data: bytes) -> bytes:
    """``data`` filled up with zeros to a multiple of four bytes."""
    return data + bytes(-len(data) % 4)
