# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's shared parts, with all that a DHCP server tells them in reach."""

from __future__ import annotations

import io
import json

import pytest

from _bootd.decisions.events import Event
from _bootd.dhcp.handler import Handler, Outgoing
from _bootd.dhcp.packet import encode
from _bootd.hardware.model import Nic
from _bootd.process.log import Log
from _bootd.process.metrics import Metrics
from _bootd.process.settings import Settings
from _bootd.runtime.services import Services
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import Journal
from _bootd.stores.unknown_machines import UnknownMachines
from samples.dhcp_messages import message

NOW = 1697053442.5


class Bench:
    """Services over a catalog of the given machines; the journal's store is never reached."""

    def __init__(self, *nics: Nic, **settings: object) -> None:
        self._stream = io.StringIO()
        log = Log("json", "debug", self._stream)
        catalog = Catalog()
        catalog.replace(nic.machine for nic in nics)
        self.services = Services(
            settings=Settings(**({"store": "files:x", "state_dir": "x", "address": "10.10.0.20"} | settings)),
            catalog=catalog,
            journal=Journal(None, log, lambda: NOW),
            unknown=UnknownMachines(),
            metrics=Metrics(),
            log=log,
            secret=b"",
            problems=list,
            clock=lambda: NOW,
        )

    def handle(
        self, kind: int, options: dict[int, bytes], source: str = "0.0.0.0", interface: str = "eth0", **fields: object
    ) -> Outgoing | None:
        """Return what a server that was just started answers to such a message."""
        return Handler(self.services).handle(encode(message(kind, options, **fields)), source, interface)

    def lines(self, event: str | None = None) -> list[dict[str, object]]:
        """Return what was logged, or that part of it which is called ``event``."""
        found = [json.loads(line) for line in self._stream.getvalue().splitlines()]
        return [line for line in found if event in (None, line["event"])]

    def events(self, nic: Nic) -> list[Event]:
        """Return what the journal holds of the machine of ``nic``."""
        return self.services.journal.recent(nic.machine.key)

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of one sample of the metrics, 0 where there is none."""
        shown = ",".join(f'{label}="{value}"' for label, value in labels.items())
        sample = f"bootd_{name}{{{shown}}} " if labels else f"bootd_{name} "
        text = self.services.metrics.render().decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(sample))


@pytest.fixture
def bench() -> type[Bench]:
    """Return the class to make one of."""
    return Bench
