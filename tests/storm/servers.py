# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a storm is aimed at: bootd as it is shipped, and dnsmasq with nginx, set up by hand for the same machines."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.request import urlopen

from bench.bootds import program
from bench.rig import ROOT, SERVER, NotMeasured, Program, Rig, Running
from lab.command import run
from storm.fleet import BOOT_FILE, HTTP_PORT, KERNEL, KERNEL_PATH, Machine

BASE = f"http://{SERVER}:{HTTP_PORT}"
FACTS = (
    "uuid={name}&manufacturer=QEMU&product=Storm&serial={name}&platform=efi&buildarch=x86_64&version=1.0.0&nic=virtio"
)


class Servers(Protocol):
    """One way to serve machines; ``kept`` is what its answer to a report says, "" where that is a 204."""

    name: str
    kept: str

    def serving(self, rig: Rig, site: Path, machines: Sequence[Machine]) -> Iterator[list[Running]]:
        """Serve ``machines``, whose files are below ``site``, while the block runs; a context manager."""

    def row(self, machine: Machine) -> list[str]:
        """What the machine has to be told, and then asks for: the last eight columns of the table of ``machines``."""


class Bootd:
    """bootd with its default settings and a directory of manifests."""

    name, kept = "bootd", '"kept":true'

    def __init__(self, checkout: Path = ROOT) -> None:
        """``checkout`` is the one whose bootd it is."""
        self._program = program(checkout)
        self._report_urls: dict[str, str] = {}

    @contextmanager
    def serving(self, rig: Rig, site: Path, machines: Sequence[Machine]) -> Iterator[list[Running]]:
        with tempfile.TemporaryDirectory(dir=rig.scratch, prefix="bootd-") as scratch:
            manifests = Path(scratch) / "manifests"
            manifests.mkdir()
            common = ["--store", f"files:{manifests}", "--state-dir", f"{scratch}/state", "--address", SERVER]
            write_manifests(manifests, machines)
            told = json.loads(run([*self._program, "report-url", *common], timeout=300).stdout)
            self._report_urls = {key.rpartition("/")[2]: url for key, url in told.items()}
            write_manifests(manifests, machines, self._report_urls)
            argv = [*self._program, "serve", *common, "--interface", "eth0", "--boot-files", str(site / "boot")]
            with rig.server(Program([*argv, "--image-dir", str(site / "images")]), answers) as running:
                yield [running]

    def row(self, machine: Machine) -> list[str]:
        report_url = self._report_urls[machine.name]
        script, phone_home = f"/{machine.dashed}/auto.ipxe", f"/phone-home?mac={machine.dashed}"
        return [
            f"{machine.dashed}/{BOOT_FILE}",
            BASE + script,
            script,
            f"{BASE}{phone_home}&event=facts",
            f"kernel {BASE}{KERNEL_PATH} initrd=initrd.img lab.report={report_url}",
            f"{phone_home}&event=facts&{FACTS.format(name=machine.name)}",
            f"{phone_home}&event=loaded&role=kernel&url={BASE}{KERNEL_PATH}",
            f"{report_url.removeprefix(BASE)}/succeeded",
        ]


class DnsmasqAndNginx:
    """dnsmasq with a reservation for each machine; nginx with a script for each, and 204 to whatever is reported."""

    name, kept = "dnsmasq + nginx", ""

    @contextmanager
    def serving(self, rig: Rig, site: Path, machines: Sequence[Machine]) -> Iterator[list[Running]]:
        with tempfile.TemporaryDirectory(dir=rig.scratch, prefix="peers-") as scratch:
            directory = Path(scratch)
            hosts = "".join(f"{machine.mac},{machine.address},{machine.name},1d\n" for machine in machines)
            (directory / "hosts").write_text(hosts, encoding="ascii")
            for machine in machines:
                script = directory / machine.dashed / "auto.ipxe"
                script.parent.mkdir()
                script.write_text(_SCRIPT.format(base=BASE, machine=machine, kernel=KERNEL_PATH), encoding="ascii")
            (directory / "images").symlink_to(site / "images")
            for name, text in (("dnsmasq.conf", _DNSMASQ), ("nginx.conf", _NGINX)):
                filled = text.format(directory=directory, site=site, server=SERVER, port=HTTP_PORT, boot_file=BOOT_FILE)
                (directory / name).write_text(filled, encoding="ascii")
            dnsmasq = [_program("dnsmasq"), "--keep-in-foreground", f"--conf-file={directory}/dnsmasq.conf"]
            nginx = [_program("nginx"), "-p", scratch, "-e", f"{directory}/error.log", "-c", f"{directory}/nginx.conf"]
            log = directory / "dnsmasq.log"

            def serves_files() -> None:
                if not log.exists() or "TFTP root" not in log.read_text():
                    raise NotMeasured("it does not serve files by TFTP yet")

            with (
                rig.server(Program(dnsmasq), serves_files) as first,
                rig.server(Program(nginx), answers) as second,
            ):
                yield [first, second]

    def row(self, machine: Machine) -> list[str]:
        phone_home = f"/phone-home?mac={machine.dashed}"
        succeeded = f"/phone-home/{machine.dashed}/succeeded"
        return [
            BOOT_FILE,
            f"{BASE}/${{mac:hexhyp}}/auto.ipxe",
            f"/{machine.dashed}/auto.ipxe",
            f"{BASE}{phone_home}&event=facts",
            f"kernel {BASE}{KERNEL_PATH} initrd=initrd.img lab.report={BASE}{succeeded}",
            f"{phone_home}&event=facts&{FACTS.format(name=machine.name)}",
            f"{phone_home}&event=loaded&role=kernel&url={BASE}{KERNEL_PATH}",
            succeeded,
        ]


# Both as Debian's packages have them, but for what a thousand machines need: more transfers at once than 50, more
# connections than 768, and leases for all.
_DNSMASQ = """\
port=0
interface=eth0
dhcp-authoritative
dhcp-range=198.18.0.0,static,255.254.0.0
dhcp-hostsfile={directory}/hosts
dhcp-lease-max=20000
dhcp-leasefile={directory}/leases
dhcp-userclass=set:ipxe,iPXE
dhcp-boot=tag:!ipxe,{boot_file}
dhcp-boot=tag:ipxe,http://{server}:{port}/${{mac:hexhyp}}/auto.ipxe
enable-tftp
tftp-root={site}/boot
tftp-max=20000
log-facility={directory}/dnsmasq.log
user=root
"""
_NGINX = """\
daemon off;
user root;
worker_processes 1;
worker_rlimit_nofile 65536;
pid {directory}/nginx.pid;
events {{ worker_connections 30000; }}
http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;
    access_log {directory}/access.log;
    server {{
        listen {server}:{port} backlog=4096;
        root {directory};
        location /phone-home {{ return 204; }}
    }}
}}
"""
_SCRIPT = """\
#!ipxe
imgfetch --name report --timeout 5000 {base}/phone-home?mac={machine.dashed}&event=facts&uuid=${{uuid}} ||
imgfree report ||
kernel {base}{kernel} initrd=initrd.img lab.report={base}/phone-home/{machine.dashed}/succeeded
initrd --name initrd.img {base}/images/initrd.img
boot
"""


def answers() -> None:
    """Raise NotMeasured as long as HTTP is not answered; where bootd answers that, it answers all."""
    try:
        with urlopen(f"{BASE}{KERNEL_PATH}", timeout=2) as answer:
            answer.read(1)
    except OSError as error:
        raise NotMeasured(f"HTTP is not answered: {error}") from None


def write_manifests(directory: Path, machines: Sequence[Machine], report_urls: dict[str, str] | None = None) -> None:
    """Write the Hardware of all ``machines`` into one file; ``report_urls``, by name, are put into kernel lines."""
    urls = report_urls or {}
    texts = (json.dumps(hardware(machine, urls.get(machine.name, ""))) + "\n" for machine in machines)
    (directory / "machines.yaml").write_text("---\n".join(texts), encoding="utf-8")  # JSON is YAML too


def hardware(machine: Machine, report_url: str = "") -> dict[str, object]:
    """Return the Hardware object of ``machine``."""
    address = {"address": machine.address, "netmask": "255.254.0.0", "gateway": "198.18.0.2"}
    dhcp = {"mac": machine.mac, "hostname": machine.name, "arch": "x86_64", "uefi": True, "ip": address}
    osie: dict[str, object] = {"baseURL": f"{BASE}/images", "kernel": KERNEL, "initrd": "initrd.img"}
    if report_url:
        osie["kernelParams"] = [f"lab.report={report_url}"]
    return {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": machine.name, "namespace": "default"},
        "spec": {"interfaces": [{"dhcp": dhcp, "netboot": {"allowPXE": True, "osie": osie}}]},
    }


def _program(name: str) -> str:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") or name
