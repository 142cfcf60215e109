# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent: bytes by offset, also in netascii, also when a file changes under way."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.tftp.content import BytesSource, FileSource, NetasciiSource, to_netascii
from _bootd.tftp.packet import TftpError


def from_netascii(text):
    """Undo netascii one octet at a time, by RFC 764."""
    raw, pairs = bytearray(), iter(text)
    for octet in pairs:
        raw.append({0: 13, 10: 10}[next(pairs)] if octet == 13 else octet)
    return bytes(raw)


@pytest.mark.parametrize(
    ("raw", "netascii"),
    [(b"", b""), (b"a\nb", b"a\r\nb"), (b"a\rb", b"a\r\0b"), (b"\r\n", b"\r\0\r\n"), (b"\r\0", b"\r\0\0")],
)
def test_to_netascii(raw, netascii):
    assert to_netascii(raw) == netascii


line_ends = st.lists(st.sampled_from([b"\r", b"\n", b"\0", b"x"]), max_size=60).map(b"".join)


@given(line_ends, st.integers(1, 9), st.integers(1, 4))
def test_netascii_source_read_in_windows(raw, blksize, windowsize):
    source = NetasciiSource(BytesSource(raw))
    whole, offset, length = b"", 0, blksize * windowsize
    while True:
        window = source.read(offset, length)
        assert source.read(offset, length) == window  # a window that is sent again
        whole += window
        offset += len(window)
        if len(window) < length:
            break
    assert from_netascii(whole) == raw


@given(line_ends, st.lists(st.tuples(st.integers(0, 5), st.integers(1, 20))))
def test_netascii_source_read_anywhere_ahead(raw, steps):
    source, whole, offset = NetasciiSource(BytesSource(raw)), to_netascii(raw), 0
    for ahead, length in steps:
        offset += ahead
        assert source.read(offset, length) == whole[offset : offset + length]


def test_netascii_source_has_no_size():
    assert NetasciiSource(BytesSource(b"a\n")).size is None


def test_netascii_source_does_not_go_back():
    source = NetasciiSource(BytesSource(b"abcdef"))
    source.read(4, 1)
    with pytest.raises(ValueError, match="go back"):
        source.read(2, 1)


@pytest.fixture
def content(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(100)))
    descriptor = os.open(path, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, 10, bytes(range(10))), (95, 10, bytes(range(95, 100))), (100, 10, b""), (500, 10, b"")],
)
def test_file_source_read(content, offset, length, expected):
    assert FileSource(content, 100).read(offset, length) == expected


def test_file_source_read_of_a_file_that_grew(content):
    source = FileSource(content, 100)
    os.pwrite(content, b"more", 100)
    assert source.read(90, 100) == bytes(range(90, 100))


def test_file_source_read_of_a_file_that_shrank(content):
    source = FileSource(content, 100)
    os.ftruncate(content, 50)
    assert source.read(0, 50) == bytes(range(50))
    with pytest.raises(TftpError, match="shorter"):
        source.read(40, 20)


def test_file_source_read_that_fails(content):
    closed = os.dup(content)
    os.close(closed)
    with pytest.raises(TftpError, match="reading failed"):
        FileSource(closed, 100).read(0, 10)
