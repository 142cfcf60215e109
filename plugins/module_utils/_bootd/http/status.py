# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The documents of the API, from catalog and journal. Pure; times are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..decisions.architectures import describe, firmware
from ..decisions.events import BootError, Event
from ..decisions.events import describe as describe_event
from ..decisions.policy import judge
from ..decisions.stages import State
from ..hardware.model import DEFAULT_NAMESPACE, Machine, Nic, boot_interface, with_first
from ..installers.registry import installer_of
from ..process.masking import mask
from ..process.version import VERSION
from ..runtime.boot_programs import ProgramFile
from ..stores.base import StoreProblem
from ..stores.unknown_machines import Unknown

Document = dict[str, Any]

# What an event came by that does not say it itself; "" is what comes by several.
_PROTOCOLS = {
    **dict.fromkeys(("discover", "lease", "refused", "decline", "release"), "dhcp"),
    **dict.fromkeys(("configuration", "configuration_leak", "facts", "phone_home", "progress", "report"), "http"),
}


def machines_document(machines: Iterable[Machine], state_of: Callable[[str], State]) -> Document:
    """Return ``{"machines": [...]}``, in the order given."""
    return {"machines": [machine_document(machine, state_of(machine.key)) for machine in machines]}


def machine_document(machine: Machine, state: State) -> Document:
    """Return what is known of one machine, and whether it would boot from the network now."""
    interface = boot_interface(with_first(machine, state.switched_off))
    verdict = judge(Nic(machine, interface)) if interface is not None else None
    return {
        "name": machine.name,
        "namespace": machine.namespace,
        "mac": interface.mac if interface is not None else "",
        "ip": interface.address if interface is not None else "",
        "firmware": state.firmware,
        "stage": state.stage,
        "since": state.since,
        "attempt": state.attempt,
        "stages": [{"stage": step.stage, "at": step.at} for step in state.steps],
        "facts": dict(state.facts),
        "bytes": {"tftp": state.bytes.get("tftp", 0), "http": state.bytes.get("http", 0)},
        "progress": _progress(state),
        "error": state.error,
        "overdue": state.overdue,
        "configuration_closed": state.configuration_closed,
        "waits_for": state.waits_for,
        "after": list(machine.after),
        "last_stage": installer_of(machine).last_stage,
        "last": {"what": state.last, "at": state.last_at},
        "summary": _summary(state, "" if interface is not None else _no_interface(machine)),
        "netboot": verdict is not None and verdict.allowed,
        "reason": mask(verdict.reason) if verdict is not None else _no_interface(machine),
    }


def events_document(events: Iterable[Event], packets: list[Document]) -> Document:
    """Return ``{"events": [...], "packets": [...]}``: what was seen of one machine, in the order given.

    ``packets`` are the documents of ``packets.packets_document``.
    """
    return {"events": [event_document(event) for event in events], "packets": packets}


def event_document(event: Event) -> Document:
    """Return one thing that was seen of a machine: when, what, by which protocol, and how much was sent."""
    detail = event.detail
    kind = event.kind
    return {
        "at": event.at,
        "began": event.began or event.at,
        "mac": event.mac,
        "kind": kind,
        "what": describe_event(event),
        "via": getattr(detail, "via", _PROTOCOLS.get(kind, "")),
        "bytes": getattr(detail, "bytes", None),
        "size": getattr(detail, "size", 0) or None,
        "link": detail.link if isinstance(detail, BootError) else "",
    }


def _summary(state: State, unusable: str) -> str:
    """Return what is worth knowing of a machine in one line: what went wrong, what it waits for, or was seen last."""
    waits = f"waits for {state.waits_for}" if state.waits_for else ""
    return state.error or waits or unusable or state.last


def _no_interface(machine: Machine) -> str:
    return f"{machine.name} has no interface that can be used"


def _progress(state: State) -> Document:
    """Return how much bootd has sent of what the machine loads; empty where it loads nothing from here."""
    progress = state.progress
    if progress is None:
        return {}
    return {"what": progress.what, "bytes": progress.bytes, "size": progress.size, "percent": progress.percent}


def find(machines: Iterable[Machine], name: str) -> Machine | None:
    """Return the machine called ``name`` or ``namespace/name``.

    A bare name means the default namespace, else the only one that has it; None where several do.
    """
    if "/" in name:
        return next((machine for machine in machines if machine.key == name), None)
    found = [machine for machine in machines if machine.name == name]
    default = next((machine for machine in found if machine.namespace == DEFAULT_NAMESPACE), None)
    return default or (found[0] if len(found) == 1 else None)


def unknown_document(unknown: Iterable[Unknown]) -> Document:
    """Return ``{"unknown": [...]}``: machines that asked and have no Hardware object, the one seen last first."""
    return {"unknown": [unknown_machine_document(entry) for entry in reversed(list(unknown))]}


def unknown_machine_document(entry: Unknown) -> Document:
    """Return what one unknown machine has said of itself, and what its architecture means."""
    words = describe(entry.arch) if entry.arch is not None else ""
    return {**asdict(entry), "architecture": words, "firmware": firmware(entry.arch)}


def health_document(
    ready: Document, faults: Iterable[str], unknown: int, started: float, now: float, *, takes_writes: bool
) -> Document:
    """Return how bootd itself is: the document of ``/readyz``, and what the page shows beside it.

    ``faults`` are the servers that answer nobody any more, ``started`` and ``now`` times, ``takes_writes`` whether it
    has an admin token.
    """
    return {
        "version": VERSION,
        "now": now,
        "started": started,
        "faults": list(faults),
        "unknown": unknown,
        "takes_writes": takes_writes,
        **ready,
    }


def ready_document(
    machines: int,
    problems: Iterable[StoreProblem],
    gaps: Mapping[str, str],
    warnings: Iterable[StoreProblem] = (),
    programs: Iterable[ProgramFile] = (),
) -> Document:
    """Return the body of ``/readyz``.

    ``gaps`` are the servers that hear nobody now (see ``Health.gaps``), ``warnings`` what some machines will lack when
    they boot, ``programs`` the boot programs of all architectures.
    """
    waiting = [{"where": server, "message": gap} for server, gap in gaps.items()]
    return {
        "ready": not gaps,
        "machines": machines,
        "problems": waiting + [asdict(problem) for problem in problems],
        "warnings": [asdict(warning) for warning in warnings],
        "boot_programs": [asdict(program) for program in programs],
    }
