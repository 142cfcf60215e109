# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several networks, each behind a router with a relay of its own, all at once."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from _bootd.dhcp.options import sub_options
from programs.require import require
from servers.dhcp_lab import SERVER, Bootd, DhcpLab, dhcp_lab, remembered, wait_for_line

AGENT = Path(__file__).resolve().parents[2] / "clients/relay_agent.py"
EAST, WEST = "10.10.0.31", "10.10.0.32"  # of the routers, on bootd's network


@pytest.fixture
def lab(tmp_path):
    require("root", "ip", "nsenter", "udhcpc", "dhclient", "dhcrelay", "tcpdump")
    with dhcp_lab(tmp_path) as lab:
        lab.router("east", EAST, "10.20.0.1/24")
        lab.router("west", WEST, "10.30.0.1/24")
        yield lab


@pytest.fixture
def machines(lab) -> tuple[tuple[str, str], tuple[str, str]]:
    """A machine behind each router: its name and MAC."""
    east, west = lab.reserve("10.20.0.50"), lab.reserve("10.30.0.50")
    lab.plug_behind("east", *east)
    lab.plug_behind("west", *west)
    return east, west


@contextmanager
def overriding_relay(lab: DhcpLab, router: str, uplink: str, address: str) -> Iterator[None]:
    """Run the relay that stands for the server on ``router`` while the block runs."""
    argv = [sys.executable, str(AGENT), "eth1", address, uplink, SERVER]
    with lab.lab.popen(router, argv, stdout=subprocess.PIPE) as relay:
        wait_for_line(relay.stdout, b"relaying")
        try:
            yield
            assert relay.poll() is None, "the relay has ended, as it does when option 82 does not come back"
        finally:
            relay.terminate()


def information(bootd: Bootd, mac: str) -> dict[int, bytes]:
    """Return the sub-options of option 82 that bootd sent back to the relay of ``mac``."""
    return sub_options(b64decode(bootd.line(event="send", mac=mac)["option(82)"]))


def test_each_network_gets_its_own_through_its_relay_at_once(lab, machines):
    """One relay sends its circuit id, the other link selection too, with giaddr on bootd's network (RFC 3527)."""
    (east, east_mac), (west, west_mac) = machines
    with lab.relay("east", "eth1", "-a", "-D"), lab.relay("west", "eth1", "-a", "-U", "eth0"), lab.bootd() as bootd:
        with lab.replies("east", count=2) as to_east, lab.replies("west", count=2) as to_west:
            clients = [lab.lab.popen(host, lab.udhcpc_command(host, "-q", "-n")) for host in (east, west)]
            assert [client.wait(30) for client in clients] == [0, 0]
        for host, network in ((east, "10.20.0"), (west, "10.30.0")):
            lease = lab.lease(host, "bound")
            assert (lease["ip"], lease["router"], lease["serverid"]) == (f"{network}.50", f"{network}.1", SERVER)
        assert information(bootd, east_mac) == {1: b"eth1"}
        assert information(bootd, west_mac) == {1: b"eth1", 5: bytes((10, 30, 0, 1))}
        assert bootd.line(event="recv", mac=east_mac)["via"] == "10.20.0.1"
        assert bootd.line(event="recv", mac=west_mac)["via"] == WEST
        for lines, giaddr in ((to_east, "10.20.0.1"), (to_west, WEST)):
            assert all(f" {SERVER}.67 > {giaddr}.67: " in line for line in lines), lines


def test_renewal_goes_to_the_server_through_the_router_and_not_through_the_relay(lab, machines):
    """RFC 2131 section 4.3.6: RENEWING is unicast, without giaddr; the answer goes to the client's address.

    ISC dhcrelay listens below IP, and relays a second copy of what its host only forwards.
    """
    (east, mac), _west = machines
    with lab.relay("east", "eth1", "-a", "-D"), lab.bootd() as bootd, lab.udhcpc_daemon(east) as client:
        lab.lab.run(east, ["ip", "route", "add", "default", "via", "10.20.0.1"])
        with lab.replies(east, count=2) as replies:
            client.send_signal(signal.SIGUSR1)
            assert client.stdout.readline() == b"renew\n"
        assert any(f" {SERVER}.67 > 10.20.0.50.68: " in line for line in replies), replies
        renewal = bootd.line(event="recv", mac=mac, via="10.20.0.50")
        assert renewal["type"] == "DHCPREQUEST"
        assert "option(82)" not in renewal
        assert not bootd.lines(event="not_counted")


def test_machine_on_another_network_than_its_own_is_refused_there(lab, machines):
    """It remembers its lease (INIT-REBOOT) and is told no; its DHCPDISCOVER is not answered, and the log says why."""
    (_east, mac), _west = machines
    lab.lab.host("moved")
    lab.lab.run("moved", ["ip", "link", "delete", "eth0"])
    lab.lab.run("west", ["ip", "link", "add", "both", "type", "bridge"])
    lab.lab.attach("west", "eth2", "moved", "eth0")
    for change in (["eth1", "master", "both"], ["eth2", "master", "both"], ["both", "up"]):
        lab.lab.run("west", ["ip", "link", "set", *change])
    lab.lab.run("west", ["ip", "address", "add", "10.30.0.1/24", "brd", "+", "dev", "both"])
    lab.set_mac("moved", mac)
    with lab.relay("west", "both", "-a", "-U", "eth0"), lab.bootd() as bootd:
        said = lab.dhclient("moved", remembered("10.20.0.50", SERVER), check=False)
        assert "DHCPNAK from" in said
        assert "bound to" not in said
        assert "10.30.0.1" in bootd.line(event="send", type="DHCPNAK", mac=mac)["reason"]
        assert "10.30.0.1" in bootd.line(event="dropped", reason="wrong_network", mac=mac)["wrong"]


def test_relay_that_stands_for_the_server(lab, machines):
    """RFC 5107: clients take the relay for their server, renew and release there, and it forwards that too."""
    _east, (west, mac) = machines
    with overriding_relay(lab, "west", WEST, "10.30.0.1"), lab.bootd() as bootd:
        with lab.udhcpc_daemon(west) as client:
            lease = lab.lease(west, "bound")
            assert (lease["ip"], lease["serverid"]) == ("10.30.0.50", "10.30.0.1")
            assert information(bootd, mac) == {
                1: b"eth1",
                2: b"\0\6\xaa\xbb\xcc\xdd\xee\xff",
                5: bytes((10, 30, 0, 1)),
                11: bytes((10, 30, 0, 1)),
            }
            received = bootd.line(event="recv", mac=mac)
            assert (received["circuitID"], received["remoteID"]) == ("eth1", "00:06:aa:bb:cc:dd:ee:ff")
            client.send_signal(signal.SIGUSR1)
            assert client.stdout.readline() == b"renew\n"
            renewal = bootd.lines(event="recv", mac=mac)[-1]
            assert (renewal["type"], renewal["via"]) == ("DHCPREQUEST", WEST)
            client.send_signal(signal.SIGUSR2)
            assert bootd.line(event="ignore", mac=mac)["reason"] == "released"
        assert "DHCPNAK from" in lab.dhclient(west, remembered("10.30.0.77", "10.30.0.1"))


PAGE = Path(__file__).resolve().parents[3] / "docs/networks.md"
PRINTED = re.findall(r"^    ((?:dhcrelay|dnsmasq) .+)$", PAGE.read_text(), re.MULTILINE)


def test_relays_are_printed():
    assert [line.split()[0] for line in PRINTED] == ["dhcrelay", "dhcrelay", "dhcrelay", "dnsmasq"]


@pytest.mark.parametrize("line", PRINTED)
def test_relay_as_the_documentation_prints_it(lab, machines, line):
    require("dnsmasq")
    (east, _mac), _west = machines
    with lab.lab.popen("east", line.split()) as relay, lab.bootd() as bootd:
        try:
            lease = lab.udhcpc(east, "-t", "6", "-T", "1")
            assert (lease["ip"], lease["router"]) == ("10.20.0.50", "10.20.0.1")
            assert bootd.line(event="send", type="DHCPACK", via=EAST if "-U" in line else "10.20.0.1")
        finally:
            relay.terminate()
