# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagrams by the batch, over loopback: what recvmmsg and sendmmsg give is what recvmsg and sendmsg do."""

from __future__ import annotations

import ctypes
import errno
import itertools
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.process import datagram_batch, kernel_queue
from _bootd.process.datagram_batch import (
    SLOTS,
    Inbox,
    Outbox,
    arrival_of,
    came_at,
    inet_name,
    info_of,
    payload_of,
    pktinfo_control,
    source_of,
)
from _bootd.process.kernel_queue import IP_PKTINFO, PKTINFO

SIZE = 100
CUTS = (4, 8, 10)
LOCAL = socket.inet_aton("127.0.0.1")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return a socket that receives as the servers' do, and one that sends to it."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        kernel_queue.ask_for_times(receiver)
        receiver.bind(("127.0.0.1", 0))
        sender.bind(("127.0.0.2", 0))
        sender.connect(receiver.getsockname())
        sender.settimeout(10)
        yield receiver, sender


@pytest.fixture(params=["batch", "one_by_one"])
def way(request, monkeypatch) -> str:
    """Receive and send with the C library's functions, and without them."""
    if request.param == "one_by_one":
        monkeypatch.setattr(datagram_batch, "_function", lambda _name: None)
    return request.param


@pytest.mark.usefixtures("way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(sent=st.lists(st.binary(max_size=SIZE + 20), max_size=SLOTS + 10))
def test_inbox_has_each_datagram_once_and_in_order(pair, sent):
    receiver, sender = pair
    inbox, began = Inbox(SIZE, CUTS), time.time()
    for payload in sent:
        sender.send(payload)
    found = [inbox.receive(receiver) for _unused in range(3)]
    assert [len(batch) for batch in found] == [min(len(sent), SLOTS), max(0, len(sent) - SLOTS), 0]
    for payload, arrival in zip(sent, itertools.chain(*found), strict=True):
        assert payload_of(arrival, CUTS) == payload[:SIZE]
        assert arrival[:2] == (payload[4:8], payload[8:10])
        source, port = source_of(arrival)
        assert (socket.inet_ntoa(source), port) == sender.getsockname()
        assert PKTINFO.unpack(info_of(arrival)) == (socket.if_nametoindex("lo"), LOCAL, LOCAL)
        assert began - 1 < came_at(arrival) <= time.time()
        # In one form, whichever way it came.
        again = arrival_of(payload[:SIZE], CUTS, source, port, info_of(arrival), came_at(arrival))
        assert again[4] == arrival[4]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("asked", [(), ("times",), ("info",)])
def test_inbox_where_the_kernel_tells_less(asked):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        inbox = Inbox(SIZE, CUTS)
        if "times" in asked:
            kernel_queue.ask_for_times(receiver)
        if "info" in asked:
            receiver.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        before = time.time()
        sender.sendto(b"a", receiver.getsockname())
        (arrival,) = inbox.receive(receiver)
    assert payload_of(arrival, CUTS) == b"a"
    assert before - 1 < came_at(arrival) <= time.time()
    assert PKTINFO.unpack(info_of(arrival))[1] == (LOCAL if "info" in asked else bytes(4))


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("counts", [(1, 1), (3, 1, 3), (1, 3), (SLOTS, 1, SLOTS)])
def test_inbox_has_all_that_the_kernel_tells_though_it_told_less_before(counts):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        inbox = Inbox(SIZE, CUTS)
        for number, count in enumerate(counts):
            for each in range(count):
                sender.sendto(bytes((each,)), receiver.getsockname())
            found = inbox.receive(receiver)
            assert [payload_of(arrival, CUTS) for arrival in found] == [bytes((each,)) for each in range(count)]
            assert {PKTINFO.unpack(info_of(arrival))[1] for arrival in found} == {LOCAL if number else bytes(4)}
            receiver.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            kernel_queue.ask_for_times(receiver)


@pytest.mark.usefixtures("way")
def test_inbox_says_why_nothing_can_be_received(pair):
    receiver, _sender = pair
    inbox = Inbox(SIZE, CUTS)
    receiver.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        inbox.receive(receiver)


@pytest.mark.parametrize("refusal", [errno.EPERM, errno.ENOSYS])
def test_inbox_goes_on_one_by_one_where_a_filter_refuses_the_call(pair, monkeypatch, refusal):
    calls = []

    def refuse(*_arguments):
        calls.append(1)
        ctypes.set_errno(refusal)
        return -1

    monkeypatch.setattr(datagram_batch, "_function", lambda _name: refuse)
    receiver, sender = pair
    inbox = Inbox(SIZE, CUTS)
    for _unused in range(2):
        sender.send(b"a")
        assert [payload_of(arrival, CUTS) for arrival in inbox.receive(receiver)] == [b"a"]
    assert len(calls) == 1


@given(sent=st.lists(st.binary(max_size=SIZE), min_size=1, max_size=SLOTS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_outbox_sends_all_of_it_in_order(pair, sent):
    receiver, sender = pair
    outbox, to = Outbox(SIZE), inet_name(*sender.getsockname())
    control = pktinfo_control(socket.if_nametoindex("lo"), LOCAL)
    for _again in range(2):
        count = outbox.send(receiver, sent, [to] * len(sent), [control] * len(sent))
        assert count == len(sent)
        assert [sender.recv(SIZE + 1) for _unused in sent] == sent


def test_outbox_stops_at_what_can_not_be_sent(pair):
    receiver, sender = pair
    names = [inet_name(*sender.getsockname())] * 3
    control = pktinfo_control(0, LOCAL)
    nowhere = inet_name("127.0.0.1", 0)
    outbox = Outbox(SIZE)
    assert outbox.send(receiver, [b"a", b"b", b"c"], [*names[:2], nowhere], [control] * 3) == 2
    assert outbox.send(receiver, [b"a", b"b"], [nowhere, names[0]], [control] * 2) == 0
    assert outbox.send(receiver, [b"c"], names[:1], [control]) == 1
    assert [sender.recv(9) for _unused in range(3)] == [b"a", b"b", b"c"]


def test_outbox_sends_nothing_that_is_longer_than_its_room(pair):
    receiver, sender = pair
    names, controls = [inet_name(*sender.getsockname())], [pktinfo_control(0, LOCAL)]
    assert Outbox(1).send(receiver, [bytes(SLOTS + 1)], names, controls) == 0
    assert Outbox(2).send(receiver, [bytes(SLOTS + 1)], names, controls) == 1


def test_outbox_writes_nothing_beyond_its_room(pair):
    receiver, sender = pair
    outbox, many = Outbox(SIZE), SLOTS + 1
    with pytest.raises(BufferError):
        outbox.send(receiver, [b"a"] * many, [inet_name(*sender.getsockname())] * many * 2, [])
