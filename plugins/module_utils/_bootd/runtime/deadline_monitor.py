# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Fails machines of which nothing is heard any more: checks all of them regularly, and records it in the journal.

Silence counts only as far as this bootd has listened, on a clock that nobody sets: neither a restart nor a step of the
wall clock makes a machine fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..decisions.deadlines import Expected, overdue, quiet_since
from ..decisions.events import Event, Overdue
from ..decisions.policy import Boot, judge
from ..decisions.stages import State
from ..decisions.waiting import is_asked
from ..hardware.model import Machine, Nic, boot_interface, text_at
from ..installers.registry import installer_of
from ..process.faults import Contained
from ..process.worker import Worker
from .origin import as_reached
from .services import Services

CHECK_SECONDS = 5.0  # between two checks of all machines, less where a limit is short
MIN_CHECK_SECONDS = 0.25
RECHECK_SECONDS = 60.0  # between two checks of a machine that may be silent for longer than its shortest limit
# The limits that may hold in a stage.
_LIMITS_OF = {
    "script": ("script",),
    "kernel": ("kernel",),
    "installing": ("iso", "installing"),
    "installed": ("ready",),
}


@dataclass(slots=True)
class _Progress:
    """How far a machine had come at the last check, since when, and when it may be checked again."""

    reached: tuple[object, ...]
    since: float
    check_at: float = 0.0


class DeadlineMonitor:
    """Fails the machines that are being installed, or have to become ready, and are silent for too long."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._clock = clock
        self._contained = Contained("deadlines", services.metrics, services.log)
        self._limits = {name: limit for name, limit in services.settings.stage_limits.items() if limit}
        limits = {
            stage: [self._limits[name] for name in names if name in self._limits] for stage, names in _LIMITS_OF.items()
        }
        self._shortest = {stage: min(found) for stage, found in limits.items() if found}
        self._progress: dict[str, _Progress] = {}
        self._worker = Worker("stage-limits", self._work, services.log)

    def start(self) -> None:
        """Start to check, where there is a limit."""
        if self._limits:
            self._worker.start()

    def stop(self) -> None:
        """Stop checking; no error where it never started."""
        self._worker.stop()

    def check_all(self) -> None:
        """Check all machines once."""
        services = self._services
        if not services.answers_dhcp():
            self._progress.clear()  # another replica hears them, and knows better
            return
        states = services.journal.states_at(self._shortest)
        for key in self._progress.keys() - states.keys():
            del self._progress[key]
        for key, state in states.items():
            machine = services.catalog.get(key)
            if machine is not None and (state.stage != "installed" or is_asked(machine, services.settings)):
                self._check(machine, state)

    def _work(self) -> float:
        with self._contained:
            self.check_all()
        return max(MIN_CHECK_SECONDS, min([CHECK_SECONDS, *(limit / 4 for limit in self._limits.values())]))

    def _check(self, machine: Machine, state: State) -> None:
        """Fail the machine where it is overdue; its configuration is read only after its shortest limit."""
        progress, now, shortest = self._progress_of(machine.key, state), self._clock(), self._shortest[state.stage]
        if now - progress.since >= shortest and now >= progress.check_at:
            progress.check_at = now + min(RECHECK_SECONDS, shortest)
            self._fail_if_overdue(machine)

    def _progress_of(self, key: str, state: State) -> _Progress:
        reached = (state.attempt, state.stage, quiet_since(state))
        progress = self._progress.get(key)
        if progress is None or progress.reached != reached:
            progress = self._progress[key] = _Progress(reached, self._clock())
        return progress

    def _fail_if_overdue(self, machine: Machine) -> None:
        services, expected, mac = self._services, expected_of(machine, self._services), _mac(machine)

        def choose() -> Event | None:
            state = services.journal.state(machine.key)
            # The time of the machine's last progress, and for how long there has been none by the monotonic clock.
            now = quiet_since(state) + self._clock() - self._progress_of(machine.key, state).since
            reason = overdue(state, now, self._limits, expected)
            if reason is None:
                return None
            return Event(machine.key, mac, services.clock(), Overdue(reason))

        event = services.journal.decide(choose)
        if event is not None and isinstance(event.detail, Overdue):
            services.log.warning("machine_overdue", machine=machine.key, mac=mac, reason=event.detail.reason)


def expected_of(machine: Machine, services: Services) -> Expected:
    """Return what ``machine`` is expected to ask for and to report in the course of its installation."""
    installer = installer_of(machine)
    kept = services.configurations.get(machine.key, installer.read)
    document = kept.document if kept is not None else None
    has_configuration = document is not None or installer.makes_configuration
    answers = ""
    if has_configuration and is_asked(machine, services.settings):
        answers = " ".join(map(str, installer.answers_at(as_reached(services, machine), document)))
    interface = boot_interface(machine)
    if interface is None:
        return Expected(answers=answers)
    boot = judge(Nic(machine, interface)).boot
    installs = boot is Boot.INSTALLER
    expected = Expected(
        loads=installs,
        configuration=installs
        and has_configuration
        and "started" in installer.reports
        and not _names_another(machine, installer.configuration_argument),
        reports=boot is not Boot.LOCAL,
        answers=answers,
    )
    return installer.expect(expected, document, services.settings.http_base)


def _names_another(machine: Machine, argument: str) -> bool:
    """Return whether the object itself says, by the kernel argument named, where the configuration is."""
    arguments = [text_at(machine.metadata, "instance", "userdata")]
    arguments += [" ".join(item.netboot.osie.kernel_params) for item in machine.interfaces]
    return bool(argument) and any(f"{argument}=" in text for text in arguments)


def _mac(machine: Machine) -> str:
    interface = boot_interface(machine)
    return interface.mac if interface is not None else ""
