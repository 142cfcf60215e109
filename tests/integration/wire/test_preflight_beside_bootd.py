# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook preflight where bootd runs: it plays the boots of the machines that bootd knows, in check mode too."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.baremetal.netboot.plugins.filter import to_hardware
from integration.daemon.running import ADDRESS, ROOT
from programs.require import require
from servers.other_dhcp import other_dhcp
from servers.rehearsal_lab import HARVESTER, NODE, URL, RehearsalLab, rehearsal_lab

COMMON = {
    "netboot_network": "10.10.0.0/16",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.8.2",
    "netboot_image_url": f"{URL}/images",
    "harvester_password": "correct horse",
    "harvester_vip": "10.10.0.30",
}
MACHINES = {
    f"um790-{number}": {"netboot_mac": f"58:47:ca:71:d8:{number:02x}", "netboot_ip": f"10.10.0.{15 + number}", **COMMON}
    for number in (1, 2, 3)
}
KERNEL = HARVESTER.format("vmlinuz-amd64")


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[RehearsalLab]:
    require("root", "ip", "nsenter")
    with rehearsal_lab(tmp_path_factory.mktemp("preflight")) as lab:
        # um790-3 is new: bootd does not know it yet.
        lab.keep(*to_hardware.to_hardware(["um790-1", "um790-2"], MACHINES))
        for name in ("um790-1", "um790-2"):
            lab.configure(name, "token: a secret of this test\ninstall: {mode: create}\n")
        lab.bootd.start()
        yield lab
        assert lab.bootd.stop() == 0


@pytest.fixture
def preflight(lab: RehearsalLab, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    return playbook(lab, tmp_path)


def playbook(lab: RehearsalLab, tmp_path: Path, **variables: Any) -> Callable[..., tuple[int, str]]:
    """Return what runs the playbook on bootd's own host, and returns its exit status and what it said."""
    (tmp_path / "bootd.pid").write_text(str(lab.bootd.process.pid))
    node = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "bootd_address": ADDRESS,
        "bootd_interface": "eth0",
        "bootd_service_manager": "foreground",
        "bootd_pid_file": str(tmp_path / "bootd.pid"),
        "bootd_python": sys.executable,
        "bootd_store": f"files:{lab.bootd.manifests}",
        "bootd_config_dir": str(lab.configurations),
        "bootd_install_dir": str(tmp_path / "opt"),
        "bootd_state_dir": str(lab.bootd.state),
        "bootd_settings": {"image_dir": str(lab.images)},
        "preflight_dhcp_timeout": 1,
        **variables,
    }
    inventory = {
        "netboot_bootstrap": {"hosts": {"bootstrap": node}},
        "netboot_machines": {"hosts": MACHINES},
    }
    (tmp_path / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/link"),
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }

    def play(*arguments: str) -> tuple[int, str]:
        argv = ["-i", str(tmp_path / "inventory.json"), "baremetal.netboot.preflight", *arguments]
        done = lab.lab.run(
            NODE, [sys.executable, "-m", "ansible", "playbook", *argv], check=False, timeout=120, env=environment
        )
        return done.returncode, done.stdout + done.stderr

    return play


def test_boots_of_the_machines_that_bootd_knows_are_played(lab, preflight):
    status, said = preflight("--check")
    assert status == 0, said
    assert "ok      rehearsal: 1 boots, 1 waits\n" in said, said
    assert f"ok      DHCP servers: {ADDRESS}\n" in said
    assert re.search("^WRONG", said, re.MULTILINE) is None
    (lab.images / KERNEL).unlink()
    status, said = preflight()
    assert status == 2
    assert re.search(r"^WRONG   rehearsal: 2 problems$", said, re.MULTILINE), said
    assert f"um790-1, kernel {KERNEL.rpartition('/')[2]}: it would not boot" in said, said
    assert "To be put right on the node:" in said


LEASES = "dhcp-range=10.10.200.1,10.10.200.50,255.255.0.0,1h\nno-ping\n"


@pytest.mark.parametrize(
    ("modes", "told"),
    [
        # The machines are in the one network that has another mode.
        ({"10.10.0.0/16": "auto-proxy"}, "ok      rehearsal: 1 boots, 1 waits"),
        ({}, "WRONG   rehearsal: 4 problems"),
    ],
    ids=["auto-proxy by subnet", "off"],
)
def test_boots_are_played_beside_a_server_that_gives_the_addresses(tmp_path, modes, told):
    require("root", "ip", "nsenter", "dnsmasq")
    flags = ["--dhcp-mode", "off", "--dhcp-modes", ",".join(map("=".join, modes.items()))]
    (tmp_path / "lab").mkdir()
    with rehearsal_lab(tmp_path / "lab", *flags) as lab:
        lab.lab.host("router", "10.10.0.1/16")
        lab.keep(*to_hardware.to_hardware(["um790-1", "um790-2"], MACHINES))
        for name in ("um790-1", "um790-2"):
            lab.configure(name, "token: a secret of this test\ninstall: {mode: create}\n")
        with other_dhcp(lab.lab, "router", tmp_path / "dnsmasq", "dnsmasq", LEASES):
            lab.bootd.start()
            # YAML reads off without quotes as false.
            status, said = playbook(lab, tmp_path, bootd_dhcp_mode=False, bootd_dhcp_modes=modes)("--check")
            assert lab.bootd.stop() == 0
    assert f"{told}\n" in said, said
    if modes:
        assert (status, "ok      DHCP servers: 10.10.0.1, 10.10.0.20" in said) == (0, True), said
        return
    assert status == 2
    assert "um790-1, DHCP as uefi: it would not boot: bootd's DHCP is off here, and no other server" in said, said
    assert "set it there, as docs/beside-a-dhcp-server.md shows" in said
