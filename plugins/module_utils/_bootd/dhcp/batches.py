# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Messages by the batch: what came before is answered, or refused, by what is kept; all else by ``handler``."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from socket import inet_ntoa

from ..decisions.events import Leased
from ..hardware.model import Nic
from ..process.datagram_batch import REST_AT, SLOTS, Arrival, info_of, payload_of, source_of
from ..process.faults import Contained
from ..process.kernel_queue import PKTINFO
from ..runtime.services import Services
from .decide import UNKNOWN_MACHINE
from .exchange import fields_of, tell_sent
from .handler import Handler
from .makes import Made, Makes, Pattern
from .overload import PATIENCE, too_late
from .packet import NO_ADDRESS
from .prepared import LONGEST, MAC_AT, MAX_ANSWERS, Kept, Prepared, Ready, Refusal, UdpFrame
from .refusals import Refusals
from .reply import CLIENT_PORT, SERVER_PORT, Destination
from .sighting import Sighting
from .transport import CUTS, Batch, Sending, Transport

LATE = "late"  # why a message is dropped that waited too long
_counted = attrgetter("counted")
_FEW = 8  # answers, whose counts are raised one by one sooner


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
        self.made = 0  # answers that were not kept
        self._ready = Kept[Ready](MAX_ANSWERS)
        self._stamp: tuple[int, ...] = ()
        self._makes = Makes()
        self._refusals = Refusals()
        # Who were refused, and what they said, of whom nothing is told yet.
        self._strangers: list[tuple[str, Refusal, Sighting]] = []
        self._full_batches = 0  # one behind the other
        self._generation = 0  # of the names of interfaces, as the transport counts them
        self._contained = Contained("dhcp", services.metrics, services.log)

    def answers_to(self, batch: Batch, transport: Transport) -> tuple[list[Sending], list[float]]:
        """Return the answers to ``batch``, and when the messages came that they are to.

        A fault in one message costs that one its answer and nothing else. Of strangers nothing is told, unless others
        of their make were not refused before: to be done by ``tell_of_strangers`` once the answers are sent.
        """
        services = self._services
        now, at, arrivals = services.clock(), self._monotonic(), batch.arrivals
        self._full_batches = self._full_batches + 1 if len(arrivals) >= SLOTS else 0
        times = [seconds + nanoseconds / 1e9 for _xid, _secs, seconds, nanoseconds, _octets in arrivals]
        if late := too_late(times, now, self._full_batches):
            self._leave_unanswered(late, at)
            arrivals, times = arrivals[late:], times[late:]
        if self._generation != transport.generation:
            self._generation = transport.generation
            self._ready.clear()
            self._makes.clear()
            self._refusals.clear()
        prepares = self._prepares and not batch.slot and services.answers_dhcp()
        find = self._ready.find if prepares else _nothing
        busy, takes = services.journal.installing, self._limit.takes
        # Before any machine is looked up: one that changes in between is looked up again by the next batch.
        stamp = self._note_eras(services.catalog.version)
        answers: list[Sending] = []
        came_at: list[float] = []
        again: list[Ready] = []
        rest, is_done = zip(arrivals, times, strict=True), False
        while not is_done:
            # Around all of them, since it costs as much as a look-up; after a fault it goes on with the next.
            with self._contained:
                for arrival, time_of in rest:
                    xid = arrival[0]
                    ready = find(arrival[4])
                    if (
                        ready is None
                        or (ready.stamp is not stamp and not self._is_as_it_was(ready))
                        or (ready.told.digest is not ready.digest and ready.told.digest != ready.digest)
                        or (busy and ready.machine in busy)
                        or (ready.is_ipxe and ready.program_told.is_since(xid, now))
                        or not takes(ready.bucket, at)
                    ):
                        self._note_again(again, now)
                        sending = (
                            self._sending(arrival, transport, now, at)
                            if prepares
                            else self._answer(arrival, batch.slot, transport)
                        )
                        if sending is None:
                            continue
                        self.made += 1
                    else:
                        sending = ready.answer(xid, now)
                        again.append(ready)
                    answers.append(sending)
                    came_at.append(time_of)
                self._note_again(again, now)
                is_done = True
        return answers, came_at

    def _note_eras(self, version: int) -> tuple[int, ...]:
        """Return what is another where anything that is at hand in a Ready may be forgotten, or its machine changed.

        ``version`` is the catalog's. What is forgotten in the middle of a batch is so by the next one.
        """
        era = self._services.recent.era, self._places.heard.era, self._programs[False].last.era
        stamp = (version, self._limit.buckets.era, self._told.last.era, *era)
        if stamp != self._stamp:
            self._stamp = stamp
        return self._stamp

    def _is_as_it_was(self, ready: Ready) -> bool:
        """Return whether an answer is for the machine as it is, with all at hand that belongs to that."""
        mac = ready.nic.interface.mac
        if self._services.catalog.by_mac(mac) is not ready.nic:
            return False
        self._take_to_hand(ready)
        return True

    def _take_to_hand(self, ready: Ready) -> None:
        """Look up what belongs to the machine of ``ready``, which was looked up in this batch."""
        mac, machine, prepared = ready.nic.interface.mac, ready.machine, ready.prepared
        services = self._services
        ready.bucket = self._limit.buckets.of(mac)
        told = ready.told = self._told.last.of(prepared.told[0])
        if told.digest == ready.digest:
            ready.digest = told.digest  # the same object
        ready.program_told = self._programs[False].last.of(mac)
        ready.ring = services.recent.ring(mac)
        ready.place = self._places.heard.of(machine) if prepared.heard and prepared.detail is not None else None
        if ready.stamp is None:
            detail = prepared.detail
            ready.repeated = services.journal.repeated(machine, mac, detail) if detail is not None else None
        ready.stamp = self._stamp

    def _note_again(self, again: list[Ready], now: float) -> None:
        """Count the answers ``again`` and tell the journal of them, in their order; none are left then."""
        if not again:
            return
        if len(again) <= _FEW:
            for ready in again:
                for tally in ready.counted:
                    tally.value += 1
        else:
            for counted, number in Counter(map(_counted, again)).items():
                for tally in counted:
                    tally.value += number
        repeated = [ready.repeated for ready in again if ready.repeated is not None]
        again.clear()  # before the journal: a fault there would have them told once more, and again
        self._services.journal.record_repeated(repeated, now)

    def _sending(self, arrival: Arrival, transport: Transport, now: float, at: float) -> Sending | None:
        """Return the answer to a message on port 67 where all addresses are given here, and none is kept."""
        octets = arrival[4]
        mac = octets[MAC_AT].hex(":")
        nic = self._services.catalog.by_mac(mac)
        if nic is None:
            self._refuse_stranger(arrival, mac, transport, at)
            return None
        if len(octets) > REST_AT + LONGEST - 6:  # without xid and secs
            return self._answer(arrival, 0, transport)
        return self._answer_by_make(arrival, nic, transport, now, at) or self._answer(arrival, 0, transport, octets)

    def _answer_by_make(
        self, arrival: Arrival, nic: Nic, transport: Transport, now: float, at: float
    ) -> Sending | None:
        """Return the answer that others of the make of ``nic`` were given; None where that can't be told."""
        message, info, (source, _port) = payload_of(arrival, CUTS), info_of(arrival), source_of(arrival)
        shape = self._makes.shape_of(message, source + info, nic)
        if shape is None or nic.machine.key in self._services.journal.installing:
            return None
        xid = arrival[0]
        has_program = self._programs[False].has_program(shape.program, int.from_bytes(xid, "big"), nic, self._services)
        pattern = shape.patterns.get(has_program)
        if pattern is None or not pattern.is_proven:
            return None
        prepared = pattern.answer(message, nic)
        if prepared is None or not self._limit.admits(nic.interface.mac, at):
            return None
        way = pattern.way
        if way is None:
            index, _local, _addressed = PKTINFO.unpack(info)
            to = Destination(nic.interface.address, self._ports[1], nic.interface.mac)
            way = transport.route(to, index, pattern.interface)
        frame = UdpFrame(transport.packet(0, way.to, prepared.payload)) if way.is_raw else None
        ready = Ready(prepared, way, frame)
        self._take_to_hand(ready)
        if ready.told.is_news(ready.digest):
            self._tell_by_make(pattern, prepared, message, source)
        if not has_program:
            self._ready.keep(arrival[4], ready)
        sending = ready.answer(xid, now)
        self._note_again([ready], now)
        return sending

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

    def _refuse_stranger(self, arrival: Arrival, mac: str, transport: Transport, at: float) -> None:
        """Do what ``handle`` does with a message of an unknown machine, where all addresses are given here."""
        octets = arrival[4]
        found = self._refusals.find(octets)
        if found is None or not self._limit_of_strangers.admits(mac, at):
            self.tell_of_strangers()  # first of those that came before
            self._refusal = None
            self._answer(arrival, 0, transport)
            if self._refusal is not None:
                self._refusals.keep(octets, self._refusal)
            return
        self._strangers.append((mac, *found))

    def tell_of_strangers(self) -> None:
        """Tell what is to be told of strangers who were refused, in the order in which they came."""
        if not self._strangers:
            return
        strangers, self._strangers = self._strangers, []
        now = self._services.clock()
        for _mac, refusal, _said in strangers:
            refusal.received.value += 1
        self._record_strangers([(mac, said) for mac, _refusal, said in strangers], now)
        self._services.recent.note_all_unknown([(mac, (now, *refusal.packet)) for mac, refusal, _said in strangers])
        self._drop(UNKNOWN_MACHINE, len(strangers))

    def _answer(self, arrival: Arrival, slot: int, transport: Transport, key: bytes = b"") -> Sending | None:
        """Return the answer to a message by all that is known; it is kept by ``key``, unless that is b""."""
        message, info, (packed, port) = payload_of(arrival, CUTS), info_of(arrival), source_of(arrival)
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
                frame = UdpFrame(transport.packet(slot, answer.to, answer.payload)) if way.is_raw else None
                self._ready.keep(key, Ready(prepared, way, frame))
        return answer.payload, way, b""


def _nothing(_key: bytes) -> None:
    """Find no answer that is kept."""
