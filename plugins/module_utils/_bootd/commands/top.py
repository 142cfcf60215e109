# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd top``: the machines of a running daemon in a terminal, troubles first, again and again."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..hardware.problem import printable
from .arguments import UsageError, daemon_url, stages_from
from .daemon_api import NoAnswer, ask
from .machine_table import TITLES, age, blocks, row, summary, trouble_first, width_of_terminal
from .terminal_screen import Screen

PERIOD = 1.0  # seconds between two questions, or SHARE times as long as the last answer took
SHARE = 5
_QUIT = ("q", "Q", "\x1b", "\x03", "\x04")
_RED, _YELLOW, _GREEN, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the daemon told last, and ``read_at``, on time.monotonic, when that was.

    ``machines`` are the documents of ``/api/v1/machines``, ``at`` is the time by the daemon's clock. ``unknown`` counts
    the unknown machines that want to boot, ``problems`` are those of ``/readyz`` in words.
    """

    machines: Sequence[dict[str, Any]] = ()
    unknown: int = 0
    problems: Sequence[str] = ()
    at: float = 0.0
    read_at: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of the daemon at ``url``: what was ``seen`` last, None for nothing yet, and why it is ``away``."""

    url: str
    seen: Seen | None = None
    away: str = ""
    stages: Sequence[str] = field(default=())


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show the machines until q is pressed; once, where that is asked for or standard output is no terminal."""
    url = options.url.rstrip("/") or daemon_url(options)
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--url is {options.url!r} but should be a URL, such as http://10.10.0.20:7080")
    view = View(url, stages=stages_from(options))
    if options.once or not Screen.is_there():
        seen = fetch(url)
        shown = View(url, seen, stages=view.stages)
        sys.stdout.writelines(f"{line}\n" for line in frame(shown, seen.read_at, width_of_terminal()))
        return 0
    with Screen() as screen:
        try:
            _show(screen, view, colours="NO_COLOR" not in environ)  # https://no-color.org
        except KeyboardInterrupt:
            pass
    return 0


def fetch(url: str) -> Seen:
    """Return what the daemon at ``url`` tells now; raises NoAnswer."""
    try:
        machines, at = ask(f"{url}/api/v1/machines")
        unknown, _at = ask(f"{url}/api/v1/unknown")
        ready, _at = ask(f"{url}/readyz")
        wanting = sum(bool(machine["wants_to_boot"]) for machine in unknown["unknown"])
        problems = [f"{item['where']}: {item['message']}" for item in (*ready["problems"], *ready["warnings"])]
        found = list(machines["machines"])
        # What can't be shown is no answer.
        for machine in found:
            row(machine, at, bars=True)
            trouble_first(machine)
    except (KeyError, TypeError, AttributeError) as error:
        raise NoAnswer(f"what answers at {url} is not this bootd's API: {error!r}") from error
    return Seen(found, wanting, problems, at, time.monotonic())


def frame(view: View, now: float, width: int = 0, height: int = 0, *, colours: bool = False) -> Iterator[str]:
    """Yield the lines of the screen, ``now`` on time.monotonic; ``width`` and ``height`` 0: as large as need be."""
    paint = _painted if colours else _bare
    seen = view.seen
    if seen is None:
        yield paint(_BOLD, _cut(f"bootd at {view.url}", width))
        yield paint(_RED, _cut(view.away, width)) if view.away else "asking..."
        return
    chosen = [machine for machine in seen.machines if not view.stages or machine["stage"] in view.stages]
    yield paint(_BOLD, _cut(f"{summary(seen.machines)}  {view.url}", width))
    about = [paint(_RED, _cut(f"{age(now - seen.read_at)} old: {view.away}", width))] if view.away else []
    if seen.problems:
        more = f" and {len(seen.problems) - 1} more" if len(seen.problems) > 1 else ""
        about.append(paint(_YELLOW, _cut(f"{printable(seen.problems[0])}{more}", width)))
    if seen.unknown:
        is_one = seen.unknown == 1
        told = "1 unknown machine wants" if is_one else f"{seen.unknown} unknown machines want"
        about.append(paint(_YELLOW, _cut(f"{told} to boot: bootd machines --unknown", width)))
    yield from about
    yield ""
    room = max(2, height - len(about) - 3) if height else 0  # between the lines above and the one below
    yield from _rows(sorted(chosen, key=trouble_first), seen.at + now - seen.read_at, width, room, paint)
    if height:
        yield paint(_DIM, "q: end")


def _rows(
    machines: Sequence[dict[str, Any]], now: float, width: int, room: int, paint: Callable[[str, str], str]
) -> Iterator[str]:
    """Yield the table, titles first, in ``room`` lines where that is not 0."""
    # Far more rows than there is room for would be laid out for nobody, a second.
    laid = machines[:room] if room else machines
    rows = [TITLES, *(row(machine, now, bars=True) for machine in laid)]
    titles, *shown = blocks(rows, width)
    yield from (paint(_BOLD, line) for line in titles)
    used = len(titles)
    for number, (machine, lines) in enumerate(zip(laid, shown, strict=True)):
        left = len(machines) - number
        if room and used + len(lines) + (left > 1) > room:
            yield _cut(f"... and {left} more", width)
            return
        used += len(lines)
        yield from (paint(_colour(machine), line) for line in lines)


def _colour(machine: dict[str, Any]) -> str:
    if machine["stage"] == "failed":
        return _RED
    if machine["error"] or machine["waits_for"]:
        return _YELLOW
    return _GREEN if machine["stage"] in ("installed", "ready") else ""


def _show(screen: Screen, view: View, *, colours: bool) -> None:
    poller = _Poller(view, screen.wake)
    threading.Thread(target=poller.run, name="top", daemon=True).start()
    while True:
        width, height = screen.size
        screen.draw(list(frame(poller.view, time.monotonic(), width, height, colours=colours)))
        if screen.wait(PERIOD) in _QUIT:
            return


class _Poller:
    """Asks the daemon again and again; ``view`` is what came of it, and ``told`` is called after each answer."""

    def __init__(self, view: View, told: Callable[[], None]) -> None:
        self.view = view
        self._told = told

    def run(self) -> None:
        """Ask for ever: the thread ends with the program."""
        while True:
            began, view = time.monotonic(), self.view
            try:
                self.view = View(view.url, fetch(view.url), stages=view.stages)
            except NoAnswer as error:
                self.view = View(view.url, view.seen, str(error), view.stages)
            self._told()
            # Ten thousand machines are some megabytes, which the daemon makes anew each time.
            time.sleep(max(PERIOD, SHARE * (time.monotonic() - began)))


def _cut(line: str, width: int) -> str:
    return line if not width or len(line) <= width else f"{line[: width - 3]}..."


def _painted(colour: str, line: str) -> str:
    return f"{colour}{line}{_PLAIN}" if colour else line


def _bare(_colour: str, line: str) -> str:
    return line
