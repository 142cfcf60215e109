# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of several rounds: kept, printed as they come, and as medians with what bootd is to each of its peers."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.rig import PYTHON, Figures
from lab.command import run

OURS = "bootd"


@dataclass(frozen=True)
class Workload:
    """One thing that is measured. ``unit`` is what is counted.

    ``shows`` are further figures to print, in this order: key and title. ``compares`` is the key of the figure by which
    bootd is compared with its peers: the more of ``per_cpu_second`` the better, the less of ``p99_ms``.
    """

    name: str
    title: str
    unit: str
    shows: tuple[tuple[str, str], ...] = (("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"))
    compares: str = "per_cpu_second"


@dataclass
class Results:
    """What was measured of each workload, by server, a round each; and what could not be, in sentences."""

    suite: str
    rounds: int
    workloads: Sequence[Workload]
    figures: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def add(self, workload: Workload, server: str, found: Figures) -> None:
        """Keep what was found."""
        self.figures.setdefault(workload.name, {}).setdefault(server, []).append(found)

    def leave_out(self, what: str, why: str) -> None:
        """Keep that something could not be measured, and say so."""
        self.problems.append(f"{self.suite}: {what}: {why.splitlines()[0]}")
        print(f"  {what} is left out: {why}", flush=True)

    def table(self, workload: Workload) -> Iterable[str]:
        """Yield the lines of a workload's table, for a terminal."""
        rows = rows_of(workload, self.figures.get(workload.name, {}))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        yield f"{workload.title} (rounds: {self.rounds}; median [least to most])"
        for row in rows:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

    def write(self, file: Path) -> Path:
        """Write all figures, and the machine that they are of, as JSON; returns the file."""
        document = {
            "suite": self.suite,
            "measured": time.strftime("%Y-%m-%d %H:%M"),
            "machine": machine(),
            "versions": self.versions,
            "rounds": self.rounds,
            "problems": self.problems,
            "workloads": [
                {**asdict(workload), "servers": self.figures.get(workload.name, {})} for workload in self.workloads
            ],
        }
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        return file


def rows_of(workload: Workload, by_server: Mapping[str, Sequence[Figures]]) -> list[list[str]]:
    """Return the rows of a workload's table, the first one its titles: medians, [least to most], ratios to bootd."""
    compared = "" if workload.compares == "per_cpu_second" else f" {workload.compares.removesuffix('_ms')}"
    titles = ["server", f"{workload.unit}/s", f"{workload.unit} per CPU-s", f"{OURS}/it{compared}", "failures", "MB"]
    rows = [[*titles, *(title for _key, title in workload.shows)]]
    ours = middle(by_server.get(OURS, []), workload.compares)
    for server, rounds in by_server.items():
        theirs = middle(rounds, workload.compares)
        row = [server, spread(rounds, "per_second"), spread(rounds, "per_cpu_second")]
        row.append("" if server == OURS or not ours or not theirs else f"{ours / theirs:.2f}")
        row += [str(sum(found["failures"] for found in rounds)), spread(rounds, "resident", 1e-6)]
        rows.append(row + [spread(rounds, key) for key, _title in workload.shows])
    return rows


def middle(rounds: Sequence[Figures], key: str) -> float | None:
    """Return the median of a figure, None where no round has it."""
    values = [found[key] for found in rounds if found.get(key) is not None]
    return statistics.median(values) if values else None


def spread(rounds: Sequence[Figures], key: str, factor: float = 1) -> str:
    """Return a figure's median with [least to most] as text, "-" where no round has it."""
    values = [found[key] * factor for found in rounds if found.get(key) is not None]
    if not values:
        return "-"
    ends = f" [{short(min(values))} to {short(max(values))}]" if len(values) > 1 else ""
    return short(statistics.median(values)) + ends


def short(value: float) -> str:
    """Return a number with three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def line_of(server: str, workload: Workload, found: Figures) -> str:
    """Return what is printed as soon as something is measured."""
    more = "".join(f", {title} {spread([found], key)}" for key, title in workload.shows)
    rate, cost = spread([found], "per_second"), spread([found], "per_cpu_second")
    return f"{server:15} {workload.name:16} {rate:>8}/s {cost:>8} per CPU-s, {found['failures']} failures{more}"


def machine() -> dict[str, Any]:
    """Describe the machine: processor, memory, kernel, Python, and how busy it is with other things."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
    return {
        "processor": cpu[1] if cpu else platform.machine(),
        "processors": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / (1 << 20)) if memory else None,
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "python": run([PYTHON, "-c", "import platform; print(platform.python_version())"]).stdout.strip(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of Debian packages that are installed."""
    argv = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages]
    found = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    return dict(line.split(" ", 1) for line in found.splitlines() if " " in line)
