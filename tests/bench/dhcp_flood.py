# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One known machine asks far too often, beside others that ask as machines do.

    PYTHONPATH=plugins/module_utils:tests python tests/bench/dhcp_flood.py [SECONDS [RATE...]]

As root. bootd, the machines and the flood are in network namespaces of their own. What is printed: how long the others'
answers take and how many are lost, first without the flood and then at each RATE a second (64 and 3000), and what the
flood costs bootd.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from pathlib import Path

from bench.dhcp_probes import MACHINES, mac_of, percentiles, probe, write_machines
from integration.daemon.dhcp_message import discover
from integration.daemon.running import ADDRESS, Bootd
from lab.network import Lab

RATES = (64, 3000)
FLOOD = "--flood"


def flood(rate: int) -> None:
    """Send as the machine after those that ask, ``rate`` times a second, until ended."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        began, sent = time.monotonic(), 0
        while True:
            sent += 1
            # Numbers that no other asks with: all of them hear what is sent to everybody.
            sender.sendto(discover(mac_of(MACHINES), 1 << 31 | sent), (ADDRESS, 67))
            time.sleep(max(0.0, began + sent / rate - time.monotonic()))


def dropped(bootd: Bootd) -> int:
    """Return how many messages were too many."""
    start = 'bootd_dropped_total{protocol="dhcp",reason="rate"} '
    lines = bootd.get("/metrics")[1].splitlines()
    return int(sum(float(line.removeprefix(start)) for line in lines if line.startswith(start)))


def measure(lab: Lab, bootd: Bootd, seconds: float, rate: int) -> None:
    """Print what the others see for ``seconds`` of a flood."""
    argv = [sys.executable, __file__, FLOOD, str(rate)]
    flooding = lab.popen("flood", argv) if rate else None
    time.sleep(1)
    before, cost, end = dropped(bootd), bootd.processor_seconds(), time.monotonic() + seconds
    times, lost = probe(lab, lambda: time.monotonic() > end)
    used = (bootd.processor_seconds() - cost) / seconds
    refused = dropped(bootd) - before
    if flooding is not None:
        flooding.terminate()
        flooding.wait(10)
    print(f"{rate:5} a second: {percentiles(times)}, {lost} lost; bootd {used:.0%} of a processor, {refused} dropped")


def main(seconds: float, rates: list[int]) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch, Lab() as lab:
        lab.host("boot", f"{ADDRESS}/24")
        lab.host("client", "10.10.0.9/24")
        lab.host("flood", "10.10.0.8/24")
        bootd = Bootd(lab, "boot", Path(scratch) / "bootd")
        write_machines(bootd.manifests, more=1)
        bootd.start()
        try:
            for rate in (0, *rates):
                measure(lab, bootd, seconds, rate)
        finally:
            bootd.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == [FLOOD]:
        try:
            flood(int(sys.argv[2]))
        except OSError as error:
            raise SystemExit(f"the flood has ended: {error}") from None
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0, list(map(int, sys.argv[2:])) or list(RATES))
