# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Answers that are kept, so that a message that comes again is answered without a decision. Pure.

What a machine with a reservation is answered depends on its message, on where that was heard, on the machine's object
and on the settings; what an iPXE is told, also on what it was told a moment ago. Of the message, ``xid`` is repeated
and ``secs`` only logged (RFC 2131 table 3). So an answer is kept by all else of the message and by where it was heard,
with the object that it was made of. What it brings about beside itself is done each time, as for any other answer.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ..decisions.boot import Program
from ..decisions.events import Detail, Leased
from ..hardware.model import Nic
from ..process.datagram_batch import REST_AT
from ..process.rate_limit import Bucket
from ..process.tallies import Tally
from ..runtime.recent_packets import Ring, What
from ..stores.seen_again import Repeated
from .decide import Answer
from .exchange import Exchange, LastTold
from .packet import identify
from .places import Heard
from .programs_told import ASKING_AGAIN, is_program
from .programs_told import LastTold as ProgramLastTold
from .reply import program_of
from .sighting import Sighting
from .transport import Route, Sending

MAX_ANSWERS = 24576  # of two KiB each: a machine asks for four until its script
MAC_AT = slice(REST_AT + 22, REST_AT + 28)  # in what an Arrival has of a message (RFC 2131 section 2)
LONGEST = 1024  # octets of a message whose answer is kept: what boots sends half of that, and it may be 9000
MAX_REFUSALS = 256  # as many makes of machines as a flood may be made of


_STARTS: dict[bytes, bytes] = {}  # one object for all answers: what is often looked at together is in the cache


class UdpFrame:
    """The IPv4 packet around a DHCP message, of which ``with_xid`` makes one around the same with another xid."""

    __slots__ = ("_before", "_behind", "_between", "_sum")

    def __init__(self, packet: bytes) -> None:
        """Take a packet as ``udp_packet`` makes them: a checksum at 26, and xid at 32."""
        self._before, self._between, self._behind = packet[:26], packet[28:32], packet[36:]
        # What is summed up but for xid: RFC 1624 section 3.
        self._sum = 3 * 0xFFFF - sum(struct.unpack("!HHH", packet[26:28] + packet[32:36]))

    def with_xid(self, xid: bytes) -> bytes:
        """Return the packet with ``xid``."""
        number = int.from_bytes(xid, "big")
        total = self._sum + (number >> 16) + (number & 0xFFFF)
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        checksum = 0xFFFF - (total or 0xFFFF) or 0xFFFF
        return b"".join((self._before, checksum.to_bytes(2, "big"), self._between, xid, self._behind))


@dataclass(slots=True)
class Prepared:
    """An answer to ``nic``, a card of the machine with the key ``machine``, and what it brings about.

    ``payload`` has the xid of the message that it was made for. ``heard`` is the place that the machine was heard at,
    "" for none, and ``detail`` what the journal is told. ``program`` is who asks where it is told to load a boot
    program, else None, ``is_ipxe`` whether what it is told depends on what it was told before. ``told`` is what the log
    knows as told by it: the client and a digest. ``packet`` is the entry for the list of recent ones but for its time,
    and ``counted`` are the counts that it raises.
    """

    nic: Nic
    machine: str
    payload: bytes
    heard: str
    detail: Detail | None
    program: Program | None
    is_ipxe: bool
    told: tuple[tuple[str, ...], int | None]
    packet: What
    counted: tuple[Tally, ...]
    way: Route | None = field(default=None, compare=False)  # that it leaves by, once it is kept

    @classmethod
    def of(
        cls,
        exchange: Exchange,
        answer: Answer,
        leased: Leased,
        *,
        payload: bytes,
        heard: str,
        told: tuple[tuple[str, ...], int | None],
        packet: What,
        counted: tuple[Tally, ...],
    ) -> Prepared:
        """Return what answers the message of ``exchange`` when it comes again."""
        nic, program = exchange.nic, program_of(identify(exchange.request))
        loads = program if is_program(leased.filename) else None
        is_ipxe = program in ASKING_AGAIN
        key = nic.machine.key
        return cls(nic, key, payload, heard, answer.detail, loads, is_ipxe, told, packet, counted)


class Ready:
    """A Prepared answer that is kept, with all at hand that is changed or looked at when it is given again.

    What is at hand may be used as long as ``stamp`` is that of the server. ``repeated`` is what the
    journal is told, None for nothing.
    """

    __slots__ = (
        *("bucket", "counted", "digest", "frame", "heard", "is_ipxe", "machine", "nic", "packet", "place", "prepared"),
        *("program", "program_told", "repeated", "ring", "stamp", "start", "rest", "told", "way"),
    )
    bucket: Bucket
    place: Heard | None
    program_told: ProgramLastTold
    repeated: Repeated | None
    ring: Ring
    stamp: object
    told: LastTold

    def __init__(self, prepared: Prepared, way: Route, frame: UdpFrame | None) -> None:
        self.prepared, self.way, self.frame = prepared, way, frame
        self.nic, self.machine, self.heard = prepared.nic, prepared.machine, sys.intern(prepared.heard)
        start = prepared.payload[:4]
        self.start, self.rest = _STARTS.setdefault(start, start), prepared.payload[8:]
        self.is_ipxe, self.program, self.digest = prepared.is_ipxe, prepared.program, prepared.told[1]
        self.packet, self.counted = prepared.packet, prepared.counted
        self.stamp = None

    def answer(self, xid: bytes, now: float) -> Sending:
        """Return the answer to a message with ``xid``, and note for its machine that it is given."""
        if self.program is not None:
            last = self.program_told
            last.asker, last.xid, last.at = self.program, xid, now
        append = self.ring.append
        append(now)
        append(self.packet)
        place = self.place
        if place is not None and place.last is not self.heard:
            place.note(self.heard)
        frame = self.frame
        return self.start + xid + self.rest, self.way, frame.with_xid(xid) if frame is not None else b""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a machine without an object is not answered, whichever it is, and what its message says of it.

    ``packet`` and ``received`` are as in ``Prepared``.
    """

    said: Sighting
    packet: What
    received: Tally


T = TypeVar("T")


class Kept(Generic[T]):
    """Answers or refusals by the messages that they are for, the ``most`` made last. For one thread only."""

    def __init__(self, most: int) -> None:
        self._kept: dict[bytes, T] = {}
        self._most = most
        self.find = self._kept.get

    def keep(self, key: bytes, made: T) -> None:
        """Keep what was ``made`` for a message by its key."""
        self._kept[key] = made
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
