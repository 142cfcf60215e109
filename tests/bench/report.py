# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/performance.md and its pictures, made of what was measured: ``make bench-report``.

What ``make bench`` left in build/bench is kept beside the pictures; a suite that was not measured since stays as it
is there. The page's sentences are in templates/performance.md, where ``<!-- NAME -->`` stands for what is made here.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.plots import Bar, Panel, picture
from bench.results import OURS, Workload, middle, rows_of, short
from bench.rig import ROOT, Figures

SUITES = {"dhcp": "DHCP", "tftp": "TFTP", "http": "HTTP"}
MEASURED = ROOT / "build/bench"
TARGET = ROOT / "docs/performance"
TEMPLATE = Path(__file__).resolve().parent / "templates/performance.md"
_PLACE = re.compile(r"^<!-- ([a-z-]+) -->$", re.MULTILINE)

Documents = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Goal:
    """What bootd wants to be: a figure of it, divided by a peer's on the same work where one is named.

    ``of`` names another workload, where the figure is divided by bootd's own there.
    """

    what: str
    workload: str
    wanted: float
    peer: str = ""
    key: str = "per_cpu_second"
    of: str = ""
    at_most: bool = False


GOALS = (
    Goal("OFFERs", "dhcp/offers", 2, "coredhcp"),
    Goal("OFFERs", "dhcp/offers", 3, "kea"),
    Goal("OFFERs", "dhcp/offers", 15, "dnsmasq"),
    Goal("whole exchanges", "dhcp/exchanges", 2, "coredhcp"),
    Goal("whole exchanges", "dhcp/exchanges", 4, "kea"),
    Goal("p99 of OFFERs beside unknown machines", "dhcp/beside", 2, key="p99_ms", of="dhcp/calm", at_most=True),
    Goal("failures beside unknown machines", "dhcp/beside", 0, key="failures", at_most=True),
    Goal("TFTP, window 1", "tftp/window-1", 1, "dnsmasq"),
    Goal("TFTP, window 1", "tftp/window-1", 1.5, "atftpd"),
    Goal("TFTP, window 1", "tftp/window-1", 1.5, "tftpd-hpa"),
    Goal("TFTP, window 4", "tftp/window-4", 2, "atftpd"),
    Goal("TFTP, window 16", "tftp/window-16", 3, "atftpd"),
    Goal("failures of TFTP, window 1", "tftp/window-1", 0, key="failures", at_most=True),
    Goal("failures of TFTP, window 16", "tftp/window-16", 0, key="failures", at_most=True),
    Goal("first scripts", "http/scripts-first", 3, "bottle-waitress"),
    Goal("scripts", "http/scripts", 3, "bottle-waitress"),
    Goal("scripts over a connection each", "http/scripts-own", 3, "bottle-waitress"),
    Goal("p99 of scripts beside four streams, ms", "http/scripts-beside", 20, key="p99_ms", at_most=True),
    Goal("files", "http/files", 0.6, "nginx"),
)


def workload_of(document: Mapping[str, Any], name: str) -> tuple[Workload, Mapping[str, Sequence[Figures]]]:
    """Return a workload as it was written, and its figures by server."""
    found = dict(next(item for item in document["workloads"] if item["name"] == name))
    servers = found.pop("servers")
    return Workload(**{**found, "shows": tuple(map(tuple, found["shows"]))}), servers


def figure(documents: Documents, workload: str, server: str, key: str) -> float | None:
    """Return a median, of failures the sum; None where there is none."""
    suite, _slash, name = workload.partition("/")
    known = {item["name"] for item in documents[suite]["workloads"]} if suite in documents else set()
    if name not in known:
        return None
    rounds = workload_of(documents[suite], name)[1].get(server, [])
    if key == "failures" and rounds:
        return float(sum(found[key] for found in rounds))
    return middle(rounds, key)


def reached(documents: Documents, goal: Goal) -> float | None:
    """Return how far bootd has come towards a goal, None where it was not measured."""
    ours = figure(documents, goal.workload, OURS, goal.key)
    if not goal.peer and not goal.of:
        return ours
    other = figure(documents, goal.of or goal.workload, goal.peer or OURS, goal.key)
    return ours / other if ours is not None and other else None


def goals(documents: Documents) -> str:
    """Return the goals as a table of Markdown."""
    lines = ["| of bootd | divided by that of | wanted | measured | reached |", "|---|---|---|---|---|"]
    for goal in GOALS:
        found = reached(documents, goal)
        if found is None:
            continue
        good = found <= goal.wanted if goal.at_most else found >= goal.wanted
        what = goal.what + (" per CPU-s" if goal.key == "per_cpu_second" else "")
        other = goal.peer or ("bootd without them" if goal.of else "")
        wanted = f"at {'most' if goal.at_most else 'least'} {goal.wanted:g}"
        lines.append(f"| {what} | {other} | {wanted} | {short(found)} | {'yes' if good else 'no'} |")
    return "\n".join(lines)


def table(workload: Workload, servers: Mapping[str, Sequence[Figures]]) -> str:
    """Return a workload's figures as a table of Markdown."""
    head, *rows = rows_of(workload, servers)
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def panel(workload: Workload, servers: Mapping[str, Sequence[Figures]]) -> Panel:
    """Return a workload's figures as bars, of what it compares."""
    key = workload.compares
    bars = []
    for server, rounds in servers.items():
        values = [found[key] for found in rounds if found.get(key) is not None]
        if values:
            median = statistics.median(values)
            text = f"{short(median)} ms" if key.endswith("_ms") else short(median)
            bars.append(Bar(server, median, min(values), max(values), text, ours=server == OURS))
    what = f"{key.removesuffix('_ms')}, less is better" if key.endswith("_ms") else f"{workload.unit} per CPU-second"
    return Panel(f"{workload.title}: {what}", bars)


def section(suite: str, document: Mapping[str, Any]) -> str:
    """Return a suite's picture and tables as Markdown."""
    parts = [f"![What each server does, as bars; the figures are in the tables below](performance/{suite}.svg)"]
    for item in document["workloads"]:
        workload, servers = workload_of(document, item["name"])
        if servers:
            parts.append(f"**{workload.title}**\n\n{table(workload, servers)}")
    parts += [f"Not measured: {problem}" for problem in document["problems"]]
    return "\n\n".join(parts)


def machine(documents: Documents) -> str:
    """Return what was measured on, and which versions, as a table of Markdown."""
    lines = ["| | |", "|---|---|"]
    for suite, document in documents.items():
        known = document["machine"]
        lines.append(
            f"| {SUITES[suite]}, {document['measured']} | {known['processors']} processors ({known['processor']}), "
            f"{known['memory_gib']} GiB, {known['system']}, Linux {known['kernel']}, Python {known['python']}; "
            f"rounds: {document['rounds']}; load average at the end: {known['load_before'][0]} |"
        )
    versions = {name: version for document in documents.values() for name, version in document["versions"].items()}
    return "\n".join([*lines, *(f"| {name} | {version} |" for name, version in sorted(versions.items()))])


def page(template: str, documents: Documents) -> str:
    """Return the page."""
    made = {"machine": machine(documents), "goals": goals(documents)}
    made |= {suite: section(suite, document) for suite, document in documents.items()}
    return _PLACE.sub(lambda place: made.get(place[1], f"*Not measured yet: `make bench ONLY={place[1]}`.*"), template)


def pictures(documents: Documents) -> Iterable[tuple[str, str]]:
    """Yield a file's name and its SVG for each suite."""
    for suite, document in documents.items():
        panels = [panel(*workload_of(document, item["name"])) for item in document["workloads"]]
        yield f"{suite}.svg", picture([one for one in panels if one.bars], f"{SUITES[suite]}: bootd and its peers")


def main() -> None:
    """Write the page."""
    TARGET.mkdir(exist_ok=True)
    documents = {}
    for suite in SUITES:
        kept, new = TARGET / f"{suite}.json", MEASURED / f"{suite}.json"
        if new.is_file():
            shutil.copyfile(new, kept)
        if kept.is_file():
            documents[suite] = json.loads(kept.read_text(encoding="utf-8"))
    for name, svg in pictures(documents):
        (TARGET / name).write_text(svg, encoding="utf-8")
    file = TARGET.with_suffix(".md")
    file.write_text(page(TEMPLATE.read_text(encoding="utf-8"), documents), encoding="utf-8")
    print(file)


if __name__ == "__main__":
    main()
