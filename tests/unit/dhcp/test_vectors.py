# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each option, sub-option and message type that the code has a name for, by octets whose source is named.

A source is a capture of a real client, relay or server in ``samples``, in which the octets have to be found, or the
RFC, specification or page that gives the code, the length and the form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import decide, link_selection, server_id_override
from _bootd.dhcp.packet import DROP_ORDER, EXTRA, NEVER_DROPPED, Kind, Packet, decode, encode, identify
from _bootd.hardware.extra_options import ExtraOption
from _bootd.hardware.model import Nic, Route
from samples import dhcp_captures, dnsmasq_offers
from samples.dhcp_captures import Capture
from samples.dhcp_messages import CONTEXT, message, nic

CAPTURES = {name: found for name, found in vars(dhcp_captures).items() if isinstance(found, Capture)}
CAPTURES |= {f"dnsmasq {name}": found for name, found in vars(dnsmasq_offers).items() if isinstance(found, Capture)}


def machine(**more: object) -> Nic:
    """Return the machine that dnsmasq was told of, without its boot file."""
    described = {
        "mac": dhcp_captures.MAC,
        "address": dhcp_captures.ADDRESS,
        "name_servers": ("10.10.0.53", "10.10.0.54"),
        "time_servers": ("10.10.0.123",),
        "domain_name": "lab.example",
        "static_routes": (Route("10.20.0.0/16", "10.10.0.254"), Route("0.0.0.0/0", "10.10.0.1")),
        "extra_options": (ExtraOption(119, opt.from_domains(["lab.example", "b.lab.example"])),),
        "vlan_id": "99",
    }
    return nic(**(described | more))


def reply_to(capture: str, **more: object) -> Packet:
    request = decode(CAPTURES[capture].payload)
    return decide(request, machine(mac=request.mac, **more), CONTEXT).reply


# What bootd sends: to whom, and the reply.
REPLIES: dict[str, Callable[[], Packet]] = {
    "a client that asks for nothing in particular": lambda: (
        decide(
            message(opt.DHCPDISCOVER, mac=dhcp_captures.MAC),
            machine(tftp_server_name="tftp.lab.example", boot_file_name="snponly.efi"),
            CONTEXT,
        ).reply
    ),
    "udhcpc": lambda: reply_to("UDHCPC_DISCOVER"),
    "udhcpc behind dhcrelay": lambda: reply_to("DHCRELAY_LINK_DISCOVER", address="192.168.77.50"),
    "udhcpc, refused": lambda: reply_to("UDHCPC_REQUEST", address="10.10.0.77"),
    "edk2": lambda: reply_to("EDK2_PXE_DISCOVER"),
    "edk2, netboot off": lambda: reply_to("EDK2_PXE_DISCOVER", allow_pxe=False),
    "iPXE": lambda: reply_to("ROM_IPXE_DISCOVER"),
}
WIRESHARK = "Wireshark's packet-dhcp.c, option82_suboption_opt: Cisco proprietary"
ANYBODY = "a client that asks for nothing in particular"


@dataclass(frozen=True)
class Vector:
    """One row of a table: ``octets`` are code, length and value in hexadecimal.

    ``told`` is who is sent these very octets, by its name in REPLIES; ``read`` takes the value where bootd reads the
    option, and ``means`` is what has to come of it.
    """

    source: str
    octets: str
    told: str = ""
    read: Callable[[bytes], object] | None = None
    means: object = None


def kind_by(code: int, value: bytes) -> Kind:
    return identify(message(opt.DHCPDISCOVER, {code: value})).kind


def relayed(read: Callable[[Packet], object], code: int, value: bytes) -> object:
    return read(message(opt.DHCPDISCOVER, {82: bytes((code, len(value))) + value}))


REFUSED = b"10.10.0.50 is not the address reserved for 02:00:00:00:01:01"
OPTIONS: dict[str, Vector] = {
    "SUBNET_MASK": Vector("dnsmasq LEASE", "0104ffffff00", ANYBODY),
    "ROUTER": Vector("dnsmasq LEASE", "03040a0a0001", ANYBODY),
    "DOMAIN_NAME_SERVER": Vector("dnsmasq LEASE", "06080a0a00350a0a0036", ANYBODY),
    "LOG_SERVER": Vector("dnsmasq LEASE", "07040a0a0014", "iPXE"),
    "HOST_NAME": Vector("dnsmasq LEASE", "0c07756d3739302d31", ANYBODY),
    "DOMAIN_NAME": Vector("dnsmasq LEASE", "0f0b6c61622e6578616d706c65", ANYBODY),
    "BROADCAST_ADDRESS": Vector("dnsmasq LEASE", "1c040a0a00ff", ANYBODY),
    "NTP_SERVERS": Vector("dnsmasq LEASE", "2a040a0a007b", ANYBODY),
    "VENDOR_SPECIFIC": Vector(
        "PXE specification 2.1, table 2-1; as in LOCAL_BOOT of dnsmasq, but that nobody is asked at all",
        "2b20060107090d00000a6c6f63616c206469736b0a0b006c6f63616c206469736bff",
        "edk2, netboot off",
    ),
    "REQUESTED_ADDRESS": Vector("UDHCPC_REQUEST", "32040a0a0032", read=opt.ipv4, means="10.10.0.50"),
    "LEASE_TIME": Vector("dnsmasq LEASE", "330400000e10", ANYBODY),
    "OVERLOAD": Vector("RFC 2132 section 9.3", "340103", read=partial(opt.uint, size=1), means=3),
    "MESSAGE_TYPE": Vector("dnsmasq LEASE", "350102", ANYBODY),
    "SERVER_IDENTIFIER": Vector("dnsmasq LEASE", "36040a0a0014", ANYBODY),
    "PARAMETER_REQUEST_LIST": Vector(
        "DHCLIENT_DISCOVER", "3707011c02030f060c", read=tuple, means=(1, 28, 2, 3, 15, 6, 12)
    ),
    "MESSAGE": Vector("RFC 2132 section 9.9", bytes((56, len(REFUSED))).hex() + REFUSED.hex(), "udhcpc, refused"),
    "MAX_MESSAGE_SIZE": Vector("UDHCPC_DISCOVER", "39020240", read=partial(opt.uint, size=2), means=576),
    "RENEWAL_TIME": Vector("dnsmasq LEASE", "3a0400000708", ANYBODY),
    "REBINDING_TIME": Vector("dnsmasq LEASE", "3b0400000c4e", ANYBODY),
    "VENDOR_CLASS": Vector("dnsmasq LOCAL_BOOT", "3c09505845436c69656e74", "edk2"),
    "CLIENT_IDENTIFIER": Vector("UDHCPC_DISCOVER", "3d0701020000000101", "udhcpc"),
    "TFTP_SERVER_NAME": Vector("dnsmasq LEASE", "4211746674702e6c61622e6578616d706c6500", ANYBODY),
    "BOOT_FILE_NAME": Vector("dnsmasq LEASE", "430c736e706f6e6c792e65666900", ANYBODY),
    "USER_CLASS": Vector("ROM_IPXE_DISCOVER", "4d0469505845", read=opt.user_classes, means=(b"iPXE",)),
    "RELAY_AGENT_INFORMATION": Vector(
        "DHCRELAY_LINK_DISCOVER", "520c0104657468310504c0a84d01", "udhcpc behind dhcrelay"
    ),
    "CLIENT_ARCHITECTURE": Vector("EDK2_HTTP_DISCOVER", "5d020010", read=opt.uint16_list, means=(16,)),
    "CLIENT_UUID": Vector("EDK2_PXE_DISCOVER", "611100e00b2a05ed948957bdf86a2f4caba0de", "edk2"),
    "DOMAIN_SEARCH": Vector("dnsmasq LEASE", "7711036c6162076578616d706c65000162c000", ANYBODY),
    "CLASSLESS_STATIC_ROUTE": Vector("dnsmasq LEASE", "790c100a140a0a00fe000a0a0001", ANYBODY),
    "IPXE": Vector("https://ipxe.org/howto/dhcpd: encapsulated options, 176 among them", "af03b00101", "iPXE"),
}
RELAY_SUB_OPTIONS: dict[str, Vector] = {
    "CIRCUIT_ID": Vector("DHCRELAY_82_DISCOVER", "010465746831", read=opt.text, means="eth1"),
    "REMOTE_ID": Vector("RFC 3046 section 3.2", "0206aabbccddeeff", read=bytes.hex, means="aabbccddeeff"),
    "LINK_SELECTION": Vector(
        "DHCRELAY_LINK_DISCOVER", "0504c0a84d01", read=partial(relayed, link_selection, 5), means="192.168.77.1"
    ),
    "SERVER_ID_OVERRIDE": Vector(
        "RFC 5107 section 4", "0b04c0a84d01", read=partial(relayed, server_id_override, 11), means="192.168.77.1"
    ),
    "CISCO_LINK_SELECTION": Vector(
        WIRESHARK, "9604c0a84d01", read=partial(relayed, link_selection, 150), means="192.168.77.1"
    ),
    "CISCO_SERVER_ID_OVERRIDE": Vector(
        WIRESHARK, "9804c0a84d01", read=partial(relayed, server_id_override, 152), means="192.168.77.1"
    ),
}


PXE_SUB_OPTIONS: dict[str, Vector] = {
    "PXE_DISCOVERY_CONTROL": Vector("PXE specification 2.1, table 2-1: bit 3", "060108", "edk2"),
    "PXE_BOOT_MENU": Vector("dnsmasq LOCAL_BOOT", "090d00000a6c6f63616c206469736b", "edk2, netboot off"),
    "PXE_MENU_PROMPT": Vector("dnsmasq LOCAL_BOOT", "0a0b006c6f63616c206469736b", "edk2, netboot off"),
    "PXE_BOOT_ITEM": Vector(
        "ROM_IPXE_BOOT_ITEM", "470480000000", read=lambda value: opt.boot_item(b"\x47\4" + value), means=b"\x80\0\0\0"
    ),
    "PXE_VLAN_ID": Vector("Tinkerbell Boots v0.8, job/job.go: the number as text", "74023939", "iPXE"),
}
IPXE_SUB_OPTIONS: dict[str, Vector] = {
    "IPXE_HTTP": Vector("ROM_IPXE_DISCOVER", "130101", read=any, means=True),
    "IPXE_NO_PXEDHCP": Vector("https://ipxe.org/howto/dhcpd: option ipxe.no-pxedhcp code 176", "b00101", "iPXE"),
}
TABLES = {
    "options": OPTIONS,
    "option 82": RELAY_SUB_OPTIONS,
    "option 43 of PXE": PXE_SUB_OPTIONS,
    "option 175": IPXE_SUB_OPTIONS,
}
ROWS = [pytest.param(vector, name, id=name) for table in TABLES.values() for name, vector in table.items()]

# Message type -> where its number is from: a capture, or RFC 2132 section 9.6.
MESSAGE_TYPES = {
    "DHCPDISCOVER": ("DHCLIENT_DISCOVER", 1),
    "DHCPOFFER": ("dnsmasq LEASE", 2),
    "DHCPREQUEST": ("UDHCPC_REQUEST", 3),
    "DHCPDECLINE": ("RFC 2132 section 9.6", 4),
    "DHCPACK": ("RFC 2132 section 9.6", 5),
    "DHCPNAK": ("RFC 2132 section 9.6", 6),
    "DHCPRELEASE": ("RFC 2132 section 9.6", 7),
    "DHCPINFORM": ("RFC 2132 section 9.6", 8),
}
ALONE = {"PAD": 0, "END": 255}  # one octet each: RFC 2132 sections 3.1 and 3.2
OWN = {"REHEARSAL": 254}  # of a range for whoever wants one: RFC 3942 section 5


def test_every_name_has_its_vector():
    """A row that somebody adds to a table of the code fails here until it has one."""
    names = {name for name, value in vars(opt).items() if isinstance(value, int) and name.isupper() and name[0] != "_"}
    assert names == {*MESSAGE_TYPES, *ALONE, *OWN}.union(*TABLES.values())
    assert set(opt.MESSAGE_NAMES.values()) == set(MESSAGE_TYPES)


@pytest.mark.parametrize(("vector", "name"), ROWS)
def test_octets_are_those_of_their_source(vector, name):
    octets = bytes.fromhex(vector.octets)
    assert octets[0] == getattr(opt, name)
    assert octets[1] == len(octets) - 2
    if vector.source in CAPTURES:
        assert octets in CAPTURES[vector.source].payload
    else:
        assert vector.source.startswith(("RFC ", "Wireshark's ", "PXE specification ", "https://", "Tinkerbell "))


@pytest.mark.parametrize(("vector", "name"), ROWS)
def test_octets_are_what_bootd_sends_or_reads(vector, name):
    octets = bytes.fromhex(vector.octets)
    assert bool(vector.told) is (vector.read is None), "a row is written or read"
    if vector.read is not None:
        assert vector.read(octets[2:]) == vector.means
        return
    reply = encode(REPLIES[vector.told]())
    assert octets in reply
    if name in OPTIONS:
        assert decode(reply).options[octets[0]] == octets[2:]


@pytest.mark.parametrize("name", MESSAGE_TYPES)
def test_message_type(name):
    source, number = MESSAGE_TYPES[name]
    assert getattr(opt, name) == number
    assert opt.MESSAGE_NAMES[number] == name
    if source in CAPTURES:
        assert decode(CAPTURES[source].payload).message_type == number


def test_pad_and_end():
    assert {name: getattr(opt, name) for name in ALONE | OWN} == ALONE | OWN
    assert list(opt.walk(b"\0\0\x0c\1a\0\xff\x0c\1b")) == [(12, b"a")]


@pytest.mark.parametrize(
    ("code", "octets", "kind", "source"),
    [
        (77, b"iPXE", Kind.IPXE, "ROM_IPXE_DISCOVER"),  # the bare name
        (77, b"\4iPXE", Kind.IPXE, "RFC 3004 section 4: each class behind its length"),
        (77, b"Tinkerbell", Kind.IPXE, "Tinkerbell's embed.ipxe: set user-class Tinkerbell"),
        (60, b"PXEClient:Arch:00007:UNDI:003000", Kind.FIRMWARE, "EDK2_PXE_DISCOVER"),
        (60, b"HTTPClient:Arch:00016:UNDI:003000", Kind.FIRMWARE, "EDK2_HTTP_DISCOVER"),
        (60, b"udhcp 1.35.0", Kind.OS, "UDHCPC_DISCOVER"),
        (60, b"Linux ipconfig", Kind.OS, "IPCONFIG_DISCOVER"),
    ],
)
def test_classes_that_tell_clients_apart(code, octets, kind, source):
    assert kind_by(code, octets) is kind
    if source in CAPTURES:
        assert bytes((code, len(octets))) + octets in CAPTURES[source].payload


# RFC 3442, in "Destination descriptor": destinations with their descriptors. The gateway is 10.10.0.1.
DESCRIPTORS = {
    "0.0.0.0/0": "00",
    "10.0.0.0/8": "08 0a",
    "10.0.0.0/24": "18 0a 00 00",
    "10.17.0.0/16": "10 0a 11",
    "10.27.129.0/24": "18 0a 1b 81",
    "10.229.0.128/25": "19 0a e5 00 80",
    "10.198.122.47/32": "20 0a c6 7a 2f",
}


@pytest.mark.parametrize("destination", DESCRIPTORS)
def test_destination_descriptors_of_rfc_3442(destination):
    assert opt.from_route(destination, "10.10.0.1") == bytes.fromhex(DESCRIPTORS[destination]) + b"\x0a\x0a\0\1"


def test_each_option_that_is_sent_is_kept_or_has_its_place_in_the_order_of_giving_up():
    sent = {bytes.fromhex(vector.octets)[0] for vector in OPTIONS.values() if vector.told}
    assert sent == NEVER_DROPPED | set(DROP_ORDER) - {EXTRA}
