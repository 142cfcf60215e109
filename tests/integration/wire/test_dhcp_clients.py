# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""udhcpc and ISC dhclient, as Debian ships them, get what is reserved for their machine."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from programs.require import require
from servers.dhcp_lab import SERVER, Bootd, DhcpLab, Machine, dhcp_lab, remembered

UEFI = (
    "-V",
    "PXEClient:Arch:00007:UNDI:003016",
    "-x",
    "0x5d:0007",
    "-x",
    "0x5e:010310",
    "-O",
    "bootfile",
    "-O",
    "tftp",
)
BIOS = (
    "-V",
    "PXEClient:Arch:00000:UNDI:002001",
    "-x",
    "0x5d:0000",
    "-x",
    "0x5e:010201",
    "-O",
    "bootfile",
    "-O",
    "tftp",
)
HTTP = ("-V", "HTTPClient:Arch:00016:UNDI:003016", "-x", "0x5d:0010", "-O", "bootfile")
IPXE = (*UEFI, "-x", "0x4d:69505845")
UUID = ("-x", "0x61:00000102030405060708090a0b0c0d0e0f")


@dataclass(frozen=True)
class Site:
    """A lab with its daemon, and machines that no test has used yet: some may netboot, some may not."""

    lab: DhcpLab
    bootd: Bootd
    on: Iterator[Machine]
    off: Iterator[Machine]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    require("root", "ip", "nsenter", "udhcpc", "dhclient", "tcpdump")
    with dhcp_lab(tmp_path_factory.mktemp("dhcp")) as lab:
        on = [reserve(lab, f"10.10.0.{number}", allow_pxe=True) for number in range(100, 120)]
        off = [reserve(lab, f"10.10.0.{number}", allow_pxe=False) for number in range(120, 130)]
        with lab.bootd("--interface", "eth0") as bootd:
            yield Site(lab, bootd, iter(on), iter(off))


def reserve(lab, address, allow_pxe):
    name, mac = lab.reserve(address, allow_pxe=allow_pxe)
    return Machine(name, mac, address)


@pytest.fixture
def lab(site):
    return site.lab


@pytest.fixture
def bootd(site):
    return site.bootd


@pytest.fixture
def machine(site):
    """A machine that may netboot, not seen before."""
    chosen = next(site.on)
    site.lab.plug(chosen.host, chosen.mac)
    return chosen


@pytest.fixture
def installed(site):
    """A machine that may not netboot, not seen before."""
    chosen = next(site.off)
    site.lab.plug(chosen.host, chosen.mac)
    return chosen


def test_udhcpc_gets_its_reservation(lab, bootd, machine):
    lease = lab.udhcpc(machine.host, "-O", "ntpsrv")
    wanted = {
        "ip": machine.address,
        "subnet": "255.255.255.0",
        "router": "10.10.0.1",
        "dns": "10.10.0.53",
        "ntpsrv": "10.10.0.123",
        "hostname": f"{machine.host}-{machine.address.rpartition('.')[2]}",
        "lease": "3600",
        "serverid": SERVER,
    }
    assert {name: lease.get(name) for name in wanted} == wanted
    assert not {"boot_file", "siaddr", "bootfile", "tftp"} & set(lease)
    offer = bootd.line(event="send", mac=machine.mac, type="DHCPOFFER")
    acknowledged = bootd.line(event="send", mac=machine.mac, type="DHCPACK")
    assert (offer["address"], acknowledged["address"]) == (machine.address, machine.address)
    assert (offer["iface"], offer["machine"]) == ("eth0", machine.host)


@pytest.mark.parametrize("broadcast", [False, True])
def test_udhcpc_is_answered_as_it_can_hear(lab, machine, broadcast):
    """By broadcast if it asks for that, else at its own hardware address; from the advertised address in any case."""
    with lab.replies(machine.host, count=2) as replies:
        assert lab.udhcpc(machine.host, *(["-B"] if broadcast else []))
    target = ("ff:ff:ff:ff:ff:ff", "255.255.255.255") if broadcast else (machine.mac, machine.address)
    assert len(replies) == 2
    for line in replies:
        assert re.search(rf"> {target[0]}, .* {re.escape(SERVER)}\.67 > {re.escape(target[1])}\.68: ", line), line


@pytest.mark.parametrize(
    ("flags", "file"),
    [
        (UEFI, "{dashed}/snponly.efi"),
        (BIOS, "{dashed}/undionly.kpxe"),
        (HTTP, "http://10.10.0.20:7080/ipxe/{dashed}/snponly.efi"),
        (IPXE, "http://10.10.0.20:7080/{dashed}/auto.ipxe"),
    ],
)
def test_udhcpc_as_a_network_boot_client(lab, bootd, machine, flags, file):
    lease = lab.udhcpc(machine.host, *flags, *UUID)
    expected = file.format(dashed=machine.mac.replace(":", "-"))
    assert (lease["ip"], lease["siaddr"], lease["boot_file"]) == (machine.address, SERVER, expected)
    assert lease["bootfile"] == expected
    assert lease.get("tftp", SERVER) == SERVER
    assert bootd.line(event="send", mac=machine.mac, type="DHCPACK")["filename"] == expected


@pytest.mark.parametrize("flags", [UEFI, BIOS])
def test_udhcpc_as_firmware_where_netboot_is_off(lab, bootd, installed, flags):
    lease = lab.udhcpc(installed.host, *flags)
    assert lease["ip"] == installed.address
    assert not {"boot_file", "siaddr", "bootfile", "tftp"} & set(lease)
    assert "netboot is off" in bootd.line(event="send", mac=installed.mac, type="DHCPACK")["reason"]


def test_udhcpc_as_ipxe_where_netboot_is_off(lab, installed):
    lease = lab.udhcpc(installed.host, *IPXE)
    assert lease["boot_file"].endswith("/auto.ipxe")


def test_udhcpc_renews_and_releases(lab, bootd, machine):
    with lab.udhcpc_daemon(machine.host) as client:
        client.send_signal(signal.SIGUSR1)
        assert client.stdout.readline() == b"renew\n"
        client.send_signal(signal.SIGUSR2)
        released = bootd.line(event="ignore", mac=machine.mac, reason="released")
    assert released["address"] == machine.address
    # By unicast, from its own address to the server's.
    assert bootd.line(event="send", mac=machine.mac, type="DHCPACK", via=machine.address)
    assert lab.lease(machine.host, "renew")["ip"] == machine.address


def test_udhcpc_of_an_unknown_machine_is_never_answered(lab, bootd):
    lab.plug("stranger", "02:00:00:00:02:01")
    with lab.replies("stranger", count=0) as replies:
        assert lab.udhcpc("stranger", "-t", "2", "-T", "1", "-V", "PXEClient:Arch:00011:UNDI:003016") == {}
    assert replies == []
    line = bootd.line(event="unknown_machine", mac="02:00:00:00:02:01")
    assert line["vendor_class"] == "PXEClient:Arch:00011:UNDI:003016"
    assert line["arch"] == 11
    assert len(bootd.lines(event="unknown_machine", mac="02:00:00:00:02:01")) == 1


def test_dhclient_gets_its_reservation(lab, machine):
    said = lab.dhclient(machine.host)
    assert f"DHCPOFFER of {machine.address} from {SERVER}" in said
    assert f"DHCPACK of {machine.address} from {SERVER}" in said
    assert f"bound to {machine.address}" in said


def test_dhclient_that_comes_back_keeps_its_address_without_a_discover(lab, bootd, machine):
    said = lab.dhclient(machine.host, remembered(machine.address, SERVER))
    assert "DHCPDISCOVER" not in said
    assert f"bound to {machine.address}" in said
    assert not bootd.lines(event="recv", mac=machine.mac, type="DHCPDISCOVER")


def test_dhclient_that_comes_back_with_a_wrong_address_is_refused_and_gets_its_own(lab, bootd, machine):
    said = lab.dhclient(machine.host, remembered("10.10.0.77", "10.10.0.99"))
    assert f"DHCPNAK from {SERVER}" in said
    assert f"bound to {machine.address}" in said
    assert "10.10.0.77" in bootd.line(event="send", mac=machine.mac, type="DHCPNAK")["reason"]


def test_udhcpc_that_comes_again_is_answered_alike(tmp_path):
    """At the level of the log that bootd comes with, at which it answers from memory what it has answered before."""
    require("root", "ip", "nsenter", "udhcpc", "tcpdump")
    with dhcp_lab(tmp_path) as lab:
        asking = {reserve(lab, f"10.10.0.{100 + number}", True): flags for number, flags in enumerate([UEFI, ("-B",)])}
        with lab.bootd("--interface", "eth0", "--log-level", "info") as bootd:
            for machine, flags in asking.items():
                lab.plug(machine.host, machine.mac)
                first = lab.udhcpc(machine.host, *flags)
                with lab.replies(machine.host, count=2) as replies:
                    again = lab.udhcpc(machine.host, *flags)
                station = "ff:ff:ff:ff:ff:ff" if "-B" in flags else machine.mac
                assert [f"> {station}, " in line for line in replies] == [True, True], replies
                assert (again["ip"], again) == (machine.address, first)
                assert len(bootd.lines(event="send", mac=machine.mac)) == 1
