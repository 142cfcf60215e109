# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines that asked and are in no Hardware object: never answered, always recorded, never more than a bound."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from ..process.masking import mask

MAX_UNKNOWN = 1024
MAX_TEXT = 64


@dataclass(frozen=True, slots=True)
class Unknown:
    """One unknown machine; times are seconds since the epoch, ``relay`` is the giaddr it came through or ""."""

    mac: str
    vendor_class: str
    arch: int | None
    relay: str
    first: float
    last: float
    count: int = 1


class UnknownMachines:
    """The ``limit`` unknown machines seen most recently."""

    def __init__(self, limit: int = MAX_UNKNOWN) -> None:
        self._limit = limit
        self._seen: OrderedDict[str, Unknown] = OrderedDict()
        self._lock = threading.Lock()

    def record(self, mac: str, vendor_class: str, arch: int | None, relay: str, now: float) -> bool:
        """Note that ``mac`` asked; return whether it is new, so that the log need not repeat it."""
        vendor_class = mask(vendor_class)[:MAX_TEXT]
        with self._lock:
            before = self._seen.pop(mac, None)
            if before is None:
                self._seen[mac] = Unknown(mac, vendor_class, arch, relay, now, now)
                while len(self._seen) > self._limit:
                    self._seen.popitem(last=False)
                return True
            self._seen[mac] = replace(
                before,
                # An operating system's later request must not hide what the firmware said.
                vendor_class=vendor_class or before.vendor_class,
                arch=before.arch if arch is None else arch,
                relay=relay,
                last=now,
                count=before.count + 1,
            )
            return False

    def forget(self, mac: str) -> None:
        """Drop ``mac``, because it has a Hardware object now."""
        with self._lock:
            self._seen.pop(mac, None)

    def all(self) -> list[Unknown]:
        """Return the recorded machines, the one seen last at the end."""
        with self._lock:
            return list(self._seen.values())

    def __len__(self) -> int:
        return len(self._seen)
