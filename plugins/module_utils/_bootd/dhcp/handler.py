# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""One datagram in, at most one out: decides, and tells log, metrics, journal and the list of unknown machines."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog import Nic
from ..events import Event
from ..services import Services
from ..unknown import MAX_UNKNOWN
from . import options as opt
from .client import identify
from .context import context_from
from .decide import UNKNOWN_MACHINE, Answer, Silence, decide
from .destination import CLIENT_PORT, SERVER_PORT, Destination, destination
from .exchange import UNKNOWN_TYPE, Exchange, type_name
from .packet import NO_ADDRESS, DhcpError, Packet, decode, encode, fit


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send, and where to."""

    payload: bytes
    to: Destination


class Handler:
    """Answers DHCP messages. The ports are those of relays and clients, and 67 and 68 everywhere but in tests."""

    def __init__(self, services: Services, server_port: int = SERVER_PORT, client_port: int = CLIENT_PORT) -> None:
        self._services = services
        self._context = context_from(services.settings)
        self._ports = (server_port, client_port)
        messages = services.metrics.dhcp
        names = (*opt.MESSAGE_NAMES.values(), UNKNOWN_TYPE)
        # Looked up once: a label costs more than the count.
        self._received = {name: messages.labels("recv", name) for name in names}
        self._sent = {name: messages.labels("send", name) for name in names}

    def handle(self, data: bytes, source: str, interface: str) -> Outgoing | None:
        """Return the answer to the UDP payload ``data`` from the address ``source``, heard on ``interface``."""
        try:
            request = decode(data)
        except DhcpError as error:
            self._drop(error.reason)
            return None
        self._received[type_name(request)].inc()
        if not self._services.answers_dhcp():
            self._drop("standby")
            return None
        nic = self._services.catalog.by_mac(request.mac)
        decision = decide(request, nic, self._context)
        if nic is None:
            self._ignore_unknown(request, decision)
            return None
        exchange = Exchange(request, nic, source, interface, self._services.log)
        exchange.log_received()
        if isinstance(decision, Silence):
            exchange.log_silence(decision)
            self._drop(decision.reason)
            self._record(nic, decision)
            return None
        return self._send(exchange, decision)

    def _send(self, exchange: Exchange, answer: Answer) -> Outgoing | None:
        try:
            reply, dropped = fit(answer.reply, opt.uint(exchange.request.options.get(opt.MAX_MESSAGE_SIZE), 2))
            payload = encode(reply)
        except DhcpError as error:
            self._services.log.error("no_reply", **exchange.fields, reason=error.reason)
            self._drop(error.reason)
            return None
        self._sent[type_name(reply)].inc()
        exchange.log_sent(answer, dropped)
        self._record(exchange.nic, answer)
        return Outgoing(payload, destination(exchange.request, reply, *self._ports))

    def _ignore_unknown(self, request: Packet, decision: Answer | Silence) -> None:
        reason = decision.reason
        self._drop(reason)
        if reason != UNKNOWN_MACHINE:
            return
        services = self._services
        client = identify(request)
        relay = "" if request.giaddr == NO_ADDRESS else request.giaddr
        is_new = services.unknown.record(request.mac, client.vendor_class, client.arch, relay, services.clock())
        if is_new:
            services.metrics.unknown.set(len(services.unknown))
            # A flood of made-up addresses fills the list, and from then on no longer the log.
            tell = services.log.info if len(services.unknown) < MAX_UNKNOWN else services.log.debug
            tell(
                "unknown_machine",
                mac=request.mac,
                client=client.kind.value,
                arch=client.arch,
                vendor_class=client.vendor_class or None,
                relay=relay or None,
            )

    def _record(self, nic: Nic, decision: Answer | Silence) -> None:
        if decision.seen is not None:
            event = Event(nic.machine.key, nic.interface.mac, self._services.clock(), decision.seen)
            self._services.journal.record(event)

    def _drop(self, reason: str) -> None:
        self._services.metrics.dropped.labels("dhcp", reason).inc()
