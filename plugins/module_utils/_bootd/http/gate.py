# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The gate: reads requests. A worker is only given whole ones, so slow and idle clients cost no thread."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

from ..faults import Contained
from ..health import Pulse
from .connection import Connection
from .framing import Refused
from .loop import READ, Loop

REQUEST_SECONDS = 10.0  # from the first octet, of a new connection from its beginning, to the last one of the body
IDLE_SECONDS = 15.0  # between two requests
DRAIN_SECONDS = 2.0
READ_SIZE = 64 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Gate:
    """Watches connections until their next request is there, then calls ``dispatch(connection)``.

    ``refuse(connection, refusal)`` answers what is no request. With more than ``limit`` connections open, the one that
    has kept the gate waiting longest is closed for a new one: a client that sends its request gets in, however many
    send none.
    """

    def __init__(
        self,
        contained: Contained,
        pulse: Pulse,
        dispatch: Callable[[Connection], None],
        refuse: Callable[[Connection, Refused], None],
        limit: int,
    ) -> None:
        self._dispatch = dispatch
        self._refuse = refuse
        self._limit = limit
        self._open = 0
        self._lock = threading.Lock()
        self._waiting: dict[Connection, None] = {}  # ordered: the longest waiting first
        self._loop = Loop("http-gate", contained, pulse, self._ready, self._end, self._tick)

    def start(self) -> None:
        """Start to read."""
        self._loop.start()

    def stop(self) -> None:
        """Close all connections that wait."""
        self._loop.stop()
        for connection in list(self._waiting):
            connection.close()
        self._waiting.clear()

    def admit(self, connection: Connection) -> None:
        """Take a connection that is to send a request."""
        self._loop.call(partial(self._begin, connection))

    def drain(self, connection: Connection) -> None:
        """Take a connection that was refused, its ``drain`` set: closed unread, a RST would take its answer away."""
        self._loop.call(partial(self._begin, connection))

    def closed(self) -> None:
        """Count a connection that was admitted and is closed now; from any thread."""
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._open += change

    def _begin(self, connection: Connection) -> None:
        if connection.drain:
            connection.deadline = time.monotonic() + DRAIN_SECONDS
            # The client sees the end of the answer now and need not wait for the deadline.
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_WR)
        elif connection.fresh:
            self._count(1)
            if self._open > self._limit and not self._make_room(connection):
                return
            connection.deadline = time.monotonic() + REQUEST_SECONDS
        elif self._advance(connection):
            return
        else:
            connection.deadline = time.monotonic() + (IDLE_SECONDS if connection.framer.idle else REQUEST_SECONDS)
        self._waiting[connection] = None
        self._loop.watch(connection.socket, READ, connection)

    def _make_room(self, connection: Connection) -> bool:
        longest = next(iter(self._waiting), None)
        if longest is not None:
            self._end(longest)
            return True
        self._refuse(connection, Refused("503 Service Unavailable", "too many connections"))
        return False

    def _ready(self, connection: Connection) -> None:
        try:
            octets = connection.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self._end(connection)
        elif not connection.drain:
            if connection.framer.idle and not connection.fresh:
                connection.deadline = time.monotonic() + REQUEST_SECONDS
            connection.framer.feed(octets)
            self._advance(connection)

    def _advance(self, connection: Connection) -> bool:
        """Hand ``connection`` on where its next request is there or can't be; return whether it was."""
        try:
            request = connection.framer.next()
        except Refused as refusal:
            self._forget(connection)
            self._refuse(connection, refusal)
            return True
        if request is None:
            self._invite(connection)
            return False
        self._forget(connection)
        connection.give(request)
        self._dispatch(connection)
        return True

    def _invite(self, connection: Connection) -> None:
        head = connection.framer.head
        if head is not None and head.expects_continue and not connection.invited:
            connection.invited = True
            # A client that can't take these 25 octets sends its body after a while anyway.
            with contextlib.suppress(OSError):
                connection.socket.send(_CONTINUE)

    def _tick(self) -> None:
        now = time.monotonic()
        for connection in [item for item in self._waiting if item.deadline <= now]:
            if connection.drain or connection.framer.idle:
                self._end(connection)
            else:
                self._forget(connection)
                self._refuse(connection, Refused("408 Request Timeout", f"not sent in {REQUEST_SECONDS:.0f} s"))

    def _forget(self, connection: Connection) -> None:
        if connection in self._waiting:
            del self._waiting[connection]
            self._loop.forget(connection.socket)

    def _end(self, connection: Connection) -> None:
        self._forget(connection)
        connection.close()
