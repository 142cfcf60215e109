# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message of a rehearsal is answered as the machine's own would be, and recorded nowhere."""

from __future__ import annotations

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.handler import Handler
from _bootd.dhcp.packet import decode, encode
from _bootd.hardware.model import Netboot
from samples.dhcp_messages import (
    ADDRESS,
    HTTP_BOOT,
    IPXE,
    LINUX,
    MAC,
    PATH,
    SCRIPT,
    SERVER,
    UEFI,
    address,
    message,
    nic,
)

RELAY = bytes((1, 9)) + b"macvlan99" + bytes((5, 4, 10, 10, 0, 20))
SELECTING = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}


REHEARSAL = {opt.REHEARSAL: opt.REHEARSAL_MARK}


@pytest.mark.parametrize("options", [UEFI, HTTP_BOOT, IPXE, LINUX])
@pytest.mark.parametrize("kind", [opt.DHCPDISCOVER, opt.DHCPREQUEST, opt.DHCPINFORM])
def test_rehearsal_is_answered_as_ever_and_recorded_nowhere(bench, kind, options):
    where = nic()
    room = bench(where)
    options = options | (SELECTING if kind == opt.DHCPREQUEST else {})
    more = {"ciaddr": ADDRESS} if kind == opt.DHCPINFORM else {}
    marked = room.handle(kind, options | REHEARSAL, **more)
    assert (room.events(where), room.metric("rehearsals_total", protocol="dhcp")) == ([], 1)
    assert {(line["rehearsal"], line["level"]) for line in room.lines()} == {(True, "debug")}
    assert room.services.recent.of(MAC) == []
    assert marked == room.handle(kind, options, **more)


def test_rehearsal_names_no_unknown_machine(bench):
    room = bench()
    assert room.handle(opt.DHCPDISCOVER, UEFI | REHEARSAL) is None
    assert room.services.unknown.all() == []


def test_address_taken_in_a_rehearsal_is_not_the_machine_s(bench):
    room = bench(nic(address="", disable_dhcp=True), dhcp_mode="proxy")
    elsewhere = {opt.SERVER_IDENTIFIER: address("10.10.0.1"), opt.REQUESTED_ADDRESS: address("10.10.0.77")}
    room.handle(opt.DHCPREQUEST, LINUX | elsewhere | REHEARSAL)
    assert room.services.heard.mac_of("10.10.0.77", room.services.clock()) == ""
    room.handle(opt.DHCPREQUEST, LINUX | elsewhere)
    assert room.services.heard.mac_of("10.10.0.77", room.services.clock()) == MAC
    room.handle(opt.DHCPREQUEST, LINUX | elsewhere | REHEARSAL, mac="02:00:00:00:00:99")
    assert room.services.heard.mac_of("10.10.0.77", room.services.clock()) == MAC


def test_program_is_told_once_in_a_rehearsal_and_once_to_the_machine(bench):
    """Firmware is told to load a program, and the iPXE that is loaded gets the script: both in the same order again."""
    where = nic(netboot=Netboot(allow_pxe=True, ipxe_binary="custom.efi"))
    room = bench(where)
    server = Handler(room.services)

    def told(options, xid):
        out = server.handle(encode(message(opt.DHCPDISCOVER, options, xid=xid)), "0.0.0.0", "eth0")
        return decode(out.payload).file.decode()

    program, script = f"{PATH}/custom.efi", SCRIPT
    assert [told(UEFI | REHEARSAL, 1), told(IPXE | REHEARSAL, 2)] == [program, script]
    # Nothing was told to the machine, so that an iPXE of its own is told its program first.
    assert [told(IPXE, 3), told(IPXE, 4)] == [program, script]
