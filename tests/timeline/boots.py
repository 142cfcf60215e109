# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines in QEMU that boot by bootd, or by dnsmasq and nginx, with a capture on their cable."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from integration.daemon.running import ADDRESS, Bootd
from lab import debian
from lab.bootstrap import NODE
from lab.capture import Capture, Step
from lab.machine import Machine
from lab.network import BRIDGE, Lab

MAC, NAME, MACHINE_ADDRESS = "58:47:ca:71:d8:49", "um790-1", "10.10.0.16"
PORT = 7080
BASE = f"http://{ADDRESS}:{PORT}"
PATIENCE = 180.0  # seconds
STARTED = "Linux version"  # what its console says once it has left iPXE
IPXE_OF_DEBIAN_12 = Path("/usr/lib/ipxe")
SUITE = "trixie"


@dataclass(frozen=True, slots=True)
class Kind:
    """A machine by ``firmware``, and the boot ``program`` that it is told to load; "" for the iPXE of its card."""

    name: str
    title: str
    firmware: str
    program: str = ""
    newer: bool = False  # Debian 13's iPXE, or else Debian 12's
    rom: Callable[[], bytes] | None = None


def boot(kind: Kind, server: str, images: Path, directory: Path, programs: Path) -> list[Step]:
    """Boot a machine of ``kind`` by ``server``, "bootd" or "dnsmasq"; return the steps until its kernel has started.

    ``images`` has kernel and initrd, ``programs`` the boot programs; ``directory`` takes logs and the capture.
    """
    directory = directory.resolve()  # where nginx finds it, too
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with Lab() as lab:
        lab.host(NODE, f"{ADDRESS}/24")
        (_serve_bootd if server == "bootd" else _serve_peers)(lab, kind, images, directory, programs)
        more = {}
        if kind.rom:
            more["rom"] = directory / "card.rom"
            more["rom"].write_bytes(kind.rom())
        machine = Machine(lab, directory, NAME, MAC, kind.firmware, **more)
        capture = Capture(lab, BRIDGE, machine.tap, directory / "boot.pcap")
        machine.power_on()
        end = time.monotonic() + PATIENCE
        while STARTED not in machine.console:
            if time.monotonic() > end or not machine.is_on:
                raise RuntimeError(f"{kind.name} by {server}: no kernel has started:\n{machine.console[-2000:]}")
            time.sleep(0.2)
        machine.power_off()
        return capture.end()


def newer_programs(cache: Path) -> Path:
    """The directory with the boot programs of Debian 13's iPXE, below ``cache``; fetched once."""
    target = cache / f"ipxe-{SUITE}"
    if not target.exists():
        scratch = cache / f"{target.name}.new"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        packages = debian.archive(cache, "amd64", SUITE).download(scratch, "ipxe")
        debian.unpack(packages, scratch / "root")
        (scratch / "root/usr/lib/ipxe").rename(target)
        shutil.rmtree(scratch)
    return target


def _serve_bootd(lab: Lab, kind: Kind, images: Path, directory: Path, programs: Path) -> None:
    bootd = Bootd(lab, NODE, directory, more=("--image-dir", str(images)))
    for program in ("undionly.kpxe", "snponly.efi", "ipxe.efi"):
        shutil.copy(programs / program, bootd.boot_files)
    dhcp = {"mac": MAC, "uefi": kind.firmware == "uefi", "hostname": NAME}
    dhcp |= {"ip": {"address": MACHINE_ADDRESS, "netmask": "255.255.255.0"}}
    osie = {"baseURL": f"{BASE}/images", "kernel": "vmlinuz-amd64", "initrd": "initrd-amd64"}
    netboot = {"allowPXE": True, "osie": {**osie, "kernelParams": ["console=ttyS0"]}}
    if kind.program and not kind.rom:
        netboot["ipxe"] = {"binary": kind.program}
    document = {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": NAME, "namespace": "default"},
        "spec": {"interfaces": [{"dhcp": dhcp, "netboot": netboot}]},
    }
    (bootd.manifests / "hardware.yaml").write_text(json.dumps(document))
    bootd.start()


def _serve_peers(lab: Lab, kind: Kind, images: Path, directory: Path, programs: Path) -> None:
    """The usual pair: dnsmasq with a reservation and its default settings else, nginx with a script and the files."""
    site = directory / "site"
    site.mkdir()
    (site / "images").symlink_to(images)
    (site / "auto.ipxe").write_text(_SCRIPT.format(base=BASE))
    (directory / "nginx.conf").write_text(_NGINX.format(directory=directory, port=PORT))
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts"]
    argv += ["--user=root", "--port=0", f"--dhcp-leasefile={directory / 'leases'}", "--dhcp-authoritative"]
    argv += ["--dhcp-range=10.10.0.0,static", f"--dhcp-host={MAC},{MACHINE_ADDRESS},{NAME}", "--enable-tftp"]
    argv += [f"--tftp-root={programs}", "--dhcp-userclass=set:ipxe,iPXE", f"--dhcp-boot=tag:ipxe,{BASE}/auto.ipxe"]
    argv += [f"--dhcp-boot=tag:!ipxe,{kind.program or 'undionly.kpxe'}", "--log-dhcp"]
    with (directory / "dnsmasq.log").open("wb") as log:
        lab.popen(NODE, [*argv, "--log-facility=-"], stdout=log, stderr=log)
    with (directory / "nginx.log").open("wb") as log:
        nginx = lab.popen(NODE, ["nginx", "-e", "stderr", "-c", str(directory / "nginx.conf")], stdout=log, stderr=log)
    lab.wait_for_port(NODE, PORT, nginx)


_NGINX = """\
daemon off;
user root;
pid {directory}/nginx.pid;
events {{ }}
http {{
    sendfile on;
    access_log off;
    server {{
        listen {port};
        root {directory}/site;
    }}
}}
"""
_SCRIPT = """\
#!ipxe
kernel {base}/images/vmlinuz-amd64 initrd=initrd-amd64 console=ttyS0
initrd {base}/images/initrd-amd64
boot
"""
