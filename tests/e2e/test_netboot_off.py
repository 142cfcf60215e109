# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose allowPXE is false boots its disk, whatever its firmware tries first."""

from __future__ import annotations

import pytest

from integration.daemon.running import ADDRESS
from lab import artifacts
from samples import howto

OFF = howto.HARDWARE.replace("allowPXE: true", "allowPXE: false")
HTTP, MAC = f"http://{ADDRESS}:7080", "58-47-ca-71-d8-49"
FROM_DISK = "system: booted without a marker"  # its disk was written by the test, not by the installer


@pytest.mark.parametrize(
    ("firmware", "options", "way", "told"),
    [
        # Not PXE-E16: that is what edk2 says after a minute without an answer it can use.
        ("uefi", {}, "", "PXE-E21: Remote boot cancelled"),
        ("uefi", {"http": True}, "", "Client Error: 403 Forbidden"),
        ("bios", {}, "", "Booting from SAN device 0x80"),
        # Two other ways; docs/how-a-machine-boots.md has what came of the rest.
        # It ran iPXE, which fetched its script.
        ("uefi", {"http": True}, "exit", '"uri": "/58-47-ca-71-d8-49/auto.ipxe"'),
        ("bios", {}, "404", "Booting from Hard Disk"),
    ],
    ids=["uefi", "uefi-http", "bios", "uefi-http-exit", "bios-404"],
)
def test_machine_boots_its_disk(site, firmware, options, way, told):
    site.serve(OFF.replace("metadata:", f'metadata:\n  annotations: {{netboot.baremetal/local-boot: "{way}"}}', 1))
    machine = site.machine(firmware, **options)
    machine.write_disk(site.files / artifacts.ISO)
    machine.power_on()
    site.wait_until(lambda: FROM_DISK in machine.console, machine, "booted from its disk")

    assert told in machine.console + site.bootd.log.read_text()
    assert site.images_asked_for() == []
    assert site.known()["bytes"]["tftp"] == 0
    assert site.known()["stage"] == "known"


@pytest.mark.parametrize(
    ("firmware", "options", "told", "answers"),
    [
        ("uefi", {}, "PXE-E21: Remote boot cancelled", [("DHCPOFFER", ""), ("DHCPACK", "")]),
        ("uefi", {"http": True}, "Client Error: 403 Forbidden", [("DHCPOFFER", f"{HTTP}/ipxe/{MAC}/snponly.efi")]),
    ],
    ids=["uefi", "uefi-http"],
)
def test_machine_boots_its_disk_where_another_server_gives_addresses(site_of_proxy, firmware, options, told, answers):
    """The DHCPACK is what UEFI asked port 4011 for. Who asks again is answered the same. BIOS: in the tutorials."""
    site = site_of_proxy
    site.serve(OFF)
    machine = site.machine(firmware, **options)
    machine.write_disk(site.files / artifacts.ISO)
    machine.power_on()
    site.wait_until(lambda: FROM_DISK in machine.console, machine, "booted from its disk")

    assert told in machine.console
    sent = site.bootd.lines("send")
    assert [line for line in sent if "address" in line] == []
    assert list(dict.fromkeys((line["type"], line.get("filename", "")) for line in sent)) == answers
    assert site.images_asked_for() == []
    assert site.known()["bytes"]["tftp"] == 0
