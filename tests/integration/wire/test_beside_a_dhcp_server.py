# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd and a dnsmasq that hands out addresses on one switch: the other clients of dnsmasq never hear from bootd.

What reaches a client is captured on its own link. That the capture would show a packet of bootd is shown likewise, by a
machine that bootd does answer; its answer also tells that bootd has been through all that was asked before.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from _bootd.process.settings import DHCP_MODES
from programs.require import require
from servers.dhcp_lab import SERVER, DhcpLab, dhcp_lab, remembered, wait_for_line
from servers.other_dhcp import OtherDhcp, other_dhcp

BOOT_MAC = "02:00:00:00:00:20"
OTHER, TAKEN = "10.10.0.1", "10.10.0.60"
UNKNOWN = "02:00:00:00:03:{:02x}"
DECLINES = UNKNOWN.format(0xDE)
DNSMASQ = f"""\
dhcp-range=10.10.0.200,10.10.0.250,255.255.255.0,1h
dhcp-option=option:router,{OTHER}
dhcp-authoritative
no-ping
dhcp-host={DECLINES},{TAKEN}
"""
PXE = ("-V", "PXEClient:Arch:00007:UNDI:003016", "-x", "0x5d:0007", "-x", "0x5e:010310")
HTTP = ("-V", "HTTPClient:Arch:00016:UNDI:003016", "-x", "0x5d:0010")
IPXE = (*PXE, "-x", "0x4d:69505845")
ONE_TRY = ("-t", "1", "-T", "1", "-A", "1")


@dataclass
class Site:
    """The two servers on one switch. ``known``, ``installed`` and ``disabled`` are MACs that bootd has objects of.

    The last says that bootd is neither to answer its DHCP nor to boot it.
    """

    mode: str
    lab: DhcpLab
    other: OtherDhcp
    directory: Path
    known: str
    installed: str
    disabled: str
    clients: int = 0

    def plug(self, mac: str = "") -> str:
        """Plug another client in, unknown to bootd unless ``mac`` says otherwise; returns its host."""
        self.clients += 1
        host = f"client{self.clients}"
        self.lab.plug(host, mac or UNKNOWN.format(self.clients))
        return host

    def unplug(self, host: str) -> None:
        """Take a client off the switch, so that its MAC can be plugged in again."""
        self.lab.lab.run(host, ["ip", "link", "set", "eth0", "down"])

    @contextmanager
    def capture(self, host: str) -> Iterator[Capture]:
        """Capture all that goes over the link of ``host`` while the block runs."""
        file = self.directory / f"{host}.pcap"
        argv = ["tcpdump", "-i", "eth0", "-U", "--immediate-mode", "-w", str(file)]
        with self.lab.lab.popen(host, argv, stderr=subprocess.PIPE) as tcpdump:
            wait_for_line(tcpdump.stderr, b"tcpdump: listening on")
            yield Capture(self, host, file)
            tcpdump.send_signal(signal.SIGINT)

    @contextmanager
    def left_alone(self, host: str) -> Iterator[None]:
        """Fail where ``host``, a client of dnsmasq, has got a packet of bootd by the time that the block ends.

        bootd takes one message after the other: once it has answered its own machine, it is through with these.
        """
        with self.capture(host) as seen:
            yield
            assert (self.answered(*PXE) > 0) == (self.mode != "off")
        assert (seen.of_the_other() > 0, seen.of_bootd()) == (True, 0), seen.text()

    def answered(self, *flags: str) -> int:
        """Have the known machine ask as firmware does; returns how many packets bootd sent it, 0 with mode off."""
        host = self.plug(self.known)
        with self.capture(host) as seen:
            self.lab.udhcpc(host, *flags, *ONE_TRY)
        self.unplug(host)
        return seen.of_bootd()


@dataclass(frozen=True)
class Capture:
    """What went over the link of a client, once the capture has ended."""

    site: Site
    host: str
    file: Path

    def of_bootd(self) -> int:
        """How many packets of bootd's host came, by its MAC or addresses, but for its kernel's multicast and ARP."""
        return self._count(
            f"(ether src {BOOT_MAC} or src host {SERVER} or src host 10.10.0.5)"
            " and ((not ether multicast) or (ether broadcast and not arp))"
        )

    def of_the_other(self) -> int:
        """How many DHCP replies of dnsmasq came."""
        return self._count(f"src host {OTHER} and udp src port 67")

    def text(self) -> str:
        """The capture as tcpdump prints it."""
        return self._read()

    def _count(self, expression: str) -> int:
        return len(self._read(expression).splitlines())

    def _read(self, *expression: str) -> str:
        argv = ["tcpdump", "-n", "-e", "-r", str(self.file), *expression]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module", params=DHCP_MODES)
def site(request, tmp_path_factory) -> Iterator[Site]:
    require("root", "ip", "nsenter", "udhcpc", "dhclient", "dhcpcd", "tcpdump", "dnsmasq")
    mode, directory = request.param, tmp_path_factory.mktemp(request.param)
    with dhcp_lab(directory) as lab:
        lab.lab.host("router", f"{OTHER}/24")
        lab.lab.host("squatter", f"{TAKEN}/24")
        known, installed = (lab.reserve(address)[1] for address in ("10.10.0.100", "10.10.0.101"))
        _name, disabled = lab.reserve("10.10.0.102", allow_pxe=False, disable_dhcp=True)
        lab.set_mac("boot", BOOT_MAC)
        with (
            other_dhcp(lab.lab, "router", directory / "dnsmasq", "dnsmasq", DNSMASQ) as other,
            lab.bootd("--interface", "eth0", "--dhcp-mode", mode, "--router-advertisements", "yes"),
        ):
            yield Site(mode, lab, other, directory, known, installed, disabled)


def test_udhcpc_of_an_unknown_machine_that_asks_renews_and_releases(site):
    host = site.plug()
    with site.left_alone(host), site.lab.udhcpc_daemon(host) as client:
        client.send_signal(signal.SIGUSR1)
        assert client.stdout.readline() == b"renew\n"
        client.send_signal(signal.SIGUSR2)
        site.other.wait_until_it_says(f"DHCPRELEASE(eth0) {site.lab.lease(host, 'renew')['ip']}")


def test_udhcpc_of_an_unknown_machine_that_wants_its_answers_broadcast(site):
    host = site.plug()
    with site.left_alone(host):
        assert site.lab.udhcpc(host, "-B")["serverid"] == OTHER


def test_udhcpc_that_declines_what_another_host_has(site):
    host = site.plug(DECLINES)
    with site.left_alone(host):
        site.lab.lab.run(host, [*site.lab.udhcpc_command(host, "-n", "-q", "-a", *ONE_TRY)], check=False)
    site.other.wait_until_it_says(f"DHCPDECLINE(eth0) {TAKEN} {DECLINES}")


def test_dhclient_of_an_unknown_machine(site):
    host = site.plug()
    with site.left_alone(host):
        assert "DHCPACK of 10.10.0.2" in site.lab.dhclient(host)


def test_dhclient_that_comes_back_with_an_address_of_another_network(site):
    host = site.plug()
    with site.left_alone(host):
        assert f"DHCPNAK from {OTHER}" in site.lab.dhclient(host, remembered("192.168.1.7", "192.168.1.1"))


def test_dhcpcd_that_has_an_address_and_informs_itself(site):
    host = site.plug()
    site.lab.lab.run(host, ["ip", "address", "add", "10.10.0.70/24", "dev", "eth0"])
    with site.left_alone(host):
        argv = ["dhcpcd", "-4", "-1", "-B", "-t", "5", "--inform", "10.10.0.70/24", "--script", "/bin/true", "eth0"]
        site.lab.lab.run(host, argv)
    site.other.wait_until_it_says(f"DHCPINFORM(eth0) 10.10.0.70 {UNKNOWN.format(site.clients - 1)}")


@pytest.mark.parametrize("site", [mode for mode in DHCP_MODES if mode != "auto-proxy"], indirect=True)
@pytest.mark.parametrize("flags", [PXE, HTTP, IPXE], ids=["PXE", "HTTP", "iPXE"])
def test_firmware_of_an_unknown_machine(site, flags):
    """Which is what mode auto-proxy answers, and no other."""
    host = site.plug()
    with site.left_alone(host):
        assert site.lab.udhcpc(host, *flags)["serverid"] == OTHER


@pytest.mark.parametrize("site", [mode for mode in DHCP_MODES if mode != "reservation"], indirect=True)
def test_operating_system_of_a_known_machine(site):
    """Which has its address from bootd in mode reservation, and in no other."""
    host = site.plug(site.installed)
    with site.left_alone(host), site.lab.udhcpc_daemon(host) as client:
        client.send_signal(signal.SIGUSR1)
        assert client.stdout.readline() == b"renew\n"
    site.unplug(host)


@pytest.mark.parametrize("site", ["proxy", "auto-proxy"], indirect=True)
@pytest.mark.parametrize("flags", [PXE, HTTP, IPXE], ids=["PXE", "HTTP", "iPXE"])
def test_what_a_known_machine_wants_broadcast_reaches_no_other(site, flags):
    """UEFI asks for broadcasts."""
    host = site.plug()
    with site.left_alone(host):
        assert site.lab.udhcpc(host)["serverid"] == OTHER
        assert site.answered(*flags, "-B") > 0


@pytest.mark.parametrize("flags", [(), PXE, HTTP, IPXE], ids=["system", "PXE", "HTTP", "iPXE"])
def test_known_machine_whose_dhcp_and_netboot_are_disabled(site, flags):
    host = site.plug(site.disabled)
    with site.left_alone(host):
        assert site.lab.udhcpc(host, *flags)["serverid"] == OTHER
    site.unplug(host)
