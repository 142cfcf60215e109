# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with Secure Boot on and Microsoft's keys, as machines are sold: all it starts is signed, to the kernel."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from e2e.site import BOOTED, MAC, Site
from lab import artifacts, bootstrap
from lab.network import Lab
from samples import howto

DASHED = MAC.replace(":", "-")
IMAGES = f"http://{bootstrap.NODE_ADDRESS}:7080/images"
# Debian's signed GRUB has no module for HTTP: what bootd serves itself comes by TFTP.
SIGNED = howto.HARDWARE.replace("allowPXE: true", "allowPXE: true\n        ipxe: {binary: shimx64.efi}").replace(
    "baseURL: http://10.10.0.2/harvester", f"baseURL: {IMAGES}"
)
RELEASE = "v1.2.0/harvester-v1.2.0"


@pytest.fixture
def site(files: Path, tmp_path: Path):
    """A network of its own for the test, in which bootd serves the images."""
    images = tmp_path / "served"
    for link in artifacts.publish(files, images).iterdir():
        if link.is_symlink():  # bootd follows none that leads elsewhere
            target = link.resolve()
            link.unlink()
            shutil.copyfile(target, link)
    with Lab() as lab:
        bootstrap.lay_out(lab)
        yield Site(lab, files, tmp_path, "--image-dir", str(images))


def test_machine_with_secure_boot_installs_itself_and_then_boots_its_disk(site):
    site.serve(SIGNED)
    site.configure("/dev/nvme0n1")
    machine = site.machine("uefi", secure_boot=True)
    machine.power_on()
    site.wait_until(lambda: "installer: kernel lockdown" in machine.console, machine, "came to its installer")
    assert "EFI stub: UEFI Secure Boot is enabled." in machine.console
    assert "kernel lockdown: none [integrity] confidentiality" in machine.console
    site.wait_until(lambda: site.known()["stage"] == "ready", machine, "answered as a node that is ready")

    assert BOOTED in machine.console
    sent = [line["filename"] for line in site.bootd.lines("get") if line["status"] == "complete"]
    assert [name for name in sent if not name.startswith("phone-home")] == [
        *("shimx64.efi", "grubx64.efi", "grub/grub.cfg"),
        *(f"{RELEASE}-vmlinuz-amd64", f"{RELEASE}-initrd-amd64"),
    ]
    known = site.known()
    stages = ["known", "offered", "loading", "script", "kernel", "installing", "installed", "ready"]
    assert [step["stage"] for step in known["stages"]] == stages
    assert (known["attempt"], known["netboot"], known["error"]) == (1, False, "")
    facts = {"serial": "um790-1", "platform": "efi", "manufacturer": "QEMU"}
    assert facts.items() <= known["facts"].items()


def test_grub_that_has_nothing_to_boot_starts_the_disk(site):
    """It has come from the network, and the disk's shim and GRUB take over, also with Secure Boot on."""
    hardware = yaml.safe_load(SIGNED)
    del hardware["spec"]["metadata"]["instance"]
    del hardware["spec"]["interfaces"][0]["netboot"]["osie"]
    site.serve(yaml.safe_dump(hardware))
    machine = site.machine("uefi", secure_boot=True)
    machine.write_disk(site.files / artifacts.ISO)
    machine.power_on()
    site.wait_until(lambda: "system: booted without a marker" in machine.console, machine, "booted from its disk")
    assert "bootd: um790-1 may netboot but nothing says what" in machine.console
    assert site.known()["stage"] == "loading"


def test_what_nobody_has_signed_is_not_started(site):
    """So that the test above shows something: iPXE as distributions ship it is refused by this firmware."""
    site.serve(howto.HARDWARE)
    machine = site.machine("uefi", secure_boot=True)
    machine.power_on()
    site.wait_until(lambda: "Access Denied" in machine.console, machine, "refused what is not signed")
    assert site.known()["stage"] == "loading"
