# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A 64-bit ARM machine (QEMU's board virt, a Cortex-A57, edk2): from power-on to the node that is ready.

It boots the iPXE that Debian ships for ARM, Debian's kernel for arm64, and the stand-in under the names of Harvester's
arm64 release.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from e2e.site import BOOTED
from lab import arm64_ipxe, artifacts, needs
from programs.require import require
from samples import howto

CACHE = Path(__file__).resolve().parents[2] / "build/lab"
# Its dhcp.arch is left at x86_64, as somebody forgets it: what the machine says of itself counts.
HARDWARE = howto.HARDWARE.replace("v1.2.0", artifacts.ARM64_VERSION)


@pytest.fixture
def arm_site(site):
    """The HOWTO's network, where an image host has Harvester for arm64 and bootd iPXE for it."""
    require(*needs.ARM64)
    site.release(artifacts.build(CACHE, "arm64"), artifacts.ARM64_VERSION, "arm64")
    shutil.copy(arm64_ipxe.program(CACHE), site.bootd.boot_files)
    return site


def test_arm_machine_installs_itself_and_then_boots_its_disk(arm_site):
    site = arm_site
    site.serve(HARDWARE)
    site.configure("/dev/nvme0n1", artifacts.ARM64_VERSION, "arm64")
    machine = site.machine("uefi", arch="arm64")
    machine.power_on()
    site.wait_until(lambda: site.known()["stage"] == "ready", machine, "answered as a node that is ready")

    assert BOOTED in machine.console
    script = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"
    (differs,) = site.bootd.lines("other_architecture")
    assert differs["reason"] == "it is aarch64, as it says itself, although dhcp.arch of its object is x86_64"
    assert site.filenames() == ["58-47-ca-71-d8-49/ipxe-arm64.efi", script, "", "", ""]
    base = f"/harvester/{artifacts.ARM64_VERSION}/harvester-{artifacts.ARM64_VERSION}"
    assert site.images_asked_for()[:2] == [f"{base}-vmlinuz-arm64", f"{base}-initrd-arm64"]
    assert site.known()["facts"]["buildarch"] == "arm64"
