# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine is told to boot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import identify
from _bootd.dhcp.reply import BootOffer, boot_offer, context_from
from _bootd.hardware.model import Netboot, Nic
from _bootd.process.settings import Settings
from samples.dhcp_messages import BIOS, CONTEXT, HTTP_BOOT, IPXE, LINUX, PATH, SCRIPT, SERVER, UEFI, message, nic


def offer(options: dict[int, bytes], where: Nic | None = None, **context: object) -> BootOffer:
    client = identify(message(opt.DHCPDISCOVER, options))
    return boot_offer(where or nic(), client, replace(CONTEXT, **context))


@pytest.mark.parametrize(("options", "file"), [(UEFI, "snponly.efi"), (BIOS, "undionly.kpxe")])
def test_boot_offer_pxe_firmware(options, file):
    got = offer(options)
    assert (got.file, got.server, got.server_name, got.netboot) == (f"{PATH}/{file}", SERVER, SERVER, True)
    assert got.options == {opt.VENDOR_CLASS: b"PXEClient", opt.VENDOR_SPECIFIC: b"\6\1\x08\xff"}


def test_boot_offer_http_firmware_gets_a_url():
    got = offer(HTTP_BOOT)
    assert got.file == f"http://10.10.0.20:7080/ipxe/{PATH}/snponly.efi"
    assert got.options == {opt.VENDOR_CLASS: b"HTTPClient"}


def test_boot_offer_ipxe_gets_its_script():
    got = offer(IPXE)
    assert (got.file, got.server) == (SCRIPT, SERVER)
    # No vendor class: with one, iPXE would go on to ask a proxy DHCP server.
    assert got.options == {opt.LOG_SERVER: b"\n\n\0\x14", opt.IPXE: b"\xb0\1\1"}


def test_boot_offer_names_no_log_server_where_bootd_listens_on_another_port():
    assert context_from(Settings("files:/x", "", SERVER, syslog_port=5514)).syslog == ""
    assert offer(IPXE, syslog="").options == {opt.IPXE: b"\xb0\1\1"}


def test_boot_offer_ipxe_that_came_by_http_boot_gets_its_script_too():
    assert offer(HTTP_BOOT | {opt.USER_CLASS: b"iPXE"}).file == SCRIPT


def test_boot_offer_ipxe_without_http_gets_a_boot_program_by_tftp():
    got = offer(IPXE | {opt.IPXE: b"\x15\1\1"})
    assert (got.file, got.server, got.server_name) == (f"{PATH}/snponly.efi", SERVER, SERVER)
    assert got.options == {opt.LOG_SERVER: b"\n\n\0\x14", opt.IPXE: b"\xb0\1\1"}
    assert "iPXE that lists no HTTP" in got.reason


def test_boot_offer_ipxe_without_http_gets_its_script_by_tftp_where_no_program_is_for_it():
    got = offer(IPXE | {opt.IPXE: b"\x15\1\1", opt.CLIENT_ARCHITECTURE: b"\0\6"})
    assert (got.file, got.server) == (f"{PATH}/autoexec.ipxe", SERVER)


def test_boot_offer_operating_system_gets_nothing_to_boot():
    got = offer(LINUX)
    assert (got.file, got.server, got.server_name, got.options) == ("", "", "", {})
    assert got.netboot


def test_boot_offer_services_elsewhere():
    assert offer(UEFI, tftp="10.10.0.30").server == "10.10.0.30"
    assert offer(IPXE, syslog="10.10.0.31").options[opt.LOG_SERVER] == b"\n\n\0\x1f"
    assert offer(HTTP_BOOT, http_base="http://boot:80").file == f"http://boot:80/ipxe/{PATH}/snponly.efi"


OFF = [nic(allow_pxe=False), nic(allow_pxe=None), nic(switched_off=True)]


# Discovery control 7, a menu with "local disk" of type 0, and a prompt of 0 seconds: PXE specification 2.1, table 2-1.
LOCAL_BOOT = b"\6\1\7" + b"\x09\x0d\0\0\x0alocal disk" + b"\x0a\x0b\0local disk" + b"\xff"


@pytest.mark.parametrize("where", OFF)
@pytest.mark.parametrize("options", [UEFI, BIOS])
def test_boot_offer_netboot_off_tells_pxe_firmware_to_boot_locally(where, options):
    got = offer(options, where)
    assert (got.netboot, got.file, got.server, got.server_name) == (False, "", "", "")
    assert got.options == {opt.VENDOR_CLASS: b"PXEClient", opt.VENDOR_SPECIFIC: LOCAL_BOOT}
    assert "netboot is off" in got.reason


@pytest.mark.parametrize("where", OFF)
def test_boot_offer_netboot_off_sends_http_firmware_to_a_refusal(where):
    """Without any URL edk2 would ask on for a minute; this one is answered with 403 and the reason."""
    got = offer(HTTP_BOOT, where)
    assert (got.netboot, got.file, got.server) == (False, f"http://10.10.0.20:7080/ipxe/{PATH}/snponly.efi", "")
    assert got.options == {opt.VENDOR_CLASS: b"HTTPClient"}
    assert "netboot is off" in got.reason


@pytest.mark.parametrize("where", OFF)
def test_boot_offer_netboot_off_still_gives_ipxe_the_script_that_boots_the_disk(where):
    got = offer(IPXE, where)
    assert (got.netboot, got.file) == (False, SCRIPT)


@pytest.mark.parametrize("where", OFF)
def test_boot_offer_netboot_off_gives_ipxe_without_http_that_script_by_tftp(where):
    got = offer(IPXE | {opt.IPXE: b"\x13\1\0"}, where)
    assert (got.netboot, got.file, got.server) == (False, f"{PATH}/autoexec.ipxe", SERVER)


@pytest.mark.parametrize("where", OFF)
def test_boot_offer_netboot_off_operating_system(where):
    got = offer(LINUX, where)
    assert (got.netboot, got.file) == (False, "")


@pytest.mark.parametrize(
    ("arch", "words"), [(b"\0\6", "x86 UEFI"), (b"\0\x0a", "ARM 32-bit UEFI"), (b"\1\0", "architecture 256")]
)
def test_boot_offer_architecture_without_a_boot_program(arch, words):
    got = offer(UEFI | {opt.CLIENT_ARCHITECTURE: arch})
    assert (got.netboot, got.file, got.server) == (True, "", "")
    assert got.options[opt.VENDOR_SPECIFIC] == LOCAL_BOOT
    assert got.reason == f"there is no network boot program for {words}"


def test_boot_offer_http_firmware_without_a_boot_program():
    got = offer(HTTP_BOOT | {opt.CLIENT_ARCHITECTURE: b"\0\x0f"})
    assert (got.file, got.options) == ("", {})
    assert got.reason == "there is no network boot program for x86 UEFI over HTTP"


def test_boot_offer_file_by_the_operators_map():
    assert offer(UEFI, arch_map={7: "ipxe.efi"}).file == f"{PATH}/ipxe.efi"
    assert offer(HTTP_BOOT, arch_map={16: "ipxe.efi"}).file.endswith(f"/ipxe/{PATH}/ipxe.efi")


def test_boot_offer_file_by_the_object():
    where = nic(netboot=Netboot(allow_pxe=True, ipxe_binary="snp-x86_64.efi"))
    assert offer(UEFI, where, arch_map={7: "ipxe.efi"}).file == f"{PATH}/snp-x86_64.efi"
    assert offer(IPXE, where).file == SCRIPT


@pytest.mark.parametrize("options", [UEFI, BIOS, HTTP_BOOT, IPXE, LINUX])
@pytest.mark.parametrize(("server", "siaddr"), [("10.10.0.5", "10.10.0.5"), ("tftp.example.org", "")])
def test_boot_offer_preset_replaces_everything(options, server, siaddr):
    got = offer(options, nic(allow_pxe=None, tftp_server_name=server, boot_file_name="pi/start4.elf"))
    assert (got.file, got.server, got.server_name, got.options) == ("pi/start4.elf", siaddr, server, {})
    assert got.netboot


@pytest.mark.parametrize("off", [{"allow_pxe": False}, {"switched_off": True}])
def test_boot_offer_preset_is_off_where_netboot_is(off):
    got = offer(UEFI, nic(tftp_server_name="10.10.0.5", boot_file_name="start4.elf", **off))
    assert (got.netboot, got.file) == (False, "")


@pytest.mark.parametrize("half", [{"tftp_server_name": "10.10.0.5"}, {"boot_file_name": "start4.elf"}])
def test_boot_offer_half_a_preset_is_none(half):
    assert offer(UEFI, nic(**half)).file == f"{PATH}/snponly.efi"


@pytest.mark.parametrize(
    ("options", "value"),
    [(UEFI, b"\6\1\x08\x74\00299\xff"), (IPXE, b"\x74\00299\xff"), (HTTP_BOOT, b"\x74\00299\xff"), (LINUX, None)],
)
def test_boot_offer_vlan_for_those_who_boot(options, value):
    assert offer(options, nic(vlan_id="99")).options.get(opt.VENDOR_SPECIFIC) == value


@pytest.mark.parametrize("vlan", ["", "0", "12345", "9 9", "x", "\u0669"])
def test_boot_offer_vlan_that_is_none(vlan):
    assert opt.VENDOR_SPECIFIC not in offer(IPXE, nic(vlan_id=vlan)).options
