# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The sender: sends responses. However slowly clients take them, and however large they are, no worker waits."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from enum import Enum
from functools import partial

from ..faults import Contained
from ..health import Pulse
from .connection import Connection
from .loop import WRITE, Loop

STALL_SECONDS = 30.0  # without one octet taken
MAX_HELD = 64 * 1024 * 1024  # octets of responses, files not counted, that wait for slow clients


class _Left(Enum):
    NOTHING = "all is sent"
    SOME = "the client takes no more now"
    UNSENDABLE = "the client is gone, or the file"


class Sender:
    """Sends what connections hold, then calls ``sent(connection)``; a connection that fails or stalls is closed."""

    def __init__(self, contained: Contained, pulse: Pulse, sent: Callable[[Connection], None]) -> None:
        self._sent = sent
        self._sending: dict[Connection, int] = {}  # -> octets it brought, beside its file
        self._held = 0
        self._files = 0
        self._lock = threading.Lock()
        self._loop = Loop("http-sender", contained, pulse, self._ready, self._end, self._tick)

    @property
    def files(self) -> int:
        """Return how many files are being sent."""
        return self._files

    def start(self) -> None:
        """Start to send."""
        self._loop.start()

    def stop(self) -> None:
        """Close all connections that are still being sent to."""
        self._loop.stop()
        for connection in self._sending:
            connection.close()
        self._sending.clear()

    def send(self, connection: Connection) -> None:
        """Take a connection with its response; one without a file is mostly sent when this returns."""
        connection.pending = memoryview(connection.wfile.take())
        connection.deadline = time.monotonic() + STALL_SECONDS
        if connection.file is not None:
            self._count_file(1)
        else:
            left = _send_some(connection)
            if left is not _Left.SOME:
                self._finish(connection, left)
                return
        self._loop.call(partial(self._begin, connection))

    def _begin(self, connection: Connection) -> None:
        self._sending[connection] = len(connection.pending)
        self._held += len(connection.pending)
        self._loop.watch(connection.socket, WRITE, connection)
        if self._held > MAX_HELD:
            self._end(connection)

    def _ready(self, connection: Connection) -> None:
        left = _send_some(connection)
        if left is not _Left.SOME:
            self._forget(connection)
            self._finish(connection, left)

    def _tick(self) -> None:
        now = time.monotonic()
        for connection in [item for item in self._sending if item.deadline <= now]:
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        self._forget(connection)
        self._finish(connection, _Left.UNSENDABLE)

    def _forget(self, connection: Connection) -> None:
        if connection in self._sending:
            self._held -= self._sending.pop(connection)
            self._loop.forget(connection.socket)

    def _finish(self, connection: Connection, left: _Left) -> None:
        file, connection.file = connection.file, None
        if file is not None:
            self._count_file(-1)
            file.close()
        if left is _Left.NOTHING:
            self._sent(connection)
        else:
            connection.close()

    def _count_file(self, change: int) -> None:
        with self._lock:
            self._files += change


def _send_some(connection: Connection) -> _Left:
    """Send what the client takes at once, a turn of a file at most."""
    file = connection.file
    try:
        while connection.pending:
            flags = socket.MSG_MORE if file is not None and file.left else 0
            connection.pending = connection.pending[connection.socket.send(connection.pending, flags) :]
            connection.deadline = time.monotonic() + STALL_SECONDS
        if file is not None and file.left:
            file.send_to(connection.socket)
            connection.deadline = time.monotonic() + STALL_SECONDS
    except BlockingIOError:
        return _Left.SOME
    except OSError:
        return _Left.UNSENDABLE
    return _Left.SOME if file is not None and file.left else _Left.NOTHING
