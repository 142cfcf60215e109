# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The DHCP server: one thread that drains one socket."""

from __future__ import annotations

from functools import partial

from ..drain import Drain
from ..faults import Contained
from ..services import Services
from .destination import CLIENT_PORT, SERVER_PORT
from .handler import Handler
from .transport import Datagram, Transport


class DhcpServer:
    """Answers on ``settings.dhcp_port`` from ``open`` and ``start`` until ``stop``; ``port`` is 0 before ``open``.

    ``relay_port`` and ``client_port`` are where relays and clients listen; only tests have others.
    """

    def __init__(self, services: Services, relay_port: int = SERVER_PORT, client_port: int = CLIENT_PORT) -> None:
        self.port = 0
        self._services = services
        self._handler = Handler(services, relay_port, client_port)
        self._drain: Drain[Datagram] | None = None

    def open(self) -> None:
        """Bind the socket; OSError where it can't be had."""
        services, settings = self._services, self._services.settings
        transport = Transport(settings.bind, settings.dhcp_port, settings.interface, settings.address)
        contained = Contained("dhcp", services.metrics, services.log)
        answer = partial(self._answer, transport)
        self._drain = Drain("dhcp", transport, answer, contained, services.health.pulse("dhcp"))
        self.port = transport.port
        if not transport.can_unicast:
            services.log.info("dhcp_broadcasts", reason="without CAP_NET_RAW every client is answered by broadcast")

    def start(self) -> None:
        """Start to answer."""
        if self._drain is not None:
            self._drain.start()

    def stop(self) -> None:
        """Stop answering and close the socket; harmless where nothing was opened or started."""
        drain, self._drain = self._drain, None
        if drain is not None:
            drain.stop()

    def _answer(self, transport: Transport, heard: Datagram) -> None:
        answer = self._handler.handle(heard.payload, heard.source, heard.interface)
        if answer is None:
            return
        try:
            transport.send(answer.payload, answer.to, heard)
        except OSError as error:
            self._services.metrics.dropped.labels("dhcp", "send_failed").inc()
            self._services.log.error("send_failed", to=answer.to.address, iface=heard.interface, reason=error.strerror)
