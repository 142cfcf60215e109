# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd beside a dnsmasq that gives all addresses: real clients get them, and from bootd what to boot or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from programs.require import require
from servers.dhcp_lab import SERVER, dhcp_lab

THEIRS = "10.10.0.1"
POOL = "10.10.0.150"
RELAY, BEHIND = "10.10.0.30", "192.168.77"
FIRMWARE = ("-V", "PXEClient:Arch:00007:UNDI:003016", "-x", "0x5d:0007", "-x", "0x5e:010310")
WITHOUT_ADDRESS = "udp[24:4] = 0"  # yiaddr, for tcpdump
FROM_BOOTD = re.compile(rf" {re.escape(SERVER)}\.(?:67|4011) > ")


@pytest.fixture
def lab(tmp_path):
    require("root", "ip", "nsenter", "udhcpc", "dhclient", "tcpdump", "dnsmasq", "tftp")
    with dhcp_lab(tmp_path) as lab:
        yield lab


@contextmanager
def dnsmasq(lab, host: str = "router", address: str | None = f"{THEIRS}/24", *more: str) -> Iterator[None]:
    """Run dnsmasq on ``host``; it gives the addresses from POOL on, and knows nothing of PXE; ``more`` are flags."""
    if address:
        lab.lab.host(host, address)
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--port=0", "--user=root"]
    argv += [
        "--no-ping",
        "--log-facility=-",
        f"--dhcp-range={POOL},10.10.0.199,255.255.255.0,1h",
        "--dhcp-leasefile=/dev/null",
    ]
    argv += more
    process = lab.lab.popen(host, argv)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def without_address(lab, name: str) -> None:
    """Take the address out of the object of ``name``, which says that another server gives it one."""
    file = lab.manifests / f"{name}.yaml"
    document = json.loads(file.read_text())
    (interface,) = document["spec"]["interfaces"]
    del interface["dhcp"]["ip"]
    interface["disableDhcp"] = True
    file.write_text(json.dumps(document))


def machine(lab, *, known: bool) -> str:
    """Plug in a machine that bootd knows, with netboot on, or one that it does not; return its name."""
    name, mac = lab.reserve("10.10.0.60")
    lab.plug(name, mac if known else "02:00:00:00:0f:0f")
    return name


def _to(line: str) -> str:
    """Address and port that the packet of this line of tcpdump was sent to."""
    return line.rpartition(" > ")[2].partition(":")[0]


def is_of_pool(address: str) -> bool:
    return 150 <= int(address.rpartition(".")[2]) < 200


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
@pytest.mark.parametrize("known", [True, False])
def test_an_operating_system_gets_its_address_and_not_a_packet_from_bootd(lab, mode, known):
    with dnsmasq(lab), lab.bootd("--dhcp-mode", mode):
        name = machine(lab, known=known)
        with lab.replies(name, count=2) as seen:
            lease = lab.udhcpc(name)
            said = lab.dhclient(name)
        assert (lease["serverid"], is_of_pool(lease["ip"])) == (THEIRS, True)
        assert f"from {THEIRS}" in said
        assert "boot_file" not in lease
        assert [line for line in seen if FROM_BOOTD.search(line)] == []
        assert len(seen) >= 2


def ask_as_firmware(lab, name: str) -> list[str]:
    """Have udhcpc say that it is firmware, and return what bootd sent, a line of tcpdump each.

    It is none: it takes the first offer, and of bootd's it makes nothing. What comes of both only firmware shows.
    """
    with lab.replies(name, count=1) as seen:
        lab.udhcpc(name, *FIRMWARE, "-t", "2", "-T", "1")
    return [line for line in seen if FROM_BOOTD.search(line)]


def test_firmware_of_a_known_machine_is_offered_what_to_boot_and_no_address(lab):
    with dnsmasq(lab), lab.bootd("--dhcp-mode", "proxy") as bootd:
        name = machine(lab, known=True)
        sent = ask_as_firmware(lab, name)
        assert sent
        assert [line for line in sent if f"{SERVER}.67 > 255.255.255.255.68" not in line] == []
        assert "address" not in bootd.line(event="send", type="DHCPOFFER", machine=name)
        assert bootd.lines(event="send", type="DHCPACK") == bootd.lines(event="send", type="DHCPNAK") == []


@pytest.mark.parametrize(("mode", "offered"), [("proxy", False), ("auto-proxy", True), ("off", False)])
def test_firmware_of_an_unknown_machine_is_offered_something_in_auto_proxy_only(lab, mode, offered):
    with dnsmasq(lab), lab.bootd("--dhcp-mode", mode):
        assert bool(ask_as_firmware(lab, machine(lab, known=False))) is offered


def test_off_leaves_the_ports_to_a_dhcp_server_on_the_same_host(lab):
    with lab.bootd("--dhcp-mode", "off") as bootd, dnsmasq(lab, "boot", None):
        name = machine(lab, known=True)
        assert is_of_pool(lab.udhcpc(name, *FIRMWARE)["ip"])
        assert bootd.lines(machine=name) == []


def test_a_machine_is_known_by_the_address_that_another_server_gave_it(lab):
    """Its file moves its stage, although no object has that address: the neighbour table has its MAC."""
    (lab.boot_files / "snponly.efi").write_bytes(b"program")
    with dnsmasq(lab), lab.bootd("--dhcp-mode", "proxy", "--boot-files", str(lab.boot_files)) as bootd:
        name = machine(lab, known=True)
        assert is_of_pool(lab.udhcpc(name)["ip"])
        # A name without a MAC: that it is this machine's only its address tells.
        lab.lab.run(name, ["tftp", "-m", "binary", SERVER, "-c", "get", "snponly.efi", "/dev/null"])
        assert bootd.line(event="get", status="complete")["machine"] == name
        url = f"http://{SERVER}:7080/api/v1/machines/{name}"
        assert '"loading"' in lab.lab.run("boot", ["curl", "-sS", "--max-time", "5", url]).stdout


def test_behind_a_relay_both_servers_are_heard_and_the_address_is_learned(lab):
    """The relay forwards to both. bootd's offer, which has no address, comes to the client by broadcast."""
    require("dhcrelay")
    (lab.boot_files / "snponly.efi").write_bytes(b"program")
    name, mac = lab.reserve("10.10.0.60")
    without_address(lab, name)
    with dnsmasq(lab, "router", f"{THEIRS}/24", f"--dhcp-range={BEHIND}.100,{BEHIND}.120,255.255.255.0,1h"):
        lab.lab.host("relay", f"{RELAY}/24")
        lab.lab.run("relay", ["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        lab.lab.host(name)
        lab.lab.run(name, ["ip", "link", "delete", "eth0"])
        lab.lab.attach("relay", "eth1", name, "eth0", f"{BEHIND}.1/24")
        lab.set_mac(name, mac)
        for host in ("boot", "router"):
            lab.lab.run(host, ["ip", "route", "add", f"{BEHIND}.0/24", "via", RELAY])
        modes = f"{BEHIND}.0/24=proxy"
        flags = ("--dhcp-mode", "off", "--dhcp-modes", modes, "--boot-files", str(lab.boot_files))
        with lab.relay("relay", "eth1", THEIRS), lab.bootd(*flags) as bootd:
            with (
                lab.replies(name, count=1, only=WITHOUT_ADDRESS) as of_bootd,
                lab.replies(name, count=1, only=f"not {WITHOUT_ADDRESS}") as of_dnsmasq,
            ):
                lab.udhcpc(name, *FIRMWARE, "-t", "2", "-T", "1")
            assert {_to(line) for line in of_bootd} == {"255.255.255.255.68"}
            assert {_to(line).startswith(f"{BEHIND}.1") for line in of_dnsmasq} == {True}
            lease = lab.udhcpc(name)
            assert (lease["ip"].rpartition(".")[0], lease["serverid"]) == (BEHIND, THEIRS)
            lab.lab.run(name, ["ip", "route", "add", "default", "via", f"{BEHIND}.1"])
            # Nothing but the DHCPREQUEST says whose this is: it is on no link of bootd's host, and in no object.
            lab.lab.run(name, ["tftp", "-m", "binary", SERVER, "-c", "get", "snponly.efi", "/dev/null"])
            assert bootd.line(event="get", status="complete")["machine"] == name
