# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server is handed, for tests: the daemon's shared parts over machines in memory, log and metrics in reach."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterable

from _bootd.decisions.events import Event
from _bootd.hardware.model import Nic
from _bootd.process.log import Log
from _bootd.process.metrics import Metrics
from _bootd.process.settings import Settings
from _bootd.runtime.services import Services
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import Journal
from _bootd.stores.unknown_machines import UnknownMachines

NOW = 1697053442.5
PATIENCE = 10.0  # seconds that a test waits for a line of another thread


class ServicesInMemory:
    """Services over ``nics``; the journal is never started, so it needs no store."""

    def __init__(self, nics: Iterable[Nic], **settings: object) -> None:
        self._written: queue.SimpleQueue[str] = queue.SimpleQueue()
        log = Log("json", "debug", self)
        catalog = Catalog()
        catalog.replace(nic.machine for nic in nics)
        self.services = Services(
            settings=Settings(**{"store": "files:x", "state_dir": "x", "address": "10.10.0.20", **settings}),
            catalog=catalog,
            journal=Journal(None, log, lambda: NOW),
            unknown=UnknownMachines(),
            metrics=Metrics(),
            log=log,
            secret=b"",
            problems=list,
            clock=lambda: NOW,
        )

    def write(self, line: str) -> None:
        """Take a line of the log."""
        self._written.put(line)

    def flush(self) -> None:
        """Do nothing: a line is here as soon as it is written."""

    def line(self) -> dict[str, object]:
        """Return the next line of the log, waiting for one where a thread has still to write it."""
        return json.loads(self._written.get(timeout=PATIENCE))

    def lines(self) -> list[dict[str, object]]:
        """Return the lines that were logged and not looked at yet."""
        return [self.line() for _unused in range(self._written.qsize())]

    def events(self, nic: Nic) -> list[Event]:
        """Return what the journal holds of the machine of ``nic``."""
        return self.services.journal.recent(nic.machine.key)

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of one sample of the metrics, 0 where there is none."""
        shown = ",".join(f'{label}="{value}"' for label, value in labels.items())
        text = self.services.metrics.render().decode()
        start = f"bootd_{name}{{{shown}}} " if labels else f"bootd_{name} "
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(start))
