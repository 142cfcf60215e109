# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a machine stands: its stage, its attempts and what was seen last. Pure: events in, states out.

A boot from the network is an attempt. Stages only rise within an attempt; a new attempt starts when a machine whose
netboot is on asks for an address again at the beginning of a boot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from . import events
from .events import Event

STAGES = ("known", "offered", "loading", "script", "kernel", "installing", "installed", "ready", "failed")
_RANK = {stage: rank for rank, stage in enumerate(STAGES)}
_INSTALLED = ("installed", "ready")
MAX_STEPS = 64
MAX_FACTS = 32
MAX_TEXT = 256


@dataclass(frozen=True, slots=True)
class Step:
    """A stage and when it was reached, in seconds since the epoch."""

    stage: str
    at: float


@dataclass(frozen=True, slots=True)
class State:
    """Everything bootd keeps of one machine between two events.

    ``installs`` counts finished installations: report tokens are made of it, so each dies with its installation.
    ``switched_off`` maps the MAC whose netboot bootd has switched off to the reprovision annotation it saw then.
    """

    stage: str = "known"
    since: float = 0.0
    attempt: int = 0
    steps: tuple[Step, ...] = ()
    firmware: str = ""  # "uefi" or "bios", as far as seen
    facts: Mapping[str, str] = field(default_factory=dict)
    bytes: Mapping[str, int] = field(default_factory=dict)  # "tftp", "http": sent in this attempt
    last: str = ""  # what was seen last, for people
    last_at: float = 0.0
    error: str = ""
    installs: int = 0
    switched_off: Mapping[str, str] = field(default_factory=dict)


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``."""
    if _starts_attempt(state, event):
        known_at = state.since if state.stage == "known" and state.since else event.at
        state = replace(
            state,
            stage="known",
            since=known_at,
            attempt=state.attempt + 1,
            steps=(Step("known", known_at),),
            bytes={},
            error="",
            firmware="",
        )
    state = replace(state, last=describe(event), last_at=event.at)
    handler = _HANDLERS.get(event.kind)
    return state if handler is None else handler(state, event)


def release_switch(state: State, mac: str, again: bool) -> State:
    """Return the state once the object itself decides about netboot of ``mac`` again.

    ``again``: the object asks for another installation, so the machine stands at the beginning.
    """
    rest = {other: value for other, value in state.switched_off.items() if other != mac}
    state = replace(state, switched_off=rest)
    return replace(state, stage="known", since=0.0, steps=(), error="") if again else state


def describe(event: Event) -> str:
    """Return one line that says what ``event`` is, for people who ask where a machine stands."""
    shown = " ".join(str(value) for value in event.detail.values() if value not in ("", None))
    return f"{event.kind.replace('_', ' ')} {shown}".strip()[:MAX_TEXT]


def _starts_attempt(state: State, event: Event) -> bool:
    if event.kind != events.DISCOVER or not event.detail.get("netboot"):
        return False
    client = event.detail.get("client")
    if client == "firmware":
        return state.stage != "offered" or state.attempt == 0
    # iPXE asks again in the middle of a boot that firmware began; it begins one where it is the firmware itself.
    return client == "ipxe" and state.stage not in ("offered", "loading")


def _reach(state: State, stage: str, at: float) -> State:
    """Return ``state`` at ``stage``, unless it stands there or beyond."""
    if state.stage == "failed" and stage not in ("installing", *_INSTALLED):
        return state
    if state.stage != "failed" and _RANK[stage] <= _RANK[state.stage]:
        return state
    return replace(state, stage=stage, since=at, steps=(*state.steps, Step(stage, at))[-MAX_STEPS:])


def _add_bytes(state: State, event: Event, via: str) -> State:
    sent = event.detail.get("bytes")
    if not isinstance(sent, int) or via not in ("tftp", "http"):
        return state
    return replace(state, bytes={**state.bytes, via: state.bytes.get(via, 0) + sent})


def _on_lease(state: State, event: Event) -> State:
    if not event.detail.get("netboot"):
        return state
    client = event.detail.get("client")
    if client == "os":
        # The kernel that the script loaded asks for its own lease: it runs, also where no report of it came.
        return _reach(state, "kernel", event.at) if state.stage == "script" else state
    return _reach(_with_firmware(state, event), "offered", event.at)


def _with_firmware(state: State, event: Event) -> State:
    firmware = event.detail.get("firmware")
    return replace(state, firmware=str(firmware)) if firmware and not state.firmware else state


def _on_boot_file(state: State, event: Event) -> State:
    return _reach(_add_bytes(state, event, str(event.detail.get("via"))), "loading", event.at)


def _on_script(state: State, event: Event) -> State:
    return _reach(_add_bytes(state, event, str(event.detail.get("via", "http"))), "script", event.at)


def _on_facts(state: State, event: Event) -> State:
    facts = {str(name)[:MAX_TEXT]: str(value)[:MAX_TEXT] for name, value in list(event.detail.items())[:MAX_FACTS]}
    platform = facts.get("platform")
    firmware = {"efi": "uefi", "pcbios": "bios"}.get(platform or "", state.firmware)
    return replace(state, facts=facts, firmware=firmware)


def _on_loaded(state: State, event: Event) -> State:
    state = _add_bytes(state, event, "http")
    return _reach(state, "kernel", event.at) if event.detail.get("role") in ("kernel", "initrd") else state


def _on_boot_error(state: State, event: Event) -> State:
    return replace(state, error=describe(event))


def _on_phone_home(state: State, event: Event) -> State:
    if event.detail.get("type") != "failure":
        return state
    return replace(state, error=str(event.detail.get("reason") or "the machine reported a failure")[:MAX_TEXT])


def _on_report(state: State, event: Event) -> State:
    outcome = event.detail.get("outcome")
    if outcome == "started":
        return replace(_reach(state, "installing", event.at), error="")
    if outcome == "succeeded" and state.stage not in _INSTALLED:
        done = replace(_reach(state, "installed", event.at), error="", installs=state.installs + 1)
        return replace(done, switched_off={**done.switched_off, event.mac: str(event.detail.get("reprovision", ""))})
    if outcome == "failed" and state.stage not in _INSTALLED:
        reason = str(event.detail.get("reason") or "the installer gave no reason")[:MAX_TEXT]
        if state.stage == "failed":
            return replace(state, error=reason)
        steps = (*state.steps, Step("failed", event.at))[-MAX_STEPS:]
        return replace(state, stage="failed", since=event.at, error=reason, steps=steps)
    return state


_HANDLERS = {
    events.DISCOVER: _on_lease,
    events.LEASE: _on_lease,
    events.BOOT_FILE: _on_boot_file,
    events.SCRIPT: _on_script,
    events.FACTS: _on_facts,
    events.LOADED: _on_loaded,
    events.BOOT_ERROR: _on_boot_error,
    events.PHONE_HOME: _on_phone_home,
    events.REPORT: _on_report,
}
