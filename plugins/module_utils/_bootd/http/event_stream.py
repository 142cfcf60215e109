# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/api/v1/events``: every change as it comes, as server-sent events (the HTML standard, section 9.2).

Answered in the event loop, since each client stays: in a route it would keep a thread.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

try:
    from aiohttp.web import BaseRequest, StreamResponse
except ImportError:
    pass

from ..process.served_files import tidied
from ..runtime.services import Services
from . import api, status
from .changes import HEALTH, UNKNOWN, Changes, in_pieces
from .connection import Connection, Refusal
from .limits import ConnectionSlot, ConnectionSlots
from .site import Environ
from .wsgi_environ import Refused

MAX_STREAMS = 64  # clients; a new one of another address takes the place of one of the address that has most
TICK_SECONDS = 0.25  # between two looks at what has changed
HEALTH_SECONDS = 5.0
UNKNOWN_SECONDS = 2.0
UNKNOWN_OCTETS = 50_000  # a document of so many octets costs as many seconds as there are so many in it
BEAT_SECONDS = 15.0  # without a change, until a comment is sent: else proxies take the connection for dead
STALL_SECONDS = 30.0  # without one octet taken by the client
PIECE = 32  # documents that are made and sent at once
MAX_TOLD = 20  # digits of a Last-Event-ID
_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",  # nginx would gather them
    "Server": "bootd",
}


class EventStreams:
    """The clients of ``/api/v1/events``. For the event loop's thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._changes = Changes(services)
        self._slots = ConnectionSlots(MAX_STREAMS)
        self._looked_at = 0.0
        self._due = dict.fromkeys((HEALTH, UNKNOWN), 0.0)  # when each document is to be made again, on the loop's clock
        self._unknown_version = -1
        self._making: asyncio.Task[None] | None = None

    def is_asked_for(self, environ: Environ) -> bool:
        """Return whether a request is one for the events."""
        return environ["REQUEST_METHOD"] == "GET" and f"/{tidied(str(environ['PATH_INFO']))}" == api.EVENTS

    async def answer(self, request: BaseRequest, connection: Connection, threads: Executor) -> StreamResponse:
        """Send events until the client goes; documents that take long to make are made in one of ``threads``."""
        slot = self._slots.acquire(connection.source, connection.slot.end)
        counted = self._services.metrics.http.shared
        if slot is None:
            counted(api.EVENTS, "503").inc()
            return Refusal(connection, Refused(503, f"{MAX_STREAMS} clients follow the events already"))
        counted(api.EVENTS, "200").inc()
        self._services.log.debug("events_followed", client=connection.source)
        slot.idle = False
        response = StreamResponse(headers=_HEADERS)
        try:
            await response.prepare(request)
            connection.response_ready()
            await self._send(request, connection, slot, response, threads)
        except (OSError, TimeoutError, RuntimeError):  # the client has gone; RuntimeError: its transport is closing
            connection.end()
        finally:
            slot.release()
        return response

    async def _send(
        self,
        request: BaseRequest,
        connection: Connection,
        slot: ConnectionSlot,
        response: StreamResponse,
        threads: Executor,
    ) -> None:
        loop = asyncio.get_running_loop()
        told = _number(request.headers.get("Last-Event-ID", ""))
        await self._have_documents(threads)
        written_at = loop.time()
        while not connection.closed.done():
            self._look(threads)
            for changes in in_pieces(self._changes.since(told), PIECE):
                await self._write(connection, response, b"".join(map(self._changes.message, changes)))
                told, written_at = changes[-1].number, loop.time()
                for held in (slot, connection.slot):
                    held.note_progress()
            if loop.time() - written_at >= BEAT_SECONDS:
                await self._write(connection, response, b":\n\n")
                written_at = loop.time()
            for held in (slot, connection.slot):
                held.note_progress()  # it has taken all that there is
            await asyncio.wait({connection.closed}, timeout=TICK_SECONDS)

    async def _write(self, connection: Connection, response: StreamResponse, octets: bytes) -> None:
        """Send ``octets``, and return once the client's socket has taken them all."""
        if not octets:
            return
        async with asyncio.timeout(STALL_SECONDS):
            await response.write(octets)
            while connection.unsent and not connection.closed.done():
                await asyncio.wait({connection.closed}, timeout=0.02)

    def _look(self, threads: Executor) -> None:
        """Look what has changed, where nobody has just done so."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < TICK_SECONDS / 2:
            return
        self._looked_at = now
        self._changes.look()
        if self._making is None and (now >= self._due[HEALTH] or self._has_new_unknown(now)):
            self._making = asyncio.create_task(self._make(threads, now))

    async def _have_documents(self, threads: Executor) -> None:
        """Return once there are documents of bootd's health and of the unknown machines that are not old."""
        self._look(threads)
        if self._making is not None:
            await asyncio.shield(self._making)

    def _has_new_unknown(self, now: float) -> bool:
        return now >= self._due[UNKNOWN] and self._services.unknown.version != self._unknown_version

    async def _make(self, threads: Executor, now: float) -> None:
        loop = asyncio.get_running_loop()
        services = self._services
        try:
            if now >= self._due[HEALTH]:
                self._due[HEALTH] = now + HEALTH_SECONDS
                self._changes.put(HEALTH, await loop.run_in_executor(threads, api.health_now, services))
            if self._has_new_unknown(now):
                self._unknown_version = services.unknown.version
                found = await loop.run_in_executor(threads, _unknown, services)
                self._due[UNKNOWN] = now + UNKNOWN_SECONDS + len(str(found)) / UNKNOWN_OCTETS
                self._changes.put(UNKNOWN, found)
        finally:
            self._making = None


def _unknown(services: Services) -> status.Document:
    return status.unknown_document(services.unknown.all())


def _number(text: str) -> int:
    """Return the number of a Last-Event-ID, -1 where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_TOLD else -1
