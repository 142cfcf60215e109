# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The DHCP server: one thread that answers what one socket hears, and what it tells log, metrics and journal."""

from __future__ import annotations

import time
from functools import partial

from ..decisions.modes import PROXIES
from ..process.datagram_loop import DatagramLoop
from ..process.faults import Contained
from ..process.garbage import Turnover
from ..process.interface_watch import InterfaceWatch
from ..process.rate_limit import RareLines
from ..runtime.services import Services
from .batches import BatchHandler
from .reply import CLIENT_PORT, SERVER_PORT
from .transport import Batch, Sending, Transport


class DhcpServer:
    """Answers on ``settings.dhcp_port`` from ``open`` and ``start`` until ``stop``; ``port`` is 0 before ``open``.

    Where some mode is a proxy's it answers on ``settings.proxy_port`` too, which ``proxy_port`` then is.
    ``relay_port`` and ``client_port`` are where relays and clients listen; only tests have others.
    """

    def __init__(self, services: Services, relay_port: int = SERVER_PORT, client_port: int = CLIENT_PORT) -> None:
        self.port = self.proxy_port = 0
        self._services = services
        self._handler = BatchHandler(services, relay_port, client_port)
        self._loop: DatagramLoop[Batch] | None = None
        self._lines = RareLines()
        self._turnover = Turnover()
        self._contained = Contained("dhcp", services.metrics, services.log)
        self._took = services.metrics.answers.labels("dhcp")

    def open(self) -> None:
        """Bind the socket; OSError where it can't be had."""
        services, settings = self._services, self._services.settings
        ports = [settings.dhcp_port]
        if services.modes.used.intersection(PROXIES):
            ports.append(settings.proxy_port)
        transport = Transport(settings.bind, ports, settings.interface, settings.address)
        services.metrics.watch_socket("dhcp", transport.drops)
        pulse = services.health.pulse("dhcp")
        look = None
        if settings.interface:
            look = InterfaceWatch(settings.interface, transport.reopen, pulse, services.log).look
        answer = partial(self._answer, transport)
        self._loop = DatagramLoop("dhcp", transport, answer, self._contained, pulse, look)
        self.port, self.proxy_port = transport.ports[0], transport.ports[-1] if len(ports) > 1 else 0
        if not transport.can_unicast:
            services.log.info("dhcp_broadcasts", reason="without CAP_NET_RAW every client is answered by broadcast")

    def start(self) -> None:
        """Start to answer."""
        if self._loop is not None:
            self._loop.start()

    def stop(self) -> None:
        """Stop answering and close the socket; harmless where nothing was opened or started."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.stop()

    def _answer(self, transport: Transport, batch: Batch) -> None:
        """Answer a batch: what is to be sent leaves together, once all of it is decided.

        No answer waits until lines of the log are written, or for what is told of strangers.
        """
        with self._services.log.gathered:
            try:
                answers, times = self._handler.answers_to(batch, transport)
                if answers:
                    self._send(transport, batch.slot, answers, times)
            finally:
                self._handler.tell_of_strangers()

    def _send(self, transport: Transport, slot: int, answers: list[Sending], times: list[float]) -> None:
        """Send ``answers``, and count how long they took since ``times``, when what they answer came."""
        failed = transport.send(slot, answers)
        for sending, error in failed:
            self._tell_failure(sending, error)
            times.pop()  # of whichever: nearly all of a batch came at the same time
        now = time.time()
        self._took.observe_all([now - came_at if came_at < now else 0.0 for came_at in times])
        self._turnover.look(self._handler.made)

    def _tell_failure(self, sending: Sending, error: OSError) -> None:
        self._services.metrics.dropped.labels("dhcp", "send_failed").inc()
        _payload, way, _packet = sending
        to = way.to.address
        missed = self._lines.due((to, error.errno), time.monotonic())
        if missed is not None:
            where = {"to": to, "iface": way.interface, "left_out": missed or None}
            self._services.log.error("send_failed", **where, reason=error.strerror)
