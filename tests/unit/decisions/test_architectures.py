# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot program an architecture gets."""

from __future__ import annotations

import pytest

from _bootd.decisions.architectures import (
    BY_HTTP,
    CPUS,
    DEFAULT_FILES,
    NAMES,
    boot_file,
    describe,
    firmware,
    parse_arch_map,
)


@pytest.mark.parametrize(
    ("arches", "file"),
    [
        ((0,), "undionly.kpxe"),
        ((7,), "snponly.efi"),
        ((9,), "snponly.efi"),
        ((16,), "snponly.efi"),
        ((11,), "ipxe-arm64.efi"),
        ((19,), "ipxe-arm64.efi"),
        ((20,), "undionly.kpxe"),
        ((6,), ""),  # 32-bit firmware can't start a 64-bit program
        ((10,), ""),
        ((15,), ""),
        ((39,), ""),
        ((65535,), ""),
        ((), ""),
        ((6, 7), "snponly.efi"),  # the first that has a file
        ((16, 0), "snponly.efi"),
    ],
)
def test_boot_file_default(arches, file):
    assert boot_file(arches, {}) == file


@pytest.mark.parametrize(
    ("arches", "file"),
    [((7,), "ipxe.efi"), ((9,), "snponly.efi"), ((6,), "ipxe32.efi"), ((0,), ""), ((0, 7), "ipxe.efi")],
)
def test_boot_file_overridden(arches, file):
    assert boot_file(arches, {7: "ipxe.efi", 6: "ipxe32.efi", 0: ""}) == file


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("", {}),
        ("7=snponly.efi", {7: "snponly.efi"}),
        (" 7 = snponly.efi , 16=arm/ipxe.efi,", {7: "snponly.efi", 16: "arm/ipxe.efi"}),
        ("0=", {0: ""}),
        ("65535=x", {65535: "x"}),
    ],
)
def test_parse_arch_map(text, mapping):
    assert parse_arch_map(text) == mapping


@pytest.mark.parametrize(
    "text",
    ["7", "=x", "x=y", "-1=x", "65536=x", "7=a,7=b", "7=/etc/passwd", "7=../x", "7=a/../../x", "7=a\nb", "\u0667=x"],
)
def test_parse_arch_map_says_what_is_wrong(text):
    with pytest.raises(ValueError, match=r"not ARCHITECTURE=FILE|given twice|no name of a file"):
        parse_arch_map(text)


# "Processor Architecture Types" of IANA's DHCPv6 parameters, which RFC 5970 section 3.3 began, as of 2026-11: value
# and name. Ours says the same, in the words of this project.
REGISTRY = [
    (0x00, "x86 BIOS", "x86 BIOS"),
    (0x01, "NEC/PC98", "NEC PC-98"),
    (0x02, "Itanium", "Itanium"),
    (0x03, "DEC Alpha", "DEC Alpha"),
    (0x04, "Arc x86", "ARC x86"),
    (0x05, "Intel Lean Client", "Intel Lean Client"),
    (0x06, "x86 UEFI", "x86 UEFI"),
    (0x07, "x64 UEFI", "x64 UEFI"),
    (0x08, "EFI Xscale", "XScale EFI"),
    (0x09, "EBC", "EFI byte code"),
    (0x0A, "ARM 32-bit UEFI", "ARM 32-bit UEFI"),
    (0x0B, "ARM 64-bit UEFI", "ARM 64-bit UEFI"),
    (0x0C, "PowerPC Open Firmware", "PowerPC Open Firmware"),
    (0x0D, "PowerPC ePAPR", "PowerPC ePAPR"),
    (0x0E, "POWER OPAL v3", "POWER OPAL v3"),
    (0x0F, "x86 uefi boot from http", "x86 UEFI over HTTP"),
    (0x10, "x64 uefi boot from http", "x64 UEFI over HTTP"),
    (0x11, "ebc boot from http", "EFI byte code over HTTP"),
    (0x12, "arm uefi 32 boot from http", "ARM 32-bit UEFI over HTTP"),
    (0x13, "arm uefi 64 boot from http", "ARM 64-bit UEFI over HTTP"),
    (0x14, "pc/at bios boot from http", "x86 BIOS over HTTP"),
    (0x15, "arm 32 uboot", "ARM 32-bit U-Boot"),
    (0x16, "arm 64 uboot", "ARM 64-bit U-Boot"),
    (0x17, "arm uboot 32 boot from http", "ARM 32-bit U-Boot over HTTP"),
    (0x18, "arm uboot 64 boot from http", "ARM 64-bit U-Boot over HTTP"),
    (0x19, "RISC-V 32-bit UEFI", "RISC-V 32-bit UEFI"),
    (0x1A, "RISC-V 32-bit UEFI boot from http", "RISC-V 32-bit UEFI over HTTP"),
    (0x1B, "RISC-V 64-bit UEFI", "RISC-V 64-bit UEFI"),
    (0x1C, "RISC-V 64-bit UEFI boot from http", "RISC-V 64-bit UEFI over HTTP"),
    (0x1D, "RISC-V 128-bit UEFI", "RISC-V 128-bit UEFI"),
    (0x1E, "RISC-V 128-bit UEFI boot from http", "RISC-V 128-bit UEFI over HTTP"),
    (0x1F, "s390 Basic", "s390 Basic"),
    (0x20, "s390 Extended", "s390 Extended"),
    (0x21, "MIPS 32-bit UEFI", "MIPS 32-bit UEFI"),
    (0x22, "MIPS 64-bit UEFI", "MIPS 64-bit UEFI"),
    (0x23, "Sunway 32-bit UEFI", "Sunway 32-bit UEFI"),
    (0x24, "Sunway 64-bit UEFI", "Sunway 64-bit UEFI"),
    (0x25, "LoongArch 32-bit UEFI", "LoongArch 32-bit UEFI"),
    (0x26, "LoongArch 32-bit UEFI boot from http", "LoongArch 32-bit UEFI over HTTP"),
    (0x27, "LoongArch 64-bit UEFI", "LoongArch 64-bit UEFI"),
    (0x28, "LoongArch 64-bit UEFI boot from http", "LoongArch 64-bit UEFI over HTTP"),
    (0x29, "arm rpiboot", "Raspberry Pi boot ROM"),
]


@pytest.mark.parametrize(("number", "registered", "words"), REGISTRY)
def test_every_registered_architecture_has_a_name(number, registered, words):
    assert describe(number) == words
    assert (number in BY_HTTP) == registered.endswith("boot from http")


def test_no_architecture_is_named_that_is_not_registered():
    registered = {number for number, _name, _words in REGISTRY}
    assert registered == set(range(42))
    assert set(NAMES) == registered
    assert {*DEFAULT_FILES, *CPUS, *BY_HTTP} <= registered


# What each client that gets a program by default says of itself, and who has said so.
@pytest.mark.parametrize(
    ("number", "cpu", "file"),
    [
        (0, "x86_64", "undionly.kpxe"),  # PXE 2.1 section 2.2.2, PXEClient:Arch:00000; iPXE's pcbios/dhcparch.h
        (
            7,
            "x86_64",
            "snponly.efi",
        ),  # edk2's EFI_PXE_CLIENT_SYSTEM_ARCHITECTURE for X64
        (9, "x86_64", "snponly.efi"),  # erratum 4624 of RFC 4578: x64 firmware of before 2016
        (11, "aarch64", "ipxe-arm64.efi"),  # the same for AArch64; iPXE's arm64/efi/dhcparch.h
        (16, "x86_64", "snponly.efi"),  # edk2's EFI_HTTP_BOOT_CLIENT_SYSTEM_ARCHITECTURE for X64
        (19, "aarch64", "ipxe-arm64.efi"),  # the same for AArch64
        (20, "x86_64", "undionly.kpxe"),  # registered, of no firmware that is known
        # Names only: there is no iPXE for them in a distribution that the project runs on.
        (27, "riscv64", ""),
        (28, "riscv64", ""),
        (39, "loongarch64", ""),
        (40, "loongarch64", ""),
        # 32-bit UEFI starts no 64-bit program and tells no processor; Raspberry Pis have files of their own.
        *((number, "", "") for number in (6, 10, 15, 18, 41)),
        *((number, "", "") for number in (1, 2, 3, 4, 5, 8, 12, 13, 14, 17, *range(21, 27), *range(29, 39))),
    ],
)
def test_program_and_processor_of_each_architecture(number, cpu, file):
    assert (CPUS.get(number, ""), DEFAULT_FILES.get(number, "")) == (cpu, file)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (0, "bios"),
        (20, "bios"),
        (7, "uefi"),
        (9, "uefi"),
        (19, "uefi"),
        (27, "uefi"),
        (21, ""),
        (41, ""),
        (99, ""),
        (None, ""),
    ],
)
def test_firmware(number, kind):
    assert firmware(number) == kind


@pytest.mark.parametrize(
    ("number", "words"),
    [(7, "x64 UEFI"), (0, "x86 BIOS"), (99, "architecture 99"), (None, "a client that names no architecture")],
)
def test_describe(number, words):
    assert describe(number) == words
