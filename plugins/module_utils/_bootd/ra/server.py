# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The router advertisement server: ends iPXE's wait for an IPv6 router, 16 seconds of every boot.

iPXE brings up IPv4 and IPv6 and boots when both are settled. Where nobody advertises anything it solicits for
16 seconds first; any advertisement settles it, also one that offers nothing.
"""

from __future__ import annotations

import os
import select
import threading

from ..faults import Contained
from ..services import Services
from .decide import Silence, decide
from .packet import RaError, advertisement, parse_solicitation
from .transport import Heard, Transport

_BATCH = 64


class RaServer:
    """Answers router solicitations from ``open`` and ``start`` until ``stop``. ``port`` is always 0: ICMP has none."""

    def __init__(self, services: Services) -> None:
        self.port = 0
        self._services = services
        self._contained = Contained("ra", services.metrics, services.log)
        self._transport: Transport | None = None
        self._thread: threading.Thread | None = None
        self._stopped = -1  # an eventfd: readable once stop() was called

    def open(self) -> None:
        """Open the socket; where it can't be had, say so and go on: boots work without it, only slower."""
        try:
            self._transport = Transport(self._services.settings.interface)
        except OSError as error:
            self._services.log.warning(
                "no_router_advertisements",
                reason=f"{error.strerror}; needs IPv6 and CAP_NET_RAW",
                effect="iPXE waits 16 seconds for an IPv6 router in every boot",
            )
            return
        self._stopped = os.eventfd(0)

    def start(self) -> None:
        """Start to answer, where there is a socket."""
        if self._transport is None:
            return
        self._thread = threading.Thread(target=self._serve, name="ra", daemon=True)
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
            heard = self._transport.receive()
            if heard is None:
                return
            with self._contained:
                self._answer(heard)

    def _answer(self, heard: Heard) -> None:
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
            self._transport.send(advertisement(), decision.to, heard)
        except OSError as error:
            self._drop("send_failed")
            services.log.error("send_failed", **fields, reason=error.strerror)
            return
        services.log.info("router_advertisement", **fields)

    def _drop(self, reason: str) -> None:
        self._services.metrics.dropped.labels("ra", reason).inc()
