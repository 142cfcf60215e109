# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Router solicitations of real hosts: who is answered, by whom, and who else hears it."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from _bootd.process.datagram_loop import LOOK_SECONDS
from integration.daemon.manifests import manifest
from integration.daemon.running import Bootd
from lab.network import BRIDGE, Lab
from programs.require import require

NODE, MACHINE, INSTALLED, STRANGER = "node", "machine", "installed", "stranger"
MACS = {MACHINE: "58:47:ca:71:d8:49", INSTALLED: "58:47:ca:71:d8:50", STRANGER: "58:47:ca:71:d8:51"}
LINK_LOCAL = {MACHINE: "fe80::5a47:caff:fe71:d849", INSTALLED: "fe80::5a47:caff:fe71:d850"}
NO_ANSWER = 2  # exit status of rdisc6


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    require("root", "ip", "nsenter", "rdisc6", "tcpdump", "sysctl", "udhcpc")
    with Lab() as network:
        network.host(NODE, "10.10.0.20/16")
        for name, mac in MACS.items():
            network.host(name)
            # Without duplicate address detection the new address may be used at once, as iPXE does.
            network.run(name, ["sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0"])
            network.run(name, ["ip", "link", "set", "eth0", "down"])
            network.run(name, ["ip", "link", "set", "eth0", "address", mac, "up"])
        yield network


@pytest.fixture
def bootd(lab: Lab, tmp_path: Path) -> Iterator[Bootd]:
    daemon = Bootd(lab, NODE, tmp_path)
    for name, address, allow in ((MACHINE, "10.10.0.16", "true"), (INSTALLED, "10.10.0.17", "false")):
        text = manifest(name, MACS[name], address, allow)
        (daemon.manifests / f"{name}.yaml").write_text(text, encoding="utf-8")
    try:
        yield daemon
    finally:
        daemon.stop()


def ask_for_address(lab: Lab, host: str, user_class: str = "iPXE") -> None:
    """Get a lease as ``host`` with ``user_class`` (option 77), and leave the interface as it is."""
    option = f"0x4d:{user_class.encode().hex()}"
    lab.run(host, ["udhcpc", "-n", "-q", "-f", "-i", "eth0", "-s", "/bin/true", "-x", option])


def solicit(lab: Lab, host: str, tries: int = 5) -> subprocess.CompletedProcess[str]:
    """Ask for routers as ``host``, a second between ``tries``: the node's own address may still be tentative."""
    return lab.run(host, ["rdisc6", "-1", "-n", "-r", str(tries), "-w", "1000", "eth0"], check=False)


@pytest.mark.parametrize("host", [MACHINE, INSTALLED])
def test_machine_in_ipxe_is_told_at_once_that_there_is_no_router(lab, bootd, host):
    bootd.start()
    ask_for_address(lab, host)
    answer = solicit(lab, host)
    assert answer.returncode == 0, answer.stdout
    assert re.search(r"Router lifetime +: +0 \(0x00000000\) seconds", answer.stdout)
    assert "Prefix" not in answer.stdout
    assert re.search(r"^ from fe80::", answer.stdout, re.MULTILINE)
    line = bootd.line("router_advertisement")
    assert (line["machine"], line["mac"], line["address"], line["iface"]) == (
        host,
        MACS[host],
        LINK_LOCAL[host],
        "eth0",
    )


def test_advertisement_goes_to_the_asker_alone_with_hop_limit_255(lab, bootd):
    bootd.start()
    ask_for_address(lab, MACHINE)
    assert solicit(lab, MACHINE).returncode == 0
    capture = ["tcpdump", "-lnv", "-c", "1", "-i", "eth0", "icmp6 and ip6[40] == 134"]
    with lab.popen(MACHINE, capture, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tcpdump:
        next(line for line in tcpdump.stderr if b"listening on" in line)
        assert solicit(lab, MACHINE).returncode == 0
        seen = tcpdump.stdout.read().decode()
    assert "hlim 255" in seen
    assert f"> {LINK_LOCAL[MACHINE]}: " in seen
    assert "ff02::1" not in seen


def test_stranger_and_operating_system_never_hear_bootd(lab, bootd):
    bootd.start()
    # First one that is answered, so that silence is a decision and not a server that is not ready.
    ask_for_address(lab, MACHINE)
    assert solicit(lab, MACHINE).returncode == 0
    ask_for_address(lab, INSTALLED, user_class="linux")
    for host in (STRANGER, INSTALLED):
        assert solicit(lab, host, tries=1).returncode == NO_ANSWER
    assert bootd.line("router_advertisement")["machine"] == MACHINE
    assert {line["machine"] for line in bootd.lines("router_advertisement")} == {MACHINE}


@pytest.mark.parametrize("interface", ["eth0", ""])
def test_interface_that_is_made_again_is_answered_on_again(lab, tmp_path, interface):
    """Its membership of the routers' group has ended with the old one, whether it was named or one of all."""
    daemon = Bootd(lab, NODE, tmp_path, more=("--interface", interface))
    (daemon.manifests / "m.yaml").write_text(manifest(MACHINE, MACS[MACHINE], "10.10.0.16", "true"), encoding="utf-8")
    daemon.start()
    try:
        lab.run(NODE, ["ip", "link", "delete", "eth0"])
        lab.attach(NODE, "eth0", BRIDGE, NODE, "10.10.0.20/16")
        time.sleep(2 * LOOK_SECONDS)
        ask_for_address(lab, MACHINE)
        assert solicit(lab, MACHINE).returncode == 0
        assert daemon.line("router_advertisement")["iface"] == "eth0"
        assert len(daemon.lines("interface_back")) == (2 if interface else 0)  # DHCP's and this one's
    finally:
        daemon.stop()


def test_node_without_ipv6_serves_the_rest_and_says_what_is_lost(lab, bootd):
    lab.run(NODE, ["sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1"])
    try:
        bootd.start()
        (line,) = bootd.lines("no_router_advertisements")
    finally:
        lab.run(NODE, ["sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0"])
    assert "IPv6 is disabled on eth0" in line["reason"]
    assert "16 seconds" in line["effect"]
