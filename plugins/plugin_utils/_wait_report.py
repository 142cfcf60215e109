# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wait for machines has seen, and what to say about it. Pure: machines and times in, lines out.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.stages import STAGES
from ansible_collections.baremetal.netboot.plugins.plugin_utils._bars import progress_bar

TARGETS = tuple(stage for stage in STAGES if stage != "failed")
_RANK = {stage: rank for rank, stage in enumerate(TARGETS)}

# Seconds of answers in which a machine may be unknown: its object may be on its way, a wrong name stays wrong.
UNKNOWN_GRACE = 30.0
# Seconds by which bootd's clock may be off: it is read from an HTTP date, or taken to be right.
_CLOCK_ERROR = 2.0
_MAX_NAMES = 5
_MAX_BARS = 9  # machines; more than that are no picture
# Lines for one answer; more machines than that do the same things, and are told of together.
_MAX_LINES = 20


class Progress:
    """Follows the machines ``names`` until each stands at ``target`` or beyond.

    ``update`` takes the machines as ``/api/v1/machines`` lists them. Its times are in seconds since the epoch by
    bootd's clock, also ``now``; ``elapsed`` is in seconds since the wait began.
    """

    def __init__(self, names: Iterable[str], target: str) -> None:
        self.names = tuple(dict.fromkeys(names))
        self.target = target
        self.machines: dict[str, Mapping[str, Any]] = {}  # the last that was said of each
        self.reached: set[str] = set()
        self.failed: dict[str, str] = {}  # name -> why
        self.blocked: dict[str, str] = {}  # name -> which machine it waits for, that will not come
        self._old_failures: dict[str, tuple[Any, ...]] = {}
        self._others: tuple[str, ...] = ()
        self._first_answer: float | None = None

    @property
    def pending(self) -> list[str]:
        """Return the machines whose outcome is open."""
        settled = self.reached | self.failed.keys() | self.blocked.keys()
        return [name for name in self.names if name not in settled]

    def update(self, machines: Iterable[Mapping[str, Any]], now: float, elapsed: float) -> list[str]:
        """Take an answer in and return a line for each thing that happened since the one before."""
        answered = _by_name(machines)
        self._others = tuple(name for name in answered if "/" not in name)
        if self._first_answer is None:
            self._first_answer = elapsed
        patient = elapsed - self._first_answer < UNKNOWN_GRACE
        lines: list[tuple[str, str]] = []
        for name in self.names:
            if name in answered:
                lines += [(name, line) for line in self._update_one(name, answered[name], now, now - elapsed)]
            elif not patient and name not in self.machines and name not in self.failed:
                self.failed[name] = self._unknown(name)
                lines.append((name, self.failed[name]))
        self.blocked = self._find_blocked()
        return _bounded(lines)

    def _find_blocked(self) -> dict[str, str]:
        """Return the machines that can't begin, because one they wait for has failed or waits for one that has."""
        stuck = {_key(self.machines[name]): name for name in self.failed if name in self.machines}
        waiting = {
            name: self.machines[name]
            for name in self.names
            if name in self.machines and name not in self.failed and self._has_not_begun(name)
        }
        blocked: dict[str, str] = {}
        while found := {
            name: cause
            for name, machine in waiting.items()
            if name not in blocked
            and (cause := next((stuck[key] for key in machine.get("after") or () if key in stuck), None))
        }:
            blocked |= found
            stuck |= {_key(waiting[name]): name for name in found}
        return blocked

    def _has_not_begun(self, name: str) -> bool:
        return self.machines[name].get("stage") in ("known", "offered", "loading") and name not in self.reached

    def _update_one(self, name: str, machine: Mapping[str, Any], now: float, began: float) -> list[str]:
        before = self.machines.get(name)
        if before is machine:
            return []  # a watch gives again what has not changed
        self.machines[name] = machine
        lines = _first_look(machine, now) if before is None else _news(before, machine)
        if machine.get("stage") == "failed":
            old = before is None and _since(machine) < began - _CLOCK_ERROR
            lines += self._take_failure(name, machine, now, old=old)
        else:
            self.failed.pop(name, None)
            stage = str(machine.get("stage"))
            if _RANK.get(stage, -1) >= _RANK[self.target] or stage == machine.get("last_stage"):
                self.reached.add(name)
        return lines

    def _take_failure(self, name: str, machine: Mapping[str, Any], now: float, *, old: bool) -> list[str]:
        """Count a failure, but take an ``old`` one, from before the wait, as a reason to wait for the next boot."""
        failure = (machine.get("attempt"), machine.get("since"))
        reason = _error(machine) or "no reason given"
        if old:
            self._old_failures[name] = failure
            return [f"failed {span(now - _since(machine))} ago ({reason}); waiting for its next boot"]
        if self._old_failures.get(name) == failure or name in self.failed:
            return []
        self.failed[name] = reason
        return [f"FAILED: {reason}"]

    def _unknown(self, name: str) -> str:
        if self._first_answer is None:
            return "nothing has been heard of it"
        near = get_close_matches(name, self._others, 1)
        hint = f"the nearest is {near[0]}" if near else f"there are {len(self._others)} others"
        return f"there is no Hardware object of that name, {hint}"

    def standing(self, now: float) -> str:
        """Return one line that says how many machines stand where, for a wait in which nothing happens."""
        groups: dict[str, list[str]] = {}
        absent = "not heard of" if self._first_answer is None else "without Hardware object"
        for name in self.pending:
            machine = self.machines.get(name)
            stage = _standing(machine) if machine else absent
            since = _since(machine) if machine else 0.0
            loading = f", {_percent(machine)}" if machine and _percent(machine) else ""
            groups.setdefault(stage, []).append(f"{name} for {span(now - since)}{loading}" if since else name)
        order = sorted(groups, key=lambda stage: _RANK.get(stage.partition(",")[0], -1))
        where = "; ".join(f"{stage}: {_some(groups[stage])}" for stage in order)
        return f"{len(self.reached)} of {len(self.names)} {self.target}; {where}"

    def bars(self, now: float, elapsed: float) -> list[str]:
        """Return a line on all machines, and one on each that is on its way, with a bar of how far it is."""
        failed = f", {len(self.failed)} failed" if self.failed else ""
        arrived = len(self.reached) / len(self.names) if self.names else 1.0
        lines = [
            f"{progress_bar(arrived)} {len(self.reached)} of {len(self.names)} {self.target}{failed}, {span(elapsed)}"
        ]
        going = [name for name in self.pending if name in self.machines]
        # What has begun comes first, and of that what has come farthest.
        going.sort(key=lambda name: -_RANK.get(str(self.machines[name].get("stage")), -1))
        shown = going[:_MAX_BARS]
        width = max(map(len, shown), default=0)
        lines += [f"  {name:<{width}}  {self._bar_of(self.machines[name], now)}" for name in shown]
        more = len(self.pending) - len(shown)
        return [*lines, f"  and {more} more"] if more else lines

    @staticmethod
    def _bar_of(machine: Mapping[str, Any], now: float) -> str:
        progress = machine.get("progress") or {}
        percent = progress.get("percent")
        since = f" for {span(now - _since(machine))}" if _since(machine) else ""
        where = f"{machine.get('stage')}{since}"
        told = _error(machine) or _waits(machine)
        if percent is None or percent >= 100 or told:
            return f"{where}  {told}".rstrip()
        return f"{where}  {progress_bar(percent / 100)} {percent} % {progress.get('what')}"

    def summary(self, now: float) -> list[dict[str, Any]]:
        """Return for each machine where it stands, since when, how much of what it loads it has, and why."""
        return [self._summary_of(name, now) for name in self.names]

    def _summary_of(self, name: str, now: float) -> dict[str, Any]:
        machine = self.machines.get(name, {})
        since, progress = _since(machine), machine.get("progress") or {}
        missing = "" if name in self.reached or name in self.machines else self.failed.get(name) or self._unknown(name)
        return {
            "name": name,
            "stage": str(machine.get("stage") or ""),
            "since": since,
            "seconds": round(max(0.0, now - since), 1) if since else 0.0,
            "reached": name in self.reached,
            "failed": name in self.failed,
            "loading": str(progress.get("what") or ""),
            "percent": progress.get("percent"),
            "reason": _error(machine) or _waits(machine) or self._blocked(name) or missing,
        }

    def missing(self, now: float) -> list[str]:
        """Return a line for each machine that did not arrive: where it stands, the last thing seen, how long ago."""
        return [f"{name}: {self._missing_one(name, now)}" for name in self.names if name not in self.reached]

    def _blocked(self, name: str) -> str:
        return f"waits for {self.blocked[name]}, which did not arrive" if name in self.blocked else ""

    def _missing_one(self, name: str, now: float) -> str:
        machine = self.machines.get(name)
        if machine is None:
            return self.failed.get(name) or self._unknown(name)
        since = f" for {span(now - _since(machine))}" if _since(machine) else ""
        why = _error(machine) or _waits(machine) or self._blocked(name) or _percent(machine)
        where = f"{machine.get('stage')}{since}" + (f" ({why})" if why else "")
        last = machine.get("last") or {}
        if last.get("at"):
            return f"{where}; last seen {span(now - float(last['at']))} ago: {last.get('what')}"
        return f"{where}; no request from {machine.get('mac') or 'it'} has come{_why_not(machine)}"


def _by_name(machines: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return machines by ``namespace/name`` and by ``name``; of several it is the one in the default namespace."""
    found: dict[str, Mapping[str, Any]] = {}
    for machine in machines:
        name, namespace = str(machine.get("name")), str(machine.get("namespace"))
        found[f"{namespace}/{name}"] = machine
        if name not in found or namespace == "default":
            found[name] = machine
    return found


def span(seconds: float) -> str:
    """Return a duration for people; a negative one, which clocks that differ can give, counts as none."""
    seconds = max(0.0, seconds)
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def _since(machine: Mapping[str, Any]) -> float:
    return float(machine.get("since") or 0.0)


def _error(machine: Mapping[str, Any]) -> str:
    return str(machine.get("error") or "")


def _waits(machine: Mapping[str, Any]) -> str:
    return f"waits for {machine['waits_for']}" if machine.get("waits_for") else ""


def _standing(machine: Mapping[str, Any]) -> str:
    """Return what a machine is counted under by who does not arrive."""
    return f"{machine.get('stage')}, waiting" if machine.get("waits_for") else str(machine.get("stage"))


def _percent(machine: Mapping[str, Any]) -> str:
    """Return how much of what it loads a machine has, "" where that is not known, or it has it all."""
    progress = machine.get("progress") or {}
    percent = progress.get("percent")
    return f"{progress.get('what')} {percent} %" if percent is not None and percent < 100 else ""


def _key(machine: Mapping[str, Any]) -> str:
    return f"{machine.get('namespace')}/{machine.get('name')}"


def _bounded(lines: list[tuple[str, str]]) -> list[str]:
    """Return lines for ``(name, text)``, of which there are never more than a screen holds."""
    if len(lines) <= _MAX_LINES:
        return [f"{name}: {text}" for name, text in lines]
    groups: dict[str, list[str]] = {}
    for name, text in lines:
        # The times differ, what happened does not.
        groups.setdefault(text.partition(" (")[0], []).append(name)
    shown = list(groups.items())[:_MAX_LINES]
    told = [f"{_some(names)}: {text}" for text, names in shown]
    return told if len(groups) <= _MAX_LINES else [*told, f"... and {len(groups) - _MAX_LINES} more things"]


def _why_not(machine: Mapping[str, Any]) -> str:
    """Return why a machine that was never seen may not boot from the network at all, where that is so."""
    return f", and netboot is off: {machine.get('reason')}" if machine.get("netboot") is False else ""


def _first_look(machine: Mapping[str, Any], now: float) -> list[str]:
    """Return where the machine stood when the wait began, unless it has not been seen yet or has failed."""
    stage = machine.get("stage")
    if stage in ("known", "failed"):
        return []
    waits = [_waits(machine)] if machine.get("waits_for") else []
    return [f"{stage} ({span(now - _since(machine))} ago)", *waits]


def _news(before: Mapping[str, Any], machine: Mapping[str, Any]) -> list[str]:
    """Return a line for each stage that was reached between two looks."""
    steps = list(machine.get("stages") or [])
    again = machine.get("attempt") != before.get("attempt")
    seen = [] if again else list(before.get("stages") or [])
    lines = [f"boots, attempt {machine.get('attempt')}"] if again and (before.get("attempt") or 0) > 0 else []
    for number, step in enumerate(steps):
        if step in seen or step.get("stage") in ("known", "failed"):
            continue
        previous = steps[number - 1] if number else None
        lines.append(f"{step['stage']}{_after(previous, step)}")
    # What it waits for is told once; that the other gets on is told of the other.
    if machine.get("waits_for") and not before.get("waits_for"):
        lines.append(_waits(machine))
    return lines


def _after(previous: Mapping[str, Any] | None, step: Mapping[str, Any]) -> str:
    if previous is None or previous.get("stage") == "known":
        return ""
    return f" ({span(float(step['at']) - float(previous['at']))} after {previous['stage']})"


def _some(names: list[str]) -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
