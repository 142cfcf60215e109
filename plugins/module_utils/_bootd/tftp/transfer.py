# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A transfer of one file to one client, as a state machine without sockets or a clock.

RFC 1350 lockstep is RFC 7440 with a window of one block, so there is one way through here for both: a window goes
out, an ACK inside it moves it, and silence sends it again. Times are seconds on any clock that does not go back.
"""

from __future__ import annotations

from enum import Enum

from .blocks import HEADER, Blocks, Octets, ReadBlocks, Source, Step
from .packet import ROLLOVER, Ack, Error, Packet, Terms, TftpError, encode, oack_of

RETRIES = 5  # in a row, without an ACK that moves the window
BACKOFF = (1.0, 2.0, 4.0, 8.0, 8.0, 7.0)  # seconds before each and after the last, unless the client chose a timeout
MAX_IDLE = 30.0  # seconds after which a client that was there is given up
# Before its first ACK a client may be somebody whose address another one forged. It gets the first packet, without
# which nothing begins, and once more where both are at most three times what it sent (as in QUIC: RFC 9000 section 8).
UNACKNOWLEDGED_RETRIES = 1
UNACKNOWLEDGED_IDLE = 10.0
AMPLIFICATION = 3


class Outcome(Enum):
    """How a transfer ended."""

    COMPLETE = "complete"  # the client has acknowledged the last block
    ABORTED = "aborted"  # the client did not want it (any more), or never took it up
    TIMEOUT = "timeout"  # the client took blocks and went silent
    FAILED = "failed"  # the source could not be read


class Transfer:
    """Sends ``source`` on ``terms``; ``asked`` are the octets of the request, by which retransmissions are bounded.

    ``blocks`` are those of the source, where it was cut before. Each of ``start``, ``receive`` and ``tick`` returns the
    datagrams to send now, in order; ``deadline`` is when ``tick`` is due. Once ``outcome`` is set the transfer is over,
    and ``reason`` may say more.
    """

    __slots__ = (
        "_acked",
        "_asked",
        "_blocks",
        "_deadline",
        "_last",
        "_most_retries",
        "_patience",
        "_progress_at",
        "_repeat_after",
        "_retries",
        "_sent",
        "_terms",
        "_total",
        "_windowsize",
        "acknowledged",
        "datagram",
        "outcome",
        "reason",
        "step",
        "stepped_at",
        "whole_window",
    )

    def __init__(self, source: Source, terms: Terms, asked: int, blocks: Blocks | None = None) -> None:
        self.step: Step | None = None  # what is expected next, where that is what most clients do: see ``follow``
        self.stepped_at = float("-inf")  # when the last step was taken
        self.outcome: Outcome | None = None
        self.reason = ""
        self.datagram = terms.blksize + HEADER  # octets of each block but the last, with its header
        self._blocks = blocks or ReadBlocks(source, terms.blksize)
        self._terms = terms
        self._windowsize = terms.windowsize
        self.whole_window = terms.windowsize * self.datagram  # octets
        self._asked = asked
        self._acked = 0  # blocks, counted without rollover, as all below
        self._sent = 0
        self._last: int | None = None  # the block that ends the file, once it has been read ...
        self._total = 0  # ... and the octets sent up to there
        self.acknowledged = False  # the client has acknowledged something, so its address is its own
        self._patience = self._interval(0)
        self._retries = 0
        self._most_retries = UNACKNOWLEDGED_RETRIES
        self._deadline = float("inf")
        self._progress_at = 0.0
        self._repeat_after = 0.0

    @property
    def bytes_acked(self) -> int:
        """Return how many octets the client has acknowledged."""
        if self.step is not None:
            return (self.step.sent - self._windowsize) * self._terms.blksize
        return self._total if self._acked == self._last else self._acked * self._terms.blksize

    @property
    def deadline(self) -> float:
        """Return when ``tick`` is due."""
        return max(self._deadline, self.stepped_at + self._patience)

    def start(self, now: float) -> list[Octets]:
        """Return the first packet: the OACK, or the first block where no option was taken."""
        first = self._pending()
        if 2 * sum(map(len, first)) > AMPLIFICATION * self._asked:
            self._most_retries = 0
        self._wait_anew(now)
        return first

    def receive(self, packet: Packet, now: float) -> list[Octets]:
        """Take what the client sent."""
        if self.outcome is not None:
            return []
        self.leave()
        if isinstance(packet, Error):
            self._end(Outcome.ABORTED, f"client: error {packet.code} {packet.message}".rstrip())
        elif isinstance(packet, Ack):
            return self._datagrams(self.acknowledge(packet.block, now))
        return []

    def tick(self, now: float) -> list[Octets]:
        """Send again what was not acknowledged, or give up; nothing before ``deadline``."""
        if self.outcome is not None or now < self.deadline:
            return []
        self.leave()
        if self._retries >= self._most_retries:
            self._give_up()
            return []
        self._retries += 1
        self._set_deadline(now)
        return self._pending()

    def abort(self, reason: str) -> None:
        """End the transfer because the client is known to be gone."""
        if self.outcome is None:
            self.leave()
            self._end(Outcome.ABORTED, reason)

    def repeat_first(self) -> list[Octets]:
        """Return the first packet again, for a client that repeats its request before it has acknowledged anything."""
        return [] if self.acknowledged or self.outcome is not None else self._pending()

    def follow(self) -> None:
        """Have ``step`` be what most clients do next: acknowledge all that was sent, with a window behind it in memory.

        Whoever takes it sets ``stepped_at``, and ``step`` to what comes after; any other call leaves the steps. Nothing
        where a client has acknowledged nothing, or is sent something again.
        """
        if self.acknowledged and not self._retries and self._sent == self._acked + self._windowsize:
            self.step = self._blocks.step(self._sent, self._windowsize)

    def is_current(self) -> bool:
        """Return whether what ``step`` has in memory is still what the file has; looks at it once in a round."""
        return self._blocks.is_current()

    def go_on(self, step: Step) -> Step | None:
        """Return what comes after ``step``, which was taken; None where ``acknowledge`` is to take the next ACK."""
        sent = step.sent + self._windowsize
        following = self._blocks.step(sent, self._windowsize)
        if following is None:
            self._stand_at(sent)
        else:
            step.next = following
        return following

    def leave(self) -> None:
        """Have the next ACK taken by ``acknowledge``."""
        if self.step is not None:
            self._stand_at(self.step.sent)

    def _stand_at(self, sent: int) -> None:
        """Note what the steps that were taken have come to: ``sent`` blocks, all but the last window acknowledged."""
        self.step = None
        self._sent = sent
        self._acked = sent - self._windowsize
        if self.stepped_at > self._progress_at:
            self._progress_at = self.stepped_at
        self._deadline = self.deadline

    def acknowledge(self, block: int, now: float) -> Octets:
        """Take an ACK of ``block`` while there is no ``outcome``; return what to send now, a window or nothing.

        Those are the window's datagrams one after the other, each but the last one as long as ``datagram`` says. Where
        the source has failed it is the ERROR that says so.
        """
        if self.step is not None:
            self.leave()
        acked = self._acked
        ahead = (block - acked) % ROLLOVER
        if 0 < ahead <= self._sent - acked:
            self._acked = acked = acked + ahead
        elif ahead or not self._answers_oack():
            return self._on_duplicate(ahead, now)
        if not self.acknowledged:
            self.acknowledged = True
            self._most_retries = RETRIES
        # As _wait_anew() does, but for every packet of every client.
        self._retries = 0
        self._progress_at = now
        self._deadline = now + self._patience
        if acked == self._last:
            self._end(Outcome.COMPLETE)
            return b""
        return self._window()

    def _answers_oack(self) -> bool:
        return bool(self._terms.oack) and not self.acknowledged

    def _on_duplicate(self, ahead: int, now: float) -> Octets:
        # RFC 1123 4.2.3.1: answering each duplicate ACK would double every packet from here on. In a window it can
        # also mean that the first block was lost (RFC 7440 section 4), so one in a while is taken for that.
        lost_first = ahead == 0 and self._terms.windowsize > 1 and self._sent > self._acked
        if not lost_first or now < self._repeat_after:
            return b""
        self._repeat_after = now + self._patience
        return self._window()

    def _pending(self) -> list[Octets]:
        if self._answers_oack():
            return [oack_of(self._terms.oack)]
        return self._datagrams(self._window())

    def _datagrams(self, octets: Octets) -> list[Octets]:
        if self.outcome is not None:
            return [octets] if octets else []
        return [octets[start : start + self.datagram] for start in range(0, len(octets), self.datagram)]

    def _window(self) -> Octets:
        """Return the blocks behind the last acknowledged one, as many as the window takes."""
        acked, blocks = self._acked, self._windowsize
        try:
            octets = self._blocks.window(acked, blocks)
        except TftpError as error:
            self._end(Outcome.FAILED, error.message)
            return encode(Error(error.code, error.message))
        if len(octets) < blocks * self.datagram:
            # A block that is not full ends the file, an empty one where the size is a multiple of the block's.
            blocks = len(octets) // self.datagram + 1
            self._last = acked + blocks
            self._total = acked * self._terms.blksize + len(octets) - blocks * HEADER
        if acked + blocks > self._sent:
            self._sent = acked + blocks
        return octets

    def _interval(self, retries: int) -> float:
        if self._terms.timeout is not None:
            return float(self._terms.timeout)
        return BACKOFF[min(retries, len(BACKOFF) - 1)]

    def _wait_anew(self, now: float) -> None:
        self._retries = 0
        self._progress_at = now
        self._set_deadline(now)

    def _set_deadline(self, now: float) -> None:
        interval = self._interval(self._retries)
        if self._retries >= self._most_retries:
            # Nothing more is sent: what is left is to wait for a late ACK.
            patience = MAX_IDLE if self.acknowledged else UNACKNOWLEDGED_IDLE
            self._deadline = max(now + interval, self._progress_at + patience)
        else:
            self._deadline = now + interval

    def _give_up(self) -> None:
        if self.acknowledged:
            self._end(Outcome.TIMEOUT, f"no answer to block {self._acked + 1}")
        else:
            self._end(Outcome.ABORTED, "the client never answered")

    def _end(self, outcome: Outcome, reason: str = "") -> None:
        self.outcome = outcome
        self.reason = reason
