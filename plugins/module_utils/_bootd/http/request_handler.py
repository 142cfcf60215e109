# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""One request, from its head to the last octet of its response: read, passed to the WSGI application, answered.

Only the application needs a thread. A client that sends or reads slowly costs a socket and a slot, see ``limits``.
"""

from __future__ import annotations

import asyncio
import io
import socket
import sys
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

try:
    from aiohttp.web import BaseRequest, Response, StreamResponse
except ImportError:
    if not TYPE_CHECKING:  # the class below needs some base where Ansible's checks import this without aiohttp
        StreamResponse = object

from ..process.faults import Contained
from . import connection as connections
from .connection import Connection, Refusal
from .event_stream import EventStreams
from .file_body import READ_SIZE, FileBody
from .file_sending import PROGRESS_SECONDS, STALL_SECONDS, FileSending
from .loop_reports import LoopReports
from .loop_routes import LoopRoutes
from .middleware import Application
from .prepared_scripts import PreparedScripts
from .reports import is_told_by_installer, is_told_by_ipxe
from .site import SLOT, Environ
from .wsgi_environ import Refused, environment

SMALL_DOCUMENT = 64 * 1024  # octets; smaller ones do not count against MAX_UNSENT
MAX_UNSENT = 64 * 1024 * 1024  # octets of documents, files not counted, that wait for slow clients
DISK_THREADS = 2  # that wait for what is sent and not in memory yet
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_UNSENDABLE = (OSError, TimeoutError, RuntimeError)  # RuntimeError: asyncio's for a transport that is closing


class _Sent(StreamResponse):
    """A response that was sent already: aiohttp has only to know whether the connection is kept."""

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        if not keep_alive:
            self.force_close()
        else:
            self._keep_alive = True

    async def prepare(self, _request: BaseRequest) -> None:
        """Do nothing."""

    async def write_eof(self, _data: bytes = b"") -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the WSGI application answered."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes | FileBody


class WsgiHandler:
    """Answers requests with what the WSGI application ``app`` returns, which runs in one of ``threads`` threads."""

    def __init__(
        self,
        app: Application,
        threads: int,
        contained: Contained,
        host: tuple[str, int],
        streams: EventStreams | None = None,
        scripts: PreparedScripts | None = None,
        loop_routes: LoopRoutes | None = None,
        reports: LoopReports | None = None,
    ) -> None:
        self._app = app
        self._scripts, self._loop_routes, self._reports = scripts, loop_routes, reports
        self._contained = contained
        self._host, self._port = host
        self._app_threads = ThreadPoolExecutor(threads, thread_name_prefix="http-route")
        self.disk_threads = ThreadPoolExecutor(DISK_THREADS, thread_name_prefix="http-disk")
        self._unsent = 0
        self._streams = streams

    def stop(self) -> None:
        """Wait for the routes that have begun."""
        for pool in (self._app_threads, self.disk_threads):
            pool.shutdown(cancel_futures=True)

    async def handle(self, request: BaseRequest) -> StreamResponse:
        """Answer ``request``; the response is sent when this returns, unless it is a Refusal."""
        connection = cast(Connection, request.protocol)  # the server makes no others
        connection.request_received()
        try:
            if (response := await self._send_prepared(request, connection)) is not None:
                return response
            environ = await self._read(request, connection)
            if self._streams is not None and self._streams.is_asked_for(environ):
                return await self._streams.answer(request, connection, self._app_threads)
            result = await self._result(request, environ)
            connection.response_ready()
            return await self._send(request, connection, result)
        except Refused as refusal:
            return Refusal(connection, refusal)
        finally:
            connection.response_done()

    async def _result(self, request: BaseRequest, environ: Environ) -> Result:
        path, routes = environ["PATH_INFO"], self._loop_routes
        in_loop = is_told_by_ipxe(environ) or (routes is not None and path in routes.opened)
        if in_loop:
            result = self._call(environ)  # to pass it to a thread and back would cost more than all that it does
        else:
            result = await asyncio.get_running_loop().run_in_executor(self._app_threads, self._call, environ)
        is_file = isinstance(result.body, FileBody)
        if routes is not None and is_file and not in_loop:
            routes.opened.add(path)
        is_kept = request.version == (1, 1) and request.keep_alive
        if routes is not None and (is_file or in_loop) and is_kept:
            routes.learn(request.raw_headers)
        if self._reports is not None and is_kept and result.status == 200 and is_told_by_installer(environ):
            self._reports.learn(request.raw_headers)
        return result

    async def _send_prepared(self, request: BaseRequest, connection: Connection) -> StreamResponse | None:
        """Send what needs no route; None where the request does."""
        if self._scripts is None or request.method != "GET" or request.version != (1, 1):
            return None
        octets, keep_alive = None, request.keep_alive
        with self._contained:
            octets = self._scripts.answer(
                request.raw_path, request.raw_headers, connection.source, keep_alive=keep_alive
            )
        if octets is None:
            return None
        connection.response_ready()
        try:
            if connection.transport is not None:
                connection.transport.write(octets)
            if connection.unsent:
                async with asyncio.timeout(STALL_SECONDS):
                    await request.writer.drain()
        except _UNSENDABLE:
            connection.end()
        return _Sent(keep_alive=keep_alive)

    async def _read(self, request: BaseRequest, connection: Connection) -> Environ:
        environ = environment(request.method, request.raw_path, request.version, request.raw_headers)
        if (
            request.version > (1, 0)
            and request.headers.get("Expect", "").lower() == "100-continue"
            and connection.transport is not None
        ):
            connection.transport.write(_CONTINUE)
        body = await self._body(request, connection) if request.can_read_body else b""
        client = {"REMOTE_ADDR": connection.source, "SERVER_NAME": self._host, "SERVER_PORT": str(self._port)}
        streams = {"wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr}
        return {**environ, **client, **streams, SLOT: connection.slot}

    async def _body(self, request: BaseRequest, connection: Connection) -> bytes:
        connection.slot.waiting_for_client = connection.slot.idle = True
        try:
            async with asyncio.timeout(connections.REQUEST_SECONDS):
                return await request.read()
        except TimeoutError:
            raise Refused(408, f"not sent in {connections.REQUEST_SECONDS:.0f} s") from None
        finally:
            connection.slot.waiting_for_client = connection.slot.idle = False

    def _call(self, environ: Environ) -> Result:
        """Return what the application answers; runs in one of its threads."""
        begun: list[Result] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
            code, _space, reason = status.partition(" ")
            begun[:] = [Result(int(code), reason, headers, b"")]

        with self._contained:
            found = self._app(environ, start_response)
            if isinstance(found, FileBody):
                return Result(begun[0].status, begun[0].reason, begun[0].headers, found)
            try:
                body = b"".join(found)
            finally:
                if hasattr(found, "close"):
                    found.close()
            return Result(begun[0].status, begun[0].reason, begun[0].headers, body)
        return Result(500, "Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")], b"a fault\n")

    async def _send(self, request: BaseRequest, connection: Connection, result: Result) -> StreamResponse:
        headers = [*result.headers, ("Server", "bootd")]
        body = result.body
        if isinstance(body, FileBody):
            response = StreamResponse(status=result.status, reason=result.reason, headers=headers)
            sending = self._send_file(request, connection, response, body)
        else:
            document = Response(status=result.status, reason=result.reason, headers=headers, body=body)
            response, sending = document, self._send_document(request, connection, document, len(body))
        try:
            await sending
        except _UNSENDABLE:
            connection.end()
        except Exception:
            connection.end()  # the client would take a refusal for the rest of what it is sent
            raise
        finally:
            if isinstance(body, FileBody):
                with self._contained:
                    body.end()
        return response

    async def _send_document(self, request: BaseRequest, connection: Connection, response: Response, size: int) -> None:
        await response.prepare(request)
        if size <= SMALL_DOCUMENT:
            async with asyncio.timeout(STALL_SECONDS):
                await response.write_eof()
            return
        self._unsent += size
        try:
            if self._unsent > MAX_UNSENT:
                raise BlockingIOError("too much waits for slow clients")
            await self._wait_while_taken(connection, response.write_eof())
        finally:
            self._unsent -= size

    async def _send_file(
        self, request: BaseRequest, connection: Connection, response: StreamResponse, body: FileBody
    ) -> None:
        await response.prepare(request)
        if connection.unsent:
            await self._wait_while_taken(connection, request.writer.drain())
        if connection.encrypted:
            await self._send_encrypted(connection, response, body)
            return
        if connection.transport is None:
            raise ConnectionResetError
        own: socket.socket = connection.transport.get_extra_info("socket")
        # Through a descriptor of its own: asyncio's ``sendfile`` says nothing before all is sent.
        with own.dup() as client:
            loop = asyncio.get_running_loop()
            sending = FileSending(loop, loop, client, connection.slot, b"", body, self.disk_threads)
            if not sending.send_at_once():  # what the client takes at once needs no waiting, which would cost more
                await _until_sent(sending, connection, loop.create_future())

    async def _send_encrypted(self, connection: Connection, response: StreamResponse, body: FileBody) -> None:
        """Send the file in pieces: what is encrypted the kernel can't send by itself."""
        while piece := await self._read_piece(body):
            await self._wait_while_taken(connection, response.write(piece))
            connection.slot.note_progress()
            if body.left:
                body.report_progress()

    async def _read_piece(self, body: FileBody) -> bytes:
        if body.left and not body.is_at_hand():
            await asyncio.get_running_loop().run_in_executor(self.disk_threads, body.fetch)
        return body.read(READ_SIZE)

    async def _wait_while_taken(self, connection: Connection, sending: Awaitable[None]) -> None:
        """Wait until ``sending`` is done; raises TimeoutError where the client takes nothing for STALL_SECONDS."""
        future = asyncio.ensure_future(sending)
        loop = asyncio.get_running_loop()
        seen, moved_at = None, loop.time()
        await asyncio.wait({future}, timeout=0)
        while not future.done():
            await asyncio.wait({future}, timeout=PROGRESS_SECONDS)
            left = connection.unsent
            if left != seen:
                seen, moved_at = left, loop.time()
                connection.slot.note_progress()
            elif loop.time() - moved_at >= STALL_SECONDS:
                future.cancel()
                raise TimeoutError
        future.result()


async def _until_sent(
    sending: FileSending, connection: Connection, ended: asyncio.Future[BaseException | None]
) -> None:
    """Have ``sending`` go on until all is sent, nobody reading the file any more; raises what has kept it from that."""
    sending.go_on(lambda _sending, error: ended.set_result(error))
    connection.sending = sending
    try:
        error = await asyncio.shield(ended)
    finally:
        connection.sending = None
        sending.fail(ConnectionAbortedError())
        await asyncio.wait({ended})
    if error is not None:
        raise error
