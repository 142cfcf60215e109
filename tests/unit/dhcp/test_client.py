# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling firmware, iPXE and operating systems apart."""

from __future__ import annotations

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import Client, Kind, identify
from samples.dhcp_messages import BIOS, HTTP_BOOT, IPXE, LINUX, UEFI, message


def who(options: dict[int, bytes]) -> Client:
    return identify(message(opt.DHCPDISCOVER, options))


@pytest.mark.parametrize(
    ("options", "client"),
    [
        (UEFI, Client(Kind.FIRMWARE, False, (7,), False, "PXEClient:Arch:00007:UNDI:003016")),
        (BIOS, Client(Kind.FIRMWARE, False, (0,), False, "PXEClient:Arch:00000:UNDI:002001")),
        (HTTP_BOOT, Client(Kind.FIRMWARE, True, (16,), False, "HTTPClient:Arch:00016:UNDI:003001")),
        (IPXE, Client(Kind.IPXE, True, (7,), False, "PXEClient:Arch:00007:UNDI:003016")),
        (LINUX, Client(Kind.OS)),
        ({}, Client(Kind.OS)),
        ({opt.VENDOR_CLASS: b"udhcp 1.36.1"}, Client(Kind.OS, vendor_class="udhcp 1.36.1")),
        ({opt.VENDOR_CLASS: b"MSFT 5.0"}, Client(Kind.OS, vendor_class="MSFT 5.0")),
        ({opt.VENDOR_CLASS: b""}, Client(Kind.OS)),
    ],
)
def test_identify_real_clients(options, client):
    assert who(options) == client


@pytest.mark.parametrize(
    ("options", "tinkerbell"),
    [
        ({opt.USER_CLASS: b"iPXE"}, False),
        ({opt.USER_CLASS: b"\4iPXE"}, False),
        ({opt.USER_CLASS: b"Tinkerbell"}, True),
        ({opt.USER_CLASS: b"\12Tinkerbell"}, True),
        ({opt.USER_CLASS: b"\5other\4iPXE"}, False),
        ({opt.IPXE: b"\x13\1\1"}, False),
        ({opt.IPXE: b""}, False),
    ],
)
def test_identify_ipxe_by_class_or_encapsulated_options(options, tinkerbell):
    for vendor in ({}, {opt.VENDOR_CLASS: b"PXEClient:Arch:00007:UNDI:003010"}, HTTP_BOOT):
        client = who(vendor | options)
        assert client.kind is Kind.IPXE
        assert client.tinkerbell is tinkerbell


@pytest.mark.parametrize("user_class", [b"iPXE\0", b"\4iPXE\0", b"\5iPXE\0", b"iPXE\0\0"])
def test_identify_ipxe_whose_class_ends_with_nuls(user_class):
    """Taken for firmware it would be given iPXE again, and that the next one, for ever."""
    assert who(UEFI | {opt.USER_CLASS: user_class}).kind is Kind.IPXE


def test_identify_reads_the_vendor_class_without_its_nuls():
    client = who({opt.VENDOR_CLASS: b"PXEClient:Arch:00007:UNDI:003016\0\0"})
    assert client == Client(Kind.FIRMWARE, False, (7,), False, "PXEClient:Arch:00007:UNDI:003016")
    assert who({opt.VENDOR_CLASS: b"\0"}) == Client(Kind.OS)


# As Debian's iPXE lists them: PXE, iSCSI, AoE, HTTP, TFTP, DNS, bzImage, ELF, multiboot, menus, version.
STOCK = bytes.fromhex("b10501808610d3210101230101220101130101140100110101270101190101290101100102150101eb03010000")


@pytest.mark.parametrize(
    ("listed", "http"),
    [
        (STOCK, True),
        (b"\x13\1\1", True),
        (b"\x13\1\xff", True),
        (b"\x13\1\0", False),  # built without
        (b"\x15\1\1", False),  # lists TFTP only
        (b"\x14\1\1\x15\1\1", False),  # HTTPS is none that bootd speaks
        (b"\x13\0", False),
        (b"", False),
        (b"\x13\4\1", False),  # cut short
        (None, True),  # says nothing of what it can do
    ],
)
@pytest.mark.parametrize("firmware", [UEFI, BIOS, HTTP_BOOT])
def test_identify_ipxe_by_what_it_says_it_can_do(firmware, listed, http):
    options = firmware | {opt.USER_CLASS: b"iPXE"} | ({} if listed is None else {opt.IPXE: listed})
    assert (who(options).kind, who(options).http) == (Kind.IPXE, http)


@pytest.mark.parametrize("user_class", [b"ipxe", b"iPXE2", b"xiPXE", b"\5iPXE", b"\3iPX", b""])
def test_identify_other_user_classes_are_not_ipxe(user_class):
    assert who(UEFI | {opt.USER_CLASS: user_class}).kind is Kind.FIRMWARE


@pytest.mark.parametrize("vendor_class", [b"PXE", b"xPXEClient", b"pxeclient", b"HTTP"])
def test_identify_other_vendor_classes_are_no_firmware(vendor_class):
    assert who({opt.VENDOR_CLASS: vendor_class}).kind is Kind.OS


def test_identify_keeps_all_architectures_in_order():
    client = who(UEFI | {opt.CLIENT_ARCHITECTURE: b"\0\x10\0\7"})
    assert client.arches == (16, 7)
    assert client.arch == 16


@pytest.mark.parametrize("value", [None, b"", b"\7", b"\0\7\0"])
def test_identify_takes_the_architecture_of_the_vendor_class_where_option_93_is_none(value):
    options = {code: held for code, held in UEFI.items() if code != opt.CLIENT_ARCHITECTURE}
    if value is not None:
        options[opt.CLIENT_ARCHITECTURE] = value
    assert who(options).arches == (7,)


@pytest.mark.parametrize("vendor_class", [b"PXEClient", b"PXEClient:Arch:7", b"PXEClient:Arch:0000x:UNDI", b"MSFT 5.0"])
def test_identify_without_an_architecture(vendor_class):
    client = who({opt.VENDOR_CLASS: vendor_class})
    assert client.arches == ()
    assert client.arch is None
