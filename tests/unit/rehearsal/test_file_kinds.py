# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file is by its first octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.file_kinds import (
    initrd_kind,
    kernel_kind,
    program_kind,
)
from servers.rehearsal_lab import INITRD, arm64_kernel, efi_program, x86_kernel

BIOS_KERNEL = b"\0\0" + x86_kernel()[2:]


@pytest.mark.parametrize(
    ("first", "cpu", "uefi", "wrong"),
    [
        (x86_kernel(), "x86_64", True, ""),
        (x86_kernel(), "x86_64", False, ""),
        (BIOS_KERNEL, "x86_64", False, ""),
        (BIOS_KERNEL, "x86_64", True, "no EFI stub"),
        (arm64_kernel(), "aarch64", True, ""),
        (b"\x1f\x8b" + bytes(100), "aarch64", True, ""),
        (b"\x1f\x8b" + bytes(100), "x86_64", True, "no kernel"),
        (x86_kernel(), "aarch64", True, "it is for x86_64, and the machine has aarch64"),
        (arm64_kernel(), "x86_64", True, "it is for aarch64, and the machine has x86_64"),
        (b"<html>no such file</html>", "x86_64", True, "no kernel"),
        (b"", "x86_64", True, "no kernel"),
        (x86_kernel()[:0x203], "x86_64", False, "only UEFI can start it"),
    ],
)
def test_kernel(first, cpu, uefi, wrong):
    found = kernel_kind(first, cpu, uefi=uefi)
    assert (wrong in found.wrong, bool(found.wrong)) == (True, bool(wrong))


def test_kernel_says_its_boot_protocol():
    assert kernel_kind(x86_kernel(), "x86_64", uefi=True).what == "a Linux kernel for x86, boot protocol 2.15"


@pytest.mark.parametrize(
    ("first", "wrong"),
    [
        (INITRD, ""),
        (b"070701", ""),
        (b"\x28\xb5\x2f\xfd....", ""),
        (b"\xfd7zXZ\0....", ""),
        (b"<html>", "no initrd"),
        (b"", "no initrd"),
    ],
)
def test_initrd(first, wrong):
    found = initrd_kind(first)
    assert (wrong in found.wrong, bool(found.wrong)) == (True, bool(wrong))


@pytest.mark.parametrize(
    ("first", "cpu", "uefi", "wrong"),
    [
        (efi_program(0x8664), "x86_64", True, ""),
        (efi_program(0xAA64), "aarch64", True, ""),
        (efi_program(0xAA64), "x86_64", True, "it is for aarch64"),
        (efi_program(0x1234), "x86_64", True, "it is for machine 0x1234"),
        (efi_program(0x8664), "x86_64", False, "it is for UEFI"),
        (b"\xeb\x3e", "x86_64", False, ""),
        (b"<html>", "x86_64", True, "no UEFI program"),
        (b"", "x86_64", True, "empty"),
    ],
)
def test_program(first, cpu, uefi, wrong):
    found = program_kind(first, cpu, uefi=uefi)
    assert (wrong in found.wrong, bool(found.wrong)) == (True, bool(wrong))


@given(st.binary(max_size=1200))
def test_any_octets_are_something(first):
    assert kernel_kind(first, "x86_64", uefi=True).what
    assert initrd_kind(first).what
    assert program_kind(first, "x86_64", uefi=True).what
