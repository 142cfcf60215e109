# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that no object has, beside another DHCP server: bootd says what its iPXE runs, and keeps nothing of it."""

from __future__ import annotations

import json

import pytest

from _bootd.stores.states.directory import StateDir
from e2e.site import Site
from integration.daemon.running import Bootd
from lab import artifacts
from lab.bootstrap import NODE
from lab.machine import Machine
from lab.network import Lab
from matrix.arrangements import DNSMASQ_ADDRESS, beside_dnsmasq

MAC = "02:00:00:00:09:01"
# What its iPXE alone can fill in: its card, and whose address it has.
SCRIPT = """\
#!ipxe
echo unknown machine: ${net0/mac}, its address is from ${net0/dhcp-server}
exit
"""
FROM_SCRIPT = f"unknown machine: {MAC}, its address is from {DNSMASQ_ADDRESS}"
BUILT_IN = (f"bootd: no Hardware object has {MAC}", "bootd: starting the local disk", "Booting from SAN device 0x80")
FROM_DISK = "Welcome to"  # says GRUB in the disk's boot sector


@pytest.mark.parametrize(
    ("script", "told"),
    [(SCRIPT, (FROM_SCRIPT, "Booting from Hard Disk")), ("", BUILT_IN)],
    ids=["script", "no-script"],
)
def test_unknown_machine_runs_its_script_and_boots_its_disk(files, tmp_path, script, told):
    file = tmp_path / "unknown.ipxe"
    file.write_text(script)
    flags = ("--dhcp-mode", "auto-proxy", *(("--unknown-script", str(file)) if script else ()))
    with Lab() as lab:
        beside_dnsmasq(lab, tmp_path, "")
        bootd = Bootd(lab, NODE, tmp_path, more=flags).start()
        machine = Machine(lab, tmp_path, "stranger", MAC, "bios")
        machine.write_disk(files / artifacts.ISO)
        machine.power_on()
        Site.wait_until(lambda: FROM_DISK in machine.console, machine, "booted from its disk")
        assert [words for words in told if words not in machine.console] == []
        assert (FROM_SCRIPT in machine.console) is bool(script)

        (known,) = json.loads(bootd.get("/api/v1/unknown")[1])["unknown"]
        assert (known["mac"], known["wants_to_boot"], known["firmware"]) == (MAC, True, "bios")
        assert known["asked"]["http"] > 0
        assert json.loads(bootd.get("/api/v1/machines")[1])["machines"] == []
        assert bootd.stop() == 0
    with StateDir(bootd.state) as state_dir:
        assert state_dir.load().states == {}
    assert list(bootd.manifests.iterdir()) == []
