# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose allowPXE is false boots its disk, whatever its firmware tries first."""

from __future__ import annotations

import pytest

from lab import artifacts
from samples import howto

OFF = howto.HARDWARE.replace("allowPXE: true", "allowPXE: false")
FROM_DISK = "system: booted without a marker"  # its disk was written by the test, not by the installer


@pytest.mark.parametrize(
    ("firmware", "options", "way", "told"),
    [
        # Not PXE-E16: that is what edk2 says after a minute without an answer it can use.
        ("uefi", {}, "", "PXE-E21: Remote boot cancelled"),
        ("uefi", {"http": True}, "", "x"),
        ("bios", {}, "", "Booting from SAN device 0x80"),
        ("uefi", {}, "exit", "x"),
        ("uefi", {}, "sanboot", "x"),
        ("uefi", {}, "404", "x"),
        ("uefi", {}, "lease", "x"),
        ("uefi", {"http": True}, "exit", "x"),
        ("uefi", {"http": True}, "404", "x"),
        ("uefi", {"http": True}, "lease", "x"),
        ("bios", {}, "exit", "x"),
        ("bios", {}, "404", "x"),
        ("bios", {}, "lease", "x"),
    ],
)
def test_machine_boots_its_disk(site, firmware, options, way, told):
    site.serve(OFF.replace("metadata:", f'metadata:\n  annotations: {{netboot.baremetal/local-boot: "{way}"}}', 1))
    machine = site.machine(firmware, **options)
    machine.write_disk(site.files / artifacts.ISO)
    machine.power_on()
    t0 = __import__("time").time()
    site.wait_until(lambda: FROM_DISK in machine.console, machine, "booted from its disk")

    __import__("sys").__stderr__.write(f"TOOK {firmware} {options} {way} {__import__('time').time() - t0:.1f}\n")
    __import__("pathlib").Path(f"/tmp/local-probe-{firmware}-{bool(options)}-{way}").write_text(machine.console)
    assert told == "x" or told in machine.console
    assert site.images_asked_for() == []
    assert site.known()["bytes"]["tftp"] == 0
    assert site.known()["stage"] == "known"
