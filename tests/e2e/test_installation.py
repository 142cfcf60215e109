# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HOWTO's object, unedited: what its log shows comes out of a real boot, and the machine installs itself once.

It tries the network first for ever, and boots its disk from then on.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import pairwise

import pytest

from e2e.site import BOOTED, Site
from e2e.watched_page import watched
from lab import bootstrap
from lab.leases import leases
from lab.machine import Machine
from programs.require import require
from samples import howto

DISK_BOOTS = 4  # after the first, to which the installer restarts the machine
LOADED_BY_FIRMWARE = ["known", "offered", "loading", "script", "kernel"]
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"
FILE = "58-47-ca-71-d8-49/snponly.efi"
URL = "http://10.10.0.20:7080/ipxe/58-47-ca-71-d8-49/snponly.efi"
BASE = "/harvester/v1.2.0/harvester-v1.2.0"
LOADED = [f"{BASE}-vmlinuz-amd64", f"{BASE}-initrd-amd64", f"{BASE}-rootfs-amd64.squashfs"]
# The ISO twice: the installer asks how long it is before it fetches it.
LOADED += ["/harvester/config-create.yaml", f"{BASE}-amd64.iso", f"{BASE}-amd64.iso"]


@pytest.mark.parametrize(
    ("firmware", "options", "filenames", "stages", "tftp", "told"),
    [
        # Firmware, iPXE, the installer; after the restart firmware again, which goes on to the disk, and the system.
        # It goes on by the menu whose only item is "boot locally".
        ("uefi", {}, [FILE, SCRIPT, "", "", ""], LOADED_BY_FIRMWARE, True, ("", True)),
        # The URL after the restart is refused: without one firmware would ask for a minute.
        (
            "uefi",
            {"http": True},
            [URL, SCRIPT, "", URL, ""],
            LOADED_BY_FIRMWARE,
            False,
            None,
        ),
        # iPXE is the firmware: it asks for its script after the restart too, and that starts the disk.
        ("bios", {}, [SCRIPT, "", SCRIPT, ""], ["known", "offered", "script", "kernel"], False, (SCRIPT, False)),
    ],
    ids=["uefi", "uefi-http", "bios"],
)
def test_machine_installs_itself_and_then_boots_its_disk(site, firmware, options, filenames, stages, tftp, told):
    site.serve(howto.HARDWARE)
    site.configure("/dev/nvme0n1")
    machine = site.machine(firmware, **options)
    with captured(site, "udp port 69") as requests, watched(site) if tftp else nullcontext():
        machine.power_on()
        site.wait_until(lambda: site.known()["stage"] == "ready", machine, "answered as a node that is ready")

    assert BOOTED in machine.console

    assert bool(requests()) is tftp
    # HEAD and GET, and nothing that leads elsewhere: firmware follows no redirect.
    assert {line["status"] for line in site.bootd.lines("http")} <= {200, 403}
    assert site.filenames() == filenames
    assert site.images_asked_for() == LOADED
    known = site.known()
    assert [step["stage"] for step in known["stages"]] == [*stages, "installing", "installed", "ready"]
    assert all(before["at"] <= after["at"] for before, after in pairwise(known["stages"]))
    assert known["netboot"] is False
    # The second firmware lease and the script that boots the disk are no boot from the network.
    assert known["attempt"] == 1
    assert known["firmware"] == firmware
    assert known["facts"]["serial"] == "um790-1"
    assert known["bytes"]["http"] > 0
    if told:
        boots_its_disk_each_time(site, machine, told)


def boots_its_disk_each_time(site: Site, machine: Machine, told: tuple[str, bool]) -> None:
    """Have the installed machine boot again and again; ``told`` is how bootd sends it to its disk, as in `answers`."""
    loaded, asked = site.images_asked_for(), len(answers(site))
    for _boot in range(DISK_BOOTS):
        machine.power_off()
        machine.power_on()
        site.wait_until(lambda: BOOTED in machine.console, machine, "booted its disk again")

    # It came to bootd first each time, and was sent to its disk each time.
    assert answers(site)[asked:] == [told] * DISK_BOOTS
    assert site.images_asked_for() == loaded
    assert [line["outcome"] for line in site.bootd.lines("report")] == ["started", "succeeded"]
    known = site.known()
    assert (known["attempt"], known["netboot"], known["error"]) == (1, False, "")
    assert known["stage"] in ("installed", "ready")


def answers(site: Site) -> list[tuple[str, bool]]:
    """What each lease told firmware to load, and whether it said that netboot is off; not those of systems."""
    given = leases(site.bootd.lines())
    told = [(line.get("filename", ""), "netboot is off" in line.get("reason", "")) for line in given]
    return [answer for answer in told if any(answer)]


@contextmanager
def captured(site: Site, what: str) -> Iterator[Callable[[], list[bytes]]]:
    """Capture what ``what`` says at bootd's node; call the result at the end for a line of each packet."""
    require("tcpdump")
    argv = ["tcpdump", "-i", "eth0", "-n", "-l", "--immediate-mode", what]
    tcpdump = site.lab.popen(bootstrap.NODE, argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    next(line for line in tcpdump.stderr if b"listening on" in line)
    seen: list[bytes] = []
    try:
        yield lambda: seen
    finally:
        tcpdump.terminate()
        seen += filter(None, tcpdump.communicate()[0].splitlines())


def test_machine_whose_installation_fails_may_simply_boot_again(site):
    site.serve(howto.HARDWARE)
    site.configure("/dev/there-is-none")
    machine = site.machine("bios")
    machine.power_on()
    site.wait_until(lambda: site.known()["stage"] == "failed", machine, "reported its failure")
    assert site.known()["netboot"] is True
    machine.power_off()

    site.configure("/dev/nvme0n1")
    machine.power_on()
    site.wait_until(lambda: site.known()["stage"] in ("installed", "ready"), machine, "installed itself")
    known = site.known()
    assert known["attempt"] == 2
    assert known["error"] == ""
    assert known["netboot"] is False
