# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the DHCP server does with each message: the answer to it, and what log, metrics and journal are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..decisions.modes import RESERVATION
from ..hardware.model import Nic
from ..process.rate_limit import CrowdPace, Pace, RareLines, RateLimit
from ..runtime.services import Services
from ..stores.unknown_machines import safe_text
from . import options as opt
from .decide import DECISIONS, UNKNOWN_MACHINE, Answer, Silence, link_selection
from .exchange import UNKNOWN_TYPE, Exchange, Origin, Told, packet_of, type_name, unless_zero
from .packet import DhcpError, Packet, decode, encode, fit, mac_in
from .places import Places, is_of_lease, place_of
from .prepared import Prepared, Refusal
from .programs_told import ProgramsTold
from .proxy import NOT_ABOUT_BOOTING, NOT_HERE, decide_in_mode
from .reply import CLIENT_PORT, SERVER_PORT, Context, Destination, context_from, destination
from .sighting import Sighting, sighting_of

# Messages of one MAC. Firmware, iPXE and an installer ask a dozen times in their first seconds, and as often again
# where two relays forward each message or nobody answers; more than that is a fault or an attack.
RATE = 10.0  # a second
BURST = 60.0  # at once
MAX_MACS = 16384  # that are remembered
# Lines about machines that are new and unknown: at once, as when a rack is powered on, and a second from then on.
NEW_MACHINES, NEW_MACHINES_A_SECOND = 256.0, 1.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send, and where to."""

    payload: bytes
    to: Destination
    dropped: tuple[int, ...] = ()  # options that the client had no room for
    basis: Basis | None = None  # what else the answer can be used for, where it can


@dataclass(frozen=True, slots=True)
class Basis:
    """An answer and what it was made of, to answer messages by that come later.

    ``prepared`` answers the same message, unless ``has_program``, which passes.
    """

    prepared: Prepared
    request: Packet
    answer: Answer
    context: Context


class Handler:
    """Turns a DHCP message into the answer to it, and tells log, metrics, journal and the list of unknown machines.

    ``relay_port`` and ``client_port`` are where answers are sent to.
    """

    def __init__(
        self,
        services: Services,
        relay_port: int = SERVER_PORT,
        client_port: int = CLIENT_PORT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._monotonic = monotonic
        # Strangers, who may be as many as they like, take no place and no line from the machines.
        self._limit, self._limit_of_strangers = Pace(RATE, BURST, MAX_MACS), CrowdPace(RATE, BURST, MAX_MACS)
        self._lines, self._lines_of_strangers = RareLines(), RareLines()
        self._new_machines = RateLimit(NEW_MACHINES_A_SECOND, NEW_MACHINES, 1)
        self._told = Told()
        self._places = Places()
        self._programs = {False: ProgramsTold(), True: ProgramsTold()}  # by whether it is a rehearsal
        self._context = context_from(services.settings)
        self._ports = (relay_port, client_port)
        messages = services.metrics.dhcp
        names = (*opt.MESSAGE_NAMES.values(), UNKNOWN_TYPE)
        # Looked up once: a label costs more than the count.
        self._received = {name: messages.labels("recv", name) for name in names}
        self._sent = {name: messages.labels("send", name) for name in names}
        self._rehearsals = services.metrics.rehearsals.labels("dhcp")
        self._decided = {name: services.metrics.decisions.labels("dhcp", name) for name in DECISIONS}
        self._dropped: dict[str, Callable[[float], None]] = {}  # what counts it, by the reason
        self._refusal: Refusal | None = None  # what ``handle`` has done last, where that was one
        # The settings do not change: where one mode gives all addresses, it need not be asked for each message.
        self._prepares = (
            services.modes.is_one and services.modes.default == RESERVATION and not services.log.wants_debug
        )

    def handle(
        self, data: bytes, source: str, interface: str, *, broadcast: bool = True, asked_from: int = 0
    ) -> Outgoing | None:
        """Return the answer to the UDP payload ``data`` from the address ``source``, heard on ``interface``.

        ``broadcast`` is whether it was sent to everybody there, or else to bootd's own address. ``asked_from`` is the
        port from which it came to port 4011, 0 where it came to 67.
        """
        origin = Origin(mac_in(data), source, interface)
        if origin.mac and not self._admits(origin.mac):
            # Before anything is done with it: what one MAC may cost is bounded.
            self._refuse("rate", origin, f"more than {RATE:.0f} messages a second")
            return None
        try:
            request = decode(data)
        except DhcpError as error:
            self._refuse(error.reason, origin, "it can't be read")
            return None
        self._count(request)
        if not self._services.answers_dhcp():
            self._drop("standby")
            return None
        nic = self._services.catalog.by_mac(request.mac)
        mode = self._mode_of(request, nic, origin, asked_from)
        context = self._programs[request.is_rehearsal].context_of(request, nic, self._context, self._services)
        decision = decide_in_mode(request, nic, context, mode, to_proxy_port=bool(asked_from))
        place = place_of(request, interface, broadcast=broadcast)
        if nic is None:
            if isinstance(decision, Silence) and decision.took and place and not request.is_rehearsal:
                # Whoever took that address before has it no more.
                self._services.heard.forget(decision.took)
            return self._answer_unknown(request, decision, origin, asked_from)
        exchange = Exchange(request, nic, source, interface, self._services.log, self._told)
        if isinstance(decision, Silence):
            self._stay_silent(exchange, decision, place, origin)
            return None
        exchange.log_received()
        outgoing = self._encoded(request, decision, asked_from, origin, exchange)
        if outgoing is None:
            return None
        is_recorded = self._record(exchange, decision, place)
        leased = decision.leased
        if not (self._prepares and is_recorded) or asked_from or leased is None:
            return outgoing
        told = exchange.client(leased.client)
        counted = (self._received[type_name(request)], self._sent[type_name(decision.reply)])
        prepared = Prepared.of(
            exchange,
            decision,
            leased,
            payload=outgoing.payload,
            heard=place,
            told=(told, self._told.last.of(told).digest),
            packet=packet_of(request, decision.reason, origin, decision),
            counted=(*counted, self._decided[decision.decision]),
        )
        basis = Basis(prepared, request, decision, context)
        return Outgoing(outgoing.payload, outgoing.to, outgoing.dropped, basis)

    def _admits(self, mac: str) -> bool:
        limit = self._limit_of_strangers if self._services.catalog.by_mac(mac) is None else self._limit
        return limit.admits(mac, self._monotonic())

    def _stay_silent(self, exchange: Exchange, decision: Silence, place: str, origin: Origin) -> None:
        """Tell of a message of a known machine that is not answered."""
        request, nic = exchange.request, exchange.nic
        if decision.wrong:
            self._keep(request, nic, origin, decision.wrong)
            self._refuse(decision.reason, origin, decision.wrong)
            return
        if decision.reason != NOT_HERE:
            exchange.log_received()
            exchange.log_silence(decision)
            self._keep(request, nic, origin, decision.reason)
        self._drop(decision.reason)
        self._hear(request, decision, nic, place)
        self._record(exchange, decision, place)

    def _count(self, request: Packet) -> None:
        self._received[type_name(request)].inc()
        if request.is_rehearsal:
            self._rehearsals.inc()

    def _mode_of(self, request: Packet, nic: Nic | None, origin: Origin, asked_from: int) -> str:
        """Return the DHCP mode that ``request`` meets."""
        modes, links = self._services.modes, self._services.links
        if modes.is_one:
            return modes.default
        # Who asks port 4011 has an address, and may be behind a router, or on the link.
        relay = origin.source if asked_from else link_selection(request) or unless_zero(request.giaddr) or ""
        reserved = nic.interface.address if nic is not None else ""
        return modes.of_request(relay, origin.interface, links.networks_of(origin.interface), reserved)

    def _encoded(
        self, request: Packet, answer: Answer, asked_from: int, origin: Origin, exchange: Exchange | None
    ) -> Outgoing | None:
        """Return ``answer`` as it is sent; None, said in the log, where it is too big for the client."""
        try:
            reply, dropped = fit(answer.reply, opt.uint(request.options.get(opt.MAX_MESSAGE_SIZE), 2))
            payload = encode(reply)
        except DhcpError as error:
            wrong = "the answer to it can't be made so small that the client takes it"
            self._keep(request, exchange.nic if exchange is not None else None, origin, wrong)
            self._refuse(error.reason, origin, wrong)
            return None
        self._sent[type_name(reply)].inc()
        self._decided[answer.decision].inc()
        if answer.leased is not None:
            self._programs[request.is_rehearsal].note(request, answer.leased.filename, self._services.clock())
        self._keep(request, exchange.nic if exchange is not None else None, origin, answer.reason, answer)
        if exchange is not None:
            exchange.log_sent(answer, dropped)
        # The port from which port 4011 was asked waits for the answer: 68 is iPXE's, 4011 edk2's.
        to = Destination(origin.source, asked_from) if asked_from else destination(request, reply, *self._ports)
        return Outgoing(payload, to, dropped)

    def _keep(
        self, request: Packet, nic: Nic | None, origin: Origin, reason: str, answer: Answer | None = None
    ) -> None:
        """Keep what was asked and answered for whoever looks at the machine; see ``recent_packets``."""
        if request.is_rehearsal:
            return
        services = self._services
        entry = (services.clock(), *packet_of(request, reason, origin, answer))
        if nic is None:
            services.recent.note_unknown(request.mac, entry)
        else:
            services.recent.note(nic.interface.mac, entry)

    def _answer_unknown(
        self, request: Packet, decision: Answer | Silence, origin: Origin, asked_from: int
    ) -> Outgoing | None:
        if isinstance(decision, Answer):
            self._note_unknown(request, origin)
            return self._encoded(request, decision, asked_from, origin, None)
        if decision.reason in (UNKNOWN_MACHINE, *NOT_ABOUT_BOOTING):
            if decision.reason == UNKNOWN_MACHINE:
                said = self._note_unknown(request, origin)
                self._keep(request, None, origin, decision.reason)
                if self._prepares and not request.is_rehearsal:
                    packet = packet_of(request, decision.reason, origin, None)
                    self._refusal = Refusal(said, packet, self._received[type_name(request)])
            self._drop(decision.reason)
        else:
            self._refuse(decision.reason, origin, decision.wrong or "no client sends such a message")
        return None

    def _note_unknown(self, request: Packet, origin: Origin) -> Sighting:
        """Note what ``request`` says of its sender, which has no object; return that."""
        said = sighting_of(request, origin.interface)
        if not request.is_rehearsal:
            self._record_strangers([(request.mac, said)], self._services.clock())
        return said

    def _record_strangers(self, heard: Sequence[tuple[str, Sighting]], now: float) -> None:
        services = self._services
        new = services.unknown.record_all(heard, now)
        if not new:
            return
        at = self._monotonic()
        for mac, said in new:
            # A flood of made-up addresses does not fill the log.
            missed = self._new_machines.admit("", at)
            if missed is None:
                continue
            about = {"client": said.client, "arch": said.arch, "relay": said.relay or None, "left_out": missed or None}
            vendor_class = safe_text(opt.text(said.vendor_class)) or None
            services.log.info("unknown_machine", mac=mac, **about, vendor_class=vendor_class)

    def _hear(self, request: Packet, silence: Silence, nic: Nic, place: str) -> None:
        """Note the address that the machine took from another server, unless it may be somebody else's doing."""
        stage = self._services.journal.state(nic.machine.key).stage
        if silence.took and place and not request.is_rehearsal and not self._places.objection(place, nic, stage):
            self._services.heard.note(nic.interface.mac, silence.took, self._services.clock())

    def _record(self, exchange: Exchange, decision: Answer | Silence, place: str) -> bool:
        """Tell the journal what ``decision`` says was seen of the machine, unless it may be somebody else's doing.

        Return whether it is the machine's own doing, for all that is known.
        """
        detail, nic = decision.detail, exchange.nic
        if detail is None or exchange.request.is_rehearsal:
            return not exchange.request.is_rehearsal
        journal = self._services.journal
        if place:
            objection = self._places.objection(place, nic, journal.standing(nic.machine.key).stage)
        else:
            known = is_of_lease(detail, exchange.source, nic)
            objection = "" if known else "it came to bootd's own address, through no relay"
        if not objection:
            journal.record_seen(nic.machine.key, nic.interface.mac, self._services.clock(), detail)
            return True
        missed = self._lines.due(("not_counted", nic.interface.mac, place), self._monotonic())
        if missed is not None:
            where = {"heard": place or None, "reason": f"{objection}; the machine's stage stays as it is"}
            self._services.log.warning("not_counted", **exchange.fields(), **where, left_out=missed or None)
        return False

    def _refuse(self, reason: str, origin: Origin, wrong: str) -> None:
        """Drop a message, count it, and now and then say so, with the machine's name where it is known."""
        self._drop(reason)
        nic = self._services.catalog.by_mac(origin.mac) if origin.mac else None
        lines = self._lines_of_strangers if nic is None else self._lines
        missed = lines.due((reason, origin.mac or origin.source), self._monotonic())
        if missed is None:
            return
        tell = self._services.log.info if nic is None else self._services.log.warning
        tell(
            "dropped",
            mac=origin.mac or None,
            machine=nic.machine.name if nic is not None else None,
            via=origin.source,
            iface=origin.interface or None,
            reason=reason,
            wrong=wrong,
            left_out=missed or None,
        )

    def _drop(self, reason: str, messages: int = 1) -> None:
        count = self._dropped.get(reason)
        if count is None:
            count = self._dropped[reason] = self._services.metrics.dropped.labels("dhcp", reason).inc
        count(messages)
