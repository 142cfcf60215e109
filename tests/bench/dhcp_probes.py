# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long DHCP answers take while something else goes on, for the measurements beside this file."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from integration.daemon.manifests import manifest
from integration.daemon.running import ADDRESS
from lab.network import Lab

PROBE = Path(__file__).resolve().parent / "dhcp_probe.py"
MACHINES = 20  # that ask in turn, five times a second each


def mac_of(number: int) -> str:
    """Return the MAC of one of the machines."""
    return f"52:54:00:00:00:{number:02x}"


def write_machines(manifests: Path, more: int = 0) -> None:
    """Write the manifests of the machines that ask, and of ``more``."""
    for number in range(MACHINES + more):
        text = manifest(f"m{number}", mac_of(number), f"10.10.0.{30 + number}")
        (manifests / f"m{number}.yaml").write_text(text, encoding="utf-8")


def probe(lab: Lab, until: Callable[[], bool]) -> tuple[list[float], int]:
    """Ask for addresses about a hundred times a second until it is enough; returns times, and how many were lost."""
    argv = [sys.executable, str(PROBE), ADDRESS, *map(mac_of, range(MACHINES))]
    process = lab.popen("client", argv, stdout=subprocess.PIPE, text=True)
    while not until():
        time.sleep(0.05)
    process.terminate()
    output, _errors = process.communicate(timeout=10)
    times = [float(line) for line in output.splitlines()]
    return [item for item in times if item >= 0], sum(item < 0 for item in times)


def percentiles(seconds: list[float]) -> str:
    """Return a line about times."""
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return (
        f"{len(ordered)} answers, median {statistics.median(ordered) * 1000:.2f} ms, "
        f"p99 {p99 * 1000:.2f} ms, worst {ordered[-1] * 1000:.2f} ms"
    )
