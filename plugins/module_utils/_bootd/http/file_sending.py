# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A response with a file on its way to a client, without a task: sent whenever the socket takes something."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol

from ..process.faults import Caught
from .file_body import FileBody
from .limits import ConnectionSlot

STALL_SECONDS = 30.0  # without one octet of the response taken
PROGRESS_SECONDS = 0.5  # between two looks at how far a slow client is


class Writers(Protocol):
    """What tells that a socket takes something, as an event loop does."""

    def add_writer(self, client: socket.socket, call: Callable[[], object], /) -> object:
        """Call ``call`` whenever ``client`` takes something."""

    def remove_writer(self, client: socket.socket, /) -> object:
        """Do that no more; harmless where it was not done."""


class FileSending:
    """Sends ``head`` and then ``body`` to ``client``; what is not in memory one of ``threads`` reads.

    ``writers`` tell when the client takes something. ``on_end(sending, error)`` is called once, when all was sent or
    can't be, after the file was closed. For the thread of ``loop``.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        writers: Writers,
        client: socket.socket,
        slot: ConnectionSlot,
        head: bytes,
        body: FileBody,
        threads: Executor,
    ) -> None:
        self._loop, self._writers, self._client = loop, writers, client
        self._slot, self._threads = slot, threads
        self._head, self._body = head, body
        self._on_end: Callable[[FileSending, BaseException | None], None] | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._fetching: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._seen, self._moved_at = -1, 0.0

    def send_at_once(self) -> bool:
        """Return whether the client has taken all at once; raises OSError. The file is closed where this ends it."""
        try:
            if self._send_head() and self._body.is_at_hand():
                self._body.send_to(self._client.fileno())
        except BlockingIOError:
            return False
        except OSError:
            self._contained(self._body.end)
            raise
        if self._body.left:
            return False
        self._contained(self._body.end)
        return True

    def go_on(self, on_end: Callable[[FileSending, BaseException | None], None]) -> None:
        """Send the rest as the client takes it."""
        self._on_end = on_end
        self._seen, self._moved_at = self._left, self._loop.time()
        self._timer = self._loop.call_later(PROGRESS_SECONDS, self._look)
        self._writers.add_writer(self._client, self._send_part)

    def fail(self, error: BaseException) -> None:
        """Send no more; the end comes once nobody reads the file."""
        self._end(error)

    @property
    def _left(self) -> int:
        return len(self._head) + self._body.left

    def _send_head(self) -> bool:
        """Return whether all of the head was sent. The kernel sends it together with the beginning of the file."""
        if self._head:
            sent = self._client.send(self._head, socket.MSG_DONTWAIT | socket.MSG_MORE)
            self._head = self._head[sent:]
        return not self._head

    def _send_part(self) -> None:
        """Send what the client's socket takes now."""
        try:
            if not self._send_head():
                return
            if not self._body.is_at_hand():
                self._writers.remove_writer(self._client)
                self._fetching = self._loop.run_in_executor(self._threads, self._body.fetch)
                self._fetching.add_done_callback(self._fetched)
                return
            self._body.send_to(self._client.fileno())
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if not self._body.left:
            self._end(None)

    def _fetched(self, _fetching: asyncio.Future[None]) -> None:
        self._fetching = None
        if self._ended:
            self._finish()
        else:
            self._writers.add_writer(self._client, self._send_part)

    def _look(self) -> None:
        """Report how far the client is, and end where it has taken nothing for STALL_SECONDS."""
        now, left = self._loop.time(), self._left
        if left != self._seen:
            self._seen, self._moved_at = left, now
            self._slot.note_progress()
            self._contained(self._body.report_progress)
        elif now - self._moved_at >= STALL_SECONDS:
            self._end(TimeoutError())
            return
        self._timer = self._loop.call_later(PROGRESS_SECONDS, self._look)

    def _contained(self, call: Callable[[], None]) -> None:
        """Call what takes note of the file; a fault in that is told to the loop, and the connection goes on."""
        with Caught() as caught:
            call()
        if caught.fault is not None:
            self._loop.call_exception_handler({"message": "a fault in what notes a file", "exception": caught.fault})

    def _end(self, error: BaseException | None) -> None:
        if self._ended:
            return
        self._ended, self._error = True, error
        self._writers.remove_writer(self._client)
        if self._timer is not None:
            self._timer.cancel()
        if self._fetching is None:
            self._finish()

    def _finish(self) -> None:
        self._contained(self._body.end)
        if self._on_end is not None:
            self._on_end(self, self._error)
