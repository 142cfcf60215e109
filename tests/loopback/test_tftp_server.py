# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TFTP server on the wire, packet by packet: what it answers, from where, and what it lets pass."""

from __future__ import annotations

import itertools
import os
import random
import re
import socket
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from _bootd.decisions import events
from _bootd.hardware.model import Netboot, Osie
from _bootd.tftp.content import KEPT
from _bootd.tftp.packet import Ack, Data, Error, ErrorCode, Oack, Request, encode
from _bootd.tftp.server import ServerLoop, TftpServer
from programs.require import require
from servers.tftp_lab import CONTENT, MAC, OFF, ON, SCRIPT, UNKNOWN, Client, answers, fetch, tftp_lab

OPTIONS = (("tsize", "0"), ("blksize", "1468"), ("windowsize", "4"))
BY_GRUB = (("blksize", "1024"), ("tsize", "0"))  # seen of GRUB 2.06


def test_answer_port(lab):
    with Client(lab) as client:
        client.ask(Request("ipxe.efi"))
        assert (client.peer == client.server) is lab.services.settings.tftp_single_port


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.77"])
def test_answer_leaves_from_the_address_asked(lab, address):
    with Client(lab, to=address) as client:
        assert isinstance(client.ask(Request("ipxe.efi")), Data)
        assert client.peer[0] == address
        assert isinstance(client.ask(Request("missing")), Error)
        assert client.peer == (address, lab.port)


def test_size_probe_that_is_aborted_is_no_error(lab):
    with Client(lab) as client:
        assert dict(client.ask(Request("ipxe.efi", "octet", OPTIONS)).options)["tsize"] == str(len(CONTENT))
        client.send(Error(ErrorCode.OPTION_NEGOTIATION, "User aborted the transfer"))
        line = lab.line(status="aborted", client=client.address)
    assert (line["level"], line["bytesSent"]) == ("debug", 0)
    assert {line["level"] for line in lab.lines()} == {"debug"}
    assert lab.count("decisions", decision="boot_file", protocol="tftp") == 1
    assert 'bootd_transfer_duration_seconds_count{protocol="tftp",status="aborted"} 1.0' in lab.metrics()
    assert 'bootd_answer_duration_seconds_count{protocol="tftp"} 0.0' not in lab.metrics()
    assert lab.services.journal.recent("default/on") == []


@pytest.mark.parametrize(("asked", "granted"), [("1468", "1468"), ("1469", "1468"), ("65464", "1468"), ("7", None)])
def test_blksize_is_capped_by_the_setting(lab, asked, granted):
    with Client(lab) as client:
        answer = client.ask(Request("ipxe.efi", "octet", (("blksize", asked), ("timeout", "9"))))
        assert dict(answer.options).get("blksize") == granted


def test_blksize_is_capped_by_the_mtu(root):
    with tftp_lab(root, tftp_max_blksize=65464) as lab, Client(lab) as client:
        answer = client.ask(Request("ipxe.efi", "octet", (("blksize", "65464"),)))
        mtu = int(Path("/sys/class/net/lo/mtu").read_text(encoding="ascii"))
        assert dict(answer.options)["blksize"] == str(min(65464, mtu - 32))


def test_unknown_machine_gets_no_more_than_it_sent(lab):
    for name in ("x", "ipxe.efi", "autoexec.ipxe", "a" * 200):
        request = encode(Request(name))
        with Client(lab, UNKNOWN) as client:
            answer = client.ask(request)
            assert answer.code == ErrorCode.NOT_FOUND
            assert f"no Hardware object has {UNKNOWN}".startswith(answer.message)
            assert len(encode(answer)) <= len(request)
    assert lab.line(status="refused")["reason"] == f"no Hardware object has {UNKNOWN}"


def test_unknown_machine_that_names_its_mac_is_listed(lab):
    with Client(lab, UNKNOWN) as client:
        for name in ("02-00-00-00-00-09/ipxe.efi", "0200.0000.0009/autoexec.ipxe", "ipxe.efi"):
            assert client.ask(Request(name)).code == ErrorCode.NOT_FOUND
    lab.line(status="refused", uri="ipxe.efi")
    (found,) = lab.services.unknown.all()
    assert (found.mac, found.address, found.asked["tftp"]) == ("02:00:00:00:00:09", UNKNOWN, 3)


def test_unknown_machine_that_is_served_is_listed_too(root):
    with tftp_lab(root, dhcp_mode="auto-proxy") as lab, Client(lab, UNKNOWN) as client:
        (root / "snponly.efi").write_bytes(CONTENT)
        assert fetch(client, Request("02-00-00-00-00-09/snponly.efi")) == CONTENT
        lab.line(status="complete")
    (found,) = lab.services.unknown.all()
    assert (found.mac, found.asked["tftp"]) == ("02:00:00:00:00:09", 1)


def test_netboot_off_refuses_the_file_and_boots_the_disk(lab):
    with Client(lab, OFF) as client:
        refusal = client.ask(Request("ipxe.efi"))
        assert (refusal.code, "netboot.allowPXE is false" in refusal.message) == (ErrorCode.ACCESS_VIOLATION, True)
        assert b"sanboot" in fetch(client, Request("autoexec.ipxe"))
        lab.line(status="complete", client=client.address)
    (event,) = lab.services.journal.recent("default/off")
    assert (event.kind, event.mac) == ("local_boot", MAC[OFF])


def test_file_sent_whole_is_noted(lab):
    with Client(lab) as client:
        assert fetch(client, Request("/02-00-00-00-00-01/ipxe.efi", "octet", OPTIONS)) == CONTENT
        line = lab.line(event="get", status="complete")
    assert line["uri"] == "/02-00-00-00-00-01/ipxe.efi"
    assert (line["filename"], line["bytesSent"], line["contentSize"]) == ("ipxe.efi", len(CONTENT), len(CONTENT))
    assert line["duration"] >= 0
    (event,) = lab.services.journal.recent("default/on")
    assert (event.mac, event.detail) == (MAC[ON], events.BootFile("ipxe.efi", "tftp", len(CONTENT)))
    assert lab.count("tftp_transfers", status="complete") == 1
    assert lab.count("tftp_bytes") == len(CONTENT)


def test_script_sent_whole_is_noted(lab):
    with Client(lab) as client:
        assert fetch(client, Request("autoexec.ipxe")) == SCRIPT.encode()
        lab.line(event="get", status="complete")
    (event,) = lab.services.journal.recent("default/on")
    assert (event.kind, event.detail.via, event.detail.bytes) == ("script", "tftp", len(SCRIPT))


def test_grub_has_its_configuration_its_images_and_tells_what_it_does(root, tmp_path):
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1/vmlinuz").write_bytes(CONTENT)
    with tftp_lab(root, image_dir=str(tmp_path)) as lab, Client(lab) as client:
        osie = Osie(base_url="http://127.0.0.1:7080/images/v1", kernel="vmlinuz", initrd="initrd")
        nic = lab.services.catalog.by_ip(ON)
        card = replace(nic.interface, netboot=Netboot(True, osie=osie))
        lab.services.catalog.upsert(replace(nic.machine, interfaces=(card,)))
        text = fetch(client, Request("/grub/grub.cfg", "octet", BY_GRUB)).decode()
        (kernel,) = re.findall(r"linux '\(tftp,127[.]0[.]0[.]1\)(/[^']+)'", text)
        assert fetch(client, Request("/02-00-00-00-00-01/phone-home?event=facts&platform=efi&serial=a 1")) == KEPT
        lab.line(bytesSent=len(KEPT), status="complete")
        assert fetch(client, Request(kernel, "octet", BY_GRUB)) == CONTENT
        lab.line(filename="v1/vmlinuz", status="complete")
        state = lab.services.journal.state("default/on")
        assert client.ask(Request("/02-00-00-00-00-01/images/v1/initrd")).code == ErrorCode.NOT_FOUND
    assert [event.detail for event in lab.services.journal.recent("default/on")] == [
        events.Script("netboot.osie", "tftp", len(text)),
        events.Facts({"serial": "a 1", "platform": "efi"}),
        events.Loaded("http://127.0.0.1:7080/images/v1/vmlinuz", "kernel", len(CONTENT), len(CONTENT), "tftp"),
    ]
    assert (state.stage, state.bytes) == ("kernel", {"tftp": len(text) + len(CONTENT)})


def test_what_grub_and_shim_do_without_is_no_line_in_the_log(lab):
    with Client(lab) as client:
        for name in ("02-00-00-00-00-01/revocations_sku.efi", "/grub/x86_64-efi/command.lst"):
            assert client.ask(Request(name)).code == ErrorCode.NOT_FOUND
            assert lab.line(uri=name)["level"] == "debug"
    assert lab.count("tftp_transfers", status="refused") == 2


def test_script_of_a_machine_that_has_to_wait_says_so_and_its_boot_file_comes(lab):
    waiting = replace(lab.services.catalog.get("default/on"), after=("default/off",))
    lab.services.catalog.upsert(waiting)
    with Client(lab) as client:
        assert fetch(client, Request("ipxe.efi")) == CONTENT
        script = fetch(client, Request("autoexec.ipxe"))
        assert b"waits for off (never seen installed, and its netboot is off)" in script
        assert b"chain --replace --autofree http://127.0.0.1:7080/02-00-00-00-00-01/auto.ipxe" in script
        lab.line(filename="autoexec.ipxe", status="complete")
        state = lab.services.journal.state("default/on")
        assert (state.stage, state.waits_for) == ("loading", "off (never seen installed, and its netboot is off)")
        lab.services.catalog.upsert(replace(waiting, after=()))
        assert fetch(client, Request("autoexec.ipxe")) == SCRIPT.encode()
        assert {event.kind for event in lab.services.journal.recent("default/on")} >= {"boot_file", "held"}


@pytest.mark.parametrize("name", ["ipxe.efi", "missing", "../x"])
def test_write_is_refused(lab, name):
    with Client(lab) as client:
        assert client.ask(Request(name, write=True)).code == ErrorCode.ACCESS_VIOLATION


UNREADABLE = [
    pytest.param(b"\0\1/02-00-00-00-00-01/ipxe.efi", ErrorCode.ILLEGAL_OPERATION, id="no mode"),
    pytest.param(b"\0\1ipxe.efi\0", ErrorCode.ILLEGAL_OPERATION, id="no mode, from its address"),
    pytest.param(b"\0\1" + 600 * b"a" + b"\0octet\0", ErrorCode.ILLEGAL_OPERATION, id="over 512 octets"),
    pytest.param(b"\0\1grub\xe9.efi\0octet\0", ErrorCode.NOT_FOUND, id="name not UTF-8"),
    pytest.param(b"\0\1ipxe.efi\0octe", ErrorCode.ILLEGAL_OPERATION, id="half a mode"),
    pytest.param(b"\0\1" + b"../ipxe.efi\0octet\0", ErrorCode.ACCESS_VIOLATION, id="name that leads out"),
]


@pytest.mark.parametrize(("wire", "code"), UNREADABLE)
def test_request_that_cannot_be_served_gets_an_error_and_a_line_that_names_the_machine(lab, wire, code):
    # shim looks for its second stage under another name only after an ERROR.
    with Client(lab) as client:
        assert client.ask(wire).code == code
        line = lab.line(event="get", status="refused", client=client.address)
    assert (line["machine"], line["mac"]) == ("on", MAC[ON])
    assert line["level"] in ("info", "warning")


@pytest.mark.parametrize(("wire", "code"), UNREADABLE)
def test_request_of_a_stranger_that_cannot_be_served_gets_an_error_that_is_no_longer(lab, wire, code):
    with Client(lab, UNKNOWN) as client:
        answer = client.ask(wire)
        assert answer.code in (code, ErrorCode.NOT_FOUND)
        assert len(encode(answer)) <= len(wire)
        line = lab.line(event="get", status="refused", client=client.address)
    assert line.get("machine") == ("on" if b"02-" in wire else None)


@pytest.mark.parametrize("wire", [b"\0\1a\0", b"\0\1missing\0octet\0", b"\0\2" + 400 * b"a" + b"\0octet\0"])
def test_error_to_a_machine_is_at_most_three_times_the_request(lab, wire):
    with Client(lab) as client:
        answer = client.ask(wire)
    assert isinstance(answer, Error)
    assert 28 + len(encode(answer)) <= 3 * (28 + len(wire))


@pytest.mark.parametrize("wire", [b"\0\1", b"\0\1a", b"\0\1a\0"])
def test_request_shorter_than_any_error_gets_none(lab, wire):
    with Client(lab, UNKNOWN) as client:
        client.send(wire)
        assert client.nothing_comes(0.2)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"\0\1ipxe.efi\0octet", id="mode without NUL"),
        pytest.param(b"\0\1ipxe.efi\0octet\0\xff\xff\xff", id="garbage behind the mode"),
        pytest.param(b"\0\1ipxe.efi\xff\0octet\0", id="option 67 read up to the end option"),
        pytest.param(b"\0\1ipxe.efia\x11\0octet\0", id="option 67 read up to option 97"),
        pytest.param(b"\0\1//ipxe.efi\0octet\0", id="two slashes"),
        pytest.param(b"\0\1\\.\\ipxe.efi\0octet\0", id="backslashes"),
        pytest.param(b"\0\1\\0200.0000.0001\\ipxe.efi\0octet\0", id="MAC and backslashes"),
    ],
)
def test_request_that_can_mean_one_thing_only_is_served(lab, wire):
    with Client(lab) as client:
        assert fetch(client, wire) == CONTENT


def test_request_repeated_gets_the_first_packet_again(lab):
    with Client(lab) as client:
        first = client.ask(Request("ipxe.efi"))
        peer = client.peer
        assert client.ask(Request("ipxe.efi")) == first
        assert client.peer == peer
    assert lab.count("tftp_transfers", status="aborted") == 0


def test_request_echoed_by_the_network_does_not_disturb(lab):
    with Client(lab) as client:
        client.ask(Request("ipxe.efi"))
        client.send(Ack(1))
        assert client.receive() == Data(2, CONTENT[512:1024])
        client.send(Request("ipxe.efi"), client.server)
        client.send(Ack(2))
        assert client.receive() == Data(3, CONTENT[1024:1536])
        lab.wait_for_count(1, "dropped", protocol="tftp", reason="duplicate")


def test_other_request_from_the_same_port_begins_anew(lab):
    with Client(lab) as client:
        client.ask(Request("ipxe.efi"))
        client.send(Ack(1))
        client.receive()
        assert client.ask(Request("autoexec.ipxe")) == Data(1, SCRIPT.encode())
    assert lab.line(status="aborted")["reason"] == "the client began anew"


def test_client_that_closes_its_port_ends_the_transfer(root):
    with tftp_lab(root) as lab:
        with Client(lab) as client:
            client.ask(Request("ipxe.efi", "octet", OPTIONS))
        line = lab.line(status="aborted")
    assert (line["reason"], line["level"]) == ("the client has closed its port", "debug")


def test_packet_from_a_stranger_is_not_taken_for_the_client(root):
    with tftp_lab(root) as lab, Client(lab) as client, Client(lab, UNKNOWN) as stranger:
        client.ask(Request("ipxe.efi"))
        stranger.send(Ack(1), client.peer)
        stranger.send(Error(0, "go away"), client.peer)
        client.send(Ack(1))
        assert client.receive() == Data(2, CONTENT[512:1024])


def test_request_to_a_broadcast_address_gets_no_answer(lab):
    with Client(lab) as client:
        client.send(Request("ipxe.efi"), ("127.255.255.255", lab.port))
        assert client.nothing_comes(0.3)
    assert lab.count("dropped", protocol="tftp", reason="unanswerable") == 1


def test_request_from_port_0_is_dropped(lab):
    require("root")
    request = encode(Request("ipxe.efi"))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        raw.bind((ON, 0))
        raw.sendto(struct.pack("!HHHH", 0, lab.port, 8 + len(request), 0) + request, (ON, 0))
    assert answers(lab)
    assert lab.count("dropped", protocol="tftp", reason="unanswerable") == 1
    assert lab.count("handler_failures", protocol="tftp") == 0


def test_file_that_shrinks_ends_with_an_error(lab):
    with Client(lab) as client:
        client.ask(Request("ipxe.efi"))
        os.truncate(lab.root / "ipxe.efi", 700)
        client.send(Ack(1))
        assert client.receive() == Error(0, "the file became shorter while it was sent")
    assert lab.line(status="failed")["level"] == "warning"


def test_file_that_is_replaced_is_sent_as_it_was(lab):
    with Client(lab) as client:
        first = client.ask(Request("ipxe.efi"))
        (lab.root / "new").write_bytes(b"new")
        (lab.root / "new").rename(lab.root / "ipxe.efi")
        client.send(Ack(1))
        assert first.payload + client.receive().payload == CONTENT[:1024]


def test_link_out_of_the_directory_is_refused(lab):
    (lab.root / "link").symlink_to("/etc/passwd")
    with Client(lab) as client:
        assert client.ask(Request("link")).code == ErrorCode.ACCESS_VIOLATION


def test_fault_in_bootd_costs_one_request(lab, monkeypatch):
    def broken(*_unused):
        raise RuntimeError("no such script")

    monkeypatch.setattr(ServerLoop, "_script_for", broken)
    with Client(lab) as client:
        client.send(Request("autoexec.ipxe"))
        lab.line(event="fault", protocol="tftp", reason="RuntimeError: no such script")
    assert lab.count("handler_failures", protocol="tftp") == 1
    assert answers(lab)


def test_short_datagrams_leave_it_answering(lab):
    with Client(lab) as client:
        for length in (0, 1):
            for octets in itertools.product(range(256), repeat=length):
                client.send(bytes(octets), client.server)
        for opcode, length in itertools.product(range(256), range(3)):
            client.send(bytes([0, opcode, *range(length)]), client.server)
    assert answers(lab)
    assert lab.count("handler_failures", protocol="tftp") == 0


@pytest.mark.parametrize("seed", range(2))
def test_random_and_mutated_datagrams_leave_it_answering(lab, seed):
    chance = random.Random(seed)
    request = encode(Request("ipxe.efi", "octet", OPTIONS))
    seeds = [request, encode(Ack(1)), encode(Error(1, "x")), encode(Data(1, b"x")), encode(Oack(OPTIONS))]
    before = len(os.listdir("/proc/self/fd"))
    with Client(lab) as client:
        for _unused in range(5000):
            datagram = bytearray(chance.choice(seeds))
            for _unused in range(chance.randint(0, 6)):
                datagram[chance.randrange(len(datagram))] = chance.randrange(256)
            client.send(
                bytes(datagram[: chance.randint(0, 600)] + chance.randbytes(chance.choice([0, 0, 700]))), client.server
            )
    assert answers(lab)
    assert lab.count("handler_failures", protocol="tftp") == 0
    assert len(os.listdir("/proc/self/fd")) <= before + 2 * len(lab.server._sessions) + 2
    assert len(lab.lines()) < 500


def test_refusals_do_not_flood_the_log(lab):
    with Client(lab, UNKNOWN) as client:
        for number in range(300):
            client.ask(Request(f"file{number}"))
    assert lab.count("tftp_transfers", status="refused") == 300
    assert len(lab.lines()) < 200


def test_stop_ends_transfers_and_gives_everything_back(root):
    before = set(os.listdir("/proc/self/fd"))
    with tftp_lab(root) as lab:
        client = Client(lab)
        client.ask(Request("ipxe.efi"))
        lab.server.stop()
        assert lab.line(status="aborted")["reason"] == "bootd is stopping"
        client.__exit__()
    assert set(os.listdir("/proc/self/fd")) == before


def test_open_port_that_is_taken(root):
    with tftp_lab(root) as lab:
        settings = replace(lab.services.settings, tftp_port=lab.port)
        other = TftpServer(replace(lab.services, settings=settings))
        with pytest.raises(OSError, match="in use"):
            other.open()
        other.stop()
        assert other.port == 0
        assert answers(lab)
