# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The syslog server: one thread that receives lines, limits how many one source may send, and logs those of machines.

A machine is known by the address it sends from.
"""

from __future__ import annotations

import socket
import time

from ..decisions.events import Event
from ..hardware.model import Nic
from ..process import kernel_queue
from ..process.datagram_loop import DatagramLoop
from ..process.faults import Contained
from ..process.masking import mask
from ..process.rate_limit import RateLimit
from ..runtime.origin import nic_at
from ..runtime.services import Services
from .lines import Line, Lines, presentable
from .packet import MAX_SIZE, Message, SyslogError, parse
from .signals import read_signal

RATE = 100.0  # lines a second of one source
BURST = 1000.0  # lines: a kernel says some hundred lines in its first second
MAX_SOURCES = 4096  # that are remembered
LOG_RATE = 0.1  # lines a second in the log of what is dropped of one machine, and of all that are none
_RECEIVE_BUFFER = 1 << 20  # bytes: a rack that boots says much at once


class _Receiver:
    """A UDP socket; what it hears is a datagram and the address it came from."""

    def __init__(self, bind: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            self._socket.bind((bind, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.fileno = self._socket.fileno
        self.close = self._socket.close

    def drops(self) -> int:
        """Return how many lines the kernel had no room for."""
        return kernel_queue.drops([self._socket])

    def receive(self) -> tuple[bytes, str] | None:
        """Return the next datagram and where it is from, or None where none waits."""
        try:
            data, (source, _port) = self._socket.recvfrom(MAX_SIZE + 1)
        except BlockingIOError:
            return None
        return data, source


class SyslogServer:
    """Listens on ``settings.syslog_port`` from ``open`` and ``start`` until ``stop``; ``port`` is 0 before ``open``."""

    def __init__(self, services: Services) -> None:
        self.port = 0
        self.lines = Lines()
        self._services = services
        self._limit = RateLimit(RATE, BURST, MAX_SOURCES)
        self._complaints = RateLimit(LOG_RATE, 1.0)
        self._floods = RateLimit(LOG_RATE, 1.0, MAX_SOURCES)
        self._loop: DatagramLoop[tuple[bytes, str]] | None = None

    def open(self) -> None:
        """Bind the socket; OSError where it can't be had."""
        services, settings = self._services, self._services.settings
        receiver = _Receiver(settings.bind, settings.syslog_port)
        contained = Contained("syslog", services.metrics, services.log)
        pulse = services.health.pulse("syslog")
        self._loop = DatagramLoop("syslog", receiver, lambda heard: self.receive(*heard), contained, pulse)
        self.port = receiver.port
        services.metrics.watch_socket("syslog", receiver.drops)

    def start(self) -> None:
        """Start to listen."""
        if self._loop is not None:
            self._loop.start()

    def stop(self) -> None:
        """Stop listening and close the socket; harmless where nothing was opened or started."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.stop()

    def receive(self, data: bytes, source: str) -> None:
        """Take one datagram from the IPv4 address ``source``: log it, keep it, tell the journal."""
        services, now = self._services, time.monotonic()
        if self._limit.admit(source, now) is None:
            # Before it is looked up whose it is: what one source may cost is bounded.
            services.metrics.dropped.labels("syslog", "rate").inc()
            missed = self._floods.admit(source, now)
            if missed is not None and (nic := nic_at(services, source)) is not None:
                self._complain("rate", nic, source, missed)
            return
        nic = nic_at(services, source)
        if nic is None:
            services.metrics.syslog.labels("unknown").inc()
            # Anybody may send anything here, so it is no warning.
            if (missed := self._complaints.admit("", now)) is not None:
                reason = "no Hardware object has this address"
                services.log.info("syslog_unknown", host=source, reason=reason, missed=missed or None)
            return
        try:
            message = parse(data)
        except SyslogError as error:
            self._drop(error.reason, nic, source)
            return
        services.metrics.syslog.labels("kept").inc()
        self._keep(message, nic, source)

    def _keep(self, message: Message, nic: Nic, source: str) -> None:
        services, key, now = self._services, nic.machine.key, self._services.clock()
        app_name, text = mask(message.app_name), presentable(message.text, message.app_name)
        self.lines.add(key, Line(now, message.severity_name, app_name, text))
        write = services.log.debug if message.severity_name == "DEBUG" else services.log.info
        names = {
            "mac": nic.interface.mac,
            "machine": nic.machine.name,
            "host": source,
            "facility": message.facility_name,
            "severity": message.severity_name,
            "app-name": app_name or None,
        }
        write("syslog", **names, msg=text)
        signal = read_signal(message)
        if signal is not None:
            services.journal.record(Event(key, nic.interface.mac, now, signal))

    def _drop(self, reason: str, nic: Nic, source: str) -> None:
        self._services.metrics.dropped.labels("syslog", reason).inc()
        missed = self._complaints.admit(nic.machine.key, time.monotonic())
        if missed is not None:
            self._complain(reason, nic, source, missed)

    def _complain(self, reason: str, nic: Nic, source: str, missed: int) -> None:
        names = {"machine": nic.machine.name, "mac": nic.interface.mac, "host": source}
        self._services.log.warning("syslog_dropped", **names, reason=reason, missed=missed or None)
