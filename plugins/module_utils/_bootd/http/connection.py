# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A client's connection: aiohttp's, with the time limits, the limit of connections and the refusals that it lacks.

aiohttp parses, frames and keeps connections, and reads no further while 32 requests of one client wait.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

try:
    from aiohttp import web
    from aiohttp.http_exceptions import LineTooLong
    from aiohttp.web import RequestHandler, StreamResponse
except ImportError:
    if not TYPE_CHECKING:  # the classes below need some base where Ansible's checks import this without aiohttp
        RequestHandler = StreamResponse = object

from .file_sending import FileSending
from .limits import ConnectionSlot, ConnectionSlots
from .wsgi_environ import MAX_HEAD, MAX_HEADERS, Refused

REQUEST_SECONDS = 10.0  # for a request's head, from its first octet or from the connection's beginning; so for a body
IDLE_SECONDS = 15.0  # between two requests
HALF_CLOSED_SECONDS = 0.2  # for a client that sends no more: until the request that it had sent is begun
ENCRYPTED_BUFFER = 64 * 1024  # octets of a response that wait for the client before more is encrypted
DRAIN_SECONDS = 2.0  # for a client that is refused: to read why
RETRY_SECONDS = 5  # Retry-After
NOT_PARSED = ""  # the method of a request that could not be read
_LOGGER = logging.getLogger("baremetal.netboot.http")
_LOGGER.disabled = True  # what aiohttp would log, bootd logs itself
_REQUEST_LINE = re.compile(r"([A-Z]+ )?/")


class Connection(RequestHandler):
    """One client's connection, with a timer that runs whenever bootd waits for the client.

    Where the time runs out, a request that was begun is refused with 408, and an idle connection is closed.
    ``on_refused(client, refusal)`` is called for every refusal, ``on_fault(error)`` for every fault in bootd. ``slot``
    is one that the client holds already. ``received`` is what came before, and ``unsent`` what is left of an answer to
    be sent before all else.
    """

    def __init__(
        self,
        server: web.Server,
        slots: ConnectionSlots,
        on_refused: Callable[[str, Refused], None],
        on_fault: Callable[[BaseException | None], None],
        slot: ConnectionSlot | None = None,
        *,
        encrypted: bool = False,
        received: bytes = b"",
        unsent: bytes = b"",
    ) -> None:
        self.loop = asyncio.get_running_loop()
        super().__init__(
            server,
            loop=self.loop,
            logger=_LOGGER,
            access_log=_LOGGER,
            max_line_size=MAX_HEAD,
            max_field_size=MAX_HEAD,
            max_headers=MAX_HEADERS,
            lingering_time=0,
            # A compressed body would be bounded only as it was sent.
            auto_decompress=False,
        )
        self.source = ""
        self.closed: asyncio.Future[None] = self.loop.create_future()
        self._slot = slot
        self.encrypted = encrypted
        self._before = (received, unsent)
        self._slots, self._on_refused, self._on_fault = slots, on_refused, on_fault
        self._timer: asyncio.TimerHandle | None = None
        self._waits_until, self._seconds = math.inf, 0.0  # on the loop's clock; inf: bootd does not wait for the client
        self.sending: FileSending | None = None
        self._unsent_before = 0  # octets, when the timer was set
        self._handling = False  # a request's head was read, and its response is not sent yet
        self._receiving = False  # octets came since the last response
        self._half_closed = False  # the client sends no more
        self._refused = False

    @property
    def slot(self) -> ConnectionSlot:
        """Return the slot that the connection holds: only one that was turned away has none, and sends no request."""
        if self._slot is None:
            raise RuntimeError("a connection that was turned away has no slot")
        return self._slot

    @property
    def unsent(self) -> int:
        """Return how many octets, files not counted, the client has still to take."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Acquire a slot for the client, or refuse it with 503 where there is none."""
        super().connection_made(transport)
        transport = cast(asyncio.Transport, transport)
        # A file is sent past asyncio's buffer, which therefore has to be empty before. An encrypted one is not, and
        # there asyncio takes an empty buffer for a full one where the limit is 0.
        transport.set_write_buffer_limits(ENCRYPTED_BUFFER if self.encrypted else 0, 0)
        self.source = str((transport.get_extra_info("peername") or ("",))[0])
        if self._slot is None:
            self._slot = self._slots.acquire(self.source, self._end_from_any_thread)
        else:
            self._slot.end = self._end_from_any_thread
        if self._slot is None:
            self.refuse(Refused(503, "too many connections"), NOT_PARSED)
            # Were they waited for, those who are turned away would be as many as they like.
            transport.close()
            return
        received, unsent = self._before
        if unsent:
            transport.write(unsent)
        self._wait(REQUEST_SECONDS)
        if received:
            # Not before the transport reads: older Pythons (3.11.2) forget until then that it is to pause.
            self.loop.call_soon(self.data_received, received)

    def connection_lost(self, error: BaseException | None) -> None:
        """Release the slot."""
        super().connection_lost(error)
        self._stop_waiting()
        if self._timer is not None:
            self._timer.cancel()
        if self._slot is not None:
            self._slot.release()
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; after a refusal it is thrown away."""
        if data and self._slot is not None:
            if not self._handling:
                self._slot.note_progress()
                if not self._receiving and not self._refused:
                    self._wait(REQUEST_SECONDS)
            self._receiving = True
        super().data_received(data)

    def eof_received(self) -> Any:  # a bool, as asyncio has it: whether to keep the transport; aiohttp declares None
        """Answer what a client had asked for before it ended its side (RFC 9112, section 9.6)."""
        self._half_closed = True
        if self._refused:
            return False
        if not self._handling:
            self._wait(HALF_CLOSED_SECONDS)
        # TLS has no half-closed connections: asyncio then closes it once all is sent.
        return not self.encrypted

    def request_received(self) -> None:
        """To be called once a request's head was read: from now on the client waits for bootd."""
        self._handling, self._receiving = True, False
        self.slot.waiting_for_client = self.slot.idle = False
        self._stop_waiting()

    def response_ready(self) -> None:
        """To be called before a response is sent: from now on bootd waits for the client to take it."""
        self.slot.note_progress()
        self.slot.waiting_for_client = True

    def response_done(self) -> None:
        """To be called once a response was sent, or can't be."""
        self._handling = False
        self.slot.note_progress()
        self.slot.waiting_for_client = self.slot.idle = True
        if self.transport is not None and not self._refused:
            self._wait(HALF_CLOSED_SECONDS if self._half_closed else IDLE_SECONDS)

    def end(self) -> None:
        """Close the connection without sending what is left."""
        if self.sending is not None:
            self.sending.fail(ConnectionAbortedError())
        if self.transport is not None:
            self.transport.abort()

    def _end_from_any_thread(self) -> None:
        self.loop.call_soon_threadsafe(self.end)

    def refuse(self, refusal: Refused, method: str) -> None:
        """Tell the client that it is refused, and hang up once it has had time to read that."""
        transport = self.transport
        if self._refused or transport is None:
            return
        self._refused = True
        self._on_refused(self.source, refusal)
        self.close()
        transport.write(refusal_octets(refusal, method))
        if transport.can_write_eof():
            transport.write_eof()
        # What the client still sends is read and thrown away: a RST would take the answer from it.
        transport.resume_reading()
        self._wait(DRAIN_SECONDS)

    def handle_error(
        self, _request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> StreamResponse:
        """Refuse what could not be parsed, or what bootd failed at."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._on_fault(exc)
            return Refusal(self, Refused(status, "bootd has a fault; its log says more"))
        if isinstance(exc, LineTooLong):
            is_line = _REQUEST_LINE.match(_text(exc.args[0]))
            return Refusal(
                self,
                Refused(414, f"a request line has at most {MAX_HEAD} octets")
                if is_line
                else Refused(431, f"a request's head has at most {MAX_HEAD} octets"),
            )
        return Refusal(self, Refused(status, (message or "not a request").partition("\n")[0][:80]))

    def log_exception(self, *_unused: object, exc_info: object = None, **_more: object) -> None:
        """Pass on an exception that aiohttp did not expect."""
        self._on_fault(exc_info if isinstance(exc_info, BaseException) else None)

    def _wait(self, seconds: float) -> None:
        self._seconds, self._unsent_before = seconds, self.unsent
        self._waits_until = self.loop.time() + seconds
        # A timer that is due before is left alone, and set again when it finds nothing to do: that is rare.
        if self._timer is None or self._timer.when() > self._waits_until:
            self._set_timer()

    def _stop_waiting(self) -> None:
        self._waits_until = math.inf

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_at(self._waits_until, self._is_due)

    def _is_due(self) -> None:
        self._timer = None
        if self._waits_until == math.inf:
            return
        if self.loop.time() < self._waits_until:
            self._set_timer()
        else:
            self._expired(self._seconds)

    def _expired(self, seconds: float) -> None:
        if 0 < self.unsent < self._unsent_before:
            self._wait(seconds)  # it is still taking the end of an answer
        elif self._receiving and not self._half_closed and not self._refused:
            self.refuse(Refused(408, f"not sent in {REQUEST_SECONDS:.0f} s"), NOT_PARSED)
        else:
            self.end()


class Refusal(StreamResponse):
    """The response to a request that is refused: the last one on its ``connection``."""

    def __init__(self, connection: Connection, refusal: Refused) -> None:
        super().__init__(status=refusal.status)
        self._connection = connection
        self._refusal = refusal

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send the refusal, and wait until the connection is closed."""
        self._connection.refuse(self._refusal, NOT_PARSED if request.method == "UNKNOWN" else request.method)
        await self._connection.closed
        raise ConnectionResetError


def refusal_octets(refusal: Refused, method: str) -> bytes:
    """Return the response to a refused request, head and body.

    It has a body only where ``method`` is known to be none that must not have one: a body after the answer to a HEAD
    would be taken for the next answer (RFC 9110, section 9.3.2).
    """
    text = f"{refusal.reason}\n" if method not in (NOT_PARSED, "HEAD") else ""
    retry = f"Retry-After: {RETRY_SECONDS}\r\n" if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else ""
    line = f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}"
    return (
        f"{line}\r\nServer: bootd\r\nConnection: close\r\n{retry}"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    ).encode("latin-1", "replace")


def _text(octets: object) -> str:
    return octets.decode("latin-1") if isinstance(octets, bytes | bytearray) else str(octets)
