# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Client architectures (option 93) and the network boot program each one gets.

The numbers are IANA's "Processor Architecture Types" registry, which RFC 4578 section 2.1 began and RFC 5970
section 6 took over. The files are iPXE as distributions ship it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..hardware import cpu

X86_BIOS = 0
X86_UEFI = 6
X64_UEFI = 7
EFI_BYTE_CODE = 9  # an erratum of RFC 4578 swapped 7 and 9: much x64 firmware says 9
ARM64_UEFI = 11
X86_UEFI_HTTP = 15
X64_UEFI_HTTP = 16
ARM64_UEFI_HTTP = 19
X86_BIOS_HTTP = 20
RISCV64_UEFI, RISCV64_UEFI_HTTP = 27, 28
LOONGARCH64_UEFI, LOONGARCH64_UEFI_HTTP = 39, 40
RASPBERRY_PI = 41

NAMES: Mapping[int, str] = MappingProxyType(
    {
        X86_BIOS: "x86 BIOS",
        1: "NEC PC-98",
        2: "Itanium",
        3: "DEC Alpha",
        4: "ARC x86",
        5: "Intel Lean Client",
        X86_UEFI: "x86 UEFI",
        X64_UEFI: "x64 UEFI",
        8: "XScale EFI",
        EFI_BYTE_CODE: "EFI byte code",
        10: "ARM 32-bit UEFI",
        ARM64_UEFI: "ARM 64-bit UEFI",
        12: "PowerPC Open Firmware",
        13: "PowerPC ePAPR",
        14: "POWER OPAL v3",
        X86_UEFI_HTTP: "x86 UEFI over HTTP",
        X64_UEFI_HTTP: "x64 UEFI over HTTP",
        17: "EFI byte code over HTTP",
        18: "ARM 32-bit UEFI over HTTP",
        ARM64_UEFI_HTTP: "ARM 64-bit UEFI over HTTP",
        X86_BIOS_HTTP: "x86 BIOS over HTTP",
        21: "ARM 32-bit U-Boot",
        22: "ARM 64-bit U-Boot",
        23: "ARM 32-bit U-Boot over HTTP",
        24: "ARM 64-bit U-Boot over HTTP",
        25: "RISC-V 32-bit UEFI",
        26: "RISC-V 32-bit UEFI over HTTP",
        RISCV64_UEFI: "RISC-V 64-bit UEFI",
        RISCV64_UEFI_HTTP: "RISC-V 64-bit UEFI over HTTP",
        29: "RISC-V 128-bit UEFI",
        30: "RISC-V 128-bit UEFI over HTTP",
        31: "s390 Basic",
        32: "s390 Extended",
        33: "MIPS 32-bit UEFI",
        34: "MIPS 64-bit UEFI",
        35: "Sunway 32-bit UEFI",
        36: "Sunway 64-bit UEFI",
        37: "LoongArch 32-bit UEFI",
        38: "LoongArch 32-bit UEFI over HTTP",
        LOONGARCH64_UEFI: "LoongArch 64-bit UEFI",
        LOONGARCH64_UEFI_HTTP: "LoongArch 64-bit UEFI over HTTP",
        RASPBERRY_PI: "Raspberry Pi boot ROM",
    }
)

# The processor behind an architecture, as far as there are kernels for it. 32-bit UEFI says nothing of the processor:
# there are tablets with 64 bits under it. Nor does 9 by its own name, but whoever says it is x64.
CPUS: Mapping[int, str] = MappingProxyType(
    {
        X86_BIOS: cpu.X86_64,
        X64_UEFI: cpu.X86_64,
        EFI_BYTE_CODE: cpu.X86_64,
        X64_UEFI_HTTP: cpu.X86_64,
        X86_BIOS_HTTP: cpu.X86_64,
        ARM64_UEFI: cpu.AARCH64,
        ARM64_UEFI_HTTP: cpu.AARCH64,
        RISCV64_UEFI: cpu.RISCV64,
        RISCV64_UEFI_HTTP: cpu.RISCV64,
        LOONGARCH64_UEFI: cpu.LOONGARCH64,
        LOONGARCH64_UEFI_HTTP: cpu.LOONGARCH64,
    }
)

# What loads from a URL, "boot from http" in the registry, and has the vendor class HTTPClient.
BY_HTTP = frozenset((X86_UEFI_HTTP, X64_UEFI_HTTP, 17, 18, ARM64_UEFI_HTTP, X86_BIOS_HTTP, 23, 24, 26, 28, 30, 38, 40))

# On UEFI snponly.efi, which drives the card that it was loaded from, by firmware's own driver. ipxe.efi has drivers of
# its own and no other, and none for the RTL8125, I225 and I226 of today's machines: docs/boot-programs.md has more.
# For ARM the one that Debian ships, from 13 on.
#
# Architectures that are not here get no file: a 64-bit program can't start on 32-bit firmware (6, 10, 15, 18), and
# iPXE for the others is too rare to be the default of anything.
DEFAULT_FILES: Mapping[int, str] = MappingProxyType(
    {
        X86_BIOS: "undionly.kpxe",
        X64_UEFI: "snponly.efi",
        EFI_BYTE_CODE: "snponly.efi",
        ARM64_UEFI: "ipxe-arm64.efi",
        X64_UEFI_HTTP: "snponly.efi",
        ARM64_UEFI_HTTP: "ipxe-arm64.efi",
        X86_BIOS_HTTP: "undionly.kpxe",
    }
)


def boot_file(arches: Iterable[int], overrides: Mapping[int, str]) -> str:
    """Return the file for the first of ``arches`` that has one, or "".

    An entry of ``overrides`` replaces the default of its architecture; an empty name takes the default away.
    """
    for arch in arches:
        name = overrides.get(arch, DEFAULT_FILES.get(arch, ""))
        if name:
            return name
    return ""


def describe(arch: int | None) -> str:
    """Return words for people for an option 93 value."""
    if arch is None:
        return "a client that names no architecture"
    return NAMES.get(arch, f"architecture {arch}")


def firmware(arch: int | None) -> str:
    """Return the kind of firmware that has the architecture ``arch``: "uefi" or "bios", "" where it is neither."""
    if arch in (X86_BIOS, X86_BIOS_HTTP):
        return "bios"
    return "uefi" if "EFI" in NAMES.get(arch or 0, "") else ""


def describe_all(arches: Iterable[int]) -> str:
    """Return words for several values, without those of the same firmware that boots by HTTP, or calls itself 9."""
    arches = list(arches)
    shown = [arch for arch in arches if arch not in BY_HTTP and arch != EFI_BYTE_CODE] or arches
    return ", ".join(map(describe, shown))


def parse_arch_map(text: str) -> dict[int, str]:
    """Return the mapping that ``text``, such as "7=ipxe.efi,16=", writes down; raise ValueError where it is none."""
    found: dict[int, str] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        number, equals, file = (part.strip() for part in item.partition("="))
        if not equals or not number.isascii() or not number.isdigit() or int(number) > 0xFFFF:
            raise ValueError(f"{item!r} is not ARCHITECTURE=FILE, such as 7=ipxe.efi")
        if int(number) in found:
            raise ValueError(f"architecture {number} is given twice")
        if file != file.lstrip("/") or ".." in file.split("/") or not file.isprintable():
            raise ValueError(f"{file!r} is no name of a file below the boot-file directory")
        found[int(number)] = file
    return found
