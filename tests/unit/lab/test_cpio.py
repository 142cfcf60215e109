# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initramfs writer, read back field by field."""

from __future__ import annotations

import stat

from hypothesis import given
from hypothesis import strategies as st

from lab.cpio import TRAILER, Archive

NAMES = st.text("abcdefghij/._-", min_size=1, max_size=40)


def entries(data: bytes) -> list[tuple[str, int, bytes]]:
    """Name, mode and content of each entry up to the trailer, by the format's own rules."""
    found = []
    at = 0
    while True:
        assert data[at : at + 6] == b"070701"
        assert at % 4 == 0
        fields = [int(data[at + 6 + 8 * index : at + 14 + 8 * index], 16) for index in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + name_size - 1].decode()
        assert data[at + 110 + name_size - 1] == 0
        start = at + (110 + name_size + 3) // 4 * 4
        if name == TRAILER:
            assert start == len(data)
            return found
        found.append((name, mode, data[start : start + size]))
        at = start + (size + 3) // 4 * 4


@given(st.lists(st.tuples(NAMES, st.binary(max_size=50), st.booleans()), max_size=8))
def test_finish_gives_back_every_file(files):
    archive = Archive()
    for name, content, executable in files:
        archive.file(name, content, executable=executable)
    expected = [(name, stat.S_IFREG | (0o755 if x else 0o644), content) for name, content, x in files]
    assert entries(archive.finish()) == expected


def test_finish_with_directory_and_link():
    archive = Archive()
    archive.directory("bin")
    archive.link("bin/sh", "busybox")
    assert entries(archive.finish()) == [
        ("bin", stat.S_IFDIR | 0o755, b""),
        ("bin/sh", stat.S_IFLNK | 0o777, b"busybox"),
    ]
