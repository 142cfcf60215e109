# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How `make demo-harvester` has to go. Pure: what the playbook said and bootd knows in, what is wrong out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypedDict

CREATOR, FAILS, SILENT = "node-1", "node-2", "node-3"
CLUSTER = "https://10.10.0.30"


class Run(TypedDict):
    """One run of the playbook: its exit status, all it said, and bootd's document of each machine after it."""

    status: int
    said: str
    machines: Mapping[str, Mapping[str, Any]]


def after_the_first(run: Run) -> list[str]:
    """Return what is wrong after the run with a machine that fails and one that falls silent."""
    wrong = [] if run["status"] else ["the playbook succeeded although two machines failed"]
    wrong += _stages(run, {CREATOR: "ready", FAILS: "failed", SILENT: "failed"})
    for name, words in ((FAILS, "the installer reported a failure"), (SILENT, "configuration")):
        reason = str(run["machines"].get(name, {}).get("error", ""))
        if words not in reason:
            wrong.append(f"{name}: the reason is {reason!r}, which does not say {words!r}")
        elif reason not in run["said"]:
            wrong.append(f"{name}: the playbook did not tell the reason, {reason!r}")
    return [*wrong, *_order(run)]


def after_the_second(run: Run, first: Run) -> list[str]:
    """Return what is wrong after the run that repairs both."""
    wrong = [f"the playbook failed with {run['status']}"] if run["status"] else []
    wrong += _stages(run, {CREATOR: "ready", FAILS: "ready", SILENT: "ready"})
    before, after = (entry["machines"].get(CREATOR, {}).get("stages") for entry in (first, run))
    if before != after:
        wrong.append(f"{CREATOR}: was installed already, and yet its stages are no longer the same")
    if CLUSTER not in run["said"]:
        wrong.append(f"the playbook did not tell the cluster's URL, {CLUSTER}")
    return wrong


def told_in(texts: Mapping[str, str], secrets: Iterable[str]) -> list[str]:
    """Return a line for each of ``texts``, by name, that has one of ``secrets`` in it."""
    return [f"{name} has a secret in it" for name, text in texts.items() if any(secret in text for secret in secrets)]


def _stages(run: Run, wanted: Mapping[str, str]) -> Iterator[str]:
    for name, stage in wanted.items():
        machine = run["machines"].get(name, {})
        if machine.get("stage") != stage:
            yield f"{name}: is {machine.get('stage', 'unknown')} and has to be {stage}; {machine.get('error', '')}"


def _order(run: Run) -> Iterator[str]:
    """Yield each machine whose kernel was loaded before the creator was ready."""
    ready = _reached(run, CREATOR, "ready")
    for name in (FAILS, SILENT):
        began = _reached(run, name, "kernel")
        if ready is None or began is None or began < ready:
            yield f"{name}: began at {began}, and {CREATOR} was ready at {ready}"


def _reached(run: Run, name: str, stage: str) -> float | None:
    stages = run["machines"].get(name, {}).get("stages", ())
    return next((step["at"] for step in stages if step["stage"] == stage), None)
