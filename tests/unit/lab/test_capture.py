# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read out of a capture of a boot."""

from __future__ import annotations

import struct

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from lab.capture import Step, own_wait, packets, steps

MAC, SERVER = "58:47:ca:71:d8:49", "52:54:00:00:00:01"
FROM_MACHINE, FROM_SERVER = Ether(src=MAC, dst=SERVER), Ether(src=SERVER, dst=MAC)


def dhcp(kind: str, *options: object) -> Packet:
    message = BOOTP(chaddr=bytes.fromhex(MAC.replace(":", "")))
    return FROM_MACHINE / IP() / UDP(sport=68, dport=67) / message / DHCP(options=[("message-type", kind), *options])


def tcp(payload: bytes = b"", flags: str = "PA") -> Packet:
    return FROM_MACHINE / IP() / TCP(dport=7080, flags=flags) / Raw(payload)


def tftp(payload: bytes, port: int = 69) -> Packet:
    return FROM_MACHINE / IP() / UDP(sport=1024, dport=port) / Raw(payload.ljust(12, b"\0"))


@pytest.mark.parametrize(
    ("frame", "what", "detail"),
    [
        (dhcp("discover", ("user_class", b"iPXE")), "DISCOVER", "iPXE"),
        (dhcp("request", ("vendor_class_id", b"PXEClient:Arch:00007")), "REQUEST", "PXEClient:Arch:00007"),
        (tcp(b"GET /auto.ipxe HTTP/1.1\r\n"), "GET", "/auto.ipxe"),
        (tcp(b"POST /phone-home HTTP/1.1\r\n"), "POST", "/phone-home"),
        (tcp(flags="S"), "SYN", "7080"),
        (tftp(b"\0\1snponly.efi\0octet\0blksize\x001468\0"), "RRQ", "snponly.efi blksize 1468"),
        (tftp(b"\0\5\0\x08stopped\0", port=3000), "ERROR", "stopped"),
        (tftp(b"\0\6tsize\x001024\0", port=3000), "OACK", ""),
        (FROM_MACHINE / IPv6(hlim=255) / ICMPv6ND_RS(), "RS", ""),
    ],
)
def test_packet_is_a_step(frame, what, detail):
    assert list(steps([(3.5, bytes(frame))])) == [Step(3.5, what, detail, MAC, SERVER)]


def test_answers_are_the_servers():
    offer = FROM_SERVER / IP() / UDP(sport=67, dport=68) / BOOTP(op=2) / DHCP(options=[("message-type", "offer")])
    advertisement = FROM_SERVER / IPv6(hlim=255) / ICMPv6ND_RA()
    found = list(steps(enumerate(map(bytes, (offer, advertisement)))))
    assert [(step.what, step.source, step.target) for step in found] == [("OFFER", SERVER, MAC), ("RA", SERVER, MAC)]


@pytest.mark.parametrize(
    "frame",
    [
        FROM_MACHINE / ARP(),
        tftp(b"\0\3\0\1octets", port=3000),
        tcp(b"octets of a body"),
        tcp(flags="SA"),
        FROM_MACHINE / IP() / UDP(sport=68, dport=67) / Raw(b"no DHCP at all, but some octets"),
    ],
)
def test_others_are_none(frame):
    assert not list(steps([(0.0, bytes(frame))]))


def test_capture_is_read_to_its_last_whole_packet():
    frame = bytes(tcp(flags="S"))
    head = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 700, 1)
    record = struct.pack("=IIII", 7, 250_000, len(frame), len(frame)) + frame
    found = list(packets(head + record + record[:20]))
    assert found[0] == (7.25, frame)
    with pytest.raises(ValueError, match="not a capture"):
        list(packets(b"\x0a\x0d\x0d\x0a" + bytes(40)))


def said(*words: tuple[float, str, str]) -> list[Step]:
    return [Step(at, what, detail, MAC, SERVER) for at, what, detail in words]


def test_wait_is_from_the_first_discover_to_the_script():
    taken = said((1, "DISCOVER", "PXEClient"), (2, "RRQ", "a"), (3, "DISCOVER", "iPXE"), (4, "DISCOVER", "iPXE"))
    taken += [Step(5, "GET", "/auto.ipxe", SERVER, MAC), *said((6.5, "GET", "/mac/auto.ipxe?arch=i386"))]
    assert own_wait(taken, MAC) == 3.5


def test_wait_is_not_that_of_an_ipxe_that_loads_another():
    taken = said((1, "DISCOVER", "iPXE"), (2, "RRQ", "a"), (7, "DISCOVER", "iPXE"), (8, "GET", "/auto.ipxe"))
    assert own_wait(taken, MAC) == 1


def test_no_script_no_wait():
    with pytest.raises(ValueError, match="asked for no script"):
        own_wait(said((1, "DISCOVER", "iPXE"), (2, "GET", "/images/kernel")), MAC)
