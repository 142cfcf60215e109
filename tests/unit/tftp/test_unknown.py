# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that no object has, by TFTP: a boot program and a script where they boot, nothing at all elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions.boot import BootContext, LocalDisk
from _bootd.stores.catalog import Catalog
from _bootd.tftp.decide import Refuse, ServeFile, ServeScript, decide
from _bootd.tftp.packet import ErrorCode, Request

UNKNOWN = "02-00-00-00-00-09"
NOWHERE = BootContext("http://10.10.0.20:7080")
ANYWHERE = BootContext("http://10.10.0.20:7080", {7: "shimx64.efi"}, for_unknown="")


def asked(name, context, **request):
    def script_for(_nic):
        raise AssertionError("it is not known")

    def text_of(script, mac, program):
        return f"{program.value} {mac} {script.kind}\n"

    made = Request(**{"write": False, "filename": name, "mode": "octet", "options": ()} | request)
    return decide(made, "192.0.2.1", Catalog(), context, script_for, text_of)


@pytest.mark.parametrize("name", ["snponly.efi", "undionly.kpxe", "ipxe-arm64.efi", "shimx64.efi", "grubx64.efi"])
def test_boot_programs(name):
    assert asked(f"{UNKNOWN}/{name}", ANYWHERE) == ServeFile(name, None)
    assert asked(f"{UNKNOWN}/{name}", NOWHERE).code == ErrorCode.NOT_FOUND


def test_its_script_is_none_for_grub_which_boots_its_disk_or_nothing():
    disk = asked(f"grub/grub.cfg-01-{UNKNOWN}", ANYWHERE)
    assert (disk.content, disk.script.boots) == (b"GRUB 02:00:00:00:00:09 unknown\n", LocalDisk())
    nothing = asked(f"{UNKNOWN}/grub.cfg", replace(ANYWHERE, for_unknown="#!ipxe\nshell\n"))
    assert "a script for iPXE" in nothing.script.boots.problem


def test_its_script():
    found = asked(f"{UNKNOWN}/autoexec.ipxe", ANYWHERE)
    assert isinstance(found, ServeScript)
    assert (found.content, found.nic) == (b"iPXE 02:00:00:00:00:09 unknown\n", None)
    assert isinstance(asked(f"{UNKNOWN}/autoexec.ipxe", NOWHERE), Refuse)


@pytest.mark.parametrize("name", ["snponly.efi", "autoexec.ipxe", f"{UNKNOWN}/other.efi", f"{UNKNOWN}/../snponly.efi"])
def test_nothing_else(name):
    assert isinstance(asked(name, ANYWHERE), Refuse)


def test_nothing_is_written():
    assert asked(f"{UNKNOWN}/snponly.efi", ANYWHERE, write=True).code == ErrorCode.ACCESS_VIOLATION
