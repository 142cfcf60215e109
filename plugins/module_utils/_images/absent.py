# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes the files of a release from a directory, what was left of fetching them, and the directory where it is empty.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ansible_collections.baremetal.netboot.plugins.module_utils._images.directory import alone_in
from ansible_collections.baremetal.netboot.plugins.module_utils._images.outcome import Outcome
from ansible_collections.baremetal.netboot.plugins.module_utils._images.progress_file import NAME as PROGRESS
from ansible_collections.baremetal.netboot.plugins.module_utils._images.records import NAME as RECORDS
from ansible_collections.baremetal.netboot.plugins.module_utils._images.records import Records
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import Found, Release, hidden, leftovers


def absent(release: Release, directory: Path, *, check: bool) -> list[Outcome]:
    """Have no file of the release there, of whatever role, and return what became of each; raises Busy, OSError."""
    if not directory.is_dir():
        return []
    found = list(_found(release, directory))
    if check or not found:
        return found
    with alone_in(directory):
        records = Records(directory)
        for outcome in found:
            outcome.path.unlink(missing_ok=True)
            records.forget(outcome.name)
        records.write()
        _remove_empty(directory)
    return found


def _found(release: Release, directory: Path) -> Iterator[Outcome]:
    names = {name: role for role, name in release.files.items()}
    for name, role in names.items():
        for place in (name, *leftovers([name])):
            path = directory / place
            if path.is_file() or path.is_symlink():
                before = Found(path.lstat().st_size)
                yield Outcome(role, place, path, "", "removed", size=before.size, before=before)


def _remove_empty(directory: Path) -> None:
    """Remove the directory where only our own notes are left in it."""
    own = {RECORDS, PROGRESS, hidden(RECORDS[1:], "part"), f"{PROGRESS}.part"}
    if {path.name for path in directory.iterdir()} <= own:
        for path in directory.iterdir():
            path.unlink()
        directory.rmdir()
