# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd beside a dnsmasq that gives all addresses: real clients get them, and from bootd what to boot or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from programs.require import require
from servers.dhcp_lab import SERVER, dhcp_lab

THEIRS = "10.10.0.1"
POOL = "10.10.0.150"
FIRMWARE = ("-V", "PXEClient:Arch:00007:UNDI:003016", "-x", "0x5d:0007", "-x", "0x5e:010310")
FROM_BOOTD = re.compile(rf" {re.escape(SERVER)}\.(?:67|4011) > ")


@pytest.fixture
def lab(tmp_path):
    require("root", "ip", "nsenter", "udhcpc", "dhclient", "tcpdump", "dnsmasq", "tftp")
    with dhcp_lab(tmp_path) as lab:
        yield lab


@contextmanager
def dnsmasq(lab, host: str = "router", address: str | None = f"{THEIRS}/24") -> Iterator[None]:
    """Run dnsmasq on ``host``; it gives the addresses from POOL on, and knows nothing of PXE."""
    if address:
        lab.lab.host(host, address)
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--port=0", "--user=root"]
    argv += ["--log-facility=-", f"--dhcp-range={POOL},10.10.0.199,255.255.255.0,1h", "--dhcp-leasefile=/dev/null"]
    process = lab.lab.popen(host, argv)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def machine(lab, *, known: bool) -> str:
    """Plug in a machine that bootd knows, with netboot on, or one that it does not; return its name."""
    name, mac = lab.reserve("10.10.0.60")
    lab.plug(name, mac if known else "02:00:00:00:0f:0f")
    return name


def is_of_pool(address: str) -> bool:
    return 150 <= int(address.rpartition(".")[2]) < 200


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
@pytest.mark.parametrize("known", [True, False])
def test_an_operating_system_gets_its_address_and_not_a_packet_from_bootd(lab, mode, known):
    with dnsmasq(lab), lab.bootd("--dhcp-mode", mode):
        name = machine(lab, known=known)
        with lab.replies(name, count=4) as seen:
            lease = lab.udhcpc(name)
            said = lab.dhclient(name)
        assert (lease["serverid"], is_of_pool(lease["ip"])) == (THEIRS, True)
        assert f"from {THEIRS}" in said
        assert "boot_file" not in lease
        assert [line for line in seen if FROM_BOOTD.search(line)] == []
        assert len(seen) >= 4


def test_firmware_of_a_known_machine_is_offered_what_to_boot_and_no_address(lab):
    with dnsmasq(lab), lab.bootd("--dhcp-mode", "proxy") as bootd:
        name = machine(lab, known=True)
        with lab.replies(name, count=3) as seen:
            lease = lab.udhcpc(name, *FIRMWARE)
        # Of two offers a client of another kind takes the one with an address.
        assert (lease["serverid"], is_of_pool(lease["ip"])) == (THEIRS, True)
        (sent,) = [line for line in seen if FROM_BOOTD.search(line)]
        assert f"{SERVER}.67 > 255.255.255.255.68" in sent
        bootd.line(event="send", type="DHCPOFFER", machine=name)
        bootd.line(event="ignore", machine=name, reason="about_a_lease")
        assert bootd.lines(event="send", type="DHCPACK") == []


@pytest.mark.parametrize(("mode", "packets"), [("proxy", 0), ("auto-proxy", 1), ("off", 0)])
def test_firmware_of_an_unknown_machine_is_offered_something_in_auto_proxy_only(lab, mode, packets):
    with dnsmasq(lab), lab.bootd("--dhcp-mode", mode):
        name = machine(lab, known=False)
        with lab.replies(name, count=2 + packets) as seen:
            lease = lab.udhcpc(name, *FIRMWARE)
        assert is_of_pool(lease["ip"])
        assert len([line for line in seen if FROM_BOOTD.search(line)]) == packets


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
        assert is_of_pool(lab.udhcpc(name, *FIRMWARE)["ip"])
        # A name without a MAC: that it is this machine's only its address tells.
        lab.lab.run(name, ["tftp", "-m", "binary", SERVER, "-c", "get", "snponly.efi", "/dev/null"])
        assert bootd.line(event="get", status="complete")["machine"] == name
        url = f"http://{SERVER}:7080/api/v1/machines/{name}"
        assert '"loading"' in lab.lab.run("boot", ["curl", "-sS", "--max-time", "5", url]).stdout
