# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""aiohttp's connection with what it leaves to its user: how long a client may take, how many there may be, refusals.

aiohttp parses, frames and keeps connections, and reads no further while 32 requests of one client wait.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from http import HTTPStatus

try:
    from aiohttp import web
    from aiohttp.http_exceptions import LineTooLong
    from aiohttp.web import RequestHandler, StreamResponse
except ImportError:
    web = LineTooLong = None
    RequestHandler = StreamResponse = object

from .limits import Place, Places
from .wsgi_environ import MAX_HEAD, MAX_HEADERS, Refused

REQUEST_SECONDS = 10.0  # from the first octet of a head, of a new connection from its beginning, to its last; so a body
IDLE_SECONDS = 15.0  # between two requests
ENDED_SECONDS = 0.2  # for a client that has ended its side: until what it had asked for is begun
DRAIN_SECONDS = 2.0
RETRY_SECONDS = 5
NOT_PARSED = ""  # the method of a request that could not be read
_LOGGER = logging.getLogger("baremetal.netboot.http")
_LOGGER.addHandler(logging.NullHandler())
_LOGGER.propagate = False
_REQUEST_LINE = re.compile(r"([A-Z]+ )?/")


class Connection(RequestHandler):
    """One client. Its timer runs whenever bootd waits for it; what runs out is refused or closed.

    ``tell(client, refusal)`` is told of every refusal, ``fault(error)`` of what should not happen.
    """

    def __init__(
        self,
        server: web.Server,
        places: Places,
        tell: Callable[[str, Refused], None],
        fault: Callable[[BaseException | None], None],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        super().__init__(
            server,
            loop=self.loop,
            logger=_LOGGER,
            access_log=None,
            max_line_size=MAX_HEAD,
            max_field_size=MAX_HEAD,
            max_headers=MAX_HEADERS,
            lingering_time=0,
            # A compressed body would be bounded only as it was sent.
            auto_decompress=False,
        )
        self.source = ""
        self.place: Place | None = None
        self.lost: asyncio.Future[None] = self.loop.create_future()
        self._places, self._tell, self._fault = places, tell, fault
        self._timer: asyncio.TimerHandle | None = None
        self.sending: asyncio.Future[None] | None = None  # done when a file is sent, or can't be
        self._left = 0
        self._answering = False
        self._reading = False  # octets came since the last answer
        self._ended = False
        self._refused = False

    @property
    def unsent(self) -> int:
        """Return how many octets, files not counted, the client has still to take."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a place for the client, or say that there is none."""
        super().connection_made(transport)
        # A file is sent past asyncio's buffer, which therefore has to be empty before.
        transport.set_write_buffer_limits(0)
        self.source = str((transport.get_extra_info("peername") or ("",))[0])
        self.place = self._places.enter(self.source, lambda: self.loop.call_soon_threadsafe(self.end))
        if self.place is None:
            self.refuse(Refused(503, "too many connections"), NOT_PARSED)
            # Were they waited for, those who are turned away would be as many as they like.
            transport.close()
        else:
            self._wait(REQUEST_SECONDS)

    def connection_lost(self, error: BaseException | None) -> None:
        """Give the place back."""
        super().connection_lost(error)
        self._stop_waiting()
        if self.place is not None:
            self.place.leave()
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; after a refusal it is thrown away."""
        if data and self.place is not None:
            if not self._answering:
                self.place.moved()
                if not self._reading and not self._refused:
                    self._wait(REQUEST_SECONDS)
            self._reading = True
        super().data_received(data)

    def eof_received(self) -> bool:
        """Answer what a client had asked for before it ended its side (RFC 9112, section 9.6)."""
        self._ended = True
        if self._refused:
            return False
        if not self._answering:
            self._wait(ENDED_SECONDS)
        return True

    def begin_answer(self) -> None:
        """Know that a head was read: the client waits from now on."""
        self._answering, self._reading = True, False
        self.place.waiting = self.place.answered = False
        self._stop_waiting()

    def begin_reply(self) -> None:
        """Know that the answer is there and waits for the client to take it."""
        self.place.moved()
        self.place.waiting = True

    def end_answer(self) -> None:
        """Know that an answer was sent, or can't be."""
        self._answering = False
        self.place.moved()
        self.place.waiting = self.place.answered = True
        if self.transport is not None and not self._refused:
            self._wait(ENDED_SECONDS if self._ended else IDLE_SECONDS)

    def end(self) -> None:
        """Close the connection without sending what is left."""
        if self.sending is not None and not self.sending.done():
            self.sending.set_exception(ConnectionAbortedError())
        if self.transport is not None:
            self.transport.abort()

    def refuse(self, refusal: Refused, method: str) -> None:
        """Tell the client that it is refused, and hang up once it has had time to read that."""
        transport = self.transport
        if self._refused or transport is None:
            return
        self._refused = True
        self._tell(self.source, refusal)
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
            self._fault(exc)
            return Refusal(Refused(status, "bootd has a fault; its log says more"))
        if isinstance(exc, LineTooLong):
            is_line = _REQUEST_LINE.match(_text(exc.args[0]))
            return Refusal(
                Refused(414, f"a request line has at most {MAX_HEAD} octets")
                if is_line
                else Refused(431, f"a request's head has at most {MAX_HEAD} octets")
            )
        return Refusal(Refused(status, (message or "not a request").partition("\n")[0][:80]))

    def log_exception(self, *_unused: object, exc_info: object = None, **_more: object) -> None:
        """Tell of what aiohttp did not expect."""
        self._fault(exc_info if isinstance(exc_info, BaseException) else None)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._left = self.unsent
        self._timer = self.loop.call_later(seconds, self._expired, seconds)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self, seconds: float) -> None:
        if 0 < self.unsent < self._left:
            self._wait(seconds)  # it is still taking the end of an answer
        elif self._reading and not self._ended and not self._refused:
            self.refuse(Refused(408, f"not sent in {REQUEST_SECONDS:.0f} s"), NOT_PARSED)
        else:
            self.end()


class Refusal(StreamResponse):
    """The answer to a request that is refused: the last one on its connection."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__(status=refusal.status)
        self._refusal = refusal

    async def prepare(self, request: web.BaseRequest) -> None:
        """Refuse, and wait until the client is gone."""
        connection = request.protocol
        connection.refuse(self._refusal, NOT_PARSED if request.method == "UNKNOWN" else request.method)
        await connection.lost
        raise ConnectionResetError


def refusal_octets(refusal: Refused, method: str) -> bytes:
    """Return the response that ``refusal`` is.

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
