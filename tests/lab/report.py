# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo has seen, as a document and as a table. Pure: bootd's answers and times in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

STAND_IN = (
    "The operating system is a stand-in: Debian's kernel and an initramfs made here, which behaves as Harvester's "
    "installer does on the wire. Everything else is real: firmware, iPXE, bootd, Ansible, disk and second boot."
)
FIELDS = ("name", "mac", "ip", "firmware", "stages", "facts", "bytes")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One machine: ``machine`` as bootd's API has it, and what the lab saw, in seconds since the epoch."""

    machine: Mapping[str, object]
    powered_on: float
    booted_from_disk: float
    console: str  # path of the serial port's log


def document(store: str, sightings: Iterable[Sighting]) -> dict[str, object]:
    """The content of report.json; times are seconds since the epoch, bytes are those bootd sent itself."""
    return {
        "store": store,
        "operating_system": STAND_IN,
        "machines": [
            {field: sighting.machine[field] for field in FIELDS}
            | {"powered_on": sighting.powered_on, "booted_from_disk": sighting.booted_from_disk}
            for sighting in sightings
        ],
    }


def table(sightings: Iterable[Sighting]) -> Iterator[str]:
    """The lines of the table: each machine's stages with the seconds since power-on, its facts, its bytes, its log."""
    for sighting in sightings:
        machine = sighting.machine
        yield f"{machine['name']}  {machine['mac']}  {machine['ip']}  {machine['firmware']}"
        steps = [(step["at"], step["stage"]) for step in machine["stages"]]
        steps += [(sighting.powered_on, "power on"), (sighting.booted_from_disk, "booted from disk")]
        for at, stage in sorted(steps):
            yield f"  {stage:<18}{at - sighting.powered_on:>6.1f} s"
        for fact, value in machine["facts"].items():
            yield f"  {fact:<18}{value}"
        sent = machine["bytes"]
        yield f"  {'bytes from bootd':<18}{sent['tftp']} by TFTP, {sent['http']} by HTTP"
        yield f"  {'console':<18}{sighting.console}"
        yield ""
