# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HOWTO's network: router, image host and node with bootd; and what each of them has seen."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from integration.daemon.running import ADDRESS, ROOT, Bootd
from lab import artifacts, bootstrap, secure_boot
from lab.leases import leases
from lab.machine import Machine
from lab.network import Lab

BOOT_PROGRAMS = ("/boot/ipxe.efi", "/usr/lib/ipxe/snponly.efi", "/usr/lib/ipxe/undionly.kpxe")
CONFIGURATION = "harvester/config-create.yaml"
MAC = "58:47:ca:71:d8:49"
VIP = "10.10.0.30"
EVENTS = ("STARTED", "SUCCEEDED", "FAILED")
BOOTED = "system: booted from disk: installed um790-1"
# Emulated machines on a busy host: sixteen times what a boot takes on an idle one with two cores.
PATIENCE = 600.0  # seconds


class Site:
    """The network around the machine um790-1."""

    def __init__(self, lab: Lab, files: Path, directory: Path, *more: str) -> None:
        """Have router and image host serve; ``files`` are the artifacts, ``directory`` takes logs and all else.

        ``more`` are further arguments for bootd.
        """
        self.lab, self.files, self.directory = lab, files, directory
        self._images = directory / "images"
        artifacts.publish(files, self._images / "harvester")
        bootstrap.start_names(lab, directory / "names.log")
        bootstrap.start_images(lab, self._images, directory / "images.log")
        self.bootd = Bootd(lab, bootstrap.NODE, directory, more=more)
        for program in BOOT_PROGRAMS:
            shutil.copy(program, self.bootd.boot_files)
        signed = secure_boot.programs(files.parent)
        for name in (secure_boot.SHIM, secure_boot.GRUB):
            shutil.copy(signed[name], self.bootd.boot_files / name)

    def serve(self, manifest: str) -> None:
        """Start bootd with one Hardware object."""
        (self.bootd.manifests / "hardware.yaml").write_text(manifest)
        self.bootd.start()

    def release(self, files: Path, version: str, arch: str) -> None:
        """Have the image host serve another release of Harvester."""
        artifacts.publish(files, self._images / "harvester", version, arch)

    def configure(self, device: str, version: str = artifacts.VERSION, arch: str = "amd64") -> None:
        """Publish the installer's configuration: ``device``, and the report URLs as bootd prints them."""
        (url,) = self.report_urls().values()
        hooks = [{"event": event, "method": "POST", "url": f"{url}/{event.lower()}"} for event in EVENTS]
        document = {
            "scheme_version": 1,
            "token": "lab",
            "os": {"password": "lab"},
            "install": {
                "mode": "create",
                "management_interface": {"interfaces": [{"hwAddr": MAC}], "method": "dhcp"},
                "device": device,
                "iso_url": f"http://{bootstrap.IMAGES_ADDRESS}/harvester/{version}/harvester-{version}-{arch}.iso",
                "vip": VIP,
                "vip_mode": "static",
                "webhooks": hooks,
            },
        }
        self.publish(CONFIGURATION, yaml.safe_dump(document, width=1000))

    def publish(self, path: str, text: str) -> None:
        """Have the image host serve ``text`` at ``path``."""
        file = self._images / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def report_urls(self) -> dict[str, str]:
        """What bootd prints when it is asked for them: machine's name to URL."""
        argv = [str(ROOT / "bin/bootd"), "report-url", "--store", f"files:{self.bootd.manifests}"]
        argv += ["--state-dir", str(self.bootd.state), "--address", ADDRESS]
        return json.loads(self.lab.run(bootstrap.NODE, argv).stdout)

    def machine(self, firmware: str, **options: object) -> Machine:
        """The machine um790-1, off."""
        return Machine(self.lab, self.directory, "um790-1", MAC, firmware, **options)

    def known(self) -> dict[str, object]:
        """What bootd's API says of the machine."""
        status, body = self.bootd.get("/api/v1/machines/um790-1")
        assert status == 200, body
        return json.loads(body)

    def filenames(self) -> list[str]:
        """The boot file of each lease that bootd gave, oldest first; "" is a lease without one."""
        return [line.get("filename", "") for line in leases(self.bootd.lines())]

    def images_asked_for(self) -> list[str]:
        """The paths that the image host was asked for, oldest first."""
        return re.findall(r'"(?:GET|HEAD) (\S+)', (self.directory / "images.log").read_text())

    @staticmethod
    def wait_until(reached: Callable[[], bool], machine: Machine, what: str, patience: float = PATIENCE) -> None:
        """Return once ``reached``; fails, with the machine's console, when that takes longer than ``patience`` seconds.

        By default that is longer than any boot of the stand-in takes.
        """
        end = time.monotonic() + patience
        while not reached():
            if time.monotonic() > end:
                raise AssertionError(f"the machine never {what}; its console:\n{machine.console[-3000:]}")
            time.sleep(0.2)
