# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines as a table for people, that fits a terminal of 80 columns."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..decisions.stages import STAGES
from ..hardware.problem import printable

_TITLES = ("NAME", "MAC", "ADDRESS", "STAGE", "FOR", "TRY", "PXE", "LAST SEEN")
_GAP = "  "
MIN_LAST = 24  # columns; where fewer are left, what was seen last has a line of its own
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def width_of_terminal() -> int:
    """Return the columns of the terminal on standard output, 0 where that is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def age(seconds: float) -> str:
    """Return a duration in its largest unit, as in "3h"; "0s" for one that is no duration."""
    whole = max(0, int(seconds))
    return next((f"{whole // size}{unit}" for unit, size in _UNITS if whole >= size), "0s")


def table(machines: Sequence[dict[str, Any]], now: float, width: int = 0) -> Iterator[str]:
    """Yield the lines of a table of ``machines``, documents of the API; ``width`` in columns, 0: as wide as need be."""
    yield from laid_out([_TITLES, *(_row(machine, now) for machine in machines)], width)
    yield ""
    yield summary(machines)


def laid_out(rows: Sequence[tuple[str, ...]], width: int = 0) -> Iterator[str]:
    """Yield the lines of a table of ``rows``, titles first; the last column has lines of its own where it is cut."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    used = sum(widths) + len(_GAP) * len(widths)
    beside = not width or width - used >= MIN_LAST
    for row in rows:
        *fixed, last = row
        line = _GAP.join(text.ljust(size) for text, size in zip(fixed, widths, strict=True))
        if beside:
            yield _cut(f"{line}{_GAP}{last}".rstrip(), width)
            continue
        yield line.rstrip()
        if last and row is not rows[0]:
            yield _cut(f"{_GAP}{last}", width)


def summary(machines: Sequence[dict[str, Any]]) -> str:
    """Return how many machines stand where, in one line."""
    stages = Counter(machine["stage"] for machine in machines)
    parts = [f"{stages[stage]} {stage}" for stage in STAGES if stages[stage]]
    count = "1 machine" if len(machines) == 1 else f"{len(machines)} machines"
    return f"{count}: {', '.join(parts)}" if parts else count


def _row(machine: dict[str, Any], now: float) -> tuple[str, ...]:
    last = machine["last"]
    waits = machine["waits_for"] and f"waits for {machine['waits_for']}"
    unusable = "" if machine["mac"] else machine["reason"]
    seen = machine["error"] or waits or unusable or last["what"]
    since = machine["since"]
    return (
        printable(machine["name"]),
        machine["mac"] or "-",
        machine["ip"] or "-",
        machine["stage"],
        age(now - since) if since else "-",
        str(machine["attempt"] or "-"),
        "on" if machine["netboot"] else "off",
        printable(seen),
    )


def _cut(line: str, width: int) -> str:
    return line if not width or len(line) <= width else f"{line[: width - 3]}..."
