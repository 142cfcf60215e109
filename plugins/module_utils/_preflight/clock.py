# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the clocks agree? Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import Check, Problem, some

REMEDY = "set the clock, and have it kept by NTP (chrony, systemd-timesyncd)"


@dataclass(frozen=True)
class Reading:
    """The clock of ``name`` said ``told`` at some moment between ``begun`` and ``ended`` of our own; seconds of Unix.

    ``precision``: it may be so many seconds more, as a Date header, which has no fractions.
    """

    name: str
    told: float
    begun: float
    ended: float
    precision: float = 0.0

    def skew(self) -> float:
        """Return for how many seconds that clock is surely ahead of our own, below 0 behind; 0 where it may agree."""
        if self.told > self.ended:
            return self.told - self.ended
        return min(self.told + self.precision - self.begun, 0.0)


def date_reading(name: str, header: str, begun: float, ended: float) -> Reading | None:
    """Return the reading in a Date header (RFC 9110 section 6.6.1), None where there is none that can be read."""
    try:
        told = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    return Reading(name, told.timestamp(), begun, ended, precision=1.0) if told.tzinfo else None


def look(host: str, readings: Iterable[Reading], most: float, who: str) -> Check:
    """Return which clocks differ from that of ``host`` by more than ``most`` seconds; ``who`` can put it right."""
    readings = list(readings)
    problems = []
    for reading in readings:
        skew = reading.skew()
        if abs(skew) > most:
            side = "behind" if skew > 0 else "ahead of"
            what = f"the clock of {host} is {abs(skew):.0f} s {side} that of {reading.name}"
            why = "certificates and the times of events depend on it"
            problems.append(Problem(what, host, f"{REMEDY}: {why}", who))
    compared = some(reading.name for reading in readings)
    return Check("clock", f"{host} against {compared}" if readings else "", problems)
