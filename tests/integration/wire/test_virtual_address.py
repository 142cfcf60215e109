# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd at an address that wanders between hosts, on interfaces whose own addresses are others.

Relays, firewalls and TFTP clients drop what comes from an address that they did not ask.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from programs.require import require
from samples import dhcp_captures as captures
from servers.dhcp_lab import SERVER, DhcpLab, dhcp_lab, wait_for_line

CONTENT = bytes(range(256)) * 20
FIRMWARE = ("-V", "PXEClient:Arch:00000:UNDI:002001", "-x", "0x5d:0000", "-x", "0x5e:010201")
# What a machine in QEMU sent to port 4011. As iPXE does, this hears nobody but whom it asked, at the port it asked.
ASK_PROXY = f"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.bind(("{captures.ADDRESS}", 68))
    client.settimeout(10)
    client.connect(("{SERVER}", {captures.ROM_IPXE_BOOT_ITEM.port}))
    client.send(bytes.fromhex("{captures.ROM_IPXE_BOOT_ITEM.payload.hex()}"))
    print(client.recv(2048).hex())
"""
_SENT = re.compile(r"IP (\d+\.\d+\.\d+\.\d+)(?:\.(\d+))? > ")


@pytest.fixture
def boot_files(tmp_path):
    directory = tmp_path / "boot"
    directory.mkdir(exist_ok=True)
    (directory / "snponly.efi").write_bytes(CONTENT)
    return directory


@pytest.fixture
def lab(tmp_path):
    require("root", "ip", "nsenter", "udhcpc", "dhcrelay", "tcpdump", "curl", "logger")
    with dhcp_lab(tmp_path) as lab:
        # As kube-vip and keepalived have it: one address more, of a network of one.
        lab.lab.run("boot", ["ip", "address", "delete", f"{SERVER}/24", "dev", "eth0"])
        give(lab)
        lab.router("east", "10.10.0.31", "10.20.0.1/24")
        yield lab


def give(lab: DhcpLab, host: str = "boot") -> None:
    lab.lab.run(host, ["ip", "address", "add", f"{SERVER}/32", "dev", "eth0"])


def take(lab: DhcpLab, host: str = "boot") -> None:
    lab.lab.run(host, ["ip", "address", "delete", f"{SERVER}/32", "dev", "eth0"])


@contextmanager
def sent_by_boot(lab: DhcpLab) -> Iterator[list[tuple[str, int | None]]]:
    """Capture all IPv4 that leaves the node by any interface: (source, its port), filled when the block ends."""
    argv = ["tcpdump", "-i", "any", "-Q", "out", "-n", "-l", "--immediate-mode", "ip and not src host 127.0.0.1"]
    with lab.lab.popen("boot", argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tcpdump:
        wait_for_line(tcpdump.stderr, b"listening on")
        found: list[tuple[str, int | None]] = []
        try:
            yield found
            # What was sent before this is read before it.
            lab.lab.run("boot", ["logger", "--udp", "--server", "10.10.0.31", "--port", "9", "end of the capture"])
            for line in tcpdump.stdout:
                source = _SENT.search(line.decode())
                if b".9: " in line:
                    break
                assert source, line
                found.append((source[1], int(source[2]) if source[2] else None))
        finally:
            tcpdump.terminate()


@pytest.mark.parametrize("single_port", [False, True])
def test_all_that_leaves_the_node_is_from_the_virtual_address(lab, boot_files, single_port):
    """DHCP on two interfaces and through a relay, renewals, TFTP, HTTP, and no ICMP error for a line of syslog."""
    near, near_mac = lab.reserve("10.10.0.60")
    far, far_mac = lab.reserve("10.40.0.60")
    behind, behind_mac = lab.reserve("10.20.0.60")
    lab.plug(near, near_mac)
    lab.lab.host(far)
    lab.lab.run(far, ["ip", "link", "delete", "eth0"])
    lab.lab.attach("boot", "eth1", far, "eth0", "10.40.0.5/24")
    lab.set_mac(far, far_mac)
    lab.plug_behind("east", behind, behind_mac)
    flags = ["--boot-files", str(boot_files), *(["--tftp-single-port", "yes"] if single_port else [])]
    gateways = {near: "", far: "10.40.0.5", behind: "10.20.0.1"}
    with lab.relay("east", "eth1", "-a", "-D"), lab.bootd(*flags) as bootd, sent_by_boot(lab) as sent:
        for host, mac in ((near, near_mac), (far, far_mac), (behind, behind_mac)):
            with lab.udhcpc_daemon(host) as client:
                if gateways[host]:
                    lab.lab.run(host, ["ip", "route", "add", "default", "via", gateways[host]])
                client.send_signal(signal.SIGUSR1)
                assert client.stdout.readline() == b"renew\n"
            path = mac.replace(":", "-")
            for url in (f"tftp://{SERVER}/{path}/snponly.efi", f"http://{SERVER}:7080/{path}/auto.ipxe"):
                lab.lab.run(host, ["curl", "-sS", "-m", "10", "-o", "/dev/null", url])
            lab.lab.run(host, ["logger", "--udp", "--server", SERVER, "--port", "514", "hello"])
            assert bootd.line(event="syslog", machine=host)["msg"].endswith("hello")
            assert lab.lease(host, "bound")["serverid"] == SERVER
    assert {source for source, _port in sent} == {SERVER}
    ports = {port for _source, port in sent}
    assert {67, 7080} <= ports
    if single_port:
        assert ports == {67, 69, 7080}
    else:
        assert 69 not in ports
        assert None not in ports  # ICMP has none


def test_proxy_offers_and_answers_on_port_4011_from_the_virtual_address(lab):
    """To a machine that has no address yet, and to one that another server gave its own."""
    host, mac = lab.reserve(captures.ADDRESS)
    assert mac == captures.MAC
    lab.plug(host, mac)
    with lab.bootd("--dhcp-mode", "proxy") as bootd, sent_by_boot(lab) as sent:
        # Of an offer without an address udhcpc makes nothing, and asks for ever.
        lab.lab.run(host, ["timeout", "2", *lab.udhcpc_command(host, *FIRMWARE)], check=False)
        lab.lab.run(host, ["ip", "address", "add", f"{captures.ADDRESS}/24", "dev", "eth0"])
        reply = lab.lab.run(host, [sys.executable, "-c", ASK_PROXY]).stdout
        assert bytes.fromhex(reply)[240:243] == b"\x35\1\5"  # DHCPACK
        assert "address" not in bootd.line(event="send", type="DHCPOFFER", machine=host)
    assert set(sent) == {(SERVER, 67), (SERVER, 4011)}


def test_virtual_address_that_goes_to_another_host_and_comes_back(lab, boot_files):
    """Meanwhile bootd answers the broadcasts that it still hears; what is sent to the address is another's."""
    near, near_mac = lab.reserve("10.10.0.60")
    lab.plug(near, near_mac)
    behind, mac = lab.reserve("10.20.0.60")
    lab.plug_behind("east", behind, mac)
    lab.lab.host("other", "10.10.0.6/24")
    url = f"tftp://{SERVER}/{mac.replace(':', '-')}/snponly.efi"
    lab.lab.run(behind, ["ip", "address", "add", "10.20.0.60/24", "dev", "eth0"])
    lab.lab.run(behind, ["ip", "route", "add", "default", "via", "10.20.0.1"])

    def loads() -> bool:
        return lab.lab.run(behind, ["curl", "-sS", "-m", "3", "-o", "/dev/null", url], check=False).returncode == 0

    with lab.bootd("--boot-files", str(boot_files)) as bootd:
        assert loads()
        take(lab)
        give(lab, "other")
        lab.lab.run("east", ["ip", "neigh", "flush", "all"])
        assert not loads()
        assert lab.udhcpc(near)["serverid"] == SERVER
        take(lab, "other")
        give(lab)
        lab.lab.run("east", ["ip", "neigh", "flush", "all"])
        assert loads()
        with lab.relay("east", "eth1", "-a", "-D"), sent_by_boot(lab) as sent:
            assert lab.udhcpc(behind)["serverid"] == SERVER
        assert {source for source, _port in sent} == {SERVER}
        assert not bootd.lines(event="fault")
