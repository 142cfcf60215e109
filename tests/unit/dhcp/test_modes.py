# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server in its modes: what goes out, what is logged, recorded and learned, and the second port."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network

import pytest

from _bootd.decisions.events import Event, Script
from _bootd.dhcp import options as opt
from _bootd.dhcp.handler import Handler
from _bootd.dhcp.packet import decode, encode
from _bootd.dhcp.reply import Destination
from _bootd.dhcp.server import DhcpServer
from _bootd.dhcp.transport import CUTS, Transport
from _bootd.process.datagram_batch import SLOTS, payload_of
from _bootd.runtime.origin import nic_at
from samples.dhcp_messages import LINUX, MAC, PATH, SERVER, UEFI, address, message, nic

THEIRS = {opt.SERVER_IDENTIFIER: address("10.10.0.1"), opt.REQUESTED_ADDRESS: address("10.10.0.77")}
TEN, TWENTY = IPv4Network("10.10.0.0/24"), IPv4Network("10.20.0.0/24")
NO_ADDRESS = {"address": "", "netmask": "", "gateway": ""}


def handle(room, kind, options, source="0.0.0.0", interface="eth0", broadcast=True, asked_from=0, **fields):
    data = encode(message(kind, options, **fields))
    return Handler(room.services).handle(data, source, interface, broadcast=broadcast, asked_from=asked_from)


def test_an_offer_of_a_proxy_is_sent_logged_and_recorded(bench):
    where = nic(**NO_ADDRESS)
    room = bench(where, dhcp_mode="proxy")
    out = handle(room, opt.DHCPDISCOVER, UEFI)
    assert out.to == Destination("255.255.255.255", 68, MAC)
    (sent,) = room.lines("send")
    assert (sent["type"], sent["next_server"], sent["filename"]) == ("DHCPOFFER", SERVER, f"{PATH}/snponly.efi")
    assert "address" not in sent
    assert [event.kind for event in room.events(where)] == ["discover"]


@pytest.mark.parametrize("port", [68, 4011, 1024])
def test_port_4011_is_answered_at_the_port_that_asked(bench, port):
    where = nic(**NO_ADDRESS)
    room = bench(where, dhcp_mode="proxy")
    out = handle(room, opt.DHCPREQUEST, UEFI, "10.10.0.77", broadcast=False, asked_from=port, ciaddr="10.10.0.77")
    assert out.to == Destination("10.10.0.77", port)
    assert decode(out.payload).message_type == opt.DHCPACK
    assert room.events(where) == [], "what is asked for is fetched next, from the machine's own address"


def test_an_unknown_machine_that_boots_stays_unknown(bench):
    room = bench(dhcp_mode="auto-proxy")
    assert decode(handle(room, opt.DHCPDISCOVER, UEFI).payload).file.decode() == f"{PATH}/snponly.efi"
    assert handle(room, opt.DHCPREQUEST, UEFI, "10.10.0.77", asked_from=68) is not None
    assert [(found.mac, found.count) for found in room.services.unknown.all()] == [(MAC, 2)]
    assert room.services.journal.states() == {}
    assert [line["event"] for line in room.lines()] == ["unknown_machine"]


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
def test_the_other_servers_clients_are_no_unknown_machines_and_fill_no_log(bench, mode):
    room = bench(dhcp_mode=mode, dhcp_modes={"eth9": "proxy"})
    for kind in opt.MESSAGE_NAMES:
        assert handle(room, kind, LINUX | THEIRS, ciaddr="10.10.0.77") is None
    assert room.services.unknown.all() == []
    assert room.lines() == []


def test_by_interface(bench):
    room = bench(nic(), dhcp_mode="off", dhcp_modes={"eth1": "proxy", "eth2": "reservation"})
    told = [handle(room, opt.DHCPDISCOVER, UEFI, interface=name) for name in ("eth0", "eth1", "eth2")]
    assert told[0] is None
    assert [decode(out.payload).yiaddr for out in told[1:]] == ["0.0.0.0", "10.10.0.16"]
    assert room.metric("dropped_total", protocol="dhcp", reason="not_here") == 1


def test_by_the_network_of_the_relay(bench):
    room = bench(nic(), dhcp_modes={"10.20.0.0/24": "proxy", "10.30.0.0/24": "off"})
    assert decode(handle(room, opt.DHCPDISCOVER, UEFI, giaddr="10.20.0.1").payload).yiaddr == "0.0.0.0"
    assert decode(handle(room, opt.DHCPDISCOVER, UEFI, giaddr="10.40.0.1").payload).yiaddr == "10.10.0.16"
    # RFC 3527: link selection says where the client is, whatever the relay's own address.
    link = {82: b"\5\4" + address("10.30.0.1")}
    assert handle(room, opt.DHCPDISCOVER, UEFI | link, giaddr="10.20.0.1") is None


def test_by_the_network_of_who_asks_port_4011(bench):
    room = bench(nic(), dhcp_modes={"10.20.0.0/24": "proxy"})
    assert handle(room, opt.DHCPREQUEST, UEFI, "10.20.0.7", asked_from=4011) is not None
    assert handle(room, opt.DHCPREQUEST, UEFI, "10.30.0.7", asked_from=4011) is None


def test_by_the_interfaces_own_network(bench, monkeypatch):
    room = bench(nic(), dhcp_modes={"10.10.0.0/16": "proxy"})
    monkeypatch.setattr(room.services.links, "networks_of", lambda _name: (IPv4Network("10.10.4.0/24"),))
    assert decode(handle(room, opt.DHCPDISCOVER, UEFI).payload).yiaddr == "0.0.0.0"


@pytest.mark.parametrize("networks", [(TEN, TWENTY), (TWENTY, TEN)])
@pytest.mark.parametrize("first", ["reservation", "proxy"])
def test_where_its_subnet_is_off_a_machine_is_not_answered(bench, monkeypatch, networks, first):
    where = nic(address="10.20.0.5")
    room = bench(where, dhcp_modes={"10.10.0.0/24": first, "10.20.0.0/24": "off"})
    monkeypatch.setattr(room.services.links, "networks_of", lambda _name: networks)
    assert handle(room, opt.DHCPDISCOVER, UEFI) is None


@pytest.mark.parametrize("subnet", ["off", "reservation"])
def test_both_ports_go_by_the_interface_that_a_machine_is_on(bench, monkeypatch, subnet):
    room = bench(nic(**NO_ADDRESS), dhcp_modes={"eth0": "proxy", "10.0.0.0/8": subnet})
    monkeypatch.setattr(room.services.links, "networks_of", lambda _name: (TEN,))
    assert decode(handle(room, opt.DHCPDISCOVER, UEFI).payload).message_type == opt.DHCPOFFER
    asked = handle(room, opt.DHCPREQUEST, UEFI, "10.10.0.77", broadcast=False, asked_from=4011, ciaddr="10.10.0.77")
    assert decode(asked.payload).message_type == opt.DHCPACK


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
@pytest.mark.parametrize("options", [LINUX, UEFI])
def test_an_address_that_an_unknown_machine_takes_is_no_more_the_one_that_had_it_before(bench, mode, options):
    room = bench(nic(**NO_ADDRESS), dhcp_mode=mode, dhcp_modes={"eth9": "proxy"})
    handle(room, opt.DHCPREQUEST, options | THEIRS)
    other = "02:00:00:00:00:99"
    handle(room, opt.DHCPREQUEST, options | THEIRS, "192.0.2.66", broadcast=False, mac=other)
    assert nic_at(room.services, "10.10.0.77") == room.services.catalog.by_mac(MAC), "that may come from anywhere"
    assert handle(room, opt.DHCPREQUEST, options | THEIRS, mac=other) is None
    assert nic_at(room.services, "10.10.0.77") is None


@pytest.mark.parametrize("mode", ["proxy", "off"])
@pytest.mark.parametrize("options", [LINUX, UEFI])
def test_what_a_machine_takes_elsewhere_is_its_address(bench, mode, options):
    where = nic(**NO_ADDRESS)
    room = bench(where, dhcp_mode=mode, dhcp_modes={"eth9": "proxy"})
    assert nic_at(room.services, "10.10.0.77") is None
    assert handle(room, opt.DHCPREQUEST, options | THEIRS) is None
    assert nic_at(room.services, "10.10.0.77") == room.services.catalog.by_mac(MAC)


def test_what_comes_to_bootds_own_address_tells_nobodys_address(bench):
    room = bench(nic(**NO_ADDRESS), dhcp_mode="proxy")
    handle(room, opt.DHCPREQUEST, UEFI | THEIRS, "192.0.2.66", broadcast=False)
    handle(room, opt.DHCPREQUEST, UEFI | THEIRS, "192.0.2.66", broadcast=False, asked_from=68, ciaddr="192.0.2.66")
    assert nic_at(room.services, "10.10.0.77") is None
    assert nic_at(room.services, "192.0.2.66") is None


def test_a_stranger_elsewhere_takes_no_address_for_a_machine_that_is_being_installed(bench):
    where = nic(**NO_ADDRESS)
    room = bench(where, dhcp_mode="proxy")
    handler = Handler(room.services)
    handler.handle(encode(message(opt.DHCPDISCOVER, UEFI)), "0.0.0.0", "eth0")
    key = where.machine.key
    journal = room.services.journal
    journal.record(Event(key, MAC, 1.0, Script("netboot.osie", "http", 1)))
    assert journal.state(key).stage == "script"
    forged = encode(message(opt.DHCPREQUEST, UEFI | THEIRS, giaddr="192.0.2.66"))
    handler.handle(forged, "192.0.2.66", "eth0", broadcast=False)
    assert nic_at(room.services, "10.10.0.77") is None
    handler.handle(encode(message(opt.DHCPREQUEST, UEFI | THEIRS)), "0.0.0.0", "eth0")
    assert nic_at(room.services, "10.10.0.77") is not None


LOCAL = {"bind": "127.0.0.1", "dhcp_port": 0, "proxy_port": 0, "address": "127.0.0.1"}


def test_both_ports_are_answered_by_one_server(bench):
    room = bench(nic(**NO_ADDRESS), dhcp_mode="proxy", **LOCAL)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.2", 0))
        client.settimeout(10)
        server = DhcpServer(room.services, relay_port=client.getsockname()[1], client_port=0)
        server.open()
        assert server.proxy_port not in (0, server.port)
        server.start()
        try:
            request = encode(message(opt.DHCPREQUEST, UEFI, ciaddr="127.0.0.2"))
            client.sendto(request, ("127.0.0.1", server.proxy_port))
            data, sender = client.recvfrom(9000)
            # iPXE looks at the port that the answer comes from (dhcp_proxy_rx).
            assert (decode(data).message_type, sender[1]) == (opt.DHCPACK, server.proxy_port)
            client.sendto(encode(message(opt.DHCPDISCOVER, UEFI, giaddr="127.0.0.2")), ("127.0.0.1", server.port))
            data, sender = client.recvfrom(9000)
            assert (decode(data).message_type, sender[1]) == (opt.DHCPOFFER, server.port)
        finally:
            server.stop()


def test_port_4011_has_its_turn_while_port_67_is_never_empty():
    transport = Transport("127.0.0.1", (0, 0), "", "127.0.0.1")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for slot in (*[0] * (SLOTS + 6), 1, 1):
                client.sendto(bytes((slot,)), ("127.0.0.1", transport.ports[slot]))
            heard = [transport.receive() for _each in range(4)]
    finally:
        transport.close()
    assert [found and (found.slot, [payload_of(arrival, CUTS) for arrival in found.arrivals]) for found in heard] == [
        (0, [b"\0"] * SLOTS),
        (1, [b"\1"] * 2),
        (0, [b"\0"] * 6),
        None,
    ]


def test_where_bootd_is_no_proxy_port_4011_is_left_alone(bench):
    server = DhcpServer(bench(nic(), **LOCAL).services)
    server.open()
    try:
        assert (server.port > 0, server.proxy_port) == (True, 0)
    finally:
        server.stop()


def test_both_ports_are_let_go_where_one_can_not_be_had(bench):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free,
    ):
        taken.bind(("127.0.0.1", 0))
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        settings = LOCAL | {"dhcp_port": port, "proxy_port": taken.getsockname()[1]}
        with pytest.raises(OSError, match="in use"):
            DhcpServer(bench(nic(), dhcp_mode="proxy", **settings).services).open()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(("127.0.0.1", port))
