# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""One request, from its head to the last octet of its answer: read, handed to a thread for its route, sent.

Only the route takes a thread. A client that sends or reads slowly costs a socket and a place, see ``places``.
"""

from __future__ import annotations

import asyncio
import io
import socket
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

try:
    from aiohttp.web import BaseRequest, Response, StreamResponse
except ImportError:
    BaseRequest = Response = StreamResponse = object

from ..faults import Contained
from . import connection as connections
from .body import PIECE, FileBody
from .connection import Connection, Refusal
from .environment import Refused, environment
from .site import PLACE, Environ

STALL_SECONDS = 30.0  # without a piece of the answer taken
MAX_HELD = 64 * 1024 * 1024  # octets of answers, files not counted, that wait for slow clients
TELL_SECONDS = 1.0  # between two times that the progress of a file is told
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_UNSENDABLE = (OSError, TimeoutError, RuntimeError)  # RuntimeError: asyncio's for a transport that is closing

Application = Callable[[Environ, Callable[..., object]], Iterable[bytes]]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answered."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes | FileBody


class Answers:
    """Answers requests with what the WSGI application ``app`` says, which runs in one of ``threads`` threads."""

    def __init__(self, app: Application, threads: int, contained: Contained, host: tuple[str, int]) -> None:
        self._app = app
        self._contained = contained
        self._host, self._port = host
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="http-route")
        self._held = 0

    def stop(self) -> None:
        """Wait for the routes that have begun."""
        self._pool.shutdown(cancel_futures=True)

    async def answer(self, request: BaseRequest) -> StreamResponse:
        """Answer ``request``; the answer is sent when this returns, unless it is a Refusal."""
        connection: Connection = request.protocol
        connection.begin_answer()
        try:
            environ = await self._read(request, connection)
            reply = await self._in_thread(self._call, environ)
            connection.begin_reply()
            return await self._send(request, connection, reply)
        except Refused as refusal:
            return Refusal(refusal)
        finally:
            connection.end_answer()

    async def _read(self, request: BaseRequest, connection: Connection) -> Environ:
        environ = environment(request.method, request.raw_path, request.version, request.raw_headers)
        if request.version > (1, 0) and request.headers.get("Expect", "").lower() == "100-continue":
            connection.transport.write(_CONTINUE)
        connection.place.waiting = True
        try:
            async with asyncio.timeout(connections.REQUEST_SECONDS):
                body = await request.read()
        except TimeoutError:
            raise Refused(408, f"not sent in {connections.REQUEST_SECONDS:.0f} s") from None
        connection.place.waiting = False
        client = {"REMOTE_ADDR": connection.source, "SERVER_NAME": self._host, "SERVER_PORT": str(self._port)}
        streams = {"wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr}
        return {**environ, **client, **streams, PLACE: connection.place}

    def _call(self, environ: Environ) -> Reply:
        """Return what the application answers. In a thread."""
        begun: list[Reply] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
            code, _space, reason = status.partition(" ")
            begun[:] = [Reply(int(code), reason, headers, b"")]

        with self._contained:
            found = self._app(environ, start_response)
            if isinstance(found, FileBody):
                return Reply(begun[0].status, begun[0].reason, begun[0].headers, found)
            try:
                body = b"".join(found)
            finally:
                if hasattr(found, "close"):
                    found.close()
            return Reply(begun[0].status, begun[0].reason, begun[0].headers, body)
        return Reply(500, "Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")], b"a fault\n")

    async def _send(self, request: BaseRequest, connection: Connection, reply: Reply) -> StreamResponse:
        headers = [*reply.headers, ("Server", "bootd")]
        if isinstance(reply.body, bytes) and len(reply.body) <= PIECE:
            response = Response(status=reply.status, reason=reply.reason, headers=headers, body=reply.body)
        else:
            response = StreamResponse(status=reply.status, reason=reply.reason, headers=headers)
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await response.prepare(request)
            if isinstance(reply.body, FileBody):
                async with asyncio.timeout(STALL_SECONDS):
                    await request.writer.drain()
                await self._send_file(connection, reply.body)
            elif isinstance(response, Response):
                async with asyncio.timeout(STALL_SECONDS):
                    await response.write_eof()
            else:
                await self._send_document(connection, response, reply.body)
        except _UNSENDABLE:
            if connection.transport is not None:
                connection.transport.abort()
        finally:
            if isinstance(reply.body, FileBody):
                await self._close(reply.body)
        return response

    async def _send_document(self, connection: Connection, response: StreamResponse, body: bytes) -> None:
        self._held += len(body)
        try:
            if self._held > MAX_HELD:
                raise BlockingIOError("too much waits for slow clients")
            for start in range(0, len(body), PIECE):
                async with asyncio.timeout(STALL_SECONDS):
                    await response.write(body[start : start + PIECE])
                connection.place.moved()
            async with asyncio.timeout(STALL_SECONDS):
                await response.write_eof()
        finally:
            self._held -= len(body)

    async def _send_file(self, connection: Connection, body: FileBody) -> None:
        """Send a file, and tell its progress now and then.

        Through a descriptor of its own, for asyncio's ``sendfile`` tells nothing before all is sent.
        """
        loop = asyncio.get_running_loop()
        client = connection.transport.get_extra_info("socket").dup()
        over = connection.sending = loop.create_future()
        loop.add_writer(client, _send_turn, client, body, over)
        try:
            moved_at, sent = loop.time(), 0
            while not over.done():
                await asyncio.wait({over}, timeout=TELL_SECONDS)
                if body.sent > sent:
                    moved_at, sent = loop.time(), body.sent
                    connection.place.moved()
                    if body.at_turn is not None:
                        await self._in_thread(body.turn)
                elif loop.time() - moved_at >= STALL_SECONDS:
                    raise TimeoutError
            over.result()
        finally:
            connection.sending = None
            loop.remove_writer(client)
            client.close()

    async def _close(self, body: FileBody) -> None:
        """Close the file and have what was sent of it recorded; in a thread, because that takes locks."""
        try:
            await self._in_thread(body.close)
        except RuntimeError:  # the threads have ended
            body.close()

    async def _in_thread(self, call: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)


def _send_turn(client: socket.socket, body: FileBody, over: asyncio.Future[None]) -> None:
    try:
        body.send_to(client.fileno())
    except BlockingIOError:
        return
    except OSError as error:
        if not over.done():
            over.set_exception(error)
        return
    if not body.left and not over.done():
        over.set_result(None)
