# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The files of a manifest directory: which they are, whether one has changed, and their content."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import NamedTuple

from ...hardware.manifest import MAX_BYTES

SUFFIXES = (".yaml", ".yml", ".json")
MAX_DEPTH = 16  # levels of directories


class Stamp(NamedTuple):
    """What tells one content of a file from the next without reading it."""

    device: int
    inode: int
    modified: int  # nanoseconds since the epoch
    changed: int
    size: int


@dataclass(slots=True)
class Listing:
    """The manifests below a directory by path, the directories walked, and what was passed over, with the reason."""

    files: dict[str, Stamp] = field(default_factory=dict)
    directories: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def list_manifests(root: str) -> Listing:
    """Return the manifests below ``root``, hidden files and editors' own left out; raises OSError for ``root`` itself.

    Links to files are followed as long as they stay below ``root`` (that is how a ConfigMap is mounted); links to
    directories are not.
    """
    listing = Listing()
    real_root = os.path.realpath(root)
    waiting = [(root, 1)]
    while waiting:
        directory, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError as error:
            if directory == root:
                raise
            listing.skipped[directory] = f"can't be read: {error.strerror}"
            continue
        listing.directories.append(directory)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name.startswith("."):
                    continue
                if depth < MAX_DEPTH:
                    waiting.append((entry.path, depth + 1))
                else:
                    listing.skipped[entry.path] = f"not read: more than {MAX_DEPTH} directories deep"
            elif is_manifest_name(entry.name):
                _add(listing, entry, real_root)
    return listing


def is_manifest_name(name: str) -> bool:
    """Return whether a file of this name is read: not what editors write beside the file that is edited."""
    return name.endswith(SUFFIXES) and not name.startswith((".", "#", "~"))


def _add(listing: Listing, entry: os.DirEntry[str], real_root: str) -> None:
    try:
        if entry.is_symlink() and not _is_below(os.path.realpath(entry.path), real_root):
            listing.skipped[entry.path] = "not read: a link out of the manifest directory"
            return
        if entry.is_file():
            listing.files[entry.path] = _stamp(entry.stat())
    except FileNotFoundError:
        return  # gone since the directory was read
    except OSError as error:
        listing.skipped[entry.path] = f"can't be read: {error.strerror}"


def _is_below(path: str, root: str) -> bool:
    return os.path.commonpath((path, root)) == root


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


def read_bounded(path: str) -> bytes:
    """Return the content of ``path``, no more than one byte too much; raises OSError."""
    descriptor = _open(path)
    try:
        return _read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def read_stamped(path: str, size: int) -> tuple[bytes, Stamp]:
    """Return the first ``size`` bytes of ``path``, no more than one too much, and its stamp after that; raises OSError.

    The stamp is that of the very file that was read, whatever stands at ``path`` by then.
    """
    descriptor = _open(path)
    try:
        return _read(descriptor, size), _stamp(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _open(path: str) -> int:
    # Not blocking: what was a file a moment ago may be a pipe that nobody writes to.
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)


def _read(descriptor: int, size: int) -> bytes:
    wanted = min(size, MAX_BYTES + 1)
    pieces = []
    while wanted > 0 and (piece := os.read(descriptor, wanted)):
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)
