# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of datagrams that wait, and of those that found no room."""

from __future__ import annotations

import socket
import time

from _bootd.process import kernel_queue


def pair() -> tuple[socket.socket, socket.socket]:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    receiver.bind(("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(receiver.getsockname())
    return receiver, sender


def test_time_is_when_the_datagram_came_and_not_when_it_was_read():
    receiver, sender = pair()
    with receiver, sender:
        kernel_queue.ask_for_times(receiver)
        # The kernel begins to note times a moment after the first socket of a host has asked for them.
        for _unused in range(100):
            before = time.time()
            sender.send(b"x")
            after = time.time()
            time.sleep(0.01)
            _info, came = kernel_queue.read(receiver.recvmsg(10, kernel_queue.ANCILLARY)[1])
            if came <= after:
                break
    assert before - 0.001 <= came <= after


def test_time_is_now_where_nobody_says():
    before = time.time()
    assert before <= kernel_queue.read([])[1] <= time.time()
    assert before <= kernel_queue.read([(socket.SOL_SOCKET, 35, b"short")])[1] <= time.time()


def test_drops_are_those_that_found_no_room():
    receiver, sender = pair()
    with receiver, sender:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _unused in range(50):
            sender.send(bytes(1000))
        read = 0
        try:
            while receiver.recv(2000):
                read += 1
        except BlockingIOError:
            pass
        assert 0 < read < 50
        assert kernel_queue.drops([receiver, sender]) == 50 - read
    assert kernel_queue.drops([receiver]) == 0
