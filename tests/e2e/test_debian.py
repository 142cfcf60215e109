# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own installer, its kernel and initrd as Debian ships them: it fetches its preseed file and phones home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from e2e.site import Site
from integration.daemon.running import ADDRESS
from lab import bootstrap, debian_installer, needs
from lab.network import Lab
from programs.require import require
from samples import howto

# The user's own early command, which runs although bootd has one.
OWN = "own-early-command"
PRESEED = f"""\
d-i debian-installer/locale string en_US.UTF-8
d-i preseed/early_command string \\
  wget --quiet --output-document=/dev/null http://{bootstrap.IMAGES_ADDRESS}/{OWN} || true
"""
# Its initrd is thirty times that of the stand-in, and it looks for hardware and for IPv6 routers before it asks.
PATIENCE = 600.0  # seconds
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"


def hardware() -> str:
    """The HOWTO's object, for Debian instead of Harvester."""
    document = yaml.safe_load(howto.HARDWARE)
    document["spec"]["metadata"]["instance"] = {"operating_system": {"distro": "debian", "version": "12"}}
    (interface,) = document["spec"]["interfaces"]
    interface["netboot"]["osie"] = {
        "baseURL": f"http://{ADDRESS}:7080/images",
        "kernelParams": list(debian_installer.KERNEL_ARGUMENTS),
    }
    return yaml.safe_dump(document, width=1000)


@pytest.fixture
def site(files: Path, tmp_path: Path) -> Iterator[Site]:
    """The HOWTO's network, in which bootd serves the installer's files out of Debian's package."""
    require(*needs.DEBIAN)
    with Lab() as lab:
        bootstrap.lay_out(lab)
        configurations = tmp_path / "configurations"
        configurations.mkdir()
        file = configurations / "um790-1.cfg"
        file.write_text(PRESEED)
        file.chmod(0o600)
        images = ("--image-dir", str(debian_installer.FILES))
        yield Site(lab, files, tmp_path, *images, "--config-dir", str(configurations))


def test_installer_fetches_its_preseed_file_and_reports_that_it_started(site):
    site.serve(hardware())
    machine = site.machine("uefi", memory=1024)  # its initrd is large, and with less it leaves parts of itself out
    machine.power_on()
    site.wait_until(lambda: site.known()["stage"] == "installing", machine, "reported its start", PATIENCE)
    site.wait_until(lambda: bool(site.images_asked_for()), machine, "ran the user's own command")

    known = site.known()
    reached = ["known", "offered", "loading", "script", "kernel", "installing"]
    assert [step["stage"] for step in known["stages"]] == reached
    # Once, and by the very path it was told: nothing is appended to it, and nothing asked for elsewhere.
    fetched = [line for line in site.bootd.lines("http") if line["uri"].startswith("/configuration")]
    assert [(line["method"], line["status"]) for line in fetched] == [("GET", 200)]
    assert site.images_asked_for() == [f"/{OWN}"]
    # The installer's lease comes last. A URL in it would be fetched as a preseed file, too.
    assert site.filenames() == ["58-47-ca-71-d8-49/snponly.efi", SCRIPT, ""]
    loaded = [debian_installer.FILES / name for name in (debian_installer.KERNEL, debian_installer.INITRD)]
    assert known["bytes"]["http"] >= sum(path.stat().st_size for path in loaded)
    assert site.bootd.line("report")["outcome"] == "started"
    # That it has started is no reason to switch netboot off: an installation that ends here may boot again.
    assert known["netboot"] is True
    assert known["attempt"] == 1
    assert known["error"] == ""
