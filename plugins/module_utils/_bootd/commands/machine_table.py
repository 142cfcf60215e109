# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines as a table for people, that fits a terminal of 80 columns: for ``bootd machines`` and ``bootd top``."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..decisions.stages import STAGES
from ..hardware.problem import printable

TITLES = ("NAME", "MAC", "ADDRESS", "STAGE", "FOR", "TRY", "PXE", "LAST SEEN")
_GAP = "  "
MIN_LAST = 24  # columns; where fewer are left, what was seen last has a line of its own
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_BAR = 16  # characters
# Of two machines without trouble the one that is on its way comes first.
_ORDER = ("failed", "installing", "kernel", "script", "loading", "offered", "installed", "known", "ready")


def width_of_terminal() -> int:
    """Return the columns of the terminal on standard output, 0 where that is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def age(seconds: float) -> str:
    """Return a duration in its largest unit, as in "3h"; "0s" for one that is no duration."""
    whole = max(0, int(seconds))
    return next((f"{whole // size}{unit}" for unit, size in _UNITS if whole >= size), "0s")


def table(machines: Sequence[dict[str, Any]], now: float, width: int = 0) -> Iterator[str]:
    """Yield the lines of a table of ``machines``, documents of the API; ``width`` in columns, 0: as wide as need be."""
    yield from laid_out([TITLES, *(row(machine, now) for machine in machines)], width)
    yield ""
    yield summary(machines)


def laid_out(rows: Sequence[tuple[str, ...]], width: int = 0) -> Iterator[str]:
    """Yield the lines of a table of ``rows``, titles first; the last column has lines of its own where it is cut."""
    for lines in blocks(rows, width):
        yield from lines


def blocks(rows: Sequence[tuple[str, ...]], width: int = 0) -> Iterator[list[str]]:
    """Yield the lines of each of ``rows``; see ``laid_out``."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    used = sum(widths) + len(_GAP) * len(widths)
    beside = not width or width - used >= MIN_LAST
    for row in rows:
        *fixed, last = row
        line = _GAP.join(text.ljust(size) for text, size in zip(fixed, widths, strict=True))
        if beside:
            yield [_cut(f"{line}{_GAP}{last}".rstrip(), width)]
        elif last and row is not rows[0]:
            yield [_cut(line.rstrip(), width), _cut(f"{_GAP}{last}", width)]
        else:
            yield [_cut(line.rstrip(), width)]


def summary(machines: Iterable[dict[str, Any]]) -> str:
    """Return how many machines stand where, in one line."""
    stages = Counter(machine["stage"] for machine in machines)
    parts = [f"{stages[stage]} {stage}" for stage in STAGES if stages[stage]]
    number = stages.total()
    count = "1 machine" if number == 1 else f"{number} machines"
    return f"{count}: {', '.join(parts)}" if parts else count


def trouble_first(machine: dict[str, Any]) -> tuple[bool, bool, int, str]:
    """Return the key to sort by: what failed or met an error, what waits, what is on its way, and the others."""
    stage = machine["stage"]
    failing = stage == "failed" or bool(machine["error"])
    order = _ORDER.index(stage) if stage in _ORDER else len(_ORDER)
    return not failing, not machine["waits_for"], order, f"{machine['namespace']}/{machine['name']}"


def row(machine: dict[str, Any], now: float, *, bars: bool = False) -> tuple[str, ...]:
    """Return a row of the table; ``bars``: draw how much of what it loads the machine has."""
    since = machine["since"]
    return (
        printable(machine["name"]),
        machine["mac"] or "-",
        machine["ip"] or "-",
        machine["stage"],
        age(now - since) if since else "-",
        str(machine["attempt"] or "-"),
        "on" if machine["netboot"] else "off",
        (bars and _bar(machine)) or printable(machine["summary"]),
    )


def _bar(machine: dict[str, Any]) -> str:
    """Return a bar of what a machine is loading, "" where it loads nothing that is worth one."""
    progress = machine["progress"]
    percent = progress.get("percent")
    if percent is None or percent >= 100 or machine["stage"] == "failed" or machine["error"] or machine["waits_for"]:
        return ""
    done = _BAR * percent // 100
    return f"[{'#' * done}{'.' * (_BAR - done)}] {percent:2} % {progress['what']}"


def _cut(line: str, width: int) -> str:
    return line if not width or len(line) <= width else f"{line[: width - 3]}..."
