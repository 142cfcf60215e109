# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves a large image to several clients at once, while machines ask for addresses.

    PYTHONPATH=plugins/module_utils:tests python tests/bench/images.py [GIB [CLIENTS]]

As root. bootd and its clients are in network namespaces of their own. What is printed: how long DHCP answers take
before and while the image is served, how much memory bootd has, and how fast the image came.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.dhcp_probes import percentiles, probe, write_machines
from integration.daemon.running import ADDRESS, Bootd
from lab.network import Lab

QUIET = 5.0  # seconds without downloads, to compare with


def main(gib: int, clients: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch, Lab() as lab:
        images = Path(scratch) / "images/v1.8.2"
        images.mkdir(parents=True)
        iso = images / "harvester-v1.8.2-amd64.iso"
        with iso.open("wb") as file:
            file.truncate(gib << 30)
        lab.host("boot", f"{ADDRESS}/24")
        lab.host("client", "10.10.0.9/24")
        bootd = Bootd(lab, "boot", Path(scratch) / "bootd", more=("--image-dir", str(images.parent)))
        write_machines(bootd.manifests)
        bootd.start()
        try:
            idle = bootd.resident()
            measure(lab, bootd, gib, clients, idle)
        finally:
            bootd.stop()


def measure(lab: Lab, bootd: Bootd, gib: int, clients: int, idle: int) -> None:
    """Print what DHCP takes before and during downloads."""
    end = time.monotonic() + QUIET
    before, lost_before = probe(lab, lambda: time.monotonic() > end)
    url = f"http://{ADDRESS}:7080/images/v1.8.2/harvester-v1.8.2-amd64.iso"
    argv = [
        "curl",
        "--silent",
        "--show-error",
        "--fail",
        "--output",
        os.devnull,
        "--write-out",
        "%{size_download}",
        url,
    ]
    began = time.monotonic()
    fetching = [lab.popen("client", argv, stdout=subprocess.PIPE, text=True) for _unused in range(clients)]
    most = 0

    def done() -> bool:
        nonlocal most
        most = max(most, bootd.resident())
        return all(process.poll() is not None for process in fetching)

    during, lost_during = probe(lab, done)
    took = time.monotonic() - began
    sizes = [int(process.communicate()[0]) for process in fetching]
    if sizes != [gib << 30] * clients:
        raise RuntimeError(f"the clients have {sizes} octets of {gib << 30}")
    print(f"{clients} clients, {gib} GiB each: {took:.1f} s, {clients * (gib << 30) / took / 1e6:.0f} MB/s in all")
    print(f"DHCP before: {percentiles(before)}, {lost_before} lost")
    print(f"DHCP during: {percentiles(during)}, {lost_during} lost")
    print(f"bootd's memory: {idle / 1e6:.0f} MB before, {most / 1e6:.0f} MB at most")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6, int(sys.argv[2]) if len(sys.argv) > 2 else 4)
