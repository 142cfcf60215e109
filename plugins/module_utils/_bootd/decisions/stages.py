# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a machine stands: its stage, its attempts and what was seen last. Pure: events in, states out.

A boot from the network is an attempt. Stages only rise within an attempt. Anybody can send a DHCPDISCOVER with a
machine's MAC, so asking for an address begins an attempt only where there is none that it could end. Beyond that it is
noted, and the attempt begins with what the machine then fetches by its own address: the boot program, or its script.
A machine that failed because nothing came from it any more goes on from where it stood as soon as something does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..process.quick_replace import replacer
from .events import (
    MAX_TEXT,
    BootError,
    BootFile,
    Configuration,
    ConfigurationLeak,
    Detail,
    Discover,
    Event,
    Facts,
    Held,
    Lease,
    Loaded,
    LocalBoot,
    NetbootSwitched,
    Overdue,
    PhoneHome,
    Progress,
    Ready,
    Report,
    Retried,
    Script,
    Via,
    describe,
)

STAGES = ("known", "offered", "loading", "script", "kernel", "installing", "installed", "ready", "failed")
_RANK = {stage: rank for rank, stage in enumerate(STAGES)}
_INSTALLED = ("installed", "ready")
# What a machine loads on its way, and the lease that the kernel it loaded asks for.
LOADS = ("kernel", "initrd", "rootfs", "configuration", "iso")
SEEN = (*LOADS, "lease")
_IN_KERNEL = ("rootfs", "configuration", "iso")  # only what runs by then asks for these
BUSY = ("script", "kernel", "installing")  # what a machine is installed in
_BEYOND_FAILED = ("installing", *_INSTALLED)  # what a machine that was given up may reach all the same
_UNDER_WAY = ("loading", *BUSY)
UNBEGUN = ("known", "offered")  # nothing is lost where another attempt begins
_IN_IPXE = ("script", "kernel")  # in which a script that can't go on asks for itself again
MAX_CLOCK_SKEW = 300.0  # seconds by which the clock of another bootd may be ahead
HELD_SECONDS = 60.0  # between two notes that a machine still waits for the same
NO_REASON = "the installer reported a failure, and no reason"
MAX_STEPS = 64
MAX_FACTS = 32
MAX_REASON = 512  # of a machine that was given up


@dataclass(frozen=True, slots=True)
class Step:
    """A stage and when it was reached, in seconds since the epoch."""

    stage: str
    at: float


@dataclass(frozen=True, slots=True)
class State:
    """Everything bootd keeps of one machine between two events.

    ``progress`` is the last of what it loads in this attempt, ``seen`` when each was heard of last. ``waits_for`` says
    for people what a machine that is held in iPXE waits for. ``overdue`` is the stage in which nothing came any more,
    "" unless that is why it failed.

    ``installs`` counts finished installations: tokens are made of it and ``attempt``, so each dies with its attempt.
    ``switched_off`` maps the MAC whose netboot bootd has switched off to the reprovision annotation it saw then;
    ``switched_by`` is the address of whoever asked for that by hand, "" where an installation did.

    ``asked_at`` is when it asked for an address as at the beginning of a boot, 0.0 where it has not since this attempt
    began. ``script_at`` is when it was given its script last, from which its configuration can be had for a while, and
    ``script_mac`` the MAC of the card that it was for; ``configuration_closed`` says for people why that ended early:
    somebody else had its URL.
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
    switched_by: str = ""
    progress: Progress | None = None
    seen: Mapping[str, float] = field(default_factory=dict)
    waits_for: str = ""
    overdue: str = ""
    asked_at: float = 0.0
    script_at: float = 0.0
    script_mac: str = ""
    configuration_closed: str = ""


replace = replacer(State)

# What begins anew with each attempt.
_OF_ATTEMPT = ("bytes", "error", "progress", "seen", "waits_for", "overdue", "asked_at", "script_at", "script_mac")
_AFRESH = {name: getattr(State(), name) for name in (*_OF_ATTEMPT, "configuration_closed")}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``."""
    detail = event.detail
    changes: dict[str, Any] = {}
    if asks_to_boot(state, detail):
        changes = _beginning(state, event.at, detail) if state.stage in UNBEGUN else {"asked_at": event.at}
    elif boots_again(state, detail):
        changes = _beginning(state, state.asked_at or event.at, detail)
    elif isinstance(detail, Held) and not _is_news(state, detail, event.at):
        return state
    if isinstance(detail, Script):
        return _on_script(replace(state, **changes) if changes else state, detail, event)
    if isinstance(detail, BootFile):
        return _on_boot_file(replace(state, **changes) if changes else state, detail, event)
    if not isinstance(detail, Overdue):  # which is that nothing was seen
        changes |= {"last": describe(event), "last_at": event.at}
    # Once for all of them: ten thousand machines may begin at the same time.
    state = replace(state, **changes) if changes else state
    if state.overdue and goes_on(state, detail):
        steps = (*state.steps, Step(state.overdue, event.at))[-MAX_STEPS:]
        state = replace(state, stage=state.overdue, since=event.at, steps=steps, error="", overdue="")
    return _after_report(_after_load(_after_request(state, event), event), event)


def release_switch(state: State, mac: str, again: bool) -> State:
    """Return the state once the object itself decides about netboot of ``mac`` again.

    ``again``: the object asks for another installation, so the machine stands at the beginning.
    """
    rest = {other: value for other, value in state.switched_off.items() if other != mac}
    state = replace(state, switched_off=rest, switched_by=state.switched_by if rest else "")
    return _at_the_beginning(state) if again else state


def _at_the_beginning(state: State) -> State:
    """Return ``state`` of a machine that nothing was seen of since, and whose next boot is another attempt."""
    # What it was sent is counted until the next attempt begins.
    return replace(state, **{**_AFRESH, "bytes": state.bytes, "stage": "known", "since": 0.0, "steps": ()})


def is_older(state: State, other: State, now: float) -> bool:
    """Return whether ``state`` of a machine is behind ``other``, where two bootds have written one.

    A time in the future tells nothing: the clock that gave it was wrong, and its state would win for as long as that
    lasts. Then the one is ahead that knows of more finished installations: to forget one would cost the machine its
    disks.
    """
    latest = now + MAX_CLOCK_SKEW
    if state.last_at <= latest and other.last_at <= latest:
        return state.last_at < other.last_at
    at, other_at = (item.last_at if item.last_at <= latest else 0.0 for item in (state, other))
    return (state.installs, at) < (other.installs, other_at)


def asks_to_boot(state: State, detail: Detail) -> bool:
    """Return whether ``detail`` is what comes first in a boot: anybody may have sent it."""
    if not isinstance(detail, Discover) or not detail.netboot:
        return False
    if detail.client == "firmware":
        return state.stage != "offered" or state.attempt == 0
    # iPXE asks again in the middle of a boot that firmware began; it begins one where it is the firmware itself.
    return detail.client == "ipxe" and state.stage not in ("offered", "loading")


def boots_again(state: State, detail: Detail) -> bool:
    """Return whether ``detail``, which the machine itself did, shows that it boots another time: in another attempt."""
    if state.asked_at:
        return isinstance(detail, BootFile | Script) or (isinstance(detail, Held) and state.stage != "loading")
    # Where another server gives addresses nobody hears it ask. One whose kernel did not start asks for its script, too.
    if not isinstance(detail, Script):
        return False
    return state.stage in ("installing", *_INSTALLED) or (state.stage == "failed" and state.overdue not in _IN_IPXE)


def _beginning(state: State, at: float, detail: Detail) -> dict[str, Any]:
    """Return what of ``state`` changes with another attempt, begun ``at``, in which ``detail`` is the last seen."""
    known_at = state.since if state.stage == "known" and state.since else at
    asked_before = state.stage not in UNBEGUN
    is_offered = asked_before or isinstance(detail, Discover)
    known = Step("known", known_at)
    return {
        **_AFRESH,
        "stage": "offered" if is_offered else "known",
        "since": at if is_offered else known_at,
        "attempt": state.attempt + 1,
        "steps": (known, Step("offered", at)) if is_offered else (known,),
        "firmware": state.firmware if asked_before else detail.firmware if isinstance(detail, Discover) else "",
    }


def _is_news(state: State, held: Held, at: float) -> bool:
    """Return whether a machine that is held waits for something else, or has not been heard of for a while."""
    same = state.waits_for == held.waits_for[:MAX_TEXT] and state.stage == "loading"
    return not same or at - state.last_at >= HELD_SECONDS


def goes_on(state: State, detail: Detail) -> bool:
    """Return whether ``detail`` shows that a machine that was given up is alive.

    A script that can't go on asks for itself again and again, and tells why: that is no sign.
    """
    if state.overdue == "installed":
        return isinstance(detail, Ready) or (isinstance(detail, Report) and detail.outcome == "succeeded")
    if isinstance(detail, Lease):
        return detail.netboot and detail.client == "os"
    if isinstance(detail, Report):
        return detail.outcome != "failed"
    return isinstance(detail, Loaded | Progress | Configuration)


def _after_request(state: State, event: Event) -> State:
    """Return ``state`` after what a machine was given by firmware's protocols, before a kernel runs."""
    at = event.at
    match event.detail:
        case Discover() | Lease() as leased:
            return _on_lease(state, leased, at)
        case Held(waits_for):
            return _on_held(state, waits_for[:MAX_TEXT], at)
        case LocalBoot():
            return replace(state, waits_for="")
        case BootError():
            return replace(state, error=describe(event))
    return state


def _after_load(state: State, event: Event) -> State:
    """Return ``state`` after what a machine has loaded or said of itself."""
    match event.detail:
        case Facts() as facts:
            return _on_facts(state, facts)
        case Loaded() as loaded:
            return _on_loaded(state, loaded, event.at)
        case Progress() as progress:
            return _load(state, progress, event.at)
        case Configuration(sent):
            return _load(state, Progress("configuration", sent, sent), event.at)
        case ConfigurationLeak(address):
            return _on_leak(state, address)
    return state


def _after_report(state: State, event: Event) -> State:
    """Return ``state`` after what came, or did not come, from an installer or the installed system."""
    match event.detail:
        case Report() as report:
            # A URL that was handed out before the boot names a card, and the machine may have booted by another.
            return _on_report(state, report, state.script_mac or event.mac, event.at)
        case PhoneHome("failure", reason):
            return replace(state, error=(reason or "the machine reported a failure")[:MAX_TEXT])
        case Overdue(reason):
            return _on_overdue(state, reason, event.at)
        case Ready() if state.stage == "installed":
            return _reach(state, "ready", event.at)
        case NetbootSwitched() as switched:
            return _on_switch(state, switched)
        case Retried() if state.stage == "failed":
            return _at_the_beginning(state)
    return state


def _reach(state: State, stage: str, at: float, **also: Any) -> State:
    """Return ``state`` at ``stage``, unless it stands there or beyond, and with what changes ``also``."""
    is_there = _RANK[stage] <= _RANK[state.stage] if state.stage != "failed" else stage not in _BEYOND_FAILED
    if is_there:
        return replace(state, **also) if also else state
    steps = (*state.steps, Step(stage, at))[-MAX_STEPS:]
    return replace(state, **{"stage": stage, "since": at, "steps": steps, "waits_for": "", **also})


def _add_bytes(state: State, via: Via, sent: int | None) -> State:
    return replace(state, bytes=_with_bytes(state, via, sent)) if sent else state


def _with_bytes(state: State, via: Via, sent: int | None) -> Mapping[str, int]:
    return {**state.bytes, via: state.bytes.get(via, 0) + sent} if sent else state.bytes


def _on_lease(state: State, leased: Discover | Lease, at: float) -> State:
    if not leased.netboot:
        return state
    if leased.client == "os":
        if state.stage not in ("script", "kernel"):
            return state
        # The kernel that the script loaded asks for its own lease: it runs, also where no report of it came.
        return _see(_reach(state, "kernel", at), "lease", at)
    if state.stage not in UNBEGUN:
        return state
    is_told = leased.firmware and not state.firmware
    return _reach(state, "offered", at, **({"firmware": leased.firmware} if is_told else {}))


def _on_script(state: State, script: Script, event: Event) -> State:
    """Return ``state`` after a script and its ``event``, all of it changed at once: ten thousand may get theirs."""
    sent, at = _with_bytes(state, script.via, script.bytes), event.at
    given = {"bytes": sent, "waits_for": "", "script_at": at, "script_mac": event.mac}
    return _reach(state, "script", at, last=describe(event), last_at=at, **given)


def _on_boot_file(state: State, file: BootFile, event: Event) -> State:
    """Return ``state`` after a boot program was sent, all of it changed at once as well."""
    sent, at = _with_bytes(state, file.via, file.bytes), event.at
    return _reach(state, "loading", at, bytes=sent, last=describe(event), last_at=at)


def _on_held(state: State, waits_for: str, at: float) -> State:
    if state.overdue:
        state = replace(state, stage="offered", error="", overdue="")  # it is in iPXE, and begins again
    if state.stage not in ("known", "offered", "loading"):
        return state
    return replace(_reach(state, "loading", at), waits_for=waits_for)


def _see(state: State, what: str, at: float) -> State:
    return replace(state, seen={**state.seen, what: at})


def _load(state: State, progress: Progress, at: float) -> State:
    if state.stage not in _UNDER_WAY or progress.what not in LOADS:
        return state  # a machine that was installed long ago may fetch whatever it likes
    if progress.what in _IN_KERNEL:
        state = _reach(state, "kernel", at)
    if progress.bytes:
        state = replace(state, progress=progress)
    return _see(state, progress.what, at)


def _on_leak(state: State, address: str) -> State:
    closed = f"{address}, which is no address of the machine, asked for its configuration with its token"
    return replace(state, configuration_closed=state.configuration_closed or closed)


def _on_facts(state: State, told: Facts) -> State:
    facts = {name[:MAX_TEXT]: value[:MAX_TEXT] for name, value in list(told.values.items())[:MAX_FACTS]}
    firmware = {"efi": "uefi", "pcbios": "bios"}.get(facts.get("platform", ""), state.firmware)
    return replace(state, facts=facts, firmware=firmware)


def _on_loaded(state: State, loaded: Loaded, at: float) -> State:
    state = _add_bytes(state, loaded.via, loaded.bytes)
    if loaded.role in ("kernel", "initrd"):
        state = _reach(state, "kernel", at)
    # The last part of a file was sent, so it has it all.
    return _load(state, Progress(loaded.role, loaded.size or loaded.bytes or 0, loaded.size), at)


def _on_report(state: State, report: Report, mac: str, at: float) -> State:
    if report.outcome == "started":
        return replace(_reach(state, "installing", at), error="")
    if report.outcome == "succeeded" and state.stage not in _INSTALLED:
        done = _reach(replace(state, overdue=""), "installed", at)
        switched_off = {**done.switched_off, mac: report.reprovision}
        done = replace(done, switched_off=switched_off, switched_by="")
        return replace(done, error="", progress=None, installs=state.installs + 1)
    if report.outcome == "failed" and state.stage not in _INSTALLED:
        return _fail(state, report.reason[:MAX_TEXT] or NO_REASON, at)
    return state


def _on_switch(state: State, switched: NetbootSwitched) -> State:
    if switched.netboot == "off":
        switched_off = {**state.switched_off, **dict.fromkeys(switched.macs, switched.reprovision)}
        return replace(state, switched_off=switched_off, switched_by=switched.by)
    for mac in state.switched_off:
        state = release_switch(state, mac, again=True)
    return state


def _fail(state: State, reason: str, at: float) -> State:
    if state.stage == "failed":
        return replace(state, error=reason, overdue="")
    steps = (*state.steps, Step("failed", at))[-MAX_STEPS:]
    return replace(state, stage="failed", since=at, error=reason, steps=steps, waits_for="")


def _on_overdue(state: State, reason: str, at: float) -> State:
    if state.stage == "failed":
        return state
    return replace(_fail(state, (reason or "nothing came any more")[:MAX_REASON], at), overdue=state.stage)
