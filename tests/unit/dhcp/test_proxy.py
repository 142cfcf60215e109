# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside another DHCP server: what to boot for those who ask for it, and silence for everybody and everything else.

By the PXE specification 2.1 (Intel, 1999), sections 2.2 to 2.4; and by what edk2's PxeBcDhcp4.c and HttpBootDhcp4.c and
iPXE's dhcp.c look for in a reply before they take it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions.modes import AUTO_PROXY, OFF, PROXY, RESERVATION
from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import Answer, Silence
from _bootd.dhcp.packet import BROADCAST, decode, encode, fit
from _bootd.dhcp.proxy import ABOUT_A_LEASE, decide_in_mode
from _bootd.dhcp.reply import destination
from samples.dhcp_messages import (
    ADDRESS,
    BIOS,
    CONTEXT,
    HTTP_BOOT,
    IPXE,
    LINUX,
    MAC,
    PATH,
    SCRIPT,
    SERVER,
    UEFI,
    UUID,
    address,
    message,
    nic,
)

# What a proxy has no word in: RFC 2132 sections 3, 8 and 9 as far as they are of leases and networks.
OF_LEASES = {1, 3, 6, 7, 12, 15, 28, 42, 51, 58, 59, 119, 121, opt.IPXE}
THEIRS = {opt.SERVER_IDENTIFIER: address("10.10.0.1"), opt.REQUESTED_ADDRESS: address("10.10.0.77")}
CLIENT_ID = {61: b"\1XG\xcaq\xd8I"}
# PXE_BOOT_ITEM, as edk2 sends it: type and layer, 16 bits each, then the end.
BOOT_ITEM = {43: b"\x47\4\0\0\0\0\xff"}
OTHERS_BOOT_ITEM = {43: b"\x47\4\0\x63\0\0\xff"}


def asked(kind, options, who=None, mode=PROXY, port_4011=False, context=CONTEXT, **fields):
    return decide_in_mode(message(kind, options, **fields), who, context, mode, to_proxy_port=port_4011)


def offer(options, who=None, **more):
    answer = asked(opt.DHCPDISCOVER, options, who or nic(), **more)
    assert isinstance(answer, Answer), answer
    return answer.reply


def ack(options, who=None, kind=opt.DHCPREQUEST, **more):
    answer = asked(kind, options, who or nic(), port_4011=True, ciaddr="10.10.0.77", **more)
    assert isinstance(answer, Answer), answer
    return answer.reply


@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE])
def test_an_offer_gives_no_address_and_nothing_of_a_network(client):
    reply = offer(client | CLIENT_ID | {82: b"\1\2ab"})
    assert reply.message_type == opt.DHCPOFFER
    assert (reply.yiaddr, reply.ciaddr) == ("0.0.0.0", "0.0.0.0")
    assert not OF_LEASES & set(reply.options)
    assert reply.options[opt.SERVER_IDENTIFIER] == address(SERVER)
    # RFC 6842, RFC 4578 section 2.3, RFC 3046 section 2.2.
    assert {code: reply.options[code] for code in (61, 82, 97)} == CLIENT_ID | {82: b"\1\2ab", 97: UUID}


@pytest.mark.parametrize(
    ("client", "vendor_class", "file", "vendor"),
    [
        # Table 2-1 of the specification: PXE_DISCOVERY_CONTROL bit 3, load the file of this reply at once.
        (BIOS, b"PXEClient", f"{PATH}/undionly.kpxe", b"\6\1\x08\xff"),
        # edk2 issue 6944: with discovery options edk2 before April 2017 drops a proxy's offer. Without, it asks 4011.
        (UEFI, b"PXEClient", f"{PATH}/snponly.efi", None),
        # HttpBootParseDhcp4Packet: only HTTPClient makes the offer one of HTTP boot.
        (HTTP_BOOT, b"HTTPClient", f"http://10.10.0.20:7080/ipxe/{PATH}/snponly.efi", None),
        # dhcp_discovery_rx and dhcp_has_pxeopts: PXEClient and a file name are enough, and nothing is asked on 4011.
        (IPXE, b"PXEClient", SCRIPT, None),
    ],
)
def test_an_offer_says_what_to_boot_as_each_client_reads_it(client, vendor_class, file, vendor):
    reply = offer(client)
    assert reply.options[opt.VENDOR_CLASS] == vendor_class
    assert (reply.file.decode(), reply.siaddr) == (file, SERVER)
    assert reply.options.get(opt.VENDOR_SPECIFIC) == vendor


@pytest.mark.parametrize("kind", [opt.DHCPREQUEST, opt.DHCPINFORM])
@pytest.mark.parametrize(
    ("client", "file", "vendor"),
    [(BIOS, f"{PATH}/undionly.kpxe", b"\6\1\x08\xff"), (UEFI, f"{PATH}/snponly.efi", None)],
)
def test_port_4011_acknowledges_with_the_boot_file(kind, client, file, vendor):
    reply = ack(client | CLIENT_ID, kind=kind)
    assert reply.message_type == opt.DHCPACK
    assert (reply.yiaddr, reply.ciaddr, reply.siaddr) == ("0.0.0.0", "10.10.0.77", SERVER)
    assert reply.file.decode() == file
    assert reply.options.get(opt.VENDOR_SPECIFIC) == vendor
    assert reply.options[opt.VENDOR_CLASS] == b"PXEClient"
    assert not OF_LEASES & set(reply.options)


def test_port_4011_answers_who_looks_for_a_boot_server_with_what_he_looked_for():
    # PXE_BOOT_ITEM comes back, or edk2's Discover() does not take it.
    assert ack(UEFI | BOOT_ITEM).options[opt.VENDOR_SPECIFIC] == b"\x47\4\0\0\0\0\xff"
    assert ack(BIOS | OTHERS_BOOT_ITEM).options[opt.VENDOR_SPECIFIC] == b"\6\1\x08\x47\4\0\x63\0\0\xff"


def test_port_67_answers_who_looks_for_a_boot_server_by_broadcast():
    answer = asked(opt.DHCPREQUEST, UEFI | BOOT_ITEM, nic(), ciaddr="10.10.0.77")
    assert answer.reply.message_type == opt.DHCPACK
    assert answer.detail is None


def test_port_67_does_not_answer_for_the_boot_servers_of_others():
    assert isinstance(asked(opt.DHCPREQUEST, UEFI | OTHERS_BOOT_ITEM, nic(), ciaddr="10.10.0.77"), Silence)


@pytest.mark.parametrize("lease", [THEIRS, {opt.REQUESTED_ADDRESS: address("10.10.0.77")}, {}])
def test_port_67_takes_no_request_for_a_lease_for_a_search_for_boot_servers(lease):
    # It has no address yet: an acknowledgement without one would end in nothing.
    assert asked(opt.DHCPREQUEST, UEFI | BOOT_ITEM | lease, nic()).reason == ABOUT_A_LEASE


@pytest.mark.parametrize("mode", [PROXY, AUTO_PROXY, OFF])
@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE, LINUX])
@pytest.mark.parametrize(
    ("kind", "options", "fields"),
    [
        (opt.DHCPREQUEST, THEIRS, {}),  # SELECTING
        (opt.DHCPREQUEST, {opt.REQUESTED_ADDRESS: address("10.10.0.77")}, {}),  # INIT-REBOOT
        (opt.DHCPREQUEST, {}, {"ciaddr": "10.10.0.77"}),  # RENEWING, REBINDING
        (opt.DHCPREQUEST, {opt.SERVER_IDENTIFIER: address(SERVER)} | THEIRS, {}),
        (opt.DHCPREQUEST, {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}, {}),
        (opt.DHCPINFORM, {}, {"ciaddr": "10.10.0.77"}),
        (opt.DHCPDECLINE, THEIRS, {}),
        (opt.DHCPRELEASE, THEIRS, {"ciaddr": "10.10.0.77"}),
        (opt.DHCPOFFER, {}, {}),
        (opt.DHCPACK, {}, {}),
        (None, {}, {}),
        (77, {}, {}),
    ],
)
def test_nothing_about_a_lease_is_ever_answered(mode, client, kind, options, fields):
    assert isinstance(asked(kind, client | options, nic(), mode, **fields), Silence)


@pytest.mark.parametrize("port_4011", [True, False])
@pytest.mark.parametrize("kind", sorted(opt.MESSAGE_NAMES))
def test_an_operating_system_is_never_answered(kind, port_4011):
    for who in (nic(), None):
        for mode in (PROXY, AUTO_PROXY, OFF):
            decision = asked(kind, LINUX | THEIRS, who, mode, port_4011, ciaddr="10.10.0.77")
            assert isinstance(decision, Silence), decision


@pytest.mark.parametrize("port_4011", [True, False])
@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE])
def test_where_the_mode_is_off_nobody_is_answered(client, port_4011):
    for who in (nic(), None):
        assert asked(opt.DHCPDISCOVER, client, who, OFF, port_4011) == Silence("not_here")
        assert asked(opt.DHCPREQUEST, client, who, OFF, port_4011, ciaddr=ADDRESS) == Silence("not_here")


def test_port_4011_is_no_server_of_reservations():
    assert asked(opt.DHCPREQUEST, UEFI, nic(), RESERVATION, port_4011=True) == Silence("not_here")


def test_port_4011_offers_nothing():
    assert asked(opt.DHCPDISCOVER, UEFI, nic(), port_4011=True) == Silence("unexpected_type")


def test_unknown_machines_are_not_answered():
    assert asked(opt.DHCPDISCOVER, UEFI) == Silence("unknown_machine")
    assert asked(opt.DHCPREQUEST, UEFI, port_4011=True) == Silence("unknown_machine")


def test_a_reply_of_another_server_is_none_of_ours():
    assert decide_in_mode(replace(message(opt.DHCPDISCOVER, UEFI), op=2), nic(), CONTEXT, PROXY) == Silence(
        "not_a_request"
    )


@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE])
def test_auto_proxy_boots_unknown_machines(client):
    answer = asked(opt.DHCPDISCOVER, client, mode=AUTO_PROXY)
    assert answer.reply.yiaddr == "0.0.0.0"
    assert PATH in answer.reply.file.decode()
    assert answer.detail is None, "nothing may be recorded of an unknown machine"
    assert MAC in answer.reason


def test_auto_proxy_is_a_proxy_for_known_ones():
    for client in (UEFI, BIOS, HTTP_BOOT, IPXE):
        who = nic()
        assert asked(opt.DHCPDISCOVER, client, who, AUTO_PROXY) == asked(opt.DHCPDISCOVER, client, who, PROXY)


MENU = b"\6\1\7\x09\x0d\0\0\x0alocal disk\x0a\x0b\0local disk\xff"


def test_netboot_off_sends_firmware_to_its_disk_at_once():
    off = nic(allow_pxe=False)
    # PXE_BOOT_MENU with one item of type 0, which PXE_MENU_PROMPT chooses without a wait.
    assert offer(BIOS, off).options[opt.VENDOR_SPECIFIC] == MENU
    # Again edk2 issue 6944: the menu comes from port 4011, to which the offer sends it.
    reply = offer(UEFI, off)
    assert (opt.VENDOR_SPECIFIC in reply.options, reply.file, reply.siaddr) == (False, b"", SERVER)
    assert ack(UEFI, off).options[opt.VENDOR_SPECIFIC] == MENU
    assert ack(UEFI, off).file == b""


def test_netboot_off_has_ipxe_boot_its_disk_by_a_script_and_http_boot_give_up_by_a_403():
    off = nic(allow_pxe=False)
    assert offer(IPXE, off).file.decode() == SCRIPT
    assert offer(HTTP_BOOT, off).file.decode().endswith("/snponly.efi")


@pytest.mark.parametrize("interface", [{"disable_dhcp": True}, {"address": "", "netmask": "", "gateway": ""}])
def test_a_machine_needs_no_address_of_bootds(interface):
    assert offer(UEFI, nic(**interface)).file.decode() == f"{PATH}/snponly.efi"
    assert isinstance(asked(opt.DHCPDISCOVER, UEFI, nic(**interface), RESERVATION), Silence)


def test_disable_dhcp_without_netboot_is_left_alone_by_a_proxy_too():
    assert asked(opt.DHCPDISCOVER, UEFI, nic(allow_pxe=False, disable_dhcp=True)) == Silence("dhcp_disabled")
    # bootd's own switch is no word of the object's: the machine goes to its disk at once.
    assert offer(BIOS, nic(switched_off=True, disable_dhcp=True)).options[opt.VENDOR_SPECIFIC] == MENU


def test_a_boot_file_that_the_object_names_is_another_servers():
    who = nic(tftp_server_name="192.0.2.9", boot_file_name="theirs.efi")
    for reply in (offer(BIOS, who), ack(UEFI, who), ack(BIOS, who)):
        assert (reply.siaddr, reply.file) == ("192.0.2.9", b"theirs.efi")
    # Who asks again asks siaddr, or option 54 where that is zero: not the server of the file.
    assert (offer(UEFI, who).siaddr, offer(UEFI, who).file) == ("0.0.0.0", b"")


def test_a_tag_of_the_vlan_goes_along():
    assert offer(UEFI, nic(vlan_id="12")).options[opt.VENDOR_SPECIFIC] == b"\x74\x0212\xff"
    assert offer(IPXE, nic(vlan_id="12")).options[opt.VENDOR_SPECIFIC] == b"\x74\x0212\xff"


def test_an_offer_without_an_address_is_broadcast():
    # RFC 2131 section 4.1 sends it to yiaddr, and there is none.
    for flags in (0, BROADCAST):
        request = message(opt.DHCPDISCOVER, UEFI, flags=flags)
        reply = decide_in_mode(request, nic(), CONTEXT, PROXY).reply
        assert (destination(request, reply).address, destination(request, reply).port) == ("255.255.255.255", 68)
        assert reply.flags == BROADCAST, "a relay would unicast it to 0.0.0.0"


def test_an_offer_through_a_relay_goes_to_the_relay():
    request = message(opt.DHCPDISCOVER, UEFI, giaddr="10.20.0.1")
    reply = decide_in_mode(request, nic(), CONTEXT, PROXY).reply
    assert (reply.giaddr, destination(request, reply).address, destination(request, reply).port) == (
        "10.20.0.1",
        "10.20.0.1",
        67,
    )


@pytest.mark.parametrize("giaddr", ["255.255.255.255", "224.0.0.1", "127.0.0.1", SERVER])
def test_what_can_be_no_relay_is_not_answered(giaddr):
    for who, mode in ((nic(), PROXY), (None, AUTO_PROXY)):
        silence = asked(opt.DHCPDISCOVER, UEFI, who, mode, giaddr=giaddr)
        assert (silence.reason, giaddr in silence.wrong) == ("bad_relay", True)


def test_a_relay_that_stands_for_the_server_is_obeyed():
    # RFC 5107 section 4.
    reply = offer(BIOS | {82: b"\x0b\4\x0a\x14\0\1"}, giaddr="10.20.0.1")
    assert reply.options[opt.SERVER_IDENTIFIER] == address("10.20.0.1")
    assert reply.siaddr == SERVER


@pytest.mark.parametrize("mode", [PROXY, OFF])
@pytest.mark.parametrize(
    ("options", "took"),
    [
        (THEIRS, "10.10.0.77"),
        ({opt.REQUESTED_ADDRESS: address("10.10.0.77")}, ""),
        ({opt.SERVER_IDENTIFIER: address("10.10.0.1")}, ""),
        (THEIRS | {opt.REQUESTED_ADDRESS: address("224.0.0.1")}, ""),
        (THEIRS | {opt.SERVER_IDENTIFIER: address(SERVER)}, ""),
    ],
)
def test_the_address_that_a_client_takes_elsewhere_is_heard(mode, options, took):
    # RFC 2131 section 4.3.2, SELECTING.
    for client in (LINUX, IPXE):
        assert asked(opt.DHCPREQUEST, client | options, nic(), mode).took == took


def test_an_address_is_taken_by_a_dhcprequest_only():
    for kind in (opt.DHCPDISCOVER, opt.DHCPDECLINE):
        assert asked(kind, LINUX | THEIRS, nic()).took == ""


def test_replies_fit_the_smallest_client():
    for client in (UEFI, BIOS, HTTP_BOOT, IPXE):
        reply, dropped = fit(offer({**client, 57: b"\2\x40"}), 576)
        assert (decode(encode(reply)).file, dropped) == (reply.file, ())


def test_in_reservation_nothing_is_different():
    assert offer(UEFI, mode=RESERVATION).yiaddr == ADDRESS
