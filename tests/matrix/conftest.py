# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cells that were asked for boot two at a time, from the first test on; each test waits for its own."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import pytest

from lab import needs
from lab.accelerator import accelerator
from lab.network import Lab
from matrix.booting import ROOT, Booting, Served
from matrix.cells import Cell
from matrix.seen import Seen
from programs.require import require

RESULTS = ROOT / "build/boot-matrix"
AT_A_TIME = 2
LOOK = 0.2  # seconds between looks at whether there is something to show


class Cells:
    """The cells of this session, as they boot."""

    def __init__(self, served: Served, cells: list[Cell]) -> None:
        """Begin to boot ``cells``, a few at a time and in their order."""
        self._served = served
        self._stop = threading.Event()
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(min(AT_A_TIME, len(os.sched_getaffinity(0))))
        self._boots = {str(cell): self._pool.submit(self._boot, cell) for cell in cells}

    def result(self, cell: Cell, show: Callable[[str], None]) -> Seen | None:
        """What was seen of ``cell``, once it has booted, None of one that was to stay; raises what went wrong.

        Meanwhile shows the news of all.
        """
        boot: Future[Seen | None] = self._boots[str(cell)]
        while not (boot.done() and self._news.empty()):
            try:
                show(self._news.get(timeout=LOOK))
            except queue.Empty:
                continue
        return boot.result()

    def boot_again(self, cell: Cell) -> None:
        """Boot ``cell`` once more, and write what is seen of it in place of what was."""
        self._pool.submit(self._boot, cell).result()

    @staticmethod
    def json(cell: Cell) -> Path:
        """Where what was seen of ``cell`` is written."""
        return RESULTS / f"{cell}.json"

    def end(self) -> None:
        """End what still boots, and take its lab down."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _boot(self, cell: Cell) -> Seen | None:
        directory, result = RESULTS / str(cell), self.json(cell)
        result.unlink(missing_ok=True)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        try:
            with Lab() as lab:
                booting = Booting(cell, lab, self._served, directory)
                seconds = booting.boot(self._stop, lambda news: self._news.put(f"{cell}: {news}"))
                found = booting.seen() if cell.told else None
        except Exception as error:
            self._news.put(f"{cell}: FAILED, {str(error).splitlines()[0]}")
            raise
        finally:
            for disk in directory.glob("*.disk"):
                disk.unlink()
        if found is None:
            self._news.put(f"{cell}: stayed, as its rehearsal said, {seconds:.0f} s")
            return None
        self._news.put(f"{cell}: booted and reported, {seconds:.0f} s")
        document = {"client": cell.client.name, "arrangement": cell.arrangement.name, **asdict(found)}
        document |= {"seconds": round(seconds, 1), "ipxe_wait_seconds": booting.ipxe_wait}
        result.write_text(json.dumps(document, indent=2) + "\n")
        return found


@pytest.fixture(scope="session")
def cells(request: pytest.FixtureRequest) -> Iterator[Cells]:
    """The cells of the tests that were selected."""
    require(*needs.ALL, *needs.ARM64, "dhcrelay")
    wanted = [item.callspec.params["cell"] for item in request.session.items if "cell" in item.fixturenames]
    RESULTS.mkdir(parents=True, exist_ok=True)
    served = Served.built(ROOT / "build/lab", sorted({cell.client.arch for cell in wanted}))
    accelerator()  # tried once, before there are two that would try it
    previous = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    cells = Cells(served, wanted)
    try:
        yield cells
    finally:
        cells.end()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: object) -> NoReturn:
    """End in good order: the labs are taken down. SystemExit would be the end of one test only."""
    pytest.exit(signal.Signals(number).name, returncode=128 + number)
