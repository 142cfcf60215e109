# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that tries the network first for ever is installed once, and boots its disk from then on."""

from __future__ import annotations

import pytest

from e2e.site import BOOTED, Site
from samples import howto

DISK_BOOTS = 5
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"


@pytest.mark.parametrize(
    ("firmware", "told"),
    [
        ("uefi", ("", True)),  # the menu whose only item is "boot locally"
        ("bios", (SCRIPT, False)),  # iPXE is the firmware, and its script starts the disk
    ],
    ids=["uefi", "bios"],
)
def test_machine_that_netboots_first_is_installed_once(site, firmware, told):
    site.serve(howto.HARDWARE)
    site.configure("/dev/nvme0n1")
    machine = site.machine(firmware)
    machine.power_on()
    # The installer restarts the machine, so the first boot of the disk is in the same run.
    site.wait_until(lambda: BOOTED in machine.console, machine, "booted the disk that it had installed")
    loaded, asked = site.images_asked_for(), len(answers(site))
    for _boot in range(DISK_BOOTS - 1):
        machine.power_off()
        machine.power_on()
        site.wait_until(lambda: BOOTED in machine.console, machine, "booted its disk again")

    # It came to bootd first each time, and was sent to its disk each time.
    assert answers(site)[asked:] == [told] * (DISK_BOOTS - 1)
    assert site.images_asked_for() == loaded
    assert [line["outcome"] for line in site.bootd.lines("report")] == ["started", "succeeded"]
    known = site.known()
    assert (known["attempt"], known["netboot"], known["error"]) == (1, False, "")
    assert known["stage"] in ("installed", "ready")


def answers(site: Site) -> list[tuple[str, bool]]:
    """What each lease told firmware to load, and whether it said that netboot is off; not those of systems."""
    leases = [line for line in site.bootd.lines("send") if line["type"] == "DHCPACK"]
    told = [(line.get("filename", ""), "netboot is off" in line.get("reason", "")) for line in leases]
    return [answer for answer in told if any(answer)]
