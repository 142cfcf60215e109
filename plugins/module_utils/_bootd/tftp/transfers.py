# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The transfers under way on their sockets: what their clients send, what they are sent, and how they end."""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

from ..process.faults import EXHAUSTED, Contained
from ..process.rate_limit import RateLimit
from .blocks import Octets
from .packet import Ack, Error, Opcode, Packet, TftpError, parse
from .report import Reporter
from .sessions import Session, Sessions
from .sockets import NO_SEGMENTS, SAID, OwnPort
from .transfer import Transfer

_FAULT = "a fault in bootd"
_PORT_CLOSED = "the client has closed its port"
_PAUSE = 0.1  # seconds without receiving, where the system has no memory for it
_HEAD = struct.Struct("!HH")  # opcode, block number
_LEAST = _HEAD.size
_ACK = int(Opcode.ACK)

_Own: TypeAlias = tuple[int, Session, Transfer]  # a transfer with a port of its own, by the descriptor of that


class Transfers:
    """Every transfer of ``sessions``. Those with a port of their own are registered at ``waiting``.

    ``not_taken_up`` counts, by address, what is begun and never acknowledged.
    """

    def __init__(
        self,
        sessions: Sessions,
        waiting: select.epoll,
        report: Reporter,
        contained: Contained,
        not_taken_up: RateLimit,
    ) -> None:
        self._sessions = sessions
        self._waiting = waiting
        self._report = report
        self._contained = contained
        self._not_taken_up = not_taken_up
        self._own_ports: dict[int, _Own] = {}

    def begin(self, session: Session, now: float) -> None:
        """Add ``session`` and send its first packet."""
        self._sessions.add(session)
        port = session.channel
        if isinstance(port, OwnPort):
            descriptor = port.fileno()
            self._own_ports[descriptor] = descriptor, session, session.transfer
            self._waiting.register(descriptor, select.EPOLLIN)
        self._advance(session, partial(session.transfer.start, now))

    def receive(self, ready: Iterable[tuple[int, int]], now: float) -> list[int]:
        """Read one datagram of each transfer that is ``ready``, so that none gets more than a window in its turn.

        What most are answered is sent at once, when all have been read. Returns the descriptors that are no transfer's.
        """
        others: list[int] = []
        taken: list[_Own] = []
        own_ports, read, write = self._own_ports, os.read, os.write
        waiting, sending, done = iter(ready), iter(taken), False
        while not done:
            session: Session | None = None
            # Around the loop and not in it: to enter it for each packet would cost as much as to take an ACK.
            with self._contained:
                for descriptor, _events in waiting:
                    own = own_ports.get(descriptor)
                    if own is None:
                        session = None
                        others.append(descriptor)
                        continue
                    _descriptor, session, transfer = own
                    try:
                        said = read(descriptor, SAID)
                    except OSError as error:
                        self._on_nothing(session, error)
                        continue
                    step = transfer.step
                    # What most clients do. All else, and what comes of it, is behind _on_said().
                    if step is not None and said == step.ack and (step.file.is_current or transfer.is_current()):
                        taken.append(own)
                    else:
                        self._on_said(session, said, now)
                for descriptor, session, transfer in sending:
                    step = transfer.step
                    if step is None:
                        continue
                    transfer.stepped_at = now
                    transfer.step = step.next or transfer.go_on(step)
                    try:
                        write(descriptor, step.octets)
                    except OSError as error:
                        self._on_refused_window(session, step.octets, error)
                done = True
            if not done and session is not None:
                # A fault in bootd: it costs this transfer, and only this one.
                self.end(session, _FAULT)
        return others

    def repeat_first(self, session: Session) -> None:
        """Send the first packet again, where nothing was acknowledged."""
        self._advance(session, session.transfer.repeat_first)

    def tick(self, now: float) -> None:
        """Send again what is due, and end what was sent often enough."""
        for session in self._sessions.due(now):
            with self._contained:
                self._advance(session, partial(session.transfer.tick, now))

    def not_received(self, error: OSError) -> None:
        """Tell that a datagram could not be received, and wait where that will be so for a while."""
        self._report.not_received(error)
        if error.errno in EXHAUSTED:
            # The socket stays readable: without a pause to look at it would be all that bootd does.
            time.sleep(_PAUSE)

    def on_packet(self, session: Session, packet: Packet, now: float) -> None:
        """Take what the client of ``session`` sent."""
        session.last_heard = now
        was_taken_up = session.transfer.acknowledged
        if isinstance(packet, Ack):
            self._guarded(session, partial(self._on_ack, session, packet.block, now))
        else:
            self._advance(session, partial(session.transfer.receive, packet, now))
        # Only who has the address knows the port it was answered from; a shared one is known to whoever forges it.
        if not was_taken_up and isinstance(packet, Ack | Error) and isinstance(session.channel, OwnPort):
            self._not_taken_up.give_back(session.client[0])

    def end(self, session: Session, reason: str) -> None:
        """End ``session`` because of ``reason``; harmless where it has ended."""
        session.transfer.abort(reason)
        self._finish(session)

    def _on_nothing(self, session: Session, error: OSError) -> None:
        """Take ``error`` for what the client of ``session`` sent."""
        if isinstance(error, ConnectionRefusedError):
            self.end(session, _PORT_CLOSED)
        elif not isinstance(error, BlockingIOError):
            self.not_received(error)

    def _on_refused_window(self, session: Session, octets: Octets, error: OSError) -> None:
        """Send the window ``octets`` in another way, where ``error`` says that it can't be sent at once."""
        session.transfer.leave()
        if error.errno not in NO_SEGMENTS and not isinstance(error, BlockingIOError):
            self._not_sent(session, error)
            return
        try:
            session.channel.send_window(octets, session.transfer.datagram)
        except OSError as another:
            self._not_sent(session, another)

    def _not_sent(self, session: Session, error: OSError) -> None:
        """Take ``error`` for what became of a window."""
        if isinstance(error, ConnectionRefusedError):
            self.end(session, _PORT_CLOSED)
        else:
            self._report.dropped("send_failed")

    def _on_said(self, session: Session, said: bytes, now: float) -> None:
        """Take what the client of ``session`` sent to its own port, but for what is a step."""
        if len(said) >= _LEAST:
            opcode, block = _HEAD.unpack_from(said)
            if opcode == _ACK:
                session.last_heard = now
                if not session.transfer.acknowledged:
                    self._not_taken_up.give_back(session.client[0])
                self._send_window(session, session.transfer.acknowledge(block, now))
                return
        try:
            packet = parse(said)
        except TftpError:
            self._report.dropped("malformed")
            return
        self.on_packet(session, packet, now)

    def _on_ack(self, session: Session, block: int, now: float) -> None:
        self._send_window(session, session.transfer.acknowledge(block, now))

    def _send_window(self, session: Session, octets: Octets) -> None:
        """Send what the transfer said to an ACK, and see to its end or its deadline."""
        transfer = session.transfer
        if transfer.outcome is not None:
            self._send(session, [octets] if octets else [])
            return
        if octets:
            port = session.channel
            try:
                port.send_window(octets, transfer.datagram)
            except OSError as error:
                self._not_sent(session, error)
            else:
                if isinstance(port, OwnPort) and transfer.whole_window <= port.at_once:
                    transfer.follow()
        if transfer.outcome is None and transfer.deadline < session.scheduled_at:
            self._sessions.reschedule(session)

    def _advance(self, session: Session, step: Callable[[], list[Octets]]) -> None:
        self._guarded(session, lambda: self._send(session, step()))

    def _guarded(self, session: Session, work: Callable[[], None]) -> None:
        """Do ``work``; a fault in bootd costs this transfer, and only this one."""
        with self._contained:
            work()
            return
        self.end(session, _FAULT)

    def _send(self, session: Session, datagrams: Iterable[Octets]) -> None:
        try:
            session.channel.send(datagrams)
        except ConnectionRefusedError:
            session.transfer.abort(_PORT_CLOSED)
        except OSError:
            self._report.dropped("send_failed")
        if session.transfer.outcome is None:
            self._sessions.reschedule(session)
        else:
            self._finish(session)

    def _finish(self, session: Session) -> None:
        if not self._sessions.remove(session):
            return
        if isinstance(session.channel, OwnPort):
            del self._own_ports[session.channel.fileno()]
        session.channel.close()  # which also ends that it is waited for
        session.content.close()
        self._report.ended(session, time.monotonic())
