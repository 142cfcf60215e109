# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Gives up machines of which nothing is heard any more: looks at all of them now and then, and tells the journal.

Silence counts only as far as this bootd has listened, on a clock that nobody sets: neither a restart nor a step of the
wall clock makes a machine fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..decisions.deadlines import Expected, overdue
from ..decisions.events import Event, Overdue
from ..decisions.policy import Boot, judge
from ..decisions.stages import State, quiet_since
from ..decisions.waiting import is_asked
from ..hardware.model import Machine, Nic, boot_interface, text_at
from ..installers.registry import installer_of
from ..process.faults import Contained
from ..process.worker import Worker
from .services import Services

LOOK = 5.0  # seconds between two looks, less where a limit is short
LEAST = 0.25
AGAIN = 60.0  # seconds between two close looks at a machine that is silent and may be so, less where a limit is short
# The limits that may hold in a stage.
_WATCHED = {"script": ("script",), "kernel": ("kernel",), "installing": ("iso", "installing"), "installed": ("ready",)}


@dataclass(slots=True)
class _Seen:
    """What a machine was at when it was looked at, since when that is so, and when to look at it closely again."""

    sign: tuple[object, ...]
    since: float
    look_at: float = 0.0


class Timekeeper:
    """Looks at the machines that are being installed, or have to become ready."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._clock = clock
        self._contained = Contained("deadlines", services.metrics, services.log)
        self._limits = {name: limit for name, limit in services.settings.stage_limits.items() if limit}
        limits = {
            stage: [self._limits[name] for name in names if name in self._limits] for stage, names in _WATCHED.items()
        }
        self._shortest = {stage: min(found) for stage, found in limits.items() if found}
        self._seen: dict[str, _Seen] = {}
        self._worker = Worker("stage-limits", self._work, services.log)

    def start(self) -> None:
        """Start to look, where there is a limit."""
        if self._limits:
            self._worker.start()

    def stop(self) -> None:
        """Stop looking; no error where it never started."""
        self._worker.stop()

    def look(self) -> None:
        """Look once at all machines."""
        services = self._services
        if not services.answers_dhcp():
            self._seen.clear()  # another replica hears them, and knows better
            return
        states = {key: state for key, state in services.journal.states().items() if state.stage in self._shortest}
        for key in self._seen.keys() - states.keys():
            del self._seen[key]
        for key, state in states.items():
            machine = services.catalog.get(key)
            if machine is not None and (state.stage != "installed" or is_asked(machine, services.settings)):
                self._look_at(machine, state)

    def _work(self) -> float:
        with self._contained:
            self.look()
        return max(LEAST, min([LOOK, *(limit / 4 for limit in self._limits.values())]))

    def _look_at(self, machine: Machine, state: State) -> None:
        """Look closely, for which the machine's configuration is read, only where it may have been silent too long."""
        seen, now, shortest = self._silent(machine.key, state), self._clock(), self._shortest[state.stage]
        if now - seen.since >= shortest and now >= seen.look_at:
            seen.look_at = now + min(AGAIN, shortest)
            self._give_up(machine)

    def _silent(self, key: str, state: State) -> _Seen:
        sign = (state.attempt, state.stage, quiet_since(state))
        seen = self._seen.get(key)
        if seen is None or seen.sign != sign:
            seen = self._seen[key] = _Seen(sign, self._clock())
        return seen

    def _give_up(self, machine: Machine) -> None:
        services, expected, mac = self._services, expected_of(machine, self._services), _mac(machine)

        def choose() -> Event | None:
            state = services.journal.state(machine.key)
            # The time by the machine's last sign: when that came, and for how long it has been the last here.
            now = quiet_since(state) + self._clock() - self._silent(machine.key, state).since
            reason = overdue(state, now, self._limits, expected)
            if reason is None:
                return None
            return Event(machine.key, mac, services.clock(), Overdue(reason))

        event = services.journal.decide(choose)
        if event is not None and isinstance(event.detail, Overdue):
            services.log.warning("machine_overdue", machine=machine.key, mac=mac, reason=event.detail.reason)


def expected_of(machine: Machine, services: Services) -> Expected:
    """Return what is sure to be heard of ``machine`` while it gets on."""
    installer = installer_of(machine)
    kept = services.configurations.get(machine.key, installer.read)
    document = kept.document if kept is not None else None
    has_configuration = document is not None or installer.makes_configuration
    answers = ""
    if has_configuration and is_asked(machine, services.settings):
        answers = " ".join(map(str, installer.answers_at(machine, document)))
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
