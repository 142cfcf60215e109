# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a file's next octets are sent, and when they are waited for before."""

from __future__ import annotations

import os
import socket

import pytest

from _bootd.http.file_body import MAX_SEND, FileBody

SIZE = 3 * MAX_SEND + 1000


@pytest.fixture
def body(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(os.urandom(1000) * (SIZE // 1000 + 1))
    os.truncate(path, SIZE)
    body = FileBody(os.open(path, os.O_RDONLY), 0, SIZE)
    yield body
    body.close()


def sent_whole(body):
    """Send ``body`` to a client that takes little at once; return what it got, and how often a disk was awaited."""
    ours, theirs = socket.socketpair()
    got, waited = bytearray(), 0
    with ours, theirs:
        ours.setblocking(False)
        while body.left:
            if not body.is_at_hand():
                body.fetch()
                waited += 1
                assert body.is_at_hand()
            try:
                body.send_to(ours.fileno())
            except BlockingIOError:
                got += theirs.recv(100_000)
        ours.close()
        while piece := theirs.recv(1 << 20):
            got += piece
    return bytes(got), waited


def test_a_disk_is_waited_for_once_for_each_piece(tmp_path, body, monkeypatch):
    def cold(*_arguments):
        raise BlockingIOError

    monkeypatch.setattr(os, "preadv", cold)
    # However little of it the client takes at once: to read the piece takes longer than to send that.
    assert sent_whole(body) == ((tmp_path / "big").read_bytes(), 4)


def test_what_is_in_memory_is_asked_for_once(tmp_path, body, monkeypatch):
    asked = []
    monkeypatch.setattr(os, "preadv", lambda _file, _into, place, _flags: asked.append(place))
    assert sent_whole(body) == ((tmp_path / "big").read_bytes(), 0)
    assert asked == sorted(set(asked))
    assert len(asked) <= 2 * (2 * SIZE // MAX_SEND + 1)  # of what goes on once half of a piece has been sent


@pytest.mark.parametrize("lacks", ["RWF_NOWAIT", "preadv"])
def test_a_python_that_can_not_ask_sends_all_the_same(tmp_path, request, monkeypatch, lacks):
    monkeypatch.delattr(os, lacks)
    assert sent_whole(request.getfixturevalue("body")) == ((tmp_path / "big").read_bytes(), 0)


def test_a_file_system_that_can_not_tell_is_asked_once(tmp_path, body, monkeypatch):
    asked = []

    def no_answer(*_arguments):
        asked.append(1)
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "preadv", no_answer)
    assert sent_whole(body) == ((tmp_path / "big").read_bytes(), 0)
    assert len(asked) == 1
