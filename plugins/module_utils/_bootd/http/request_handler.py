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
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

try:
    from aiohttp.web import BaseRequest, Response, StreamResponse
except ImportError:
    BaseRequest = Response = StreamResponse = object

from ..process.faults import Contained
from . import connection as connections
from .app import Application
from .connection import Connection, Refusal
from .file_body import PIECE, FileBody
from .site import PLACE, Environ
from .wsgi_environ import Refused, environment

STALL_SECONDS = 30.0  # without a piece of the answer taken
MAX_HELD = 64 * 1024 * 1024  # octets of answers, files not counted, that wait for slow clients
LOOK_SECONDS = 0.5  # between two looks at how far a slow client is
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_UNSENDABLE = (OSError, TimeoutError, RuntimeError)  # RuntimeError: asyncio's for a transport that is closing


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
        self._routes = ThreadPoolExecutor(threads, thread_name_prefix="http-route")
        # What became of a file is recorded in a thread that no route keeps busy.
        self._records = ThreadPoolExecutor(1, thread_name_prefix="http-record")
        self._held = 0

    def stop(self) -> None:
        """Wait for the routes that have begun."""
        for threads in (self._routes, self._records):
            threads.shutdown(cancel_futures=True)

    async def answer(self, request: BaseRequest) -> StreamResponse:
        """Answer ``request``; the answer is sent when this returns, unless it is a Refusal."""
        connection: Connection = request.protocol
        connection.begin_answer()
        try:
            environ = await self._read(request, connection)
            reply = await asyncio.get_running_loop().run_in_executor(self._routes, self._call, environ)
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
        body = await self._body(request, connection) if request.can_read_body else b""
        client = {"REMOTE_ADDR": connection.source, "SERVER_NAME": self._host, "SERVER_PORT": str(self._port)}
        streams = {"wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr}
        return {**environ, **client, **streams, PLACE: connection.place}

    async def _body(self, request: BaseRequest, connection: Connection) -> bytes:
        connection.place.waiting = True
        try:
            async with asyncio.timeout(connections.REQUEST_SECONDS):
                return await request.read()
        except TimeoutError:
            raise Refused(408, f"not sent in {connections.REQUEST_SECONDS:.0f} s") from None
        finally:
            connection.place.waiting = False

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
        body, is_file = reply.body, isinstance(reply.body, FileBody)
        if is_file:
            response = StreamResponse(status=reply.status, reason=reply.reason, headers=headers)
        else:
            response = Response(status=reply.status, reason=reply.reason, headers=headers, body=body)
        try:
            await response.prepare(request)
            if is_file:
                await self._patiently(connection, request.writer.drain())
                await self._send_file(connection, body)
            else:
                await self._send_document(connection, response, len(body))
        except _UNSENDABLE:
            connection.end()
        finally:
            if is_file:
                await self._close(body)
        return response

    async def _send_document(self, connection: Connection, response: Response, size: int) -> None:
        if size <= PIECE:
            async with asyncio.timeout(STALL_SECONDS):
                await response.write_eof()
            return
        self._held += size
        try:
            if self._held > MAX_HELD:
                raise BlockingIOError("too much waits for slow clients")
            await self._patiently(connection, response.write_eof())
        finally:
            self._held -= size

    async def _send_file(self, connection: Connection, body: FileBody) -> None:
        """Send a file, through a descriptor of its own: asyncio's ``sendfile`` tells nothing before all is sent."""
        loop = asyncio.get_running_loop()
        client = connection.transport.get_extra_info("socket").dup()
        over = connection.sending = loop.create_future()
        loop.add_writer(client, _send_turn, client, body, over)
        try:
            await self._patiently(connection, over, body)
        finally:
            connection.sending = None
            loop.remove_writer(client)
            client.close()
        await self._tell(body)

    async def _patiently(self, connection: Connection, sending: Awaitable[None], body: FileBody | None = None) -> None:
        """Wait until something is sent; raises TimeoutError where the client takes nothing for STALL_SECONDS."""
        future = asyncio.ensure_future(sending)
        loop = asyncio.get_running_loop()
        seen, moved_at = None, loop.time()
        await asyncio.wait({future}, timeout=0)
        while not future.done():
            await asyncio.wait({future}, timeout=LOOK_SECONDS)
            left = body.left if body is not None else connection.unsent
            if left != seen:
                seen, moved_at = left, loop.time()
                connection.place.moved()
                if body is not None:
                    await self._tell(body)
            elif loop.time() - moved_at >= STALL_SECONDS:
                future.cancel()
                raise TimeoutError
        future.result()

    async def _tell(self, body: FileBody) -> None:
        if body.at_turn is not None:
            await asyncio.get_running_loop().run_in_executor(self._records, body.at_turn, body.sent)

    async def _close(self, body: FileBody) -> None:
        """Close the file and have what was sent of it recorded."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._records, body.close)
        except RuntimeError:  # the threads have ended
            body.close()


def _send_turn(client: socket.socket, body: FileBody, over: asyncio.Future[None]) -> None:
    if over.done():
        return
    try:
        body.send_to(client.fileno())
    except BlockingIOError:
        return
    except OSError as error:
        over.set_exception(error)
        return
    if not body.left:
        over.set_result(None)
