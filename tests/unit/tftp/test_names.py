# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""File names of requests: what they mean, and the ones that are refused."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.tftp.decide import MAX_NAME, Wanted, parse_name
from _bootd.tftp.packet import ErrorCode, TftpError

MAC = "58:47:ca:71:d8:49"
TRACE = "-00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


@pytest.mark.parametrize(
    ("filename", "wanted"),
    [
        ("ipxe.efi", Wanted("ipxe.efi")),
        ("/ipxe.efi", Wanted("ipxe.efi")),
        ("grub/x86_64-efi/command.lst", Wanted("grub/x86_64-efi/command.lst")),
        ("/grub/grub.cfg-01-58-47-ca-71-d8-49", Wanted("grub/grub.cfg-01-58-47-ca-71-d8-49")),
        (f"{MAC}/ipxe.efi", Wanted("ipxe.efi", MAC)),
        ("/58-47-CA-71-D8-49/ipxe.efi", Wanted("ipxe.efi", MAC)),
        ("5847.ca71.d849/ipxe.efi", Wanted("ipxe.efi", MAC)),
        ("5847ca71d849/sub/ipxe.efi", Wanted("sub/ipxe.efi", MAC)),
        (MAC, Wanted(MAC)),
        (f"ipxe.efi{TRACE}", Wanted("ipxe.efi")),
        (f"/{MAC}/snp-arm64.efi{TRACE}", Wanted("snp-arm64.efi", MAC)),
        ("ipxe.efi-00-0123-4567-01", Wanted("ipxe.efi-00-0123-4567-01")),
    ],
)
def test_parse_name_served(filename, wanted):
    assert parse_name(filename) == wanted


@pytest.mark.parametrize(
    ("filename", "autoexec"),
    [
        ("autoexec.ipxe", True),
        ("/autoexec.ipxe", True),
        (f"{MAC}/autoexec.ipxe", True),
        ("x86_64/autoexec.ipxe", True),
        ("xautoexec.ipxe", False),
        ("autoexec.ipxe.bak", False),
        ("autoexec.ipxe/file", False),
    ],
)
def test_wanted_autoexec(filename, autoexec):
    assert parse_name(filename).autoexec is autoexec


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "/",
        "//ipxe.efi",
        "..",
        "../ipxe.efi",
        "/../etc/passwd",
        "a/../../etc/passwd",
        "a/..",
        "a/./b",
        "....//etc/passwd",
        "a//b",
        "a/",
        ".hidden",
        "a/.hidden",
        "\\etc\\passwd",
        "..\\etc",
        "C:\\boot",
        "%2e%2e/etc/passwd",
        "..%2fetc",
        "a\0b",
        "a\nb",
        "ipxe.efi\n",
        "a\x1b[31m",
        "a\x7f",
        "caf\u00e9",
        "\u2024\u2024/etc/passwd",
        f"{MAC}/../ipxe.efi",
        f"{MAC}//etc/passwd",
        f"{MAC}/",
        TRACE,
        f"{MAC}/{TRACE}",
        "a" * (MAX_NAME + 1),
    ],
)
def test_parse_name_refused(filename):
    with pytest.raises(TftpError) as caught:
        parse_name(filename)
    assert caught.value.code == ErrorCode.ACCESS_VIOLATION


@given(st.text(st.sampled_from("./\\%2eab\0\n-~"), max_size=24) | st.text(max_size=24))
def test_parse_name_stays_beneath(filename):
    try:
        wanted = parse_name(filename)
    except TftpError:
        return
    assert posixpath.normpath(posixpath.join("/root", wanted.name)) == f"/root/{wanted.name}"
