# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file is by its first octets: a boot program, a kernel, an initrd, and for which processor. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 4096  # octets of a file that are looked at
_PE_POINTER = 0x3C
# Machine of the PE header (Microsoft's PE format) -> the processor, as hardware.cpu names it.
_PE_MACHINES = {0x8664: "x86_64", 0xAA64: "aarch64", 0x014C: "i386", 0x5064: "riscv64", 0x6264: "loongarch64"}
# Documentation/arch/x86/boot.rst of Linux: boot_flag, header, version.
_BOOT_FLAG, _HEADER, _VERSION = 0x1FE, 0x202, 0x206
_X86 = "a Linux kernel for x86, boot protocol {}.{:02}"
_ARM64_MAGIC = 56  # Documentation/arch/arm64/booting.rst
_INITRDS = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x5d\0\0", "lzma"),
    (b"BZh", "bzip2"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x89LZO", "lzo"),
    (b"070701", "cpio"),
    (b"070702", "cpio"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """``what`` a file is, for people; ``cpu`` it is for, "" where it does not say, and ``wrong``, "" for nothing."""

    what: str
    cpu: str = ""
    wrong: str = ""


def program_kind(first: bytes, cpu: str, *, uefi: bool) -> Kind:
    """Return what the boot program is that begins with ``first``, and that firmware with ``cpu`` is to start."""
    if not first:
        return Kind("an empty file", wrong="it is empty")
    if not uefi:
        return Kind("a boot program for BIOS", wrong="it is for UEFI" if _pe_machine(first) else "")
    found = _pe_machine(first)
    if not found:
        return Kind("no UEFI program", wrong="it is no UEFI program (PE)")
    wrong = f"it is for {found}, and the machine has {cpu}" if cpu and found != cpu else ""
    return Kind(f"a UEFI program for {found}", found, wrong)


def kernel_kind(first: bytes, cpu: str, *, uefi: bool) -> Kind:
    """Return what the kernel is that begins with ``first``, on a machine with ``cpu``."""
    is_pe, version = first[:2] == b"MZ", int.from_bytes(first[_VERSION : _VERSION + 2], "little")
    if first[_HEADER : _HEADER + 4] == b"HdrS" and first[_BOOT_FLAG : _BOOT_FLAG + 2] == b"\x55\xaa":
        found = Kind(_X86.format(version >> 8, version & 0xFF), "x86_64")
    elif first[_ARM64_MAGIC : _ARM64_MAGIC + 4] == b"ARM\x64":
        found = Kind("a Linux kernel for arm64", "aarch64")
    elif is_pe and first[4:8] == b"zimg":
        found = Kind("a Linux kernel that unpacks itself on UEFI", _pe_machine(first))
    elif is_pe and _pe_machine(first):
        found = Kind(f"a UEFI program for {_pe_machine(first)}", _pe_machine(first))
    elif first[:2] == b"\x1f\x8b" and cpu == "aarch64":
        return Kind("a kernel packed with gzip", cpu)
    else:
        return Kind(f"no kernel: it begins with {first[:8].hex(' ') or 'nothing'}", wrong="it is no kernel")
    if cpu and found.cpu and found.cpu != cpu:
        return Kind(found.what, found.cpu, f"it is for {found.cpu}, and the machine has {cpu}")
    if uefi and not is_pe:
        return Kind(found.what, found.cpu, "it has no EFI stub, so that UEFI can't start it")
    if not uefi and found.what != _X86.format(version >> 8, version & 0xFF):
        return Kind(found.what, found.cpu, "only UEFI can start it, and the machine has BIOS")
    return found


def initrd_kind(first: bytes) -> Kind:
    """Return what the initrd is that begins with ``first``."""
    for magic, what in _INITRDS:
        if first.startswith(magic):
            return Kind(f"an initrd ({what})")
    return Kind(
        f"no initrd: it begins with {first[:8].hex(' ') or 'nothing'}",
        wrong="it is no initrd: neither a cpio archive nor packed as Linux unpacks one",
    )


def _pe_machine(first: bytes) -> str:
    """Return the processor of a PE program, "" where it is none."""
    if first[:2] != b"MZ":
        return ""
    start = int.from_bytes(first[_PE_POINTER : _PE_POINTER + 4], "little")
    header = first[start : start + 6]
    if header[:4] != b"PE\0\0" or len(header) < 6:
        return ""
    number = int.from_bytes(header[4:6], "little")
    return _PE_MACHINES.get(number, f"machine {number:#06x}")
