# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The router advertisement server: ends iPXE's wait for an IPv6 router, 16 seconds of every boot.

iPXE brings up IPv4 and IPv6 and boots when both are settled. Where nobody advertises anything it solicits for
16 seconds first; any advertisement settles it, also one that offers nothing.
"""

from __future__ import annotations

from functools import partial

from ..process.datagram_loop import DatagramLoop
from ..process.faults import Contained
from ..process.interface_watch import InterfaceWatch
from ..runtime.services import Services
from .decide import Silence, decide
from .packet import RaError, advertisement, parse_solicitation
from .transport import Heard, Transport


class RaServer:
    """Answers router solicitations from ``open`` and ``start`` until ``stop``. ``port`` is always 0: ICMP has none."""

    port = 0

    def __init__(self, services: Services) -> None:
        self._services = services
        self._loop: DatagramLoop[Heard] | None = None

    def open(self) -> None:
        """Open the socket; where it can't be had, say so and go on: boots work without it, only slower."""
        services = self._services
        try:
            transport = Transport(services.settings.interface)
        except OSError as error:
            services.log.warning(
                "no_router_advertisements",
                reason=f"{error.strerror}; needs IPv6 and CAP_NET_RAW",
                effect="iPXE waits 16 seconds for an IPv6 router in every boot",
            )
            return
        contained = Contained("ra", services.metrics, services.log)
        pulse, interface = services.health.pulse("ra", needed=False), services.settings.interface
        look = transport.follow
        if interface:
            look = InterfaceWatch(interface, transport.reopen, pulse, services.log).look
        self._loop = DatagramLoop("ra", transport, partial(self.answer, transport), contained, pulse, look)

    def start(self) -> None:
        """Start to answer, where there is a socket."""
        if self._loop is not None:
            self._loop.start()

    def stop(self) -> None:
        """Stop answering and close the socket; harmless where nothing was opened or started."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.stop()

    def answer(self, transport: Transport, heard: Heard) -> None:
        """Answer one solicitation through ``transport``, or drop it and count why."""
        services = self._services
        try:
            solicitation = parse_solicitation(heard.data, heard.source, heard.hop_limit)
        except RaError as error:
            self._drop(error.reason)
            return
        nic = services.catalog.by_mac(solicitation.mac) if solicitation.mac else None
        seen = services.journal.recent(nic.machine.key) if nic is not None else ()
        decision = decide(solicitation, nic, seen, services.clock())
        if isinstance(decision, Silence):
            self._drop(decision.reason)
            return
        fields = {
            "mac": decision.nic.interface.mac,
            "machine": decision.nic.machine.name,
            "address": decision.to,
            "iface": heard.interface or None,
        }
        try:
            # At once, without the random delay of RFC 4861 section 6.2.6: no other router's answer can be in the way.
            transport.send(advertisement(), decision.to, heard)
        except OSError as error:
            self._drop("send_failed")
            services.log.error("send_failed", **fields, reason=error.strerror)
            return
        services.log.debug("router_advertisement", **fields)

    def _drop(self, reason: str) -> None:
        self._services.metrics.dropped.labels("ra", reason).inc()
