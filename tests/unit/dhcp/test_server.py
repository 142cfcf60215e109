# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's socket and thread, over the loopback interface, as a relay sees them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import Packet, decode, encode
from _bootd.dhcp.server import DhcpServer
from _bootd.dhcp.transport import Batch
from _bootd.process import datagram_batch
from samples.dhcp_messages import LINUX, MAC, UEFI, message, nic
from servers.dhcp_sides import Side, arrival

RELAY = "127.0.0.2"
LOCAL = {"bind": "127.0.0.1", "dhcp_port": 0, "address": "127.0.0.1"}
DISCOVER = encode(message(opt.DHCPDISCOVER, LINUX, giaddr=RELAY))


class Relay:
    """A socket that sends to the server and hears what the server sends to giaddr."""

    def __init__(self, udp: socket.socket, server: DhcpServer) -> None:
        self._udp = udp
        self._server = server

    def send(self, data: bytes) -> None:
        self._udp.sendto(data, ("127.0.0.1", self._server.port))

    def receive(self) -> Packet:
        return decode(self._udp.recv(9000))


@contextmanager
def serving(room) -> Iterator[Relay]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((RELAY, 0))
        udp.settimeout(10)
        # Nothing can be sent to port 0, so what goes straight to a client fails.
        server = DhcpServer(room.services, relay_port=udp.getsockname()[1], client_port=0)
        server.open()
        server.start()
        try:
            yield Relay(udp, server)
        finally:
            server.stop()


@pytest.mark.parametrize("has_batch_calls", [True, False])
def test_server_answers_at_giaddr(bench, monkeypatch, has_batch_calls):
    if not has_batch_calls:
        monkeypatch.setattr(datagram_batch, "_function", lambda _name: None)
    with serving(bench(nic(), **LOCAL)) as relay:
        relay.send(DISCOVER)
        assert relay.receive().message_type == opt.DHCPOFFER


def test_server_answers_from_an_address_of_the_host_where_the_advertised_one_is_elsewhere(bench):
    """Behind a load balancer the address machines know is on no interface of this host."""
    with serving(bench(nic(), **(LOCAL | {"address": "192.0.2.1"}))) as relay:
        relay.send(DISCOVER)
        assert relay.receive().options[opt.SERVER_IDENTIFIER] == bytes((192, 0, 2, 1))


def test_server_logs_the_interface_and_the_sender(bench):
    room = bench(nic(), **LOCAL)
    with serving(room) as relay:
        relay.send(encode(message(opt.DHCPDISCOVER, LINUX, giaddr=RELAY)))
        relay.receive()
    (line,) = room.lines("recv")
    assert (line["iface"], line["via"]) == ("lo", RELAY)


def test_server_times_its_answers_from_when_the_kernel_had_the_request(bench):
    room = bench(nic(), **LOCAL)
    with serving(room) as relay:
        relay.send(b"")
        relay.send(DISCOVER)
        relay.receive()
        relay.send(DISCOVER)
        relay.receive()
    assert room.metric("answer_duration_seconds_count", protocol="dhcp") == 2
    assert 0 < room.metric("answer_duration_seconds_sum", protocol="dhcp") < 10


def test_server_outlives_malformed_datagrams(bench):
    room = bench(nic(), **LOCAL)
    with serving(room) as relay:
        for data in (b"", b"\0", bytes(300), bytes(20000), DISCOVER[:250]):
            relay.send(data)
        relay.send(DISCOVER)
        assert relay.receive().message_type == opt.DHCPOFFER
    assert room.metric("handler_failures_total", protocol="dhcp") == 0
    assert room.metric("dropped_total", protocol="dhcp", reason="oversize") == 1


def test_server_outlives_a_fault_of_its_own(bench, monkeypatch):
    room = bench(nic(), **LOCAL)

    def fail(_mac):
        raise RuntimeError("a fault")

    with serving(room) as relay, monkeypatch.context() as patch:
        by_mac = room.services.catalog.by_mac
        patch.setattr(room.services.catalog, "by_mac", lambda mac: fail(mac) if mac[:2] == "02" else by_mac(mac))
        relay.send(encode(message(opt.DHCPDISCOVER, LINUX, giaddr=RELAY, mac="02:00:00:00:00:01")))
        relay.send(DISCOVER)
        assert relay.receive().message_type == opt.DHCPOFFER
    (line,) = room.lines("fault")
    assert (line["protocol"], line["reason"]) == ("dhcp", "RuntimeError: a fault")
    assert room.metric("handler_failures_total", protocol="dhcp") == 1


def test_server_that_can_not_send_says_so_and_goes_on(bench):
    room = bench(nic(), **LOCAL)
    with serving(room) as relay:
        relay.send(encode(message(opt.DHCPDISCOVER, LINUX, ciaddr="127.0.0.3")))
        relay.send(DISCOVER)
        assert relay.receive().message_type == opt.DHCPOFFER
    (line,) = room.lines("send_failed")
    assert (line["level"], line["to"]) == ("error", "127.0.0.3")
    assert room.metric("dropped_total", protocol="dhcp", reason="send_failed") == 1


def test_server_that_can_not_send_to_many_says_so_now_and_then(bench):
    others = [nic(mac=f"02:00:00:00:00:{number:02x}", address=f"10.10.0.{100 + number}") for number in range(40)]
    room = bench(
        nic(), *(replace(other, machine=replace(other.machine, name=other.interface.mac)) for other in others), **LOCAL
    )
    with serving(room) as relay:
        for number, other in enumerate(others):
            fields = {"ciaddr": f"127.0.1.{number + 1}", "mac": other.interface.mac}
            relay.send(encode(message(opt.DHCPDISCOVER, LINUX, **fields)))
        relay.send(DISCOVER)
        assert relay.receive().message_type == opt.DHCPOFFER
    assert room.metric("dropped_total", protocol="dhcp", reason="send_failed") == 40
    assert 20 <= len(room.lines("send_failed")) < 40


def test_server_stops_and_starts_again_on_its_port(bench):
    room = bench(nic(), **LOCAL)
    first = DhcpServer(room.services)
    first.open()
    port = first.port
    first.start()
    first.stop()
    first.stop()
    second = DhcpServer(bench(nic(), **(LOCAL | {"dhcp_port": port})).services)
    second.open()
    assert second.port == port
    second.stop()


def test_server_stop_without_open(bench):
    DhcpServer(bench(nic(), **LOCAL).services).stop()


def test_server_open_says_that_the_port_is_taken(bench):
    first = DhcpServer(bench(nic(), **LOCAL).services)
    first.open()
    try:
        second = DhcpServer(bench(nic(), **(LOCAL | {"dhcp_port": first.port})).services)
        with pytest.raises(OSError, match="in use"):
            second.open()
        second.stop()
    finally:
        first.stop()


def test_server_open_names_an_interface_that_is_not_there(bench):
    server = DhcpServer(bench(nic(), **(LOCAL | {"interface": "nosuch0"})).services)
    with pytest.raises(OSError, match="interface nosuch0"):
        server.open()


def test_answers_leave_before_anything_is_told_of_strangers_in_between(bench):
    side, sent = Side(bench, nic(), prepares=True), []
    unknown, macs = side.services.unknown, [f"02:00:00:00:00:0{number}" for number in range(3)]
    asked = [arrival(encode(message(opt.DHCPDISCOVER, UEFI, mac=mac))) for mac in (*macs, MAC)]

    def send(_slot, answers):
        sent.append((len(answers), sorted(unknown.macs()), side.log.getvalue().count("unknown_machine")))
        return []

    side.wire.send = send
    server = DhcpServer(side.services)
    for messages in ([asked[0]], [asked[1], asked[3], asked[2]]):
        server._answer(side.wire, Batch(0, messages))
    assert sent == [(1, macs[:1], 1)]
    assert [seen.mac for seen in unknown.all()] == macs
    assert side.room.metric("dropped_total", protocol="dhcp", reason="unknown_machine") == 3
