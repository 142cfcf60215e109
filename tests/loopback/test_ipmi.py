# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPMI to OpenIPMI's ipmi_sim: what it is told, and what it answers."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable

import pytest
from pyghmi.ipmi.private.session import Session

from ansible_collections.baremetal.netboot.plugins.module_utils._power import ipmi
from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import PowerError
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import read
from ansible_collections.baremetal.netboot.plugins.modules import machine_power
from programs.require import require
from servers.ipmi_simulator import PASSWORD, USER, simulator
from servers.module_run import run_module


def bmc(port, **words):
    login = {"username": USER, "password": PASSWORD}
    return {"type": "ipmi", "address": "127.0.0.1", "port": port, **login, **words}


@pytest.fixture
def simulated(tmp_path):
    require("ipmi_sim")
    with simulator(tmp_path, ["sleep", "600"]) as found:
        yield found


@pytest.fixture
def power(capsys):
    """A function that runs the module and returns its result."""

    def run(arguments):
        # The library takes a session that it has ended for one that it has; a module is a process of its own.
        Session.initting_sessions.clear()
        return run_module(machine_power, capsys, arguments)

    return run


def test_machine_is_booted_from_the_network_and_switched_off(power, simulated):
    port, told = simulated
    machine = {"name": "um790-1", "bmc": bmc(port)}
    booted = power({"machines": [machine], "state": "network_boot"})
    assert booted["machines"]["um790-1"]["steps"] == ["eject", "boot_once", "switch_on"]
    assert told.read_text().splitlines() == ["boot pxe", "power 1"]

    again = power({"machines": [machine], "state": "network_boot"})
    assert again["machines"]["um790-1"]["steps"] == ["eject", "boot_once", "cut", "switch_on"]
    assert told.read_text().splitlines()[2:] == ["boot pxe", "power 0", "power 1"]

    off = power({"machines": [machine], "state": "off"})
    assert (off["changed"], off["machines"]["um790-1"]["after"]) == (True, "off")
    assert told.read_text().splitlines()[5:] == ["shutdown 1"]
    assert not power({"machines": [machine], "state": "off"})["changed"]


def test_another_client_reads_what_was_set(simulated):
    require("ipmitool")
    port, _told = simulated
    power = ipmi.Ipmi(read(bmc(port)))
    assert power.state() == "off"
    power.boot_once("uefi", "pxe")
    power.on()
    power.close()
    login = ["-I", "lanplus", "-H", "127.0.0.1", "-p", str(port), "-U", USER, "-P", PASSWORD]
    ask = ["ipmitool", *login, "-C", "3", "chassis"]
    found = subprocess.run([*ask, "power", "status"], capture_output=True, text=True, check=True)
    assert found.stdout == "Chassis Power is on\n"
    flags = subprocess.run([*ask, "bootparam", "get", "5"], capture_output=True, text=True, check=True).stdout
    assert "Boot Device Selector : Force PXE" in flags
    assert "Options apply to only next boot" in flags


def test_wrong_password_and_silence_are_told_without_the_password(power, simulated):
    port, _told = simulated
    with pytest.raises(PowerError, match="Incorrect password provided") as caught:
        ipmi.Ipmi(read(bmc(port, password="ganz-falsch")))
    assert "falsch" not in str(caught.value)
    machines = [{"name": "gone", "bmc": bmc(9)}, {"name": "um790-1", "bmc": bmc(port)}]
    found = power({"machines": machines, "state": "on"})
    assert found["failed"]
    assert found["msg"].startswith("gone: 127.0.0.1 port 9: does not answer: see that IPMI over LAN is on")
    assert found["machines"]["um790-1"]["after"] == "on"
    assert PASSWORD not in json.dumps(found)


MAC = "58:47:ca:71:d8:49"
# A boot sector of x86: mov al, "D"; out 0xe9, al; cli; hlt.
DISK = bytes.fromhex("b044e6e9faf4").ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20)


def waited(seen: Callable[[], bool]) -> bool:
    """Return whether ``seen`` within ten times what an emulated machine takes."""
    deadline = time.monotonic() + 60
    while not seen() and time.monotonic() < deadline:
        time.sleep(0.1)
    return seen()


def test_machine_of_qemu_boots_its_disk_and_from_the_network_when_it_is_told(power, tmp_path):
    require("ipmi_sim", "qemu-system-x86_64")
    said, frames = tmp_path / "said", tmp_path / "frames.pcap"
    (tmp_path / "disk").write_bytes(DISK)
    qemu = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-debugcon", f"file:{said}", "-boot", "order=c"]
    qemu += ["-drive", f"format=raw,file={tmp_path / 'disk'}", "-netdev", "user,id=network,restrict=on"]
    qemu += ["-device", f"virtio-net-pci,netdev=network,mac={MAC}"]
    qemu += ["-object", f"filter-dump,id=frames,netdev=network,file={frames}"]

    def asked() -> bool:
        return b"PXEClient" in frames.read_bytes() if frames.exists() else False

    (tmp_path / "bmc").mkdir()
    with simulator(tmp_path / "bmc", qemu, ["-boot", "order=n"]) as (port, _told):
        machine = {"name": "um790-1", "bmc": bmc(port)}
        power({"machines": [machine], "state": "on"})
        assert waited(lambda: said.exists() and said.read_bytes() == b"D")
        assert not asked()
        booted = power({"machines": [machine], "state": "network_boot"})
        assert booted["machines"]["um790-1"]["steps"] == ["eject", "boot_once", "cut", "switch_on"]
        assert waited(asked)
        assert bytes.fromhex(MAC.replace(":", "")) in frames.read_bytes()
        power({"machines": [machine], "state": "off"})
        assert power({"machines": [machine], "state": "off"})["changed"] is False
