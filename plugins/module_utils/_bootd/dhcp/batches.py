# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Messages by the batch: what came before is answered, or refused, by what is kept; all else by ``handler``."""

from __future__ import annotations

import time
from collections.abc import Callable
from socket import inet_ntoa

from ..decisions.events import Leased
from ..hardware.model import Nic
from ..process.datagram_batch import SLOTS, Arrival
from ..process.faults import Contained
from ..process.kernel_queue import PKTINFO
from ..runtime.services import Services
from .decide import UNKNOWN_MACHINE
from .exchange import fields_of, tell_sent
from .handler import Handler
from .makes import Made, Makes, Pattern
from .overload import PATIENCE, too_late
from .packet import NO_ADDRESS
from .prepared import LONGEST, MAX_ANSWERS, MAX_REFUSALS, Kept, Prepared, Refusal, UdpFrame, message_key, refusal_key
from .programs_told import Told as ProgramTold
from .reply import CLIENT_PORT, SERVER_PORT, Destination
from .transport import Batch, Sending, Transport

LATE = "late"  # why a message is dropped that waited too long


class BatchHandler(Handler):
    """A Handler that keeps answers and refusals, and does with them all that ``handle`` would."""

    def __init__(
        self,
        services: Services,
        relay_port: int = SERVER_PORT,
        client_port: int = CLIENT_PORT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(services, relay_port, client_port, monotonic)
        self._prepared = Kept[Prepared](MAX_ANSWERS)
        self._makes = Makes()
        self._refusals = Kept[Refusal](MAX_REFUSALS)
        self._full_batches = 0  # one behind the other
        self._generation = 0  # of the names of interfaces, as the transport counts them
        self._contained = Contained("dhcp", services.metrics, services.log)

    def answers_to(self, batch: Batch, transport: Transport) -> tuple[list[Sending], list[float]]:
        """Return the answers to ``batch``, and when the messages came that they are to.

        A fault in one message costs that one its answer and nothing else. What the log is told is written at the end.
        """
        with self._services.log.gathered:
            return self._answers_to(batch, transport)

    def _answers_to(self, batch: Batch, transport: Transport) -> tuple[list[Sending], list[float]]:
        answers: list[Sending] = []
        times: list[float] = []
        prepares = self._prepares and not batch.slot and self._services.answers_dhcp()
        if self._generation != transport.generation:
            self._generation = transport.generation
            self._prepared.clear()
            self._makes.clear()
            self._refusals.clear()
        now, at = self._services.clock(), self._monotonic()
        arrivals = batch.arrivals
        self._full_batches = self._full_batches + 1 if len(arrivals) >= SLOTS else 0
        if late := too_late([arrival[4] for arrival in arrivals], now, self._full_batches):
            self._leave_unanswered(late, at)
            arrivals = arrivals[late:]
        rest, is_done = iter(arrivals), False
        while not is_done:
            # Around all of them, since it costs as much as a look-up; after a fault it goes on with the next.
            with self._contained:
                for arrival in rest:
                    sending = (
                        self._sending(arrival, transport, now, at)
                        if prepares
                        else self._answer(arrival, batch.slot, transport)
                    )
                    if sending is not None:
                        answers.append(sending)
                        times.append(arrival[4])
                is_done = True
        return answers, times

    def _sending(self, arrival: Arrival, transport: Transport, now: float, at: float) -> Sending | None:
        """Return the answer to a message on port 67 where all addresses are given here."""
        message, source, _port, info, _at = arrival
        mac = message[28:34].hex(":")
        nic = self._services.catalog.by_mac(mac)
        if nic is None:
            self._refuse_stranger(arrival, mac, transport, now, at)
            return None
        if len(message) > LONGEST:
            return self._answer(arrival, 0, transport)
        key = message_key(message, source, info)
        prepared = self._prepared.find(key)
        if prepared is not None and prepared.nic is nic and self._still_holds(prepared, message, now, at):
            return self._answer_again(prepared, message, now)
        return self._answer_by_make(arrival, nic, transport, key, now, at) or self._answer(arrival, 0, transport, key)

    def _answer_by_make(
        self, arrival: Arrival, nic: Nic, transport: Transport, key: bytes, now: float, at: float
    ) -> Sending | None:
        """Return the answer that others of the make of ``nic`` were given; None where that can't be told."""
        message, source, _port, info, _at = arrival
        shape = self._makes.shape_of(message, source + info, nic)
        if shape is None or self._services.journal.is_busy(nic.machine.key):
            return None
        xid = int.from_bytes(message[4:8], "big")
        has_program = self._programs[False].has_program(shape.program, xid, nic, self._services)
        pattern = shape.patterns.get(has_program)
        if pattern is None or not pattern.is_proven:
            return None
        prepared = pattern.answer(message, nic)
        if prepared is None or not self._limit.admits(nic.interface.mac, at):
            return None
        if self._told.is_news(*prepared.told):
            self._tell_by_make(pattern, prepared, message, source)
        way = pattern.way
        if way is None:
            index, _local, _addressed = PKTINFO.unpack(info)
            to = Destination(nic.interface.address, self._ports[1], nic.interface.mac)
            way = transport.route(to, index, pattern.interface)
        prepared.way = way
        if way.is_raw:
            prepared.frame = UdpFrame(transport.packet(0, way.to, prepared.payload))
        if not has_program:
            self._prepared.keep(key, prepared)
        return self._answer_again(prepared, message, now)

    def _tell_by_make(self, pattern: Pattern, prepared: Prepared, message: bytes, source: bytes) -> None:
        """Write the line of the log that ``handle`` would about an answer that is news."""
        nic, detail = prepared.nic, prepared.detail
        via = inet_ntoa(source) if pattern.giaddr == NO_ADDRESS else pattern.giaddr
        place = pattern.relay_information
        tell_sent(
            self._services.log.info,
            fields_of(nic, via, pattern.interface, message[4:8]),
            pattern.types[1],
            client=pattern.told[0],
            address=nic.interface.address,
            next_server=pattern.next_server,
            filename=detail.filename if isinstance(detail, Leased) else "",
            reason=pattern.reason_for(nic) if pattern.tells_reason else None,
            dropped=pattern.dropped,
            relay_information=message[place] if place is not None else None,
        )

    def _leave_unanswered(self, late: int, at: float) -> None:
        """Tell that so many messages are dropped, because others wait that can be answered in time."""
        for _each in range(late):
            self._drop(LATE)
        missed = self._lines.due(LATE, at)
        if missed is not None:
            reason = f"messages older than {PATIENCE:.0f} s, whose clients have asked again"
            self._services.log.warning("overload", server="dhcp", dropped=late, reason=reason, left_out=missed or None)

    def _still_holds(self, prepared: Prepared, message: bytes, now: float, at: float) -> bool:
        """Return whether ``message`` is to be answered as it was, with nothing to say in the log."""
        who, digest = prepared.told
        if self._told.last(who) != digest or self._services.journal.is_busy(prepared.machine):
            return False
        mac = who[0]
        if prepared.is_ipxe and self._programs[False].told(mac, int.from_bytes(message[4:8], "big"), now) is not None:
            return False
        return self._limit.admits(mac, at)

    def _answer_again(self, prepared: Prepared, message: bytes, now: float) -> Sending:
        """Return the answer to a message that came before, and do what ``handle`` does beside that."""
        mac, detail, machine = prepared.nic.interface.mac, prepared.detail, prepared.machine
        services = self._services
        for tally in prepared.counted:
            tally.value += 1
        xid = message[4:8]
        if prepared.program is not None:
            self._programs[False].put(mac, ProgramTold(prepared.program, int.from_bytes(xid, "big"), now))
        services.recent.note(mac, (now, *prepared.packet))
        if detail is not None:
            if prepared.heard:
                self._places.note(prepared.heard, machine)
            services.journal.record_seen(machine, mac, now, detail)
        payload, way, frame = prepared.payload, prepared.way, prepared.frame
        if way is None:
            raise ValueError("the answer is not kept")
        return payload[:4] + xid + payload[8:], way, frame.with_xid(xid) if frame is not None else b""

    def _refuse_stranger(self, arrival: Arrival, mac: str, transport: Transport, now: float, at: float) -> None:
        """Do what ``handle`` does with a message of an unknown machine, where all addresses are given here."""
        message, source, _port, info, _at = arrival
        key = refusal_key(message, source, info)
        refusal = self._refusals.find(key)
        if refusal is None or not self._limit.admits(mac, at):
            self._refusal = None
            self._answer(arrival, 0, transport)
            if self._refusal is not None:
                self._refusals.keep(key, self._refusal)
            return
        refusal.received.value += 1
        self._note_stranger(mac, refusal.said, now)
        self._services.recent.note_unknown(mac, (now, *refusal.packet))
        self._drop(UNKNOWN_MACHINE)

    def _answer(self, arrival: Arrival, slot: int, transport: Transport, key: bytes = b"") -> Sending | None:
        """Return the answer to a message by all that is known; it is kept by ``key``, unless that is b""."""
        message, packed, port, info, _at = arrival
        index, local, addressed = PKTINFO.unpack(info)
        source, interface = inet_ntoa(packed), transport.interface(index)
        asker = port if slot else 0
        if asker and source == NO_ADDRESS:
            # PXE specification 2.1: who asks port 4011 has an address.
            self._drop("no_source")
            return None
        answer = self.handle(message, source, interface, broadcast=local != addressed, asked_from=asker)
        if answer is None:
            return None
        way = transport.route(answer.to, index, interface)
        basis = answer.basis
        if key and basis is not None:
            prepared, made = basis.prepared, Made(basis.context, interface, answer.dropped)
            prepared.way = way
            self._makes.learn(message, packed + info, basis.request, basis.answer, prepared, made)
            if not basis.context.has_program:
                prepared.frame = UdpFrame(transport.packet(slot, answer.to, answer.payload)) if way.is_raw else None
                self._prepared.keep(key, prepared)
        return answer.payload, way, b""
