# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks machines for their power and brings it about: several at once, each with its own end.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._power import ipmi, plan, redfish, wol
from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import OFF, ON, UNKNOWN, Power, PowerError
from ansible_collections.baremetal.netboot.plugins.module_utils._power.plan import Target, Wish
from ansible_collections.baremetal.netboot.plugins.module_utils._power.standing import (
    NotAsked,
    Standing,
    standing_of,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import IPMI, REDFISH, WOL

LIBRARIES = {REDFISH: redfish.LIBRARY, IPMI: ipmi.LIBRARY, WOL: wol.LIBRARY}
ASK_AGAIN = 1.0  # seconds
ASKED_AT_MOST = 3  # times, where the machines stand
# Returns bootd's documents of all machines; raises NotAsked.
Ask = Callable[[], Iterable[Mapping[str, Any]]]
Open = Callable[[Target], Power]


@dataclass
class Outcome:
    """What became of one machine, or would in check mode.

    ``before`` and ``after`` are its power, ``left_alone`` says why it was not touched and ``error`` why not all steps
    were done. ``ejected`` are the virtual media that something was ejected from.
    """

    name: str
    before: str = UNKNOWN
    after: str = UNKNOWN
    steps: list[str] = field(default_factory=list)
    ejected: list[str] = field(default_factory=list)
    left_alone: str = ""
    error: str = ""


@dataclass(frozen=True)
class Pace:
    """How many machines at once, seconds between one wave and the next, and for how long to wait for a machine."""

    width: int = 5
    stagger: float = 0.0
    timeout: float = 120.0


def missing_libraries(targets: Iterable[Target]) -> list[str]:
    """Return the Python libraries that these machines need and that are not there."""
    wanted = {LIBRARIES[target.bmc.type] for target in targets if target.bmc is not None}
    return sorted(name for name in wanted if find_spec(name) is None)


def opened(target: Target) -> Power:
    """Return the way to a machine's power; raises PowerError."""
    if target.bmc is None:
        raise PowerError("it has no BMC")
    if target.bmc.type == REDFISH:
        return redfish.Redfish(target.bmc)
    return ipmi.Ipmi(target.bmc) if target.bmc.type == IPMI else wol.WakeOnLan(target.bmc, target.mac)


def bring_about(
    wish: Wish,
    targets: Sequence[Target],
    pace: Pace,
    *,
    check: bool = False,
    open_power: Open = opened,
    ask: Ask | None = None,
) -> list[Outcome]:
    """Have all targets be as wished, those that nobody forbids, and return what became of each, in their order.

    All of them are asked first, then changed in waves. One that fails keeps no other from its steps. Where machines
    stand is asked by ``ask`` anew before each wave, for all of it at once: one that has begun to install meanwhile, by
    whatever made it start, is left alone, and so are all where nobody answers. Without ``ask`` the targets count.
    """
    with ThreadPoolExecutor(max_workers=pace.width) as pool:
        jobs = list(pool.map(lambda target: _Job(wish, target, pace.timeout, open_power), targets))
        try:
            working = [job for job in jobs if job.planned]
            for number, wave in enumerate(plan.waves(working, pace.width)):
                if number and not check:
                    time.sleep(pace.stagger)
                if ask is not None and not check:
                    _look_again(wave, ask)
                list(pool.map(lambda job: job.foresee() if check else job.run(), wave))
        finally:
            list(pool.map(_Job.close, jobs))
    return [job.outcome for job in jobs]


def _look_again(wave: Sequence[_Job], ask: Ask) -> None:
    """Ask where all machines stand now, and take the steps away from those in ``wave`` that are not to be touched."""
    for attempt in range(ASKED_AT_MOST):
        try:
            machines = ask()
            break
        except NotAsked as error:
            if attempt + 1 == ASKED_AT_MOST:
                for job in wave:
                    job.forgo(f"not touched, since nobody says where it stands now: {error}")
                return
            time.sleep(ASK_AGAIN)
    for job in wave:
        job.stands(standing_of(job.target.name, job.target.namespace, machines))


class _Job:
    """One machine: asked for its power when this is made."""

    def __init__(self, wish: Wish, target: Target, timeout: float, open_power: Open) -> None:
        self.outcome = Outcome(target.name)
        self.planned: tuple[str, ...] = ()
        self.target, self._wish, self._timeout = target, wish, timeout
        self._power: Power | None = None
        self.outcome.left_alone = plan.left_alone(wish, target)
        if self.outcome.left_alone:
            return
        self.outcome.error = plan.impossible(wish, target)
        if self.outcome.error:
            return
        try:
            self._power = open_power(target)
            current = self._power.state()
        except PowerError as error:
            self.outcome.error = str(error)
            return
        self.outcome.before = self.outcome.after = current
        self.outcome.left_alone = plan.left_running(wish, target, current)
        if not self.outcome.left_alone:
            self.planned = plan.steps(wish, target, current)

    def stands(self, standing: Standing) -> None:
        """Take in where the machine stands by now; where that is against it, nothing is done to it."""
        target, before = self.target.standing(standing), self.outcome.before
        self.outcome.left_alone = plan.left_alone(self._wish, target) or plan.left_running(self._wish, target, before)
        if self.outcome.left_alone:
            self.planned = ()

    def forgo(self, why: str) -> None:
        """Do nothing to the machine, which is an error."""
        self.planned, self.outcome.error = (), why

    def foresee(self) -> None:
        """Note what would be done."""
        self.outcome.steps = list(self.planned)
        self.outcome.after = plan.outcome(self.planned, self.outcome.before)

    def run(self) -> None:
        """Do the steps, up to the first that fails."""
        for step in self.planned:
            try:
                self._do(step)
            except PowerError as error:
                self.outcome.error = f"{step.replace('_', ' ')}: {error}"
                break
            self.outcome.steps.append(step)
        self.outcome.after = plan.outcome(self.outcome.steps, self.outcome.before)

    def close(self) -> None:
        """End the session; what has been done stays done where that fails."""
        if self._power is not None:
            try:
                self._power.close()
            except PowerError:
                return

    def _do(self, step: str) -> None:
        """Do one step and wait until it has come about; raises PowerError."""
        if step == plan.EJECT:
            self.outcome.ejected = self._power.eject()
        elif step == plan.BOOT_ONCE:
            self._power.boot_once(self.target.firmware, self.target.bmc.boot)
        elif step == plan.SWITCH_ON:
            self._power.on()
            self._wait_for(ON)
        else:
            self._power.off(force=step == plan.CUT)
            self._wait_for(OFF)

    def _wait_for(self, wanted: str) -> None:
        """Return once the machine's power is as ``wanted``, at once where it can't be asked; raises PowerError.

        A BMC that knew it before may say nothing while it switches: that is no answer yet.
        """
        end = time.monotonic() + self._timeout
        enough = (wanted, UNKNOWN) if self.outcome.before == UNKNOWN else (wanted,)
        while self._power.state() not in enough:
            if time.monotonic() >= end:
                hint = "; force cuts the power" if wanted == OFF else ""
                raise PowerError(f"it is not {wanted} after {self._timeout:g} s{hint}")
            time.sleep(ASK_AGAIN)
