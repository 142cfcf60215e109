# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a DHCP message says of a machine that is unknown."""

from __future__ import annotations

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.sighting import MAX_READ, Sighting, relay_ids_of, sighting_of, user_class_of, uuid_of
from samples.dhcp_messages import ADDRESS, BIOS, HTTP_BOOT, IPXE, LINUX, UEFI, UUID, address, message

RELAY = bytes((1, 4)) + b"ge-1" + bytes((2, 6)) + bytes.fromhex("5847ca000001")


def test_firmware_behind_a_relay():
    options = UEFI | {opt.RELAY_AGENT_INFORMATION: RELAY, opt.HOST_NAME: b"node"}
    seen = sighting_of(message(opt.DHCPDISCOVER, options, giaddr="10.42.0.1"), "eth1")
    vendor_class = b"PXEClient:Arch:00007:UNDI:003016"
    assert seen == Sighting("firmware", 7, vendor_class, b"", UUID, b"node", RELAY, "10.42.0.1", "eth1", "")
    assert relay_ids_of(seen) == ("ge-1", "58:47:ca:00:00:01")


def test_what_is_kept_of_a_message_is_bounded():
    options = dict.fromkeys((60, 77, 97, 12, 82), bytes(8000))
    assert all(len(value) <= MAX_READ for value in sighting_of(message(1, options), "") if isinstance(value, bytes))


@pytest.mark.parametrize(
    ("options", "uuid"),
    [
        # UEFI sends SMBIOS's octets as they lie there; iPXE has turned the first three fields round.
        (UEFI, "03020100-0504-0706-0809-0a0b0c0d0e0f"),
        (HTTP_BOOT, "03020100-0504-0706-0809-0a0b0c0d0e0f"),
        (IPXE, "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (BIOS, "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (LINUX, ""),
        (LINUX | {97: UUID[:-1]}, ""),
        (LINUX | {97: b"\1" + UUID[1:]}, ""),
        (LINUX | {97: bytes(17)}, ""),
    ],
)
def test_uuid_as_people_read_it(options, uuid):
    assert uuid_of(sighting_of(message(opt.DHCPDISCOVER, options), "")) == uuid


@pytest.mark.parametrize(
    ("value", "shown"), [(b"iPXE", "iPXE"), (b"\4iPXE\3abc", "iPXE abc"), (b"\xff\0\1", "ff:00:01"), (b"\0", "")]
)
def test_user_class(value, shown):
    assert user_class_of(sighting_of(message(opt.DHCPDISCOVER, LINUX | {77: value}), "")) == shown


@pytest.mark.parametrize(
    ("kind", "options", "fields", "found"),
    [
        (opt.DHCPDISCOVER, {opt.REQUESTED_ADDRESS: address(ADDRESS)}, {}, ""),
        (opt.DHCPREQUEST, {opt.REQUESTED_ADDRESS: address(ADDRESS)}, {}, ADDRESS),
        (opt.DHCPREQUEST, {}, {"ciaddr": ADDRESS}, ADDRESS),
        (opt.DHCPINFORM, {}, {"ciaddr": ADDRESS}, ADDRESS),
        (opt.DHCPREQUEST, {}, {}, ""),
    ],
)
def test_address_that_the_machine_has(kind, options, fields, found):
    assert sighting_of(message(kind, options, **fields), "").address == found
