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
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from ..decisions.boot import Program
from ..decisions.events import Detail, Leased
from ..hardware.model import Nic
from ..process.tallies import Tally
from .decide import Answer
from .exchange import Exchange
from .packet import identify
from .programs_told import ASKING_AGAIN, is_program
from .reply import program_of
from .sighting import Sighting
from .transport import Route

MAX_ANSWERS = 24576  # of two KiB each: a machine asks for four until its script
LONGEST = 1024  # octets of a message whose answer is kept: what boots sends half of that, and it may be 9000
MAX_REFUSALS = 256  # as many makes of machines as a flood may be made of
Packet: TypeAlias = "tuple[str, str, str, tuple[str | int | None, ...]]"  # see runtime.recent_packets


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
    packet: Packet
    counted: tuple[Tally, ...]
    way: Route | None = field(default=None, compare=False)  # that it leaves by, once it is kept
    frame: UdpFrame | None = field(default=None, compare=False)  # where it leaves as a packet made here

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
        packet: Packet,
        counted: tuple[Tally, ...],
    ) -> Prepared:
        """Return what answers the message of ``exchange`` when it comes again."""
        nic, program = exchange.nic, program_of(identify(exchange.request))
        loads = program if is_program(leased.filename) else None
        is_ipxe = program in ASKING_AGAIN
        key = nic.machine.key
        return cls(nic, key, payload, heard, answer.detail, loads, is_ipxe, told, packet, counted)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a machine without an object is not answered, whichever it is, and what its message says of it.

    ``packet`` and ``received`` are as in ``Prepared``.
    """

    said: Sighting
    packet: Packet
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


def message_key(message: bytes, *heard: bytes) -> bytes:
    """Return all of a DHCP ``message`` that an answer can depend on, and where it was ``heard``.

    The parts of that have to be of one length each.
    """
    return b"".join((message[:4], message[10:], *heard))


def refusal_key(message: bytes, *heard: bytes) -> bytes:
    """Return what ``message_key`` does, but for the client's MAC: all that a refusal of an unknown one depends on."""
    return b"".join((message[:4], message[10:28], message[34:], *heard))
