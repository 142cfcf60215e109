# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot program an architecture gets."""

from __future__ import annotations

import pytest

from _bootd.decisions.architectures import boot_file, describe, parse_arch_map


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


@pytest.mark.parametrize(
    ("number", "words"),
    [(7, "x64 UEFI"), (0, "x86 BIOS"), (99, "architecture 99"), (None, "a client that names no architecture")],
)
def test_describe(number, words):
    assert describe(number) == words
