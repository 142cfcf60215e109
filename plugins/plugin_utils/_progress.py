# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wait for machines has seen, and what to say about it. Pure: machines and times in, lines out.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stages import STAGES

TARGETS = tuple(stage for stage in STAGES if stage != "failed")
_RANK = {stage: rank for rank, stage in enumerate(TARGETS)}

# Seconds of answers in which a machine may be unknown: its object may be on its way, a wrong name stays wrong.
UNKNOWN_GRACE = 30.0
# Seconds by which bootd's clock may be off: it is read from an HTTP date, or taken to be right.
_CLOCK_ERROR = 2.0
_MAX_NAMES = 5


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
        self._old_failures: dict[str, tuple[Any, ...]] = {}
        self._others: tuple[str, ...] = ()
        self._first_answer: float | None = None

    @property
    def pending(self) -> list[str]:
        """Return the machines whose outcome is open."""
        return [name for name in self.names if name not in self.reached and name not in self.failed]

    def update(self, machines: Iterable[Mapping[str, Any]], now: float, elapsed: float) -> list[str]:
        """Take an answer in and return a line for each thing that happened since the one before."""
        answered = _by_name(machines)
        self._others = tuple(name for name in answered if "/" not in name)
        if self._first_answer is None:
            self._first_answer = elapsed
        patient = elapsed - self._first_answer < UNKNOWN_GRACE
        lines: list[str] = []
        for name in self.names:
            if name in answered:
                lines += self._update_one(name, answered[name], now, now - elapsed)
            elif not patient and name not in self.machines and name not in self.failed:
                self.failed[name] = self._unknown(name)
                lines.append(f"{name}: {self.failed[name]}")
        return lines

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
            if _RANK.get(str(machine.get("stage")), -1) >= _RANK[self.target]:
                self.reached.add(name)
        return [f"{name}: {line}" for line in lines]

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
            stage = str(machine.get("stage")) if machine else absent
            since = _since(machine) if machine else 0.0
            groups.setdefault(stage, []).append(f"{name} for {span(now - since)}" if since else name)
        order = sorted(groups, key=lambda stage: _RANK.get(stage, -1))
        where = "; ".join(f"{stage}: {_some(groups[stage])}" for stage in order)
        return f"{len(self.reached)} of {len(self.names)} {self.target}; {where}"

    def missing(self, now: float) -> list[str]:
        """Return a line for each machine that did not arrive: where it stands, the last thing seen, how long ago."""
        return [f"{name}: {self._missing_one(name, now)}" for name in self.names if name not in self.reached]

    def _missing_one(self, name: str, now: float) -> str:
        machine = self.machines.get(name)
        if machine is None:
            return self.failed.get(name) or self._unknown(name)
        since = f" for {span(now - _since(machine))}" if _since(machine) else ""
        where = f"{machine.get('stage')}{since}" + (f" ({_error(machine)})" if _error(machine) else "")
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


def _why_not(machine: Mapping[str, Any]) -> str:
    """Return why a machine that was never seen may not boot from the network at all, where that is so."""
    return f", and netboot is off: {machine.get('reason')}" if machine.get("netboot") is False else ""


def _first_look(machine: Mapping[str, Any], now: float) -> list[str]:
    """Return where the machine stood when the wait began, unless it has not been seen yet or has failed."""
    stage = machine.get("stage")
    if stage in ("known", "failed"):
        return []
    return [f"{stage} ({span(now - _since(machine))} ago)"]


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
    return lines


def _after(previous: Mapping[str, Any] | None, step: Mapping[str, Any]) -> str:
    if previous is None or previous.get("stage") == "known":
        return ""
    return f" ({span(float(step['at']) - float(previous['at']))} after {previous['stage']})"


def _some(names: list[str]) -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
