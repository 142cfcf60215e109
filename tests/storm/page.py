# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of docs/scaling.md, of the results in build/bench.

    PYTHONPATH=plugins/module_utils:tests build/venv/bin/python -m storm.page

`make scaling-page` does it. Each block of figures stands between two comments of its name and is written anew where its
results are there; one whose results are not stays as it is.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.rig import ROOT

PAGE, RESULTS = ROOT / "docs/scaling.md", ROOT / "build/bench"
Document = dict[str, Any]


def row(cells: Iterable[object]) -> str:
    """Return a row of a table in Markdown."""
    return "| " + " | ".join(map(str, cells)) + " |"


def short(value: float) -> str:
    """Return ``value`` with three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def measured(document: Document) -> str:
    """Return when and where it was measured."""
    host = document["machine"]
    where = f"{host['processors']} processors ({host['processor']}), Linux {host['kernel']}, Python {host['python']}"
    busy = [host[name] for name in ("load", "load_before", "load_after") if name in host]
    return f"*Measured {document['measured']} on {where}" + (f"; load average {busy[-1][0]}.*" if busy else ".*")


def storm(document: Document) -> list[str]:
    """Return the lines about a storm."""
    servers: dict[str, list[Document]] = document["servers"]

    def cells(of: Callable[[Document], float]) -> list[str]:
        return [short(statistics.median(map(of, rounds))) for rounds in servers.values()]

    def times(name: str, which: str) -> list[str]:
        return cells(lambda found: found["milliseconds"][name][which])

    rounds = len(next(iter(servers.values())))
    count = document["machines"]
    lines = [
        f"{count:,} machines, powered on within {document['spread_seconds']:g} s; medians of rounds: {rounds}.",
        "",
        row(["", *servers]),
        "|---" * (len(servers) + 1) + "|",
        row(["machines that failed", *(sum(found["failures"] for found in one) for one in servers.values())]),
        row(["last machine done after, s", *cells(lambda found: found["seconds"])]),
        row(["processor time of the servers, s", *cells(lambda found: found["server_cpu_seconds"])]),
        row(["a machine's boot, ms of it", *cells(lambda found: 1000 * found["server_cpu_seconds"] / count)]),
        row(["most memory, MB", *cells(lambda found: found["server_bytes_at_most"] / 1e6)]),
        row(["DHCP messages sent again", *cells(lambda found: found["sent_again"]["dhcp"])]),
    ]
    for name, title in (("dhcp", "DHCP"), ("tftp", "TFTP, first"), ("script", "script"), ("report", "report")):
        lines += [row([f"{title}, {which}, ms", *times(name, which)]) for which in ("p99", "worst")]
    lines.append(row(["installer's report, p99, ms", *times("phone_home", "p99")]))
    cost = statistics.median(found["server_cpu_seconds"] for found in servers["bootd"]) / count
    words = (
        f"So one processor carries {short(1 / cost)} boots a second with their files: 10,000 machines are "
        f"{short(10_000 * cost / 60)} minutes of it, and 1,000 that are switched on over ten minutes keep it busy to "
        f"{short(100 * 1000 * cost / 600)} %."
    )
    return [*lines, "", words, "", measured(document)]


def growth(document: Document) -> list[str]:
    """Return the lines about growth."""
    columns: Sequence[tuple[str, str, float]] = (
        ("first_start_cpu_seconds", "first start, s", 1),
        ("restart_cpu_seconds", "restart, s", 1),
        ("bytes_at_rest", "memory, MB", 1e-6),
        ("first_offer_microseconds", "OFFER, ms", 1e-3),
        ("offer_microseconds", "once more", 1e-3),
        ("first_script_microseconds", "script, ms", 1e-3),
        ("script_microseconds", "once more", 1e-3),
    )
    lines = [row(["machines", *(title for _name, title, _by in columns)]), "|---" * (len(columns) + 1) + "|"]
    for size, rounds in document["sizes"].items():
        values = (by * statistics.median(found[name] for found in rounds) for name, _title, by in columns)
        lines.append(row([f"{int(size):,}", *map(short, values)]))
    return ["Processor time, and memory:", "", *lines, "", measured(document)]


def api_writes(document: Document) -> list[str]:
    """Return the lines about what an API sees."""
    count = document["machines"]
    patches, events = document["patches"] / count, document["events"] / count
    answered, written = document["answered_seconds"], document["written_seconds"]
    words = (
        f"{count:,} machines went from their script to the end of their installation in {short(answered)} s, as fast "
        f"as they were answered. The API took {short(patches)} patches and {short(events)} Events of each, "
        f"{short(document['writes_per_second'])} writes a second, and the last one "
        f"{short(max(0.0, written - answered))} s after the last answer."
    )
    return [words, "", measured(document)]


BLOCKS: dict[str, Callable[[Document], list[str]]] = {"storm": storm, "growth": growth, "api_writes": api_writes}


def renewed(page: str, name: str, document: Document) -> str:
    """Return ``page`` with the block ``name`` made of ``document``; ValueError where it has no such block."""
    pattern = re.compile(rf"(<!-- figures {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
    text = "\n".join(BLOCKS[name](document))
    page, found = pattern.subn(lambda match: f"{match[1]}{text}{match[2]}", page)
    if found != 1:
        raise ValueError(f"the page has {found} blocks of figures {name}")
    return page


def main() -> None:
    """Write the page anew."""
    page = PAGE.read_text(encoding="utf-8")
    for name in BLOCKS:
        file = RESULTS / f"{name}.json"
        if file.exists():
            page = renewed(page, name, json.loads(file.read_text(encoding="utf-8")))
            print(f"{name}: of {Path(file).relative_to(ROOT)}")
        else:
            print(f"{name}: as it was, there is no {Path(file).relative_to(ROOT)}")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
