# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real clients sent, octet by octet: decoded, told apart, and answered."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from _bootd.decisions.modes import PROXY
from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import Answer, decide, link_selection
from _bootd.dhcp.packet import Client, Kind, Packet, decode, encode, fit, identify
from _bootd.dhcp.proxy import decide_in_mode
from _bootd.dhcp.reply import Destination, destination
from _bootd.hardware.model import Nic
from samples import dhcp_captures as captures
from samples.dhcp_captures import ADDRESS, MAC, RELAY, REMOTE_ADDRESS, REMOTE_MAC, SERVER, Capture
from samples.dhcp_messages import CONTEXT, nic

DIRECTLY = Destination(ADDRESS, 68, MAC)
TO_ALL = Destination("255.255.255.255", 68)
BY_RELAY = Destination("192.168.77.1", 67)
ROM = "PXEClient:Arch:00000:UNDI:002001"
PXE = "PXEClient:Arch:00007:UNDI:003000"
HTTP = "HTTPClient:Arch:00016:UNDI:003000"
LOADED = "PXEClient:Arch:00007:UNDI:003010"
PATH = "02-00-00-00-01-01"
SCRIPT = f"http://{SERVER}:7080/{PATH}/auto.ipxe"
NBP = f"{PATH}/snponly.efi"
UDHCPC = Client(Kind.OS, vendor_class="udhcp 1.35.0")


@dataclass(frozen=True)
class Expected:
    """What becomes of one capture: its type and sender, and the type, place, file and options of the answer."""

    kind: int
    client: Client
    sent: int
    to: Destination
    file: str = ""
    options: str = ""  # their codes, in the order in which they are sent


EXPECTED: dict[str, Expected] = {
    "DHCLIENT_DISCOVER": Expected(1, Client(Kind.OS), 2, DIRECTLY, options="53 54 1 3 6 12 15 28 51"),
    "UDHCPC_DISCOVER": Expected(1, UDHCPC, 2, DIRECTLY, options="53 54 1 3 6 12 15 28 42 51 61"),
    "UDHCPC_REQUEST": Expected(3, UDHCPC, 5, DIRECTLY, options="53 54 1 3 6 12 15 28 42 51 61"),
    "UDHCPC_RENEW": Expected(3, UDHCPC, 5, Destination(ADDRESS, 68), options="53 54 1 3 6 12 15 28 42 51 61"),
    "IPCONFIG_DISCOVER": Expected(
        1, Client(Kind.OS, vendor_class="Linux ipconfig"), 2, TO_ALL, options="53 54 1 3 6 12 15 28 51 119"
    ),
    "DHCPCD_INIT_REBOOT": Expected(3, Client(Kind.OS), 5, DIRECTLY, options="53 54 1 3 6 12 15 28 51 58 59 61 119"),
    "DHCRELAY_DISCOVER": Expected(1, UDHCPC, 2, BY_RELAY, options="53 54 1 3 6 12 15 28 42 51 61"),
    "DHCRELAY_82_DISCOVER": Expected(1, UDHCPC, 2, BY_RELAY, options="53 54 1 3 6 12 15 28 42 51 61 82"),
    "DHCRELAY_LINK_DISCOVER": Expected(
        1, UDHCPC, 2, Destination(RELAY, 67), options="53 54 1 3 6 12 15 28 42 51 61 82"
    ),
    "DHCRELAY_LINK_REQUEST": Expected(3, UDHCPC, 5, Destination(RELAY, 67), options="53 54 1 3 6 12 15 28 42 51 61 82"),
    "ROM_IPXE_DISCOVER": Expected(
        1,
        Client(Kind.IPXE, http=True, arches=(0,), vendor_class=ROM),
        2,
        DIRECTLY,
        SCRIPT,
        "53 54 1 3 6 7 12 15 51 61 66 67 97 119 175",
    ),
    "ROM_IPXE_REQUEST": Expected(
        3,
        Client(Kind.IPXE, http=True, arches=(0,), vendor_class=ROM),
        5,
        DIRECTLY,
        SCRIPT,
        "53 54 1 3 6 7 12 15 51 61 66 67 97 119 175",
    ),
    "EDK2_PXE_DISCOVER": Expected(
        1,
        Client(Kind.FIRMWARE, arches=(7,), vendor_class=PXE),
        2,
        TO_ALL,
        NBP,
        "53 54 1 3 6 12 15 28 42 43 51 58 59 60 66 67 97",
    ),
    "EDK2_PXE_REQUEST": Expected(
        3,
        Client(Kind.FIRMWARE, arches=(7,), vendor_class=PXE),
        5,
        TO_ALL,
        NBP,
        "53 54 1 3 6 12 15 28 42 43 51 58 59 60 66 67 97",
    ),
    "EFI_IPXE_DISCOVER": Expected(
        1,
        Client(Kind.IPXE, http=True, arches=(7,), vendor_class=LOADED),
        2,
        DIRECTLY,
        SCRIPT,
        "53 54 1 3 6 7 12 15 51 61 66 67 97 119 175",
    ),
    "EDK2_HTTP_DISCOVER": Expected(
        1,
        Client(Kind.FIRMWARE, http=True, arches=(16,), vendor_class=HTTP),
        2,
        TO_ALL,
        f"http://{SERVER}:7080/ipxe/{NBP}",
        "53 54 1 3 6 12 15 28 42 51 58 59 60 67 97",
    ),
    "EDK2_HTTP_REQUEST": Expected(
        3,
        Client(Kind.FIRMWARE, http=True, arches=(16,), vendor_class=HTTP),
        5,
        TO_ALL,
        f"http://{SERVER}:7080/ipxe/{NBP}",
        "53 54 1 3 6 12 15 28 42 51 58 59 60 67 97",
    ),
}
ALL = {name: found for name, found in vars(captures).items() if isinstance(found, Capture)}
TO_PORT_67 = [name for name, found in ALL.items() if found.port == 67]


def read(name: str) -> tuple[Packet, Nic]:
    """Return the captured request and the interface that it is of."""
    request = decode(ALL[name].payload)
    where = {"address": ADDRESS, "gateway": "10.10.0.1"}
    if request.mac == REMOTE_MAC:
        where = {"address": REMOTE_ADDRESS, "gateway": "192.168.77.1"}
    return request, nic(mac=request.mac, domain_name="lab.example", time_servers=("10.10.0.123",), **where)


def test_every_capture_has_its_expectation():
    assert list(EXPECTED) == TO_PORT_67
    assert [name for name in ALL if name not in EXPECTED] == ["ROM_IPXE_BOOT_ITEM"]


@pytest.mark.parametrize("name", TO_PORT_67)
def test_capture_is_told_apart_and_answered(name):
    expected = EXPECTED[name]
    request, where = read(name)
    assert request.mac == (REMOTE_MAC if name.startswith("DHCRELAY") else MAC)
    assert request.message_type == expected.kind
    assert identify(request) == expected.client
    answer = decide(request, where, CONTEXT)
    assert isinstance(answer, Answer)
    reply = answer.reply
    assert (reply.message_type, reply.yiaddr) == (expected.sent, where.interface.address)
    assert destination(request, reply) == expected.to
    assert reply.file.decode() == expected.file
    fitted, dropped = fit(reply, opt.uint(request.options.get(opt.MAX_MESSAGE_SIZE), 2))
    assert dropped == ()
    sent = decode(encode(fitted))
    assert " ".join(map(str, sent.options)) == expected.options


@pytest.mark.parametrize("name", ALL)
def test_capture_is_read_to_its_last_octet(name):
    """What was read, written again and read once more, is the same message: nothing in it was overlooked."""
    request = decode(ALL[name].payload)
    assert decode(encode(request)) == request
    options = ALL[name].payload[240:].rstrip(b"\0")
    assert sum(len(value) + 2 for value in request.options.values()) + 1 == len(options)
    assert options[-1] == opt.END


@pytest.mark.parametrize(
    ("name", "parts", "link"),
    [
        ("DHCRELAY_82_DISCOVER", {1: b"eth1"}, None),
        ("DHCRELAY_LINK_DISCOVER", {1: b"eth1", 5: bytes((192, 168, 77, 1))}, "192.168.77.1"),
    ],
)
def test_captured_option_82_is_read_and_comes_back(name, parts, link):
    request, where = read(name)
    value = request.options[82]
    assert opt.sub_options(value) == parts
    assert link_selection(request) == link
    assert encode(decide(request, where, CONTEXT).reply).endswith(bytes((82, len(value))) + value + b"\xff")


def test_capture_of_a_choice_from_a_boot_menu_is_answered_on_port_4011():
    """With the item that was chosen, or iPXE takes the answer for another's (PXE specification 2.1)."""
    request, where = read("ROM_IPXE_BOOT_ITEM")
    assert identify(request) == Client(Kind.IPXE, http=True, arches=(0,), vendor_class="PXEClient")
    answer = decide_in_mode(request, where, CONTEXT, PROXY, to_proxy_port=True)
    assert isinstance(answer, Answer)
    assert (answer.reply.message_type, answer.reply.yiaddr, answer.reply.file.decode()) == (5, "0.0.0.0", SCRIPT)
    assert opt.boot_item(answer.reply.options[43]) == b"\x80\0\0\0"
