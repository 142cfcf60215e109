# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal's tests share: a machine and what it does, and a store in memory."""

from __future__ import annotations

import io
import threading
import time

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.decisions.stages import State
from _bootd.process.log import Log
from _bootd.stores.base import StoreError

KEY, MAC = "default/a", "52:54:00:00:00:01"
SCRIPT = events.Script(boot="harvester", via="http")
SUCCEEDED = Event(KEY, MAC, 5.0, events.Report(outcome="succeeded", reprovision=""))
DISCOVER = events.Discover("firmware", True, "uefi", 7, "ipxe.efi")
LEASE = events.Lease("firmware", True, "uefi", 7, "ipxe.efi")


class MemoryStore:
    """Keeps states in memory; ``broken`` makes it refuse like a full disk."""

    def __init__(self, states: dict[str, State] | None = None) -> None:
        self.states = dict(states or {})
        self.broken = False
        self.saved = threading.Event()
        self.batches: list[list[str]] = []
        self.elsewhere: dict[str, State] = {}  # what another replica has written

    def load_states(self):
        return dict(self.states)

    def changed_states(self):
        changed, self.elsewhere = self.elsewhere, {}
        return changed

    def save(self, states):
        if self.broken:
            raise StoreError("no space left on device")
        self.states |= states
        self.batches.append(sorted(states))
        self.saved.set()


def wait_until(happened) -> None:
    """Return once ``happened`` is true."""
    end = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.001)


def quiet() -> Log:
    return Log("json", "error", io.StringIO())
