# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd machines --unknown``: who asked and has no Hardware object, as the running daemon tells it.

The daemon keeps that in memory only, so unlike all else it is asked for it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from ..hardware.mac import parse_mac
from ..hardware.problem import printable
from .arguments import UsageError, daemon_url
from .daemon_api import NoAnswer, ask
from .machine_table import age, laid_out, width_of_terminal

_TITLES = ("MAC", "ARCHITECTURE", "ASKED", "LAST", "VIA", "SAYS")
Machine = dict[str, Any]


def run(options: argparse.Namespace) -> int:
    """Print the unknown machines that want to boot, that are named, or all; 1 where one that is named is not there."""
    found = fetch(daemon_url(options))
    asked = {parse_mac(name) or name for name in options.machines}
    missing = asked - {name for machine in found for name in (machine["mac"], machine["address"])}
    shown = [machine for machine in found if _is_wanted(machine, asked, everybody=options.all)]
    if options.json:
        sys.stdout.write(json.dumps({"unknown": shown}, indent=2) + "\n")
    else:
        others = 0 if asked else len(found) - len(shown)
        sys.stdout.writelines(f"{line}\n" for line in table(shown, others, time.time(), width_of_terminal()))
    for name in sorted(missing):
        sys.stderr.write(f"bootd: {printable(name)}: no unknown machine has this MAC address or address\n")
    return 1 if missing else 0


def fetch(url: str) -> list[Machine]:
    """Return what the daemon at ``url`` answers; raises UsageError where it does not."""
    try:
        found, _at = ask(f"{url}/api/v1/unknown")
        return [dict(machine) for machine in found["unknown"]]
    except (NoAnswer, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{error}; the list is in the memory of the running daemon: start it, or say where it is with --address "
            "and --http-port"
        ) from error


def table(machines: Sequence[Machine], others: int, now: float, width: int = 0) -> Iterator[str]:
    """Yield the lines of a table of ``machines``, documents of the API; ``others`` are not in it. See ``laid_out``."""
    yield from laid_out([_TITLES, *(_row(machine, now) for machine in machines)], width)
    yield ""
    count = "1 unknown machine" if len(machines) == 1 else f"{len(machines)} unknown machines"
    yield f"{count}; {others} that asked for an address only: --all shows them" if others else count


def _is_wanted(machine: Machine, asked: set[str], *, everybody: bool) -> bool:
    if asked:
        return bool(asked & {machine["mac"], machine["address"]})
    return everybody or bool(machine["wants_to_boot"])


def _row(machine: Machine, now: float) -> tuple[str, ...]:
    says = (
        machine["vendor_class"],
        machine["user_class"],
        machine["hostname"] and f"host name {machine['hostname']}",
        machine["uuid"] and f"UUID {machine['uuid']}",
        machine["circuit_id"] and f"circuit {machine['circuit_id']}",
        machine["address"] and f"at {machine['address']}",
    )
    return (
        printable(machine["mac"]),
        printable(machine["architecture"]) or "-",
        str(machine["count"]),
        age(now - machine["last"]),
        printable(machine["relay"] or machine["interface"]) or "-",
        printable(", ".join(filter(None, says))),
    )
