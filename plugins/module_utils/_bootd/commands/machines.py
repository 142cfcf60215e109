# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd machines``: every machine and where it stands, read beside the daemon, whether that one runs or not."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping

from ..http.status import machine_document
from . import unknown
from .arguments import settings_from, stages_from
from .machine_table import table, width_of_terminal
from .snapshot import Snapshot, read_snapshot


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the machines that are named, or all, at the stages asked for; 1 where one that is named is not there."""
    stages = stages_from(options)
    if options.unknown:
        return unknown.run(options)
    snapshot = read_snapshot(settings_from(options), environ)
    keys, missing = _named(options.machines, snapshot)
    wanted = [item for item in snapshot.catalog.machines() if not options.machines or item.key in keys]
    shown = [machine_document(machine, snapshot.state(machine.key)) for machine in wanted]
    shown = [document for document in shown if not stages or document["stage"] in stages]
    if options.json:
        sys.stdout.write(json.dumps({"machines": shown}, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in table(shown, time.time(), width_of_terminal()))
    for note in (*missing, *_notes(snapshot)):
        sys.stderr.write(f"bootd: {note}\n")
    return 1 if missing else 0


def _named(asked: list[str], snapshot: Snapshot) -> tuple[set[str], list[str]]:
    """Return the keys of the machines ``asked`` names, and a line for each name that is none's."""
    keys: set[str] = set()
    missing = []
    for name in asked:
        found = {nic.machine.key for nic in snapshot.find(name)} | {machine.key for machine in snapshot.machines(name)}
        keys |= found
        if not found:
            nearest = snapshot.nearest(name)
            meant = f"; is {' or '.join(nearest)} meant?" if nearest else ""
            missing.append(f"{name}: no Hardware object {snapshot.what_is_missing(name)}{meant}")
    return keys, missing


def _notes(snapshot: Snapshot) -> list[str]:
    notes = []
    if snapshot.states is None:
        notes.append("where machines stand is not known here: --state-dir names the directory of the daemon")
    if number := len(snapshot.problems):
        found = "1 problem" if number == 1 else f"{number} problems"
        notes.append(f"{found} in the store, so machines may be missing here: bootd check tells each")
    return notes
