# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a machine stands: its stage, its attempts and what was seen last. Pure: events in, states out.

A boot from the network is an attempt. Stages only rise within an attempt; a new attempt starts when a machine whose
netboot is on asks for an address again at the beginning of a boot. A machine that failed because nothing came from it
any more goes on from where it stood as soon as something does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from . import events
from .events import Event

STAGES = ("known", "offered", "loading", "script", "kernel", "installing", "installed", "ready", "failed")
_RANK = {stage: rank for rank, stage in enumerate(STAGES)}
_INSTALLED = ("installed", "ready")
# What a machine loads on its way, and the lease that the kernel it loaded asks for.
LOADS = ("kernel", "initrd", "rootfs", "configuration", "iso")
SEEN = (*LOADS, "lease")
_IN_KERNEL = ("rootfs", "configuration", "iso")  # only what runs by then asks for these
BUSY = ("script", "kernel", "installing")  # what a machine is installed in
_UNDER_WAY = ("loading", *BUSY)
HELD_SECONDS = 60.0  # between two notes that a machine still waits for the same
NO_REASON = "the installer reported a failure, and no reason"
MAX_STEPS = 64
MAX_FACTS = 32
MAX_TEXT = 256
MAX_REASON = 512  # of a machine that was given up


@dataclass(frozen=True, slots=True)
class Step:
    """A stage and when it was reached, in seconds since the epoch."""

    stage: str
    at: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How much bootd has sent of what a machine is loading, one of LOADS; ``size`` is 0 where it is not known."""

    what: str
    bytes: int
    size: int

    @property
    def percent(self) -> int | None:
        """Return how much of it that is, rounded down; None where the size is not known."""
        return min(100, 100 * self.bytes // self.size) if self.size else None

    def __str__(self) -> str:
        return f"{self.what} {self.percent} %" if self.size else f"{self.what} {self.bytes} bytes"


@dataclass(frozen=True, slots=True)
class State:
    """Everything bootd keeps of one machine between two events.

    ``progress`` is the last of what it loads in this attempt, ``seen`` when each was heard of last. ``waits_for`` says
    for people what a machine that is held in iPXE waits for. ``overdue`` is the stage in which nothing came any more,
    "" unless that is why it failed.

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
    progress: Progress | None = None
    seen: Mapping[str, float] = field(default_factory=dict)
    waits_for: str = ""
    overdue: str = ""


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
            progress=None,
            seen={},
            waits_for="",
            overdue="",
        )
    if event.kind == events.HELD and not _is_news(state, event):
        return state
    if event.kind != events.OVERDUE:  # which is that nothing was seen
        state = replace(state, last=describe(event), last_at=event.at)
    if state.overdue and _goes_on(state, event):
        steps = (*state.steps, Step(state.overdue, event.at))[-MAX_STEPS:]
        state = replace(state, stage=state.overdue, since=event.at, steps=steps, error="", overdue="")
    handler = _HANDLERS.get(event.kind)
    return state if handler is None else handler(state, event)


def release_switch(state: State, mac: str, again: bool) -> State:
    """Return the state once the object itself decides about netboot of ``mac`` again.

    ``again``: the object asks for another installation, so the machine stands at the beginning.
    """
    rest = {other: value for other, value in state.switched_off.items() if other != mac}
    state = replace(state, switched_off=rest)
    if not again:
        return state
    return replace(
        state, stage="known", since=0.0, steps=(), error="", progress=None, seen={}, waits_for="", overdue=""
    )


def quiet_since(state: State) -> float:
    """Return when the machine was last seen to get on; asking for its script again, or failing to boot, is not."""
    return max([state.since, *state.seen.values()])


def describe(event: Event) -> str:
    """Return one line that says what ``event`` is, for people who ask where a machine stands."""
    if event.kind == events.PROGRESS and (progress := _progress_in(event)) is not None:
        return f"sending {progress}"
    hidden = ("size",) if event.kind == events.LOADED else ()
    shown = " ".join(
        str(value) for name, value in event.detail.items() if value not in ("", None) and name not in hidden
    )
    return f"{event.kind.replace('_', ' ')} {shown}".strip()[:MAX_TEXT]


def _starts_attempt(state: State, event: Event) -> bool:
    if event.kind != events.DISCOVER or not event.detail.get("netboot"):
        return False
    client = event.detail.get("client")
    if client == "firmware":
        return state.stage != "offered" or state.attempt == 0
    # iPXE asks again in the middle of a boot that firmware began; it begins one where it is the firmware itself.
    return client == "ipxe" and state.stage not in ("offered", "loading")


def _is_news(state: State, event: Event) -> bool:
    """Return whether a machine that is held waits for something else, or has not been heard of for a while."""
    same = state.waits_for == _text(event.detail.get("waits_for")) and state.stage == "loading"
    return not same or event.at - state.last_at >= HELD_SECONDS


def _goes_on(state: State, event: Event) -> bool:
    """Return whether ``event`` shows that a machine that was given up is alive.

    A script that can't go on asks for itself again and again, and tells why: that is no sign.
    """
    if state.overdue == "installed":
        return event.kind == events.READY or event.detail.get("outcome") == "succeeded"
    if event.kind == events.LEASE:
        return bool(event.detail.get("netboot")) and event.detail.get("client") == "os"
    if event.kind == events.REPORT:
        return event.detail.get("outcome") != "failed"
    return event.kind in (events.LOADED, events.PROGRESS, events.CONFIGURATION)


def _reach(state: State, stage: str, at: float) -> State:
    """Return ``state`` at ``stage``, unless it stands there or beyond."""
    if state.stage == "failed" and stage not in ("installing", *_INSTALLED):
        return state
    if state.stage != "failed" and _RANK[stage] <= _RANK[state.stage]:
        return state
    steps = (*state.steps, Step(stage, at))[-MAX_STEPS:]
    return replace(state, stage=stage, since=at, steps=steps, waits_for="")


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
        if state.stage not in ("script", "kernel"):
            return state
        # The kernel that the script loaded asks for its own lease: it runs, also where no report of it came.
        return _see(_reach(state, "kernel", event.at), "lease", event.at)
    return _reach(_with_firmware(state, event), "offered", event.at)


def _with_firmware(state: State, event: Event) -> State:
    firmware = event.detail.get("firmware")
    return replace(state, firmware=str(firmware)) if firmware and not state.firmware else state


def _on_boot_file(state: State, event: Event) -> State:
    return _reach(_add_bytes(state, event, str(event.detail.get("via"))), "loading", event.at)


def _on_script(state: State, event: Event) -> State:
    state = _add_bytes(state, event, str(event.detail.get("via", "http")))
    return _reach(replace(state, waits_for=""), "script", event.at)


def _on_held(state: State, event: Event) -> State:
    if state.overdue:
        state = replace(state, stage="offered", error="", overdue="")  # it is in iPXE, and begins again
    if state.stage not in ("known", "offered", "loading"):
        return state
    state = _reach(state, "loading", event.at)
    return replace(state, waits_for=_text(event.detail.get("waits_for")))


def _see(state: State, what: str, at: float) -> State:
    return replace(state, seen={**state.seen, what: at})


def _progress_in(event: Event, name: str = "what") -> Progress | None:
    """Return the Progress that ``event`` tells of, None where it is about nothing a machine is followed by."""
    what, sent, size = event.detail.get(name), event.detail.get("bytes", 0), event.detail.get("size", 0)
    if what not in LOADS or not isinstance(sent, int) or not isinstance(size, int):
        return None
    return Progress(str(what), max(0, sent), max(0, size))


def _on_progress(state: State, event: Event) -> State:
    progress = _progress_in(event)
    return state if progress is None else _load(state, progress, event.at)


def _load(state: State, progress: Progress, at: float) -> State:
    if state.stage not in _UNDER_WAY:
        return state  # a machine that was installed long ago may fetch whatever it likes
    if progress.what in _IN_KERNEL:
        state = _reach(state, "kernel", at)
    if progress.bytes:
        state = replace(state, progress=progress)
    return _see(state, progress.what, at)


def _on_configuration(state: State, event: Event) -> State:
    sent = event.detail.get("bytes", 0)
    sent = sent if isinstance(sent, int) else 0
    return _load(state, Progress("configuration", sent, sent), event.at)


def _on_facts(state: State, event: Event) -> State:
    facts = {str(name)[:MAX_TEXT]: str(value)[:MAX_TEXT] for name, value in list(event.detail.items())[:MAX_FACTS]}
    platform = facts.get("platform")
    firmware = {"efi": "uefi", "pcbios": "bios"}.get(platform or "", state.firmware)
    return replace(state, facts=facts, firmware=firmware)


def _on_loaded(state: State, event: Event) -> State:
    state = _add_bytes(state, event, "http")
    if event.detail.get("role") in ("kernel", "initrd"):
        state = _reach(state, "kernel", event.at)
    progress = _progress_in(event, "role")
    if progress is None:
        return state
    # The last part of a file was sent, so it has it all.
    return _load(state, replace(progress, bytes=progress.size or progress.bytes), event.at)


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
        done = _reach(replace(state, overdue=""), "installed", event.at)
        done = replace(done, error="", progress=None, installs=state.installs + 1)
        return replace(done, switched_off={**done.switched_off, event.mac: str(event.detail.get("reprovision", ""))})
    if outcome == "failed" and state.stage not in _INSTALLED:
        return _fail(state, _text(event.detail.get("reason")) or NO_REASON, event.at)
    return state


def _fail(state: State, reason: str, at: float) -> State:
    if state.stage == "failed":
        return replace(state, error=reason, overdue="")
    steps = (*state.steps, Step("failed", at))[-MAX_STEPS:]
    return replace(state, stage="failed", since=at, error=reason, steps=steps, waits_for="")


def _on_overdue(state: State, event: Event) -> State:
    if state.stage == "failed":
        return state
    reason = str(event.detail.get("reason") or "nothing came any more")[:MAX_REASON]
    return replace(_fail(state, reason, event.at), overdue=state.stage)


def _on_ready(state: State, event: Event) -> State:
    return _reach(state, "ready", event.at) if state.stage == "installed" else state


def _text(value: object) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""


_HANDLERS = {
    events.DISCOVER: _on_lease,
    events.LEASE: _on_lease,
    events.BOOT_FILE: _on_boot_file,
    events.SCRIPT: _on_script,
    events.FACTS: _on_facts,
    events.LOADED: _on_loaded,
    events.PROGRESS: _on_progress,
    events.CONFIGURATION: _on_configuration,
    events.HELD: _on_held,
    events.LOCAL_BOOT: lambda state, _event: replace(state, waits_for=""),
    events.OVERDUE: _on_overdue,
    events.READY: _on_ready,
    events.BOOT_ERROR: _on_boot_error,
    events.PHONE_HOME: _on_phone_home,
    events.REPORT: _on_report,
}
