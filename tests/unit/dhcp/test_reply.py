# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies, field by field: RFC 2131 section 4.3.1, table 3, and the RFCs of the single options."""

from __future__ import annotations

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import decide
from _bootd.dhcp.packet import DROP_ORDER, NEVER_DROPPED, Packet, encode, fit
from _bootd.hardware.extra_options import ExtraOption
from _bootd.hardware.model import Nic, Route
from samples.dhcp_messages import (
    ADDRESS,
    BIOS,
    CONTEXT,
    HTTP_BOOT,
    IPXE,
    LINUX,
    PATH,
    SCRIPT,
    SERVER,
    UEFI,
    UUID,
    address,
    message,
    nic,
)

RELAY = bytes((1, 9)) + b"macvlan99" + bytes((5, 4, 10, 10, 0, 20))
RIGHT = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}
WRONG = RIGHT | {opt.REQUESTED_ADDRESS: address("10.10.0.77")}


def reply_to(kind: int, options: dict[int, bytes], where: Nic | None = None, **fields: object) -> Packet:
    return decide(message(kind, options, **fields), where or nic(), CONTEXT).reply


def offered(options: dict[int, bytes], **interface: object) -> dict[int, bytes]:
    return dict(reply_to(opt.DHCPDISCOVER, options, nic(**interface)).options)


def asking(*codes: int) -> dict[int, bytes]:
    return {opt.PARAMETER_REQUEST_LIST: bytes(codes)}


HEADER = {"secs": 7, "flags": 0x8000, "giaddr": "10.42.0.166", "hops": 3}


@pytest.mark.parametrize(
    ("kind", "options", "ciaddr", "expected"),
    [
        (opt.DHCPDISCOVER, {}, "10.10.0.9", (opt.DHCPOFFER, "0.0.0.0", ADDRESS)),
        (opt.DHCPREQUEST, RIGHT, "0.0.0.0", (opt.DHCPACK, "0.0.0.0", ADDRESS)),
        (opt.DHCPREQUEST, {}, ADDRESS, (opt.DHCPACK, ADDRESS, ADDRESS)),
        (opt.DHCPINFORM, {}, ADDRESS, (opt.DHCPACK, ADDRESS, "0.0.0.0")),
        (opt.DHCPREQUEST, WRONG, ADDRESS, (opt.DHCPNAK, "0.0.0.0", "0.0.0.0")),
    ],
)
def test_reply_header(kind, options, ciaddr, expected):
    reply = reply_to(kind, options, ciaddr=ciaddr, **HEADER)
    assert (reply.op, reply.hops, reply.secs) == (2, 0, 0)
    assert (reply.xid, reply.flags, reply.giaddr) == (0x64E2D4FE, 0x8000, "10.42.0.166")
    assert (reply.message_type, reply.ciaddr, reply.yiaddr) == expected
    assert reply.sname == b""
    assert reply.options[opt.SERVER_IDENTIFIER] == address(SERVER)


@pytest.mark.parametrize(
    ("giaddr", "flags", "sent"),
    [("0.0.0.0", 0, 0), ("0.0.0.0", 0x8000, 0x8000), ("10.42.0.166", 0, 0x8000), ("10.42.0.166", 0x8000, 0x8000)],
)
def test_refusal_through_a_relay_asks_it_to_broadcast(giaddr, flags, sent):
    reply = reply_to(opt.DHCPREQUEST, WRONG, giaddr=giaddr, flags=flags)
    assert reply.message_type == opt.DHCPNAK
    assert reply.flags == sent


def test_refusal_holds_what_table_3_allows():
    options = WRONG | UEFI | {opt.CLIENT_IDENTIFIER: b"\1id", opt.RELAY_AGENT_INFORMATION: RELAY}
    reply = reply_to(opt.DHCPREQUEST, options)
    assert set(reply.options) == {53, 54, 56, 61, 82, 97}
    assert (reply.siaddr, reply.file) == ("0.0.0.0", b"")


ECHOES = {opt.CLIENT_IDENTIFIER: b"\xff\0\1\2", opt.CLIENT_UUID: UUID, opt.RELAY_AGENT_INFORMATION: RELAY}


@pytest.mark.parametrize(
    ("kind", "options"),
    [(opt.DHCPDISCOVER, {}), (opt.DHCPREQUEST, RIGHT), (opt.DHCPREQUEST, WRONG), (opt.DHCPINFORM, {})],
)
@pytest.mark.parametrize("client", [UEFI, IPXE, LINUX])
def test_reply_echoes_byte_for_byte(kind, options, client):
    """RFC 6842, RFC 4578 and RFC 3046; whether the client asks for them or not."""
    fields = {"ciaddr": ADDRESS} if kind == opt.DHCPINFORM else {}
    reply = reply_to(kind, client | ECHOES | options, **fields)
    assert {code: reply.options[code] for code in ECHOES} == ECHOES


@pytest.mark.parametrize("code", ECHOES)
@pytest.mark.parametrize("options", [{}, "empty"])
def test_reply_echoes_nothing_that_did_not_come(code, options):
    sent = {code: b""} if options == "empty" else {}
    assert code not in offered(sent)


def test_reply_always_has_what_every_client_needs():
    assert offered(asking(43)) == {
        53: b"\2",
        54: address(SERVER),
        51: (3600).to_bytes(4, "big"),
        1: address("255.255.255.0"),
    }


@pytest.mark.parametrize(("lease", "seconds"), [(0, 86400), (1, 1), (600, 600), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_reply_lease_time_is_never_zero(lease, seconds):
    assert offered(asking(1), lease_time=lease)[opt.LEASE_TIME] == seconds.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("lease", "times"),
    [(3600, {58: (1800).to_bytes(4, "big"), 59: (3150).to_bytes(4, "big")}), (0xFFFFFFFF, {})],
)
def test_reply_renewal_times_for_those_who_ask(lease, times):
    options = offered(asking(58, 59), lease_time=lease)
    assert {code: options[code] for code in (58, 59) if code in options} == times


def test_reply_to_an_inform_has_no_times():
    reply = reply_to(opt.DHCPINFORM, asking(1, 51, 58, 59), ciaddr=ADDRESS)
    assert set(reply.options) == {53, 54, 1}


EVERYTHING = {
    "domain_name": "example.org",
    "name_servers": ("10.10.0.1", "10.10.0.2"),
    "time_servers": ("10.10.0.3",),
    "static_routes": (Route("10.20.0.0/16", "10.10.0.254"),),
}
VALUES = {
    3: address("10.10.0.1"),
    6: address("10.10.0.1") + address("10.10.0.2"),
    12: b"um790-1",
    15: b"example.org",
    28: address("10.10.0.255"),
    42: address("10.10.0.3"),
    119: b"\7example\3org\0",
    121: b"\x10\x0a\x14\x0a\x0a\0\xfe" + b"\0\x0a\x0a\0\1",
}


@pytest.mark.parametrize("code", VALUES)
def test_reply_network_option_only_for_those_who_ask(code):
    options = offered(asking(code), **EVERYTHING)
    assert options[code] == VALUES[code]
    assert set(options) == {1, 51, 53, 54, code}


@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE, IPXE | {175: b"\x15\1\1"}])
def test_reply_router_and_name_servers_for_all_that_boot_whether_they_ask_or_not(client, allow):
    """Some firmware lists neither, and then loads from beyond its network all the same."""
    options = offered(client | asking(1, 66, 67), allow_pxe=allow)
    assert (options[3], options[6]) == (address("10.10.0.1"), address("10.10.0.1"))
    assert not {12, 15, 28, 42, 119, 121} & set(options)


def test_reply_router_for_a_client_that_is_given_the_object_s_own_file():
    where = {"tftp_server_name": "10.10.0.5", "boot_file_name": "u-boot.img", "allow_pxe": None}
    assert offered(asking(1), **where)[3] == address("10.10.0.1")


@pytest.mark.parametrize("options", [{}, {opt.PARAMETER_REQUEST_LIST: b""}])
def test_reply_without_a_request_list_has_everything(options):
    got = offered(options, **EVERYTHING)
    assert {code: got[code] for code in VALUES} == VALUES
    assert set(got) == {1, 51, 53, 54, 58, 59, *VALUES}


EXTRA = (ExtraOption(26, b"\x23\x28"), ExtraOption(150, b"\x0a\0\0\5", always=True), ExtraOption(7, b"\x0a\0\0\7"))


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (asking(1), {150}),
        (asking(1, 26), {26, 150}),
        (asking(7, 26, 150), {7, 26, 150}),
        ({}, {7, 26, 150}),  # asks for nothing in particular
    ],
)
def test_reply_has_the_object_s_further_options_for_those_who_ask_or_always(asked, sent):
    got = offered(asked, extra_options=EXTRA)
    assert set(got) & {7, 26, 150} == sent
    assert all(got[option.code] == option.value for option in EXTRA if option.code in sent)


def test_reply_of_a_boot_wins_over_the_object_s_further_options():
    """iPXE's log is read by bootd, whatever log server the object has for others."""
    assert offered(IPXE | asking(7), extra_options=EXTRA)[7] == address(SERVER)
    assert offered(LINUX | asking(7), extra_options=EXTRA)[7] == b"\x0a\0\0\7"


def test_reply_search_list_of_the_object_wins_over_its_domain():
    extra = (ExtraOption(119, b"\1a\0\1b\0"),)
    assert offered(asking(119), domain_name="example.org", extra_options=extra)[119] == b"\1a\0\1b\0"


def test_reply_gives_up_further_options_after_comforts_and_before_routes_the_last_first():
    extra = tuple(ExtraOption(code, bytes(100), always=True) for code in (224, 226, 225))
    routes = tuple(Route(f"10.{net}.0.0/16", "10.10.0.254") for net in range(1, 8))
    everything = EVERYTHING | {"static_routes": routes, "extra_options": extra}
    reply = reply_to(opt.DHCPDISCOVER, UEFI | asking(3, 6, 12, 15, 28, 42, 58, 59, 66, 67, 121), nic(**everything))
    _fitted, dropped = fit(reply, None)
    assert dropped == (66, 67, 58, 59, 28, 42, 15, 12, 225, 226)


def test_reply_holds_nothing_whose_place_in_the_order_of_giving_up_is_not_said():
    everything = nic(**EVERYTHING, vlan_id="99")
    sent = {
        code
        for client in (UEFI, BIOS, HTTP_BOOT, IPXE, LINUX)
        for code in reply_to(1, client | asking(*range(1, 255)), everything).options
    }
    sent |= set(reply_to(3, WRONG | UEFI | ECHOES).options) | set(
        reply_to(1, UEFI | ECHOES, nic(allow_pxe=False)).options
    )
    assert sent <= NEVER_DROPPED | set(DROP_ORDER)
    assert not NEVER_DROPPED & set(DROP_ORDER)


@pytest.mark.parametrize("code", [3, 6, 12, 15, 42, 119, 121])
def test_reply_has_nothing_the_object_does_not_say(code):
    got = offered(asking(code), gateway="", name_servers=(), hostname="")
    assert code not in got


def test_reply_without_a_netmask():
    got = offered(asking(1, 28), netmask="")
    assert not {1, 28} & set(got)


@pytest.mark.parametrize(
    ("netmask", "broadcast"),
    [
        ("255.255.0.0", "10.10.255.255"),
        ("255.255.255.252", "10.10.0.19"),
        ("255.255.255.254", None),
        ("255.255.255.255", None),
        ("255.0.255.0", None),
    ],
)
def test_reply_broadcast_address_is_computed(netmask, broadcast):
    assert offered(asking(28), netmask=netmask).get(28) == (broadcast and address(broadcast))


def test_reply_routes_keep_the_gateway():
    """A client that reads option 121 ignores option 3: RFC 3442."""
    own_default = (Route("0.0.0.0/0", "10.10.0.9"), Route("10.20.0.0/16", "10.10.0.254"))
    assert offered(asking(121), static_routes=own_default)[121] == b"\0\x0a\x0a\0\x09\x10\x0a\x14\x0a\x0a\0\xfe"
    assert offered(asking(121), static_routes=own_default[1:], gateway="")[121] == b"\x10\x0a\x14\x0a\x0a\0\xfe"


def test_reply_leaves_out_what_is_no_route():
    routes = (Route("10.20.0.0/99", "10.10.0.254"), Route("10.20.0.0/16", "10.10.0.254"))
    assert offered(asking(121), static_routes=routes, gateway="")[121] == b"\x10\x0a\x14\x0a\x0a\0\xfe"
    assert 121 not in offered(asking(121), static_routes=routes[:1])


@pytest.mark.parametrize("domain", ["a..b", "x" * 64 + ".org"])
def test_reply_leaves_out_what_is_no_domain(domain):
    assert 119 not in offered(asking(119), domain_name=domain)


@pytest.mark.parametrize(
    ("client", "file", "boot_options"),
    [
        (UEFI, f"{PATH}/snponly.efi", {43, 60}),
        (BIOS, f"{PATH}/undionly.kpxe", {43, 60}),
        (HTTP_BOOT, f"http://10.10.0.20:7080/ipxe/{PATH}/snponly.efi", {60}),
        (IPXE, SCRIPT, {7, 175}),
    ],
)
def test_reply_boot_part_comes_unasked(client, file, boot_options):
    reply = reply_to(opt.DHCPDISCOVER, client | asking(1))
    assert (reply.siaddr, reply.file) == (SERVER, file.encode())
    assert set(reply.options) == {1, 3, 6, 51, 53, 54, 97} | boot_options


@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE])
def test_reply_names_in_options_say_what_the_header_says(client):
    reply = reply_to(opt.DHCPDISCOVER, client | asking(66, 67))
    assert reply.options[66] == reply.siaddr.encode() + b"\0"
    assert reply.options[67] == reply.file + b"\0" != b"\0"


def test_reply_boot_names_end_with_a_nul_that_counts_for_the_client_s_room():
    """Firmware reads them as C strings; 66 and 67 are given up first where there is no room for them."""
    reply = reply_to(opt.DHCPDISCOVER, UEFI | asking(66, 67))
    assert encode(reply).count(b"\x42\x0b10.10.0.20\0\x43\x1e" + f"{PATH}/snponly.efi".encode() + b"\0") == 1
    size = len(encode(reply)) + 28
    assert fit(reply, max(size, 576)) == (reply, ())


@pytest.mark.parametrize("room", [0, 1])
def test_reply_boot_names_are_given_up_where_only_their_nul_is_too_much(room):
    names = {"name_servers": tuple(f"10.10.1.{i}" for i in range(50)), "domain_name": "x" * 10}
    reply = reply_to(opt.DHCPDISCOVER, UEFI | asking(3, 6, 15, 66, 67), nic(**names))
    exact = len(encode(reply)) + 28
    assert exact > 576
    fitted, dropped = fit(reply, exact - 1 + room)
    assert dropped == (() if room else (66,))
    assert len(encode(fitted)) + 28 <= exact - 1 + room


def test_reply_to_an_operating_system_is_a_plain_lease():
    reply = reply_to(opt.DHCPDISCOVER, LINUX | asking(*range(1, 255)))
    assert (reply.siaddr, reply.file) == ("0.0.0.0", b"")
    assert not {7, 43, 60, 66, 67, 175} & set(reply.options)


def test_reply_to_firmware_where_netboot_is_off_has_an_address_and_no_file():
    reply = reply_to(opt.DHCPDISCOVER, UEFI, nic(allow_pxe=False))
    assert (reply.siaddr, reply.file, reply.yiaddr) == ("0.0.0.0", b"", ADDRESS)
    assert not {66, 67, 175} & set(reply.options)


@pytest.mark.parametrize(("length", "in_header"), [(127, True), (128, False), (300, False)])
def test_reply_file_too_long_for_the_header_is_in_option_67_whole(length, in_header):
    name = "f" * length
    reply = reply_to(
        opt.DHCPDISCOVER, UEFI | asking(1), nic(tftp_server_name="10.10.0.5", boot_file_name=name, allow_pxe=None)
    )
    assert reply.file == (name.encode() if in_header else b"")
    assert reply.options.get(67) == (None if in_header else name.encode() + b"\0")


def test_reply_tftp_server_that_is_no_address_is_in_option_66():
    where = nic(tftp_server_name="tftp.example.org", boot_file_name="start4.elf", allow_pxe=None)
    reply = reply_to(opt.DHCPDISCOVER, UEFI | asking(1), where)
    assert (reply.siaddr, reply.options[66], reply.file) == ("0.0.0.0", b"tftp.example.org\0", b"start4.elf")
