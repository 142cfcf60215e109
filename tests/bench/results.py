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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.rig import Figures

OURS = "bootd"


@dataclass(frozen=True)
class Workload:
    """One thing that is measured. ``unit`` is what is counted, and ``per_cpu_second`` of it is what is compared.

    ``shows`` are further figures to print, in this order: their key, their title, what they are multiplied by.
    """

    name: str
    title: str
    unit: str
    shows: tuple[tuple[str, str, float], ...] = (("p50_ms", "p50 ms", 1), ("p99_ms", "p99 ms", 1))


@dataclass
class Results:
    """What was measured of each workload, by server, a round each; and what could not be, in sentences."""

    suite: str
    rounds: int
    workloads: Sequence[Workload]
    figures: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, workload: Workload, server: str, found: Figures) -> None:
        """Keep what was found."""
        self.figures.setdefault(workload.name, {}).setdefault(server, []).append(found)

    def table(self, workload: Workload) -> Iterable[str]:
        """Yield the lines of a workload's table: medians, [least to most], and ratios to bootd."""
        by_server = self.figures.get(workload.name, {})
        titles = ["server", f"{workload.unit}/s", f"{workload.unit} per CPU-s", f"{OURS}/it", "failures", "MB"]
        rows = [[*titles, *(title for _key, title, _factor in workload.shows)]]
        ours = middle(by_server.get(OURS, []), "per_cpu_second")
        for server, rounds in by_server.items():
            theirs = middle(rounds, "per_cpu_second")
            row = [server, spread(rounds, "per_second"), spread(rounds, "per_cpu_second")]
            row.append("" if server == OURS or not ours or not theirs else f"{ours / theirs:.2f}")
            row += [str(sum(found["failures"] for found in rounds)), spread(rounds, "resident", 1e-6)]
            rows.append(row + [spread(rounds, key, factor) for key, _title, factor in workload.shows])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        yield f"{workload.title} ({self.rounds} rounds: median [least to most])"
        for row in rows:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

    def write(self, directory: Path) -> Path:
        """Write all figures, and the machine that they are of, as JSON; returns the file."""
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / f"{self.suite}.json"
        document = {
            "suite": self.suite,
            "measured": time.strftime("%Y-%m-%d %H:%M"),
            "machine": machine(),
            "rounds": self.rounds,
            "problems": self.problems,
            "workloads": [
                {
                    "name": workload.name,
                    "title": workload.title,
                    "unit": workload.unit,
                    "shows": workload.shows,
                    "servers": self.figures.get(workload.name, {}),
                }
                for workload in self.workloads
            ],
        }
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        return file


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
    more = "".join(f", {title} {spread([found], key, factor)}" for key, title, factor in workload.shows)
    rate, cost = spread([found], "per_second"), spread([found], "per_cpu_second")
    return f"{server:12} {workload.name:16} {rate:>8}/s {cost:>8} per CPU-s, {found['failures']} failures{more}"


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
        "python": platform.python_version(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of Debian packages that are installed."""
    argv = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages]
    found = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    return dict(line.split(" ", 1) for line in found.splitlines() if " " in line)
