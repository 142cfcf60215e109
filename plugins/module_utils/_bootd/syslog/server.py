# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The syslog server: one thread that drains one socket. A machine is known by the address it sends from."""

from __future__ import annotations

import os
import select
import socket
import threading
import time

from ..catalog import Nic
from ..events import Event
from ..faults import Contained
from ..services import Services
from .limit import RateLimit
from .lines import Line, Lines, presentable
from .packet import MAX_SIZE, Message, SyslogError, parse
from .signals import read_signal

_BATCH = 64
_RECEIVE_BUFFER = 1 << 20  # bytes: a rack that boots says much at once


class SyslogServer:
    """Listens on ``settings.syslog_port`` from ``open`` and ``start`` until ``stop``; ``port`` is 0 before ``open``."""

    def __init__(self, services: Services) -> None:
        self.port = 0
        self.lines = Lines()
        self._services = services
        self._limit = RateLimit()
        self._contained = Contained("syslog", services.metrics, services.log)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._stopped = -1  # an eventfd: readable once stop() was called

    def open(self) -> None:
        """Bind the socket; OSError where it can't be had."""
        settings = self._services.settings
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            opened.bind((settings.bind, settings.syslog_port))
        except OSError:
            opened.close()
            raise
        self._socket = opened
        self._stopped = os.eventfd(0)
        self.port = opened.getsockname()[1]

    def start(self) -> None:
        """Start to listen."""
        self._thread = threading.Thread(target=self._serve, name="syslog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close the socket; harmless where nothing was opened or started."""
        if self._socket is None:
            return
        os.eventfd_write(self._stopped, 1)
        if self._thread is not None:
            self._thread.join()
        self._socket.close()
        os.close(self._stopped)
        self._socket = self._thread = None

    def receive(self, data: bytes, source: str) -> None:
        """Take one datagram from the IPv4 address ``source``: log it, keep it, tell the journal."""
        services = self._services
        nic = services.catalog.by_ip(source)
        if nic is None:
            # Anybody may send anything here: counted, and written down only for somebody looking for a fault.
            services.metrics.syslog.labels("unknown").inc()
            services.log.debug("syslog_unknown", host=source, bytes=len(data))
            return
        missed = self._limit.admit(source, time.monotonic())
        if missed is None:
            self._drop("rate")
            return
        if missed:
            services.log.warning("syslog_missed", machine=nic.machine.name, host=source, lines=missed)
        try:
            message = parse(data)
        except SyslogError as error:
            self._drop(error.reason)
            return
        services.metrics.syslog.labels("kept").inc()
        self._keep(message, nic, source)

    def _keep(self, message: Message, nic: Nic, source: str) -> None:
        services, key, now = self._services, nic.machine.key, self._services.clock()
        text = presentable(message.text)
        self.lines.add(key, Line(now, message.severity_name, message.app_name, text))
        write = services.log.debug if message.severity_name == "DEBUG" else services.log.info
        names = {
            "mac": nic.interface.mac,
            "machine": nic.machine.name,
            "host": source,
            "facility": message.facility_name,
            "severity": message.severity_name,
            "app-name": message.app_name or None,
        }
        write("syslog", **names, msg=text)
        signal = read_signal(message)
        if signal is not None:
            services.journal.record(Event(signal.kind, key, nic.interface.mac, now, signal.detail))

    def _drop(self, reason: str) -> None:
        self._services.metrics.dropped.labels("syslog", reason).inc()

    def _serve(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._stopped, select.POLLIN)
        while self._stopped not in {descriptor for descriptor, _unused in poll.poll()}:
            with self._contained:
                self._drain()

    def _drain(self) -> None:
        # In batches, so that stop() is heard in a flood too.
        for _unused in range(_BATCH):
            try:
                data, (source, _port) = self._socket.recvfrom(MAX_SIZE + 1)
            except BlockingIOError:
                return
            with self._contained:
                self.receive(data, source)
