# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of the datagram servers."""

from __future__ import annotations

import errno
import queue
import socket
import threading
import time

import pytest

from _bootd.process import datagram_loop
from _bootd.process.datagram_loop import BATCH, DatagramLoop
from _bootd.process.faults import Contained
from servers.services_in_memory import ServicesInMemory


class Pair:
    """One end of a socket pair as a source; ``send`` puts a datagram in at the other."""

    def __init__(self) -> None:
        self._end, self._other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._end.setblocking(False)
        self.fileno = self._end.fileno
        self.closed = False

    def send(self, data: bytes) -> None:
        self._other.send(data)

    def receive(self) -> bytes | None:
        try:
            return self._end.recv(100)
        except BlockingIOError:
            return None

    def close(self) -> None:
        self._end.close()
        self._other.close()
        self.closed = True


def wait_until(happened) -> None:
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def desk() -> ServicesInMemory:
    return ServicesInMemory([])


def drain_of(desk: ServicesInMemory, source, handle, look=None) -> DatagramLoop:
    services = desk.services
    contained, pulse = Contained("test", services.metrics, services.log), services.health.pulse("test")
    return DatagramLoop("test", source, handle, contained, pulse, look)


def test_drain_hands_on_each_datagram_and_ends_with_the_source_closed(desk):
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    pair = Pair()
    drain = drain_of(desk, pair, heard.put)
    drain.start()
    for number in range(3):
        pair.send(bytes((number,)))
    assert [heard.get(timeout=10) for _unused in range(3)] == [b"\0", b"\1", b"\2"]
    drain.stop()
    assert pair.closed


def test_drain_goes_on_after_a_fault_and_says_where_it_was(desk):
    heard = []

    def handle(data: bytes) -> None:
        heard.append(data)
        if data == b"bad":
            raise KeyError("surprise")

    pair = Pair()
    drain = drain_of(desk, pair, handle)
    pair.send(b"bad")
    pair.send(b"good")
    drain.handle_waiting()
    drain.stop()
    assert heard == [b"bad", b"good"]
    (line,) = desk.lines()
    assert (line["event"], line["protocol"]) == ("fault", "test")
    assert "surprise" in line["reason"]


def test_drain_looks_now_and_then_and_listens_on_what_it_finds(desk, monkeypatch):
    """The source may have another descriptor afterwards, whether datagrams came meanwhile or not."""
    monkeypatch.setattr(datagram_loop, "LOOK_SECONDS", 0.01)
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    pairs = [Pair() for _unused in range(3)]

    class Source:
        def __init__(self) -> None:
            self.now = pairs[0]
            self.close = pairs[0].close

        def fileno(self) -> int:
            return self.now.fileno()

        def receive(self) -> bytes | None:
            return self.now.receive()

    source = Source()
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        source.now = pairs[min(looks, 2)]
        if looks == 2:
            raise KeyError("surprise")

    drain = drain_of(desk, source, heard.put, look)
    drain.start()
    wait_until(lambda: looks >= 2)
    pairs[2].send(b"to the third")
    assert heard.get(timeout=10) == b"to the third"
    before = looks
    wait_until(lambda: looks > before)
    drain.stop()
    for pair in pairs[1:]:
        pair.close()
    assert [line["event"] for line in desk.lines()] == ["fault"]


def test_drain_takes_a_batch_at_a_time(desk):
    class Endless(Pair):
        def receive(self) -> bytes | None:
            return b"again"

    heard = []
    drain = drain_of(desk, Endless(), heard.append)
    drain.handle_waiting()
    drain.stop()
    assert len(heard) == BATCH


def test_drain_waits_where_nothing_can_be_received_and_says_so(desk):
    class Starved(Pair):
        calls = 0

        def receive(self) -> bytes | None:
            self.calls += 1
            raise OSError(errno.ENOMEM, "Cannot allocate memory")

    pair = Starved()
    pair.send(b"waits")
    drain = drain_of(desk, pair, lambda _data: None)
    drain.start()
    line = desk.line()
    drain.stop()
    assert "Cannot allocate memory" in line["reason"]
    # Once a second; thousands of times without a pause.
    assert pair.calls < 10


def test_drain_that_was_never_started_stops_and_closes(desk):
    pair = Pair()
    drain_of(desk, pair, lambda _data: None).stop()
    assert pair.closed


def test_drain_whose_thread_has_ended_is_told(desk, monkeypatch):
    # The test is what raises it, so the thread's own complaint would only be noise.
    monkeypatch.setattr(threading, "excepthook", lambda _told: None)
    pair = Pair()

    def handle(_data: bytes) -> None:
        raise SystemExit("out of memory")

    drain = drain_of(desk, pair, handle)
    drain.start()
    assert desk.services.health.faults() == []
    pair.send(b"the last")
    wait_until(desk.services.health.faults)
    drain.stop()
    assert desk.services.health.faults() == ["test: its thread has ended: SystemExit"]
