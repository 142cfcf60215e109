# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which machine has to wait in iPXE until others are done, and what for. Pure; ``admission`` asks and notes the answer.

A machine waits for those that its annotation ``netboot.baremetal/after`` names, and while as many others are being
installed as ``installs_at_once`` allows. One that has its script is never held again in the same attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from ..hardware.dependencies import cycle_through, names_of
from ..hardware.model import Machine, Nic, boot_interface
from ..installers.registry import installer_of
from ..process.settings import Settings
from .deadlines import is_over
from .policy import Boot, judge
from .stages import BUSY, State

MAX_NAMED = 3
MAX_REASON = 120  # characters of why another machine has failed


class Machines(Protocol):
    """The look-up of the catalog that is needed here."""

    def get(self, key: str) -> Machine | None:
        """Return the machine named ``namespace/name``."""


@dataclass(frozen=True, slots=True)
class Others:
    """What is known of the other machines: their objects, their states, and the ``busy`` ones' keys."""

    machines: Machines
    state_of: Callable[[str], State]
    busy: Sequence[str]
    settings: Settings


def what_for(machine: Machine, others: Others, now: float) -> str:
    """Return what ``machine``, which asks for its script, has to wait for, for people; "" where it may go on."""
    if others.state_of(machine.key).stage in BUSY:
        return ""
    waiting = [reason for key in machine.after if (reason := _not_done(machine, key, others))]
    if waiting:
        cycle = cycle_through(machine.key, lambda key: _after(others.machines.get(key)))
        return f"ever: {names_of(cycle)} wait for each other" if cycle else _some(waiting)
    limit = others.settings.installs_at_once
    if not limit:
        return ""
    taken = (key for key in others.busy if key != machine.key and _is_busy(key, others, now))
    busy = list(islice(taken, limit))
    if len(busy) < limit:
        return ""
    return f"its turn (at most {limit} at once): {_some([_short(key, machine) for key in busy])}"


def is_done(machine: Machine, state: State, settings: Settings) -> bool:
    """Return whether nothing more is to come of ``machine``: others that wait for it may go on."""
    return state.stage == "ready" or (state.stage == "installed" and not is_asked(machine, settings))


def is_asked(machine: Machine, settings: Settings) -> bool:
    """Return whether ``machine`` is asked for answers once it is installed, and ``ready`` when it gives them."""
    return settings.ready_checks and installer_of(machine).last_stage == "ready"


def _not_done(machine: Machine, key: str, others: Others) -> str:
    other, state, name = others.machines.get(key), others.state_of(key), _short(key, machine)
    if other is None:
        return f"{name} (there is no such Hardware object)"
    if is_done(other, state, others.settings):
        return ""
    if state.stage == "failed":
        return f"{name} (failed: {state.error[:MAX_REASON]})"
    if state.waits_for:
        return f"{name} (waits itself)"
    off = state.stage == "known" and not _may_boot(other)
    return f"{name} (never seen installed, and its netboot is off)" if off else f"{name} ({state.stage})"


def _is_busy(key: str, others: Others, now: float) -> bool:
    """Return whether the machine installs now; one silent for longer than its stage may last does not count."""
    machine, state = others.machines.get(key), others.state_of(key)
    return machine is not None and _may_boot(machine) and not is_over(state, now, others.settings.stage_limits)


def _may_boot(machine: Machine) -> bool:
    interface = boot_interface(machine)
    return interface is not None and judge(Nic(machine, interface)).boot is not Boot.LOCAL


def _after(machine: Machine | None) -> Iterable[str]:
    return () if machine is None else machine.after


def _short(key: str, machine: Machine) -> str:
    """Return how ``machine`` calls the one named ``key``."""
    return key.removeprefix(f"{machine.namespace}/")


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - MAX_NAMED
    return ", ".join(texts[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
