# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Answers that are kept, so that a message that comes again is answered without a decision. Pure.

What a machine with a reservation is answered depends on its message, on where that was heard, on the machine's object
and on the settings; what an iPXE is told, also on what it was told a moment ago. Of the message, ``xid`` is repeated
and ``secs`` only logged (RFC 2131 table 3). So an answer is kept by all else of the message and by where it was heard,
with the object that it was made of. What it brings about beside itself is done each time, as for any other answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..decisions.boot import Program
from ..decisions.events import Detail
from ..hardware.model import Nic
from ..process.tallies import Tally
from .packet import UdpFrame
from .transport import Route

MAX_ANSWERS = 32768  # of a KiB or so each: a machine asks for four until its script


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
    told: tuple[tuple[str, str], int | None]
    packet: tuple[str, str, str, tuple[str | int | None, ...]]
    counted: tuple[Tally, ...]
    way: Route | None = None  # that it leaves by, once it is kept
    frame: UdpFrame | None = None  # where it leaves as a packet made here


class PreparedAnswers:
    """Answers by the messages that they are for, the MAX_ANSWERS made last. For one thread only."""

    def __init__(self) -> None:
        self._kept: dict[bytes, Prepared] = {}
        self.find = self._kept.get

    def keep(self, key: bytes, prepared: Prepared) -> None:
        """Keep an answer by its ``message_key``."""
        self._kept[key] = prepared
        if len(self._kept) > MAX_ANSWERS:
            del self._kept[next(iter(self._kept))]

    def clear(self) -> None:
        """Forget all answers."""
        self._kept.clear()


def message_key(message: bytes, *heard: bytes) -> bytes:
    """Return all of a DHCP ``message`` that an answer can depend on, and where it was ``heard``.

    The parts of that have to be of one length each.
    """
    return b"".join((message[:4], message[10:], *heard))
