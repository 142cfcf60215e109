# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forged requests and too many clients get of TFTP, and that those who are being served go on."""

from __future__ import annotations

import errno
import resource
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from _bootd.tftp.packet import Ack, Data, Error, ErrorCode, Oack, Request, encode
from _bootd.tftp.server import NOT_TAKEN_UP, NOT_TAKEN_UP_A_SECOND
from _bootd.tftp.sessions import Sessions
from _bootd.tftp.sockets import Listener
from servers.tftp_lab import CONTENT, MAC, ON, UNKNOWN, Client, answers, fetch, tftp_lab

OPTIONS = (("tsize", "0"), ("blksize", "1468"), ("windowsize", "4"))


def test_client_that_never_acknowledges_gets_little(root):
    short, long = Request("ipxe.efi"), Request("ipxe.efi", "octet", (*OPTIONS, ("timeout", "1")))
    with ExitStack() as stack:
        labs = [stack.enter_context(tftp_lab(root, tftp_single_port=single)) for single in (False, True)]
        clients = [(stack.enter_context(Client(lab)), request) for lab in labs for request in (short, long)]
        firsts = [client.ask(request) for client, request in clients]
        time.sleep(1.5)
        sent = [client.octets_until_silence(0.1) for client, _request in clients]
    # A block of RFC 1350 can't be smaller; an OACK is sent once more, and two are no more than three requests.
    assert [isinstance(first, Oack) for first in firsts] == [False, True, False, True]
    assert [octets == 0 for octets in sent] == [True, False, True, False]
    for (_client, request), first, octets in zip(clients, firsts, sent, strict=True):
        assert len(encode(first)) + octets <= max(516, 3 * len(encode(request)))


def test_address_that_takes_nothing_up_is_sent_no_more_than_its_share(root):
    # As one that another forges: hundreds of requests, from as many ports.
    with tftp_lab(root) as lab, ExitStack() as stack:
        clients = [stack.enter_context(Client(lab)) for _unused in range(330)]
        started = time.monotonic()
        for client in clients:
            client.send(Request("02-00-00-00-00-01/ipxe.efi"))
        lab.line(event="get", status="dropped", machine="on")
        sent = sum(client.octets_until_silence(0.001) for client in clients)
        allowed = NOT_TAKEN_UP + NOT_TAKEN_UP_A_SECOND * (time.monotonic() - started)
        assert 516 <= sent <= 516 * allowed
        assert lab.count("dropped", protocol="tftp", reason="rate") >= 330 - allowed
        # It is that address that has had its share, and no other.
        with Client(lab, UNKNOWN) as other:
            assert fetch(other, Request("02-00-00-00-00-01/ipxe.efi")) == CONTENT


def test_hundred_clients_behind_one_address_are_all_served(lab):
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(lab, UNKNOWN)) for _unused in range(100)]
        firsts = [client.ask(Request("02-00-00-00-00-01/ipxe.efi", "octet", OPTIONS)) for client in clients]
        assert {type(first) for first in firsts} == {Oack}
        for client in clients:
            client.send(Ack(0))
        for client in clients:
            received = [client.receive() for _block in range(2)]
            assert b"".join(data.payload for data in received) == CONTENT
            client.send(Ack(2))
    lab.wait_for_count(100, "tftp_transfers", status="complete")


@pytest.mark.parametrize("name", ["ipxe.efi", "02-00-00-00-00-01/ipxe.efi"])
def test_source_outside_of_the_networks_is_refused_with_no_more_than_it_sent(root, name):
    with tftp_lab(root, local="198.51.100.0/24") as lab, Client(lab, UNKNOWN) as client:
        request = encode(Request(name))
        answer = client.ask(request)
        assert answer.code == ErrorCode.ACCESS_VIOLATION
        assert len(encode(answer)) <= len(request)
        assert client.nothing_comes(0.2)
        line = lab.line(event="get", status="refused", level="warning")
        assert (line.get("machine"), UNKNOWN in line["reason"]) == ("on" if "/" in name else None, True)
        # A machine's own address needs no network.
        assert answers(lab)


def test_source_in_a_network_that_a_setting_names_is_served(root):
    with (
        tftp_lab(root, local="198.51.100.0/24", tftp_networks=("127.0.0.3/32",)) as lab,
        Client(lab, UNKNOWN) as client,
    ):
        assert fetch(client, Request("02:00:00:00:00:01/ipxe.efi")) == CONTENT
        assert client.ask(Request("ipxe.efi")).code == ErrorCode.NOT_FOUND


def test_source_in_the_network_of_a_reservation_is_served(root):
    with tftp_lab(root, local="198.51.100.0/24") as lab, Client(lab, UNKNOWN) as client:
        machine = lab.services.catalog.get("default/off")
        (interface,) = machine.interfaces
        lab.services.catalog.upsert(replace(machine, interfaces=(replace(interface, netmask="255.255.255.0"),)))
        assert fetch(client, Request("020000000001/ipxe.efi")) == CONTENT
        lab.services.catalog.upsert(machine)
        assert client.ask(Request("020000000001/ipxe.efi")).code == ErrorCode.ACCESS_VIOLATION


def test_flood_from_many_addresses_starves_no_machine(root):
    # More sessions than there may be, all of them of addresses that take nothing up.
    with tftp_lab(root, sessions=Sessions(limit=32)) as lab, ExitStack() as stack:
        forgers = [stack.enter_context(Client(lab, f"127.0.1.{host}")) for host in range(1, 250)]
        with Client(lab) as served:
            served.ask(Request("ipxe.efi"))
            served.send(Ack(1))
            served.receive()
            for forger in forgers:
                forger.send(Request("02-00-00-00-00-01/ipxe.efi"))
            assert answers(lab)
            # It lost its place to nobody.
            served.send(Ack(2))
            assert served.receive() == Data(3, CONTENT[1024:1536])
    assert lab.count("tftp_transfers", status="busy") == 0
    assert lab.count("dropped", protocol="tftp", reason="replaced") >= 249 - 32
    assert lab.line(event="get", status="dropped")["machine"] == "on"


def test_address_with_its_share_of_transfers_loses_what_it_never_took_up(root):
    with tftp_lab(root, sessions=Sessions(limit=16)) as lab, ExitStack() as stack:
        clients = [stack.enter_context(Client(lab)) for _unused in range(5)]
        for client in clients:
            client.ask(Request("ipxe.efi"))
        assert lab.line(status="aborted")["client"] == clients[0].address
        for client in clients[1:]:
            client.send(Ack(1))
            assert client.receive() == Data(2, CONTENT[512:1024])
        with Client(lab) as late:
            assert late.ask(Request("ipxe.efi")).message.startswith("busy")
        with Client(lab, UNKNOWN) as other:
            assert fetch(other, Request("02-00-00-00-00-01/ipxe.efi")) == CONTENT


def test_no_room_is_told_until_there_is_room(root):
    with tftp_lab(root, sessions=Sessions(limit=1)) as lab, Client(lab) as one, Client(lab) as two:
        one.ask(Request("ipxe.efi"))
        one.send(Ack(1))
        one.receive()
        answer = two.ask(Request("ipxe.efi"))
        assert (answer.code, answer.message) == (0, "busy: 1 transfers are under way; ask again")
        line = lab.line(event="get", status="busy")
        assert (line["level"], line["machine"], line["mac"]) == ("warning", "on", MAC[ON])
        assert lab.count("tftp_transfers", status="busy") == 1
        one.send(Error(0, "enough"))
        lab.line(status="aborted")
        assert isinstance(two.ask(Request("ipxe.efi")), Data)


def test_no_descriptors_left_is_silence_until_there_are(lab):
    with Client(lab) as client:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, limits[1]))
        try:
            client.send(Request("ipxe.efi"))
            assert client.nothing_comes(0.3)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        line = lab.line(status="dropped", reason="Too many open files")
        assert (line["machine"], line["level"]) == ("on", "warning")
        assert isinstance(client.ask(Request("ipxe.efi")), Data)


def test_nothing_can_be_received_for_a_while(lab, monkeypatch):
    calls = []

    def starved(_listener):
        calls.append(time.monotonic())
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    with Client(lab) as client:
        with monkeypatch.context() as patched:
            patched.setattr(Listener, "receive", starved)
            client.send(Request("ipxe.efi"))
            assert lab.line(event="receive_failed")["reason"] == "Cannot allocate memory"
            time.sleep(0.3)
        # It stays readable all the while; thousands of times without a pause.
        assert len(calls) < 20
        assert isinstance(client.receive(), Data)
