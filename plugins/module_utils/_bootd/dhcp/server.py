# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The DHCP server: one thread that drains one socket."""

from __future__ import annotations

import os
import select
import threading

from ..faults import Contained
from ..services import Services
from .destination import CLIENT_PORT, SERVER_PORT
from .handler import Handler
from .transport import Datagram, Transport

_BATCH = 64


class DhcpServer:
    """Answers on ``settings.dhcp_port`` from ``open`` and ``start`` until ``stop``; ``port`` is 0 before ``open``.

    ``relay_port`` and ``client_port`` are where relays and clients listen; only tests have others.
    """

    def __init__(self, services: Services, relay_port: int = SERVER_PORT, client_port: int = CLIENT_PORT) -> None:
        self.port = 0
        self._services = services
        self._handler = Handler(services, relay_port, client_port)
        self._contained = Contained("dhcp", services.metrics, services.log)
        self._transport: Transport | None = None
        self._thread: threading.Thread | None = None
        self._stopped = -1  # an eventfd: readable once stop() was called

    def open(self) -> None:
        """Bind the socket; OSError where it can't be had."""
        settings = self._services.settings
        self._transport = Transport(settings.bind, settings.dhcp_port, settings.interface, settings.address)
        self._stopped = os.eventfd(0)
        self.port = self._transport.port
        if not self._transport.can_unicast:
            self._services.log.info(
                "dhcp_broadcasts", reason="without CAP_NET_RAW every client is answered by broadcast"
            )

    def start(self) -> None:
        """Start to answer."""
        self._thread = threading.Thread(target=self._serve, name="dhcp", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close the socket; harmless where nothing was opened or started."""
        if self._transport is None:
            return
        os.eventfd_write(self._stopped, 1)
        if self._thread is not None:
            self._thread.join()
        self._transport.close()
        os.close(self._stopped)
        self._transport = self._thread = None

    def _serve(self) -> None:
        poll = select.poll()
        poll.register(self._transport, select.POLLIN)
        poll.register(self._stopped, select.POLLIN)
        while self._stopped not in {descriptor for descriptor, _unused in poll.poll()}:
            with self._contained:
                self._drain()

    def _drain(self) -> None:
        # In batches, so that stop() is heard in a flood too.
        for _unused in range(_BATCH):
            datagram = self._transport.receive()
            if datagram is None:
                return
            with self._contained:
                self._answer(datagram)

    def _answer(self, heard: Datagram) -> None:
        answer = self._handler.handle(heard.payload, heard.source, heard.interface)
        if answer is None:
            return
        try:
            self._transport.send(answer.payload, answer.to, heard)
        except OSError as error:
            self._services.metrics.dropped.labels("dhcp", "send_failed").inc()
            self._services.log.error("send_failed", to=answer.to.address, iface=heard.interface, reason=error.strerror)
