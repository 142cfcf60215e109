# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole rehearsal: DHCP for all machines at once, the rest by a few threads, and the report of it.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import text_at
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.http import HttpProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal import steps
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import (
    Bootd,
    Intended,
    Where,
    intended,
    object_problems,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.offers import is_of
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.play import MAX_PROGRAMS, Play
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.steps import Step
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Wire

THREADS = 8
_OBJECT = "the object"


def rehearse(
    documents: Sequence[Mapping[str, Any]],
    client: str,
    bootd: Bootd,
    wire: Wire,
    checksums: Mapping[str, str],
    where: Where,
) -> dict[str, Any]:
    """Return the report, its machines, problems, unseen and table, of a rehearsal of ``documents``, Hardware objects.

    Raises ClientProblem where DHCP can't be asked at all.
    """
    began: dict[str, list[Step]] = {}
    for name, what, fatal in object_problems(documents):
        remedy = "change the variable that makes that field (docs/variables.md), and run provision again"
        verdict = steps.ERROR if fatal else steps.NOTE
        began.setdefault(name, []).append(Step(_OBJECT, verdict, what, remedy=remedy, who=steps.INVENTORY))
    try:
        seen = wire.document(f"{bootd.http_base}/api/v1/machines").get("machines", [])
    except HttpProblem as error:
        return _report([], [_unreachable(bootd, str(error))])
    plays, problems = [], []
    for document in documents:
        machine = intended(document, client, seen, where)
        if machine is None:
            problems.append(_without_a_card(document))
            continue
        plays.append(Play(machine, bootd, wire, checksums))
        plays[-1].steps += began.get(machine.name, [])
    _play(plays, bootd, wire)
    return _report(plays, problems)


def _play(plays: Sequence[Play], bootd: Bootd, wire: Wire) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(MAX_PROGRAMS + 1):
            asking = [play for play in plays if play.asks]
            if not asking:
                return
            discoveries = [play.discovery for play in asking]
            # Two machines with one MAC are told one thing, and each has its own transaction.
            # Others that answer are known from the first time.
            offers = wire.offers(discoveries, (lambda answer: is_of(answer, bootd)) if number else None)
            for ended in [
                threads.submit(play.take, discovery, answers)
                for play, discovery, answers in zip(asking, discoveries, offers, strict=True)
            ]:
                ended.result()


def _report(plays: Sequence[Play], problems: list[dict[str, str]]) -> dict[str, Any]:
    machines = {_name(play.machine, plays): _document(play) for play in plays}
    for name, play in zip(machines, plays, strict=True):
        problems += [step.problem(name) for step in play.steps if step.verdict == steps.ERROR]
    unseen = sorted({step.unseen for play in plays for step in play.steps} - {""})
    return {"machines": machines, "problems": problems, "unseen": unseen, "table": steps.table(machines)}


def _name(machine: Intended, plays: Sequence[Play]) -> str:
    """Return the machine's name, with its namespace where another has the same."""
    same = [play for play in plays if play.machine.name == machine.name]
    return machine.name if len(same) == 1 else machine.nic.machine.key


def _document(play: Play) -> dict[str, Any]:
    verdict = steps.verdict_of(play.steps, play.leads)
    first = next((step for step in play.steps if step.verdict == steps.ERROR), None)
    says = f"{first.name}: {first.what}" if first else _SAYS.get(verdict, "it comes to no end")
    return {
        "verdict": verdict,
        "client": play.machine.kind,
        "mac": play.machine.mac,
        "seconds": round(sum(step.seconds for step in play.steps), 3),
        "says": says,
        "steps": [step.document() for step in play.steps],
    }


_SAYS = {
    steps.BOOTS: "it boots from the network as the inventory has it",
    steps.WAITS: "it waits in iPXE for others, and boots then",
    steps.DISK: "it starts its disk",
}


def _without_a_card(document: Mapping[str, Any]) -> dict[str, str]:
    name = text_at(document, "metadata", "name") or "a machine without a name"
    return {
        "what": "it would not boot: its object has no interface with a MAC address",
        "where": f"{name}, {_OBJECT}",
        "remedy": "write netboot_mac into the inventory",
        "who": steps.INVENTORY,
    }


def _unreachable(bootd: Bootd, why: str) -> dict[str, str]:
    return {
        "what": f"bootd does not answer at {bootd.http_base}: {why}",
        "where": f"{bootd.http_base}/api/v1/machines",
        "remedy": "start bootd, and see that its HTTP port can be reached from here",
        "who": steps.NODE,
    }
