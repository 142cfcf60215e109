# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of one batch, over loopback: what can't be sent costs the others nothing, whatever the kernel says to it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import select
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.dhcp import transport as transport_module
from _bootd.dhcp.reply import Destination
from _bootd.dhcp.transport import Sending, Transport
from _bootd.process import datagram_batch, kernel_queue
from _bootd.process.datagram_batch import SLOTS

LOOPBACK = socket.if_nametoindex("lo")
NOWHERE = Destination("127.0.0.1", 0)  # nothing can be sent to port 0


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.2", 0))
        udp.settimeout(10)
        yield udp


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport("127.0.0.1", [0], "", "127.0.0.1")
    yield made
    made.close()


def to(client: socket.socket) -> Destination:
    return Destination(*client.getsockname())


def answers(transport: Transport, *destinations: Destination) -> list[Sending]:
    """Return an answer to each, which is its number."""
    return [
        (bytes((number,)), transport.route(destination, LOOPBACK, "lo"), b"")
        for number, destination in enumerate(destinations)
    ]


def heard(client: socket.socket, count: int) -> list[int]:
    return [client.recv(9)[0] for _each in range(count)]


def refuse(number: int):
    """Return a sendmmsg that sends nothing, and why."""

    def call(*_arguments):
        ctypes.set_errno(number)
        return -1

    return call


def one_at_a_time(real):
    return lambda descriptor, at, _count, flags: real(descriptor, at, 1, flags)


@pytest.fixture(params=["all", "one at a time", errno.EAGAIN, errno.EPERM, errno.ENOSYS, "no function"])
def sendmmsg(request, monkeypatch) -> None:
    """Have the C library's sendmmsg send all, less, or nothing."""
    real = datagram_batch._function("sendmmsg")
    calls = {"all": real, "one at a time": one_at_a_time(real), "no function": None}
    call = calls[request.param] if request.param in calls else refuse(request.param)
    monkeypatch.setattr(datagram_batch, "_function", lambda _name: call)


@pytest.mark.usefixtures("sendmmsg")
def test_what_can_not_be_sent_costs_the_others_nothing(client, request):
    transport = Transport("127.0.0.1", [0], "", "127.0.0.1")
    request.addfinalizer(transport.close)
    batch = answers(transport, NOWHERE, to(client), to(client), NOWHERE, NOWHERE, to(client), NOWHERE)
    failed = transport.send(0, batch)
    assert [(sending, error.errno) for sending, error in failed] == [(batch[at], errno.EINVAL) for at in (0, 3, 4, 6)]
    assert heard(client, 3) == [1, 2, 5]


@pytest.mark.usefixtures("sendmmsg")
def test_more_answers_than_one_call_takes_leave_in_order(client, request):
    transport = Transport("127.0.0.1", [0], "", "127.0.0.1")
    request.addfinalizer(transport.close)
    assert transport.send(0, answers(transport, *[to(client)] * (SLOTS + 7))) == []
    assert heard(client, SLOTS + 7) == list(range(SLOTS + 7))


@pytest.fixture(params=[True, False])
def cutting(request, monkeypatch) -> Iterator[Transport]:
    """Return a transport whose kernel cuts what is sent, and one whose kernel does not."""
    monkeypatch.setattr(kernel_queue, "cuts", lambda: request.param)
    made = Transport("127.0.0.1", [0], "", "127.0.0.1")
    yield made
    made.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.one_of(st.binary(min_size=5, max_size=7), st.binary(min_size=1, max_size=1400))
        ),
        max_size=SLOTS + 9,
    )
)
def test_each_relay_is_sent_its_answers_octet_for_octet_whether_the_kernel_cuts_them_or_not(cutting, sent):
    with contextlib.ExitStack() as closing:
        relays = [closing.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _each in range(3)]
        for relay in relays:
            relay.bind(("127.0.0.2", 0))
            relay.settimeout(10)
        ways = [cutting.route(to(relay), LOOPBACK, "lo") for relay in relays]
        nowhere = cutting.route(NOWHERE, LOOPBACK, "lo")
        batch = [(payload, ways[number] if number < 3 else nowhere, b"") for number, payload in sent]
        failed = cutting.send(0, batch)
        assert sorted(sending[0] for sending, _error in failed) == sorted(payload for at, payload in sent if at == 3)
        for number, relay in enumerate(relays):
            expected = [payload for at, payload in sent if at == number]
            found = [relay.recvfrom(2000) for _each in expected]
            assert sorted(payload for payload, _source in found) == sorted(expected)
            assert {source for _payload, source in found} <= {("127.0.0.1", cutting.ports[0])}
            by_size = [[item for item in items if len(item) == 5] for items in ([at[0] for at in found], expected)]
            assert by_size[0] == by_size[1] or len(sent) > SLOTS, "those that are as long leave in their order"


def asked_of(outbox, monkeypatch) -> list[list[bytes]]:
    """Return a list to which is added what is asked of ``outbox``."""
    asked: list[list[bytes]] = []
    send = outbox.send
    monkeypatch.setattr(
        outbox, "send", lambda udp, payloads, *more: asked.append(payloads) or send(udp, payloads, *more)
    )
    return asked


def test_answers_to_a_relay_that_are_as_long_are_one_for_the_kernel(transport, client, monkeypatch):
    alike, others = (asked_of(box, monkeypatch) for box in (transport._outbox_of_alike, transport._udp_outbox))
    way = transport.route(to(client), LOOPBACK, "lo")
    payloads = [b"aa", b"bb", *(bytes((number,)) * 3 for number in range(7))]
    batch = [(payload, way, b"") for payload in payloads]
    assert transport.send(0, batch) == []
    assert (alike, others) == ([[b"".join(payloads[2:])]], [payloads[:2]])
    assert [client.recv(99) for _each in batch] == [*payloads[2:], *payloads[:2]]
    assert transport.send(0, batch[1:]) == [], "few are sent as they are"
    assert (len(alike), others[1:]) == (1, [payloads[1:]])


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.EAGAIN])
def test_where_a_network_card_can_not_cut_all_are_sent_as_they_are_for_a_while(transport, client, monkeypatch, number):
    monkeypatch.setattr(transport._outbox_of_alike, "_call", refuse(number))
    alike = asked_of(transport._outbox_of_alike, monkeypatch)
    for _each in range(3):
        assert transport.send(0, answers(transport, *[to(client)] * 9)) == []
        assert heard(client, 9) == list(range(9))
    assert len(alike) == 1
    transport._look()
    assert transport.send(0, answers(transport, *[to(client)] * 9)) == []
    assert (heard(client, 9), len(alike)) == (list(range(9)), 2)


def test_an_address_that_comes_and_goes_costs_no_answer(transport, client):
    """It may be a load balancer's, or one that moves from host to host."""
    for address, source in (("192.0.2.1", "127.0.0.1"), ("127.0.0.9", "127.0.0.9"), ("192.0.2.1", "127.0.0.1")):
        transport._address = socket.inet_aton(address)
        transport._look()
        assert transport.send(0, answers(transport, *[to(client)] * 3)) == []
        assert {client.recvfrom(9)[1][0] for _each in range(3)} == {source}


def test_there_is_more_room_for_answers_than_by_default(transport, client):
    """Measured with two relays that answer no ARP: by default, 167 answers to them took the room of all others."""
    (udp,) = transport._udp
    room, default = (item.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) for item in (udp, client))
    assert room >= 2 * min(default, 1 << 20)


class Stuck:
    """The raw socket of an interface that takes no packet just now."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.tried = 0

    def fileno(self) -> int:
        return self._descriptor

    def sendto(self, *_arguments) -> None:
        self.tried += 1
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    def close(self) -> None:
        """Do nothing."""


def test_an_interface_that_takes_nothing_holds_up_no_other(transport, client):
    if transport._raw is not None:
        transport._raw.close()
    stuck = transport._raw = Stuck(client.fileno())
    bare = Destination("127.0.0.5", 0, "02:00:00:00:00:01")
    batch = answers(transport, to(client), bare, to(client), bare, to(client))
    assert [way.is_raw for _payload, way, _packet in batch] == [False, True, False, True, False]
    assert [sending for sending, _error in transport.send(0, batch)] == [batch[1], batch[3]]
    assert stuck.tried == 2
    assert heard(client, 3) == [0, 2, 4]


def test_the_raw_socket_waits_for_nothing(monkeypatch):
    asked = []
    monkeypatch.setattr(transport_module.socket, "socket", lambda *arguments: asked.append(arguments))
    transport_module._raw_socket()
    ((family, kind, protocol),) = asked
    assert (family, protocol) == (socket.AF_PACKET, 0)
    assert kind == socket.SOCK_DGRAM | socket.SOCK_NONBLOCK


def test_a_wake_up_asks_the_kernel_once_where_less_than_a_batch_waits(client, transport, monkeypatch):
    asked = []
    receive = transport._inbox.receive
    monkeypatch.setattr(transport._inbox, "receive", lambda udp: asked.append(udp) or receive(udp))
    for waiting, calls in ((1, 1), (SLOTS, 2), (SLOTS + 1, 2)):
        asked.clear()
        for _each in range(waiting):
            client.sendto(b"any", ("127.0.0.1", transport.ports[0]))
        received = 0
        while batch := transport.receive():
            received += len(batch.arrivals)
        assert (received, len(asked)) == (waiting, calls)


def test_no_port_waits_until_another_is_read_empty(client):
    two = Transport("127.0.0.1", [0, 0], "", "127.0.0.1")
    try:
        for port, count in zip(two.ports, (2 * SLOTS, 1), strict=True):
            for _each in range(count):
                client.sendto(b"any", ("127.0.0.1", port))
        read = [(batch.slot, len(batch.arrivals)) for batch in iter(two.receive, None)]
    finally:
        two.close()
    assert read == [(0, SLOTS), (1, 1), (0, SLOTS)]


@pytest.mark.parametrize("ports", [[0], [0, 0]])
def test_what_is_waited_on_tells_of_each_port_also_once_they_were_opened_anew(client, monkeypatch, ports):
    opened = transport_module._udp_sockets
    several = Transport("127.0.0.1", ports, "", "127.0.0.1")
    try:
        # Of the very same numbers only another interface has room.
        monkeypatch.setattr(
            transport_module, "_udp_sockets", lambda interface, address, _ports: opened(interface, address, ports)
        )
        for _again in range(2):
            for udp in several._udp:
                assert select.select([several], [], [], 0)[0] == []
                client.sendto(b"any", udp.getsockname())
                assert select.select([several], [], [], 10)[0] == [several]
                assert [len(batch.arrivals) for batch in iter(several.receive, None)] == [1]
            several.reopen()
    finally:
        several.close()
