# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that nobody knows, from its first DHCPDISCOVER until it is accepted: what is seen of it, what it gets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from programs.require import require
from servers.dhcp_lab import ROOT, SERVER, Bootd, DhcpLab, dhcp_lab

FIRMWARE = ("-t", "2", "-T", "1", "-V", "PXEClient:Arch:00007:UNDI:003016", "-x", "0x5d:0007", "-O", "bootfile")
UUID = ("-x", "0x61:00000102030405060708090a0b0c0d0e0f")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "plugins/module_utils")}


@dataclass(frozen=True)
class Site:
    lab: DhcpLab
    bootd: Bootd

    def machines(self, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run ``bootd machines`` beside the daemon."""
        argv = [sys.executable, "-m", "_bootd.daemon", "machines", "--settings", "", "--address", SERVER, *flags]
        return self.lab.lab.run("boot", argv, env=ENVIRONMENT)

    def unknown(self, mac: str) -> dict[str, object]:
        """Return what the daemon knows of an unknown machine."""
        (found,) = json.loads(self.machines("--unknown", "--json", mac).stdout)["unknown"]
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    require("root", "ip", "nsenter", "udhcpc", "dhcrelay", "curl", "tftp", "tcpdump")
    with dhcp_lab(tmp_path_factory.mktemp("unknown")) as lab, lab.bootd() as bootd:
        yield Site(lab, bootd)


def test_what_firmware_says_is_kept_and_it_gets_nothing(site):
    mac = "02:00:00:00:03:01"
    site.lab.plug("firmware", mac)
    with site.lab.replies("firmware", count=0) as replies:
        assert site.lab.udhcpc("firmware", *FIRMWARE, *UUID, "-x", "hostname:node") == {}
    assert replies == []
    found = site.unknown(mac)
    assert (
        found
        | {
            "client": "firmware",
            "wants_to_boot": True,
            "vendor_class": "PXEClient:Arch:00007:UNDI:003016",
            "arch": 7,
            "architecture": "x64 UEFI",
            "firmware": "uefi",
            "uuid": "03020100-0504-0706-0809-0a0b0c0d0e0f",
            "hostname": "node",
            "interface": "eth0",
            "relay": "",
            "asked": {"dhcp": 2, "tftp": 0, "http": 0},
            "count": 2,
        }
        == found
    )
    assert found["last"] > found["first"]
    line = site.machines("--unknown").stdout.splitlines()[1]
    assert line.startswith(f"{mac}  x64 UEFI ")


def test_files_that_it_asks_for_are_counted(site):
    mac, host = "02:00:00:00:03:02", "loader"
    site.lab.lab.host(host, "10.10.0.77/24")
    path = mac.replace(":", "-")
    assert site.lab.lab.run(host, ["curl", "-s", f"http://{SERVER}:7080/{path}/auto.ipxe"]).stdout.startswith(
        "no Hardware"
    )
    # tftp-hpa ends well whatever it is told.
    site.lab.lab.run(
        host, ["tftp", SERVER, "-m", "octet", "-c", "get", f"{path}/snponly.efi", "/dev/null"], check=False
    )
    found = site.unknown(mac)
    assert (found["address"], found["asked"]) == ("10.10.0.77", {"dhcp": 0, "tftp": 1, "http": 1})
    assert (found["client"], found["wants_to_boot"]) == ("", True)


def test_an_operating_system_is_listed_with_all(site):
    mac = "02:00:00:00:03:03"
    site.lab.plug("laptop", mac)
    assert site.lab.udhcpc("laptop", "-t", "1", "-T", "1", "-V", "MSFT 5.0") == {}
    assert mac not in site.machines("--unknown").stdout
    assert mac in site.machines("--unknown", "--all").stdout
    assert site.unknown(mac)["client"] == "os"


def test_accepted_it_gets_its_address_and_nothing_to_boot(site):
    mac = "02:00:00:00:01:01"  # of the first that is reserved
    site.lab.plug("accepted", mac)
    assert site.lab.udhcpc("accepted", *FIRMWARE) == {}
    assert site.unknown(mac)["mac"] == mac
    assert site.lab.reserve("10.10.0.150", allow_pxe=False)[1] == mac
    site.bootd.line(event="catalog", machines=1)
    lease = site.lab.udhcpc("accepted", *FIRMWARE)
    assert (lease["ip"], lease.get("boot_file", "")) == ("10.10.0.150", "")
    assert mac not in site.machines("--unknown", "--all").stdout


def test_the_relay_and_its_circuit_are_told(site):
    mac, switch = "02:00:00:00:03:05", site.lab.lab
    switch.host("relay", "10.10.0.9/24")
    switch.host("far")
    switch.run("far", ["ip", "link", "delete", "eth0"])
    switch.attach("relay", "eth1", "far", "eth0", "10.20.0.1/24")
    site.lab.set_mac("far", mac)
    with site.lab.relay("relay", "eth1", "-a"):
        assert site.lab.udhcpc("far", *FIRMWARE) == {}
    found = site.unknown(mac)
    assert (found["relay"], found["circuit_id"]) == ("10.20.0.1", "eth1")
    assert "10.20.0.1" in site.machines("--unknown").stdout
