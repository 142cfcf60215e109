# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl fetches GRUB's configurations by the names that GRUB has for them, by TFTP and by HTTP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from _bootd.decisions.boot import BootContext, Program, decide_script
from _bootd.decisions.events import Via
from _bootd.grub.render import render
from _bootd.hardware.model import Netboot, Nic, Osie
from _bootd.process.settings import Settings
from programs.require import require
from servers.http_site import MAC, machine, make_site, serving
from servers.tftp_lab import tftp_lab

# Its address is elsewhere, so that the name alone tells whose configuration it is.
MACHINE = machine(netboot=Netboot(True, osie=Osie(base_url="http://10.10.0.2/b")), metadata={})


@dataclass
class Running:
    """A server that knows the machine, at ``base``."""

    base: str
    via: Via
    settings: Settings

    def fetch(self, name: str) -> str:
        """Return what curl gets by ``name``."""
        command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "60", f"{self.base}/{name}"]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout

    def decided(self, cpu: str = "") -> str:
        """Return what the boot decision is, as GRUB's configuration."""
        nic = Nic(MACHINE, MACHINE.interfaces[0])
        context = replace(BootContext.of(self.settings), cpu=cpu)
        return render(decide_script(nic, context, Program.GRUB), MAC, self.settings, self.via)


@pytest.fixture(params=["tftp", "http"])
def running(request, tmp_path) -> Iterator[Running]:
    require("curl")
    if request.param == "tftp":
        with tftp_lab(tmp_path) as lab:
            lab.services.catalog.upsert(MACHINE)
            yield Running(f"tftp://127.0.0.1:{lab.port}", "tftp", lab.services.settings)
    else:
        site = make_site(tmp_path, MACHINE, bind="127.0.0.1", http_port=0)
        with serving(site) as port:
            yield Running(f"http://127.0.0.1:{port}", "http", site.services.settings)


@pytest.mark.parametrize(
    "name",
    [
        "grub/grub.cfg-01-58-47-ca-71-d8-49",
        "grub.cfg-01-58-47-CA-71-D8-49",
        "/EFI//BOOT/grub.cfg-5847ca71d849",
        "58-47-ca-71-d8-49/grub.cfg",
    ],
)
def test_configuration_of_the_machine_in_the_name(running, name):
    text = running.fetch(name)
    assert text == running.decided()
    assert "linux '(http,10.10.0.2)/b/vmlinuz-x86_64'" in text


@pytest.mark.parametrize(("cpu", "kernel"), [("x86_64", "x86_64"), ("i386", "x86_64"), ("arm64", "aarch64")])
def test_configuration_for_the_processor_in_the_name(running, cpu, kernel):
    text = running.fetch(f"58-47-ca-71-d8-49/grub.cfg-cpu-{cpu}")
    assert text == running.decided(kernel)
    assert f"linux '(http,10.10.0.2)/b/vmlinuz-{kernel}'" in text


def test_name_of_a_machine_that_is_not_known_gets_none(running):
    with pytest.raises(subprocess.CalledProcessError) as failed:
        running.fetch("grub/grub.cfg-01-02-00-00-00-00-99")
    assert failed.value.returncode == {"tftp": 68, "http": 22}[running.via]  # curl's: not found; 400 and above
