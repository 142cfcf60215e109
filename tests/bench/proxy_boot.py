# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside a DHCP server: machines in QEMU from power-on to their script, by dnsmasq's proxy mode and by bootd's.

    PYTHONPATH=plugins/module_utils:tests python tests/bench/proxy_boot.py [ROUNDS]

Needs root and what `make demo` needs. One machine at a time, the two servers by turns. The same dnsmasq gives addresses
either way, and the same bootd has the files and the scripts, so that the two runs differ in one thing: who says what to
boot. Prints each figure's median with minimum and maximum in seconds, and the ratio of the medians.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.accelerator import accelerator
from lab.machine import Machine
from servers.dhcp_lab import SERVER, DhcpLab, dhcp_lab, wait_for_line
from servers.other_dhcp import other_dhcp

FILES = ("/usr/lib/ipxe/snponly.efi", "/usr/lib/ipxe/undionly.kpxe")
PATIENCE = 180.0  # seconds
_PACKET = re.compile(rb"(?P<at>\d+\.\d+) IP ")  # the first line of each in what tcpdump prints
# By name: firmware, whether it boots by HTTP, MAC, address.
KINDS = {
    "BIOS, iPXE ROM": ("bios", False, "58:47:ca:71:d8:49", "10.10.0.16"),
    "UEFI PXE": ("uefi", False, "58:47:ca:71:d8:4a", "10.10.0.17"),
    "UEFI HTTP": ("uefi", True, "58:47:ca:71:d8:4b", "10.10.0.18"),
}
SERVERS = ("dnsmasq", "bootd")
# What gives the addresses, and says nothing of booting.
ADDRESSES = """\
port=0
dhcp-range=10.10.0.200,10.10.0.250,255.255.255.0,1h
dhcp-option=option:router,10.10.0.1
""" + "".join(f"dhcp-host={mac},{address}\n" for _firmware, _http, mac, address in KINDS.values())
# What says what to boot, and gives no address.
PROXY = f"""\
port=0
dhcp-range=10.10.0.0,proxy
dhcp-pxe-vendor=PXEClient,HTTPClient
dhcp-userclass=set:ipxe,iPXE
dhcp-match=set:http,option:client-arch,16
pxe-service=tag:!ipxe,tag:!http,x86PC,bootd,undionly.kpxe,{SERVER}
pxe-service=tag:!ipxe,tag:!http,BC_EFI,bootd,snponly.efi,{SERVER}
pxe-service=tag:!ipxe,tag:!http,x86-64_EFI,bootd,snponly.efi,{SERVER}
dhcp-boot=tag:ipxe,http://{SERVER}:7080/${{mac:hexhyp}}/auto.ipxe,,{SERVER}
dhcp-boot=tag:!ipxe,tag:http,http://{SERVER}:7080/ipxe/snponly.efi
"""


class Times:
    """When a machine first asked by DHCP, and when bootd was asked for its script."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.asked, self.script = 0.0, threading.Event()
        self.script_at = 0.0
        self._process = process
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def end(self) -> None:
        """End the process and be through with what it said."""
        self._process.terminate()
        self._reader.join()

    def _read(self) -> None:
        at = 0.0
        for line in self._process.stdout:
            if packet := _PACKET.match(line):
                at = float(packet["at"])
            if b"BOOTP/DHCP, Request" in line and not self.asked:
                self.asked = at
            elif b"GET /" in line and b"/auto.ipxe" in line and not self.script_at:
                self.script_at = at
                self.script.set()


@contextmanager
def times(lab: DhcpLab) -> Iterator[Times]:
    """Watch the link of bootd's host while the block runs."""
    argv = ["tcpdump", "-i", "eth0", "-n", "-tt", "-l", "--immediate-mode", "-A"]
    argv += ["udp dst port 67 or (tcp dst port 7080 and tcp[tcpflags] & tcp-push != 0)"]
    with lab.lab.popen("boot", argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for_line(process.stderr, b"listening on")
        seen = Times(process)
        try:
            yield seen
        finally:
            seen.end()


def boot(lab: DhcpLab, machine: Machine) -> tuple[float, float]:
    """Power the machine on and off; returns seconds from power-on, and from its first question, to its script."""
    with times(lab) as seen:
        began = time.time()
        machine.power_on()
        try:
            if not seen.script.wait(PATIENCE):
                raise AssertionError(f"no script in {PATIENCE} s; its console:\n{machine.console[-3000:]}")
        finally:
            machine.power_off()
    return seen.script_at - began, seen.script_at - seen.asked


@contextmanager
def proxy(lab: DhcpLab, server: str, directory: Path, files: Path) -> Iterator[None]:
    """Have ``server`` say what to boot while the block runs; files and scripts are bootd's in any case."""
    mode = "proxy" if server == "bootd" else "off"
    with lab.bootd(
        "--interface", "eth0", "--dhcp-mode", mode, "--boot-files", str(files), "--router-advertisements", "yes"
    ):
        if server == "bootd":
            yield
        else:
            with other_dhcp(lab.lab, "boot", directory / "proxy", "dnsmasq", PROXY):
                yield


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    figures: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch, dhcp_lab(Path(scratch)) as lab:
        directory = Path(scratch)
        files = directory / "files"
        files.mkdir()
        for file in FILES:
            shutil.copy(file, files)
        lab.lab.host("router", "10.10.0.1/24")
        machines = {}
        for kind, (firmware, http, mac, address) in KINDS.items():
            name, _mac = lab.reserve(address, mac=mac)
            machines[kind] = Machine(lab.lab, directory, name, mac, firmware, http=http)
        with other_dhcp(lab.lab, "router", directory / "addresses", "dnsmasq", ADDRESSES):
            for number in range(rounds):
                for server in SERVERS[:: -1 if number % 2 else 1]:
                    with proxy(lab, server, directory, files):
                        for kind, machine in machines.items():
                            took = boot(lab, machine)
                            figures.setdefault((kind, server), []).append(took)
                            print(f"{kind:15} {server:8} {took[0]:6.1f} {took[1]:6.1f}", file=sys.stderr, flush=True)
    report(figures, rounds)


def report(figures: dict[tuple[str, str], list[tuple[float, float]]], rounds: int) -> None:
    """Print the figures as a table of Markdown."""
    print(f"{rounds} rounds, accelerator {accelerator()}; seconds: median (minimum to maximum)\n")
    print("| | dnsmasq | bootd | bootd / dnsmasq |\n|---|---|---|---|")
    for which, since in enumerate(("power-on", "its first question")):
        for kind in KINDS:
            series = [[took[which] for took in figures[kind, server]] for server in SERVERS]
            cells = [f"{statistics.median(one):.1f} ({min(one):.1f} to {max(one):.1f})" for one in series]
            ratio = statistics.median(series[1]) / statistics.median(series[0])
            print(f"| {kind}, from {since} | {cells[0]} | {cells[1]} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
