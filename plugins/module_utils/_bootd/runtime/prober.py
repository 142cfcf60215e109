# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Connects to installed machines until they answer, and records in the journal when one does: it is ready then."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..decisions.events import Event, Ready
from ..decisions.waiting import is_asked
from ..hardware.model import Machine, boot_interface
from ..installers.base import MAX_TARGETS, Target
from ..installers.registry import installer_of
from ..process.faults import Contained
from .origin import as_reached
from .services import Services

TIMEOUT = 3.0  # seconds for a connection
AT_ONCE = 16  # connections
FIRST_PAUSE = 1.0
LAST_PAUSE = 30.0
FAULT_PAUSE = 5.0
FOLLOW_SECONDS = 2.0  # between two looks into the journal for machines that have been installed


@dataclass(slots=True)
class _Probe:
    """The probe of one machine: when its next round is due, the pause after that, and the targets of this round.

    ``heard_at`` is when the machine was heard of last, in seconds since the epoch, as the journal has it.
    """

    due: float
    pause: float
    heard_at: float
    wanted: tuple[Target, ...] = ()
    waiting: set[Target] = field(default_factory=set)
    answered: set[Target] = field(default_factory=set)


class Prober:
    """Asks each machine that is to be ``ready`` in the end, once it is ``installed``, until all its targets answer."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._clock = clock
        self._contained = Contained("ready", services.metrics, services.log)
        self._probes: dict[str, _Probe] = {}
        self._open: dict[int, tuple[socket.socket, str, Target, float]] = {}  # descriptor -> ..., machine, until
        self._poll = select.poll()
        self._followed_at = -FOLLOW_SECONDS
        self._stopped = -1  # an eventfd: readable once stop() was called
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to ask, where the settings say so."""
        if not self._services.settings.ready_checks:
            return
        self._stopped = os.eventfd(0)
        self._poll.register(self._stopped, select.POLLIN)
        self._thread = threading.Thread(target=self._run, name="ready-checks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close its sockets; no error where it never started."""
        if self._thread is None:
            return
        self._ended.set()
        os.eventfd_write(self._stopped, 1)
        self._thread.join()
        self._thread = None
        os.close(self._stopped)

    def _run(self) -> None:
        try:
            running = True
            while running:
                healthy = False
                with self._contained:
                    running, healthy = self._turn(), True
                if not healthy:
                    running = not self._ended.wait(FAULT_PAUSE)
        finally:
            for descriptor in list(self._open):
                self._close(descriptor)

    def _turn(self) -> bool:
        """Look for machines, begin and end connections; return whether to go on."""
        now = self._clock()
        if now - self._followed_at >= FOLLOW_SECONDS:
            self._followed_at = now
            self._follow_journal(now)
        self._connect_due(now)
        for descriptor, happened in self._poll.poll(self._wait(now) * 1000):
            if descriptor == self._stopped:
                return False
            self._on_connected(descriptor, happened)
        now = self._clock()
        for descriptor in [item for item, (_socket, _key, _target, until) in self._open.items() if until <= now]:
            self._close(descriptor)
        return True

    def _wait(self, now: float) -> float:
        """Return the seconds until something has to be done."""
        moments = [
            self._followed_at + FOLLOW_SECONDS,
            *(until for _socket, _key, _target, until in self._open.values()),
        ]
        if len(self._open) + MAX_TARGETS <= AT_ONCE:
            moments += [probe.due for probe in self._probes.values() if not probe.waiting]
        return max(0.01, min(moments) - now)

    def _follow_journal(self, now: float) -> None:
        """Begin to probe machines that the journal has as installed, and end the probes of all others.

        One that was heard of is probed soon, however long its pause has become: its system asks for an address first.
        """
        services = self._services
        wanted: dict[str, float] = {}
        if services.answers_dhcp():
            for key, state in services.journal.states_at(("installed", "failed")).items():
                if state.stage == "installed" or state.overdue == "installed":
                    machine = services.catalog.get(key)
                    if machine is not None and is_asked(machine, services.settings):
                        wanted[key] = state.last_at
        for key in self._probes.keys() - wanted:
            del self._probes[key]
        for key, heard_at in wanted.items():
            probe = self._probes.get(key)
            if probe is None:
                self._probes[key] = _Probe(now, FIRST_PAUSE, heard_at)
            elif probe.heard_at != heard_at:
                probe.due, probe.pause, probe.heard_at = min(probe.due, now + FIRST_PAUSE), FIRST_PAUSE, heard_at

    def _connect_due(self, now: float) -> None:
        due = sorted((probe.due, key) for key, probe in self._probes.items() if probe.due <= now and not probe.waiting)
        for _due, key in due:
            if len(self._open) + MAX_TARGETS > AT_ONCE:
                return
            machine = self._services.catalog.get(key)
            found = self._targets(machine) if machine is not None else ()
            probe = self._probes[key]
            probe.due, probe.pause = now + probe.pause, min(probe.pause * 2, LAST_PAUSE)
            probe.wanted, probe.answered = found, set()
            probe.waiting = {target for target in found if self._connect(key, target, now)}

    def _targets(self, machine: Machine) -> tuple[Target, ...]:
        installer = installer_of(machine)
        configuration = self._services.configurations.get(machine.key, installer.read)
        document = configuration.document if configuration is not None else None
        return installer.answers_at(as_reached(self._services, machine), document)

    def _connect(self, key: str, target: Target, now: float) -> bool:
        """Begin to connect; return whether that is under way."""
        try:
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError:
            return False  # no descriptor to be had now
        try:
            connection.connect((target.address, target.port))
        except BlockingIOError:
            pass  # the poll tells what comes of it
        except OSError:
            connection.close()
            return False
        self._open[connection.fileno()] = (connection, key, target, now + TIMEOUT)
        self._poll.register(connection, select.POLLOUT)
        return True

    def _on_connected(self, descriptor: int, _happened: int) -> None:
        connection, key, target, _until = self._open[descriptor]
        reached = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        self._close(descriptor)
        probe = self._probes.get(key)
        if not reached or probe is None:
            return
        probe.answered.add(target)
        machine = self._services.catalog.get(key)
        if machine is not None and probe.answered.issuperset(probe.wanted):
            self._ready(machine, probe)

    def _close(self, descriptor: int) -> None:
        connection, key, target, _until = self._open.pop(descriptor)
        self._poll.unregister(descriptor)
        connection.close()
        probe = self._probes.get(key)
        if probe is not None:
            probe.waiting.discard(target)

    def _ready(self, machine: Machine, probe: _Probe) -> None:
        del self._probes[machine.key]
        interface = boot_interface(machine)
        where = " ".join(map(str, sorted(probe.answered)))
        services = self._services
        mac = interface.mac if interface is not None else ""
        services.journal.record(Event(machine.key, mac, services.clock(), Ready(where)))
        services.log.info("machine_ready", machine=machine.key, where=where)
