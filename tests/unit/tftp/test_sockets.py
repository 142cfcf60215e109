# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window in as few sends as the kernel takes, and the same datagrams where it takes none."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack, contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.tftp.sockets import Datagram, Listener, OwnPort, SharedPort, _Windows

_SO_NO_CHECK = 11  # <asm-generic/socket.h>: no checksums, without which the kernel cuts nothing


class Channel(_Windows):
    """Keeps what it sends; the kernel refuses to cut with `refusal`, from the send with number `at` on."""

    def __init__(self, refusal=0, at=0):
        self._segments, self.refusal, self.at = True, refusal, at
        self.sent, self.asked = [], 0

    def send(self, datagrams):
        self.sent += map(bytes, datagrams)

    def _send_segments(self, octets, size):
        assert len(octets) <= 65507
        assert len(octets) <= 64 * size
        self.asked += 1
        if self.refusal and self.asked > self.at:
            raise OSError(self.refusal, os.strerror(self.refusal))
        self.sent += [bytes(octets[at : at + size]) for at in range(0, len(octets), size)]


def cut(octets, size):
    return [octets[at : at + size] for at in range(0, len(octets), size)]


windows = st.builds(
    lambda size, blocks, last: (os.urandom(size * blocks + min(last, size)), size),
    st.integers(12, 9000),
    st.integers(0, 63),
    st.integers(1, 9000),
)


@given(windows, st.sampled_from([0, errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.ENOPROTOOPT]), st.integers(0, 3))
def test_send_window_sends_each_datagram_once(window, refusal, at):
    octets, size = window
    channel = Channel(refusal, at)
    channel.send_window(memoryview(octets), size)
    assert channel.sent == cut(octets, size)
    before = channel.asked
    channel.send_window(octets, size)
    assert channel.sent == 2 * cut(octets, size)
    if refusal and before > at:
        assert channel.asked == before  # who has refused is not asked again


def test_send_window_that_finds_no_room_is_lost_as_any_datagram_is():
    channel = Channel(errno.ENOBUFS)
    with pytest.raises(OSError, match="buffer"):
        channel.send_window(bytes(3000), 1000)
    assert (channel.sent, channel._segments) == ([], True)


@contextmanager
def channels(kind):
    """Give a channel to a client, and the client's socket."""
    with ExitStack() as stack:
        client = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        client.bind(("127.0.0.1", 0))
        client.settimeout(10)
        listener = Listener("127.0.0.1", 0)
        stack.callback(listener.close)
        request = Datagram(b"", client.getsockname(), "127.0.0.1")
        own = kind.startswith("own")
        channel = OwnPort(request, cuts=listener.cuts) if own else SharedPort(listener, request)
        stack.callback(channel.close)
        if kind.endswith("refused"):
            (channel if own else listener)._socket.setsockopt(socket.SOL_SOCKET, _SO_NO_CHECK, 1)
        yield channel, client


@pytest.mark.parametrize("kind", ["own", "own, refused", "shared", "shared, refused"])
@pytest.mark.parametrize(("size", "blocks"), [(1472, 4), (1472, 64), (516, 64), (20, 5), (9000, 9)])
def test_send_window_by_the_kernel(kind, size, blocks):
    octets = os.urandom(size * blocks - 3)
    with channels(kind) as (channel, client):
        for _twice in range(2):
            channel.send_window(memoryview(octets), size)
            assert [client.recv(70000) for _block in range(blocks)] == cut(octets, size)
        assert channel._segments is (not kind.endswith("refused") or size < 512)
        # What comes after a window is not cut.
        channel.send([bytes(size)])
        assert client.recv(70000) == bytes(size)


def test_client_that_is_gone_refuses_a_window():
    with channels("own") as (channel, client):
        client.close()
        with suppress(ConnectionRefusedError):
            channel.send_window(bytes(3000), 1000)  # which the kernel of the client's host refuses
        with pytest.raises(ConnectionRefusedError):
            channel.send_window(bytes(3000), 1000)


@pytest.mark.parametrize(("size", "blocks"), [(1472, 1), (1472, 4), (20, 3)])
def test_send_buffer_that_is_full_is_waited_for(size, blocks):
    octets, refused = os.urandom(size * blocks), []
    with channels("own") as (channel, client):
        write = channel._write

        def full_once(sent):
            if len(refused) % 2 == 0:
                refused.append(sent)
                raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
            refused.append(sent)
            return write(sent)

        channel._write = full_once
        channel.send_window(octets, size)
        assert refused
        assert [client.recv(70000) for _block in range(blocks)] == cut(octets, size)


def test_send_buffer_that_stays_full_loses_the_window():
    with channels("own") as (channel, _client):
        tried = []

        def full(sent):
            tried.append(sent)
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

        channel._write = full
        with pytest.raises(BlockingIOError):
            channel.send_window(bytes(3000), 1000)
        assert len(tried) == 2
        assert channel._segments


def test_port_of_a_transfer_never_waits():
    with channels("own") as (channel, _client), pytest.raises(BlockingIOError):
        os.read(channel.fileno(), 1)


def test_large_windows_have_a_larger_send_buffer():
    with channels("own") as (channel, client):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        own = channel._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        channel.send_window(bytes(1472 * 16), 1472)
        assert channel._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == own
        channel.send_window(bytes(1472 * 64), 1472)
        assert channel._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) > own
