# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Asks installed machines whether they answer, and has the journal know when one does. One thread, few sockets."""

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
from .services import Services

TIMEOUT = 3.0  # seconds for a connection
AT_ONCE = 16  # connections
FIRST_PAUSE = 1.0
LAST_PAUSE = 30.0
FAULT_PAUSE = 5.0
LOOK = 2.0  # seconds between two looks for machines that have been installed


@dataclass(slots=True)
class _Asked:
    """A machine that is asked: when next, after which pause, where it has to answer, and what came of it so far."""

    due: float
    pause: float
    wanted: tuple[Target, ...] = ()
    waiting: set[Target] = field(default_factory=set)
    answered: set[Target] = field(default_factory=set)


class Prober:
    """Asks each machine that is to be ``ready`` in the end, once it is ``installed``, until all its targets answer."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._clock = clock
        self._contained = Contained("ready", services.metrics, services.log)
        self._asked: dict[str, _Asked] = {}
        self._open: dict[int, tuple[socket.socket, str, Target, float]] = {}  # descriptor -> ..., machine, until
        self._poll = select.poll()
        self._looked_at = -LOOK
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
                self._end(descriptor)

    def _turn(self) -> bool:
        """Look for machines, begin and end connections; return whether to go on."""
        now = self._clock()
        if now - self._looked_at >= LOOK:
            self._looked_at = now
            self._look(now)
        self._begin(now)
        for descriptor, happened in self._poll.poll(self._wait(now) * 1000):
            if descriptor == self._stopped:
                return False
            self._heard(descriptor, happened)
        now = self._clock()
        for descriptor in [item for item, (_socket, _key, _target, until) in self._open.items() if until <= now]:
            self._end(descriptor)
        return True

    def _wait(self, now: float) -> float:
        """Return how long nothing will have to be done."""
        moments = [self._looked_at + LOOK, *(until for _socket, _key, _target, until in self._open.values())]
        if len(self._open) + MAX_TARGETS <= AT_ONCE:
            moments += [asked.due for asked in self._asked.values() if not asked.waiting]
        return max(0.01, min(moments) - now)

    def _look(self, now: float) -> None:
        """Bring the machines that are asked into line with the journal."""
        services = self._services
        wanted = set()
        if services.answers_dhcp():
            for key, state in services.journal.states().items():
                if state.stage == "installed" or (state.stage == "failed" and state.overdue == "installed"):
                    machine = services.catalog.get(key)
                    if machine is not None and is_asked(machine, services.settings):
                        wanted.add(key)
        for key in self._asked.keys() - wanted:
            del self._asked[key]
        for key in wanted - self._asked.keys():
            self._asked[key] = _Asked(due=now, pause=FIRST_PAUSE)

    def _begin(self, now: float) -> None:
        due = sorted((asked.due, key) for key, asked in self._asked.items() if asked.due <= now and not asked.waiting)
        for _due, key in due:
            if len(self._open) + MAX_TARGETS > AT_ONCE:
                return
            machine = self._services.catalog.get(key)
            found = self._targets(machine) if machine is not None else ()
            asked = self._asked[key]
            asked.due, asked.pause = now + asked.pause, min(asked.pause * 2, LAST_PAUSE)
            asked.wanted, asked.answered = found, set()
            asked.waiting = {target for target in found if self._connect(key, target, now)}

    def _targets(self, machine: Machine) -> tuple[Target, ...]:
        installer = installer_of(machine)
        configuration = self._services.configurations.get(machine.key, installer.read)
        document = configuration.document if configuration is not None else None
        return installer.answers_at(machine, document)

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

    def _heard(self, descriptor: int, _happened: int) -> None:
        connection, key, target, _until = self._open[descriptor]
        reached = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        self._end(descriptor)
        asked = self._asked.get(key)
        if not reached or asked is None:
            return
        asked.answered.add(target)
        machine = self._services.catalog.get(key)
        if machine is not None and asked.answered.issuperset(asked.wanted):
            self._ready(machine, asked)

    def _end(self, descriptor: int) -> None:
        connection, key, target, _until = self._open.pop(descriptor)
        self._poll.unregister(descriptor)
        connection.close()
        asked = self._asked.get(key)
        if asked is not None:
            asked.waiting.discard(target)

    def _ready(self, machine: Machine, asked: _Asked) -> None:
        del self._asked[machine.key]
        interface = boot_interface(machine)
        where = " ".join(map(str, sorted(asked.answered)))
        services = self._services
        mac = interface.mac if interface is not None else ""
        services.journal.record(Event(machine.key, mac, services.clock(), Ready(where)))
        services.log.info("machine_ready", machine=machine.key, where=where)
