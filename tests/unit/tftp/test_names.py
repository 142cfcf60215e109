# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""File names of requests: what they mean, and the ones that are refused."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.boot import Program
from _bootd.tftp.decide import Wanted, find, parse_name
from _bootd.tftp.packet import ErrorCode, Request, TftpError

MAC = "58:47:ca:71:d8:49"
TRACE = "-00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


@pytest.mark.parametrize(
    ("filename", "wanted"),
    [
        ("ipxe.efi", Wanted("ipxe.efi")),
        ("/ipxe.efi", Wanted("ipxe.efi")),
        ("grub/x86_64-efi/command.lst", Wanted("grub/x86_64-efi/command.lst")),
        ("/grub/grub.cfg-01-58-47-ca-71-d8-49", Wanted("grub/grub.cfg-01-58-47-ca-71-d8-49", MAC)),
        (f"{MAC}/ipxe.efi", Wanted("ipxe.efi", MAC)),
        ("/58-47-CA-71-D8-49/ipxe.efi", Wanted("ipxe.efi", MAC)),
        ("5847.ca71.d849/ipxe.efi", Wanted("ipxe.efi", MAC)),
        ("5847ca71d849/sub/ipxe.efi", Wanted("sub/ipxe.efi", MAC)),
        (MAC, Wanted(MAC)),
        (f"ipxe.efi{TRACE}", Wanted("ipxe.efi")),
        (f"/{MAC}/snp-arm64.efi{TRACE}", Wanted("snp-arm64.efi", MAC)),
        ("ipxe.efi-00-0123-4567-01", Wanted("ipxe.efi-00-0123-4567-01")),
        # shim and GRUB put names together of the path they were loaded from.
        ("//grubx64.efi", Wanted("grubx64.efi")),
        ("grub//grub.cfg", Wanted("grub/grub.cfg")),
        ("./grub/./grub.cfg", Wanted("grub/grub.cfg")),
        ("a/", Wanted("a")),
        ("\\EFI\\BOOT\\grubx64.efi", Wanted("EFI/BOOT/grubx64.efi")),
        (f"{MAC}//etc/passwd", Wanted("etc/passwd", MAC)),
        ("\\58-47-CA-71-D8-49\\\\grubx64.efi", Wanted("grubx64.efi", MAC)),
        (f"{MAC}/", Wanted(MAC)),
        ("%2e%2e/etc/passwd", Wanted("%2e%2e/etc/passwd")),
        ("caf\u00e9", Wanted("caf\u00e9")),
        # ROMs that read option 67 as a C string: what follows it in the DHCP message.
        ("ipxe.efi\ufffd", Wanted("ipxe.efi")),
        ("ipxe.efia\x11", Wanted("ipxe.efi")),
        (f"{MAC}/ipxe.efia\x11\ufffd\r\n", Wanted("ipxe.efi", MAC)),
        ("ipxe.efi\n", Wanted("ipxe.efi")),
    ],
)
def test_parse_name_served(filename, wanted):
    assert parse_name(filename) == wanted


@pytest.mark.parametrize(
    ("filename", "program"),
    [
        ("autoexec.ipxe", Program.IPXE),
        ("/autoexec.ipxe", Program.IPXE),
        (f"{MAC}/autoexec.ipxe", Program.IPXE),
        ("x86_64/autoexec.ipxe", Program.IPXE),
        ("grub/grub.cfg", Program.GRUB),
        ("grub.cfg-01-58-47-ca-71-d8-49", Program.GRUB),
        ("xautoexec.ipxe", None),
        ("autoexec.ipxe.bak", None),
        ("autoexec.ipxe/file", None),
        ("xgrub.cfg", None),
        ("grub.cfg.bak", None),
        ("grub.cfg/file", None),
    ],
)
def test_wanted_script(filename, program):
    assert parse_name(filename).script_of is program


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "/",
        "..",
        "../ipxe.efi",
        "/../etc/passwd",
        "a/../../etc/passwd",
        "a/..",
        "....//etc/passwd",
        ".hidden",
        "a/.hidden",
        "..\\etc",
        "a\\..\\..\\etc",
        "./../etc/passwd",
        "././.hidden",
        "a/\\.hidden",
        "..%2fetc",
        "a\0b",
        "a\nb",
        "a\x1b[31m",
        "a\x7fb",
        "a\u2028b",
        "..a\x11",
        "..\ufffd",
        "\ufffd",
        f"{MAC}/../ipxe.efi",
        f"{MAC}\\..\\ipxe.efi",
        TRACE,
    ],
)
def test_parse_name_refused(filename):
    with pytest.raises(TftpError) as caught:
        parse_name(filename)
    assert caught.value.code == ErrorCode.ACCESS_VIOLATION


@pytest.mark.parametrize("mac", [MAC, "58-47-ca-71-d8-49", "58-47-CA-71-D8-49", "5847.ca71.d849", "5847CA71D849"])
def test_find_by_the_mac_in_any_notation(mac):
    class Machines:
        by_mac = staticmethod(lambda mac: f"the machine with {mac}")
        by_ip = staticmethod(lambda address: f"the machine at {address}")

    assert find(Request(f"/{mac}/ipxe.efi"), "192.0.2.1", Machines) == f"the machine with {MAC}"
    # Also where the name is refused: its line in the log has to name the machine.
    assert find(Request(f"{mac}/../x"), "192.0.2.1", Machines) == f"the machine with {MAC}"
    assert find(Request(mac), "192.0.2.1", Machines) == "the machine at 192.0.2.1"


@given(st.text(st.sampled_from("./\\%2eab\0\n-~\ufffd\x11"), max_size=24) | st.text(max_size=24))
def test_parse_name_stays_beneath(filename):
    try:
        wanted = parse_name(filename)
    except TftpError:
        return
    assert posixpath.normpath(posixpath.join("/root", wanted.name)) == f"/root/{wanted.name}"
