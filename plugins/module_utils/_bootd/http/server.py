# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The HTTP server: aiohttp in one thread with an event loop, and bottle's routes in a pool of threads.

aiohttp (reads a whole request) -> a thread (bottle) -> aiohttp (sends the response, files by sendfile)

``quick_connections`` accepts the clients of plain HTTP, and answers before that what is known by all its octets.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import selectors
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

try:
    from aiohttp import web
except ImportError:
    pass

from ..ipxe.render import render
from ..process.faults import EXHAUSTED, Contained
from ..process.health import Pulse
from ..process.rate_limit import RareLines
from ..runtime.origin import nic_at
from ..runtime.services import Services
from .app import create_app
from .connection import Connection
from .event_stream import EventStreams
from .limits import ConnectionSlot, ConnectionSlots
from .loop_reports import LaterAnswer, LoopReports
from .loop_routes import FileAnswer, LoopRoutes
from .middleware import Application, Middleware, RefusalLog
from .prepared_scripts import PreparedScripts
from .quick_connections import QuickConnections
from .request_handler import WsgiHandler
from .site import Explain
from .tls import Certificate, Handshake
from .wsgi_environ import Refused

BACKLOG = 1024  # clients that wait to be accepted, as where many machines begin at once
SHUTDOWN_SECONDS = 1.0  # for routes that have begun
OTHER_DESCRIPTORS = 128  # files and sockets that are no HTTP client's


class HttpServer:
    """bootd's HTTP server. ``open`` binds, ``start`` answers, ``stop`` ends every thread and connection."""

    def __init__(self, services: Services, app: Application | None = None, explain: Explain | None = None) -> None:
        self._services = services
        self._app = app
        self._explain = explain
        self._listener: socket.socket | None = None
        self._encrypted: socket.socket | None = None
        self._certificate: Certificate | None = None
        self._thread: threading.Thread | None = None
        self.loop: ServerLoop | None = None

    @property
    def port(self) -> int:
        """Return the port that is listened on, 0 where none is."""
        port: int = self._listener.getsockname()[1] if self._listener is not None else 0
        return port

    @property
    def https_port(self) -> int:
        """Return the port of HTTPS that is listened on, 0 where none is."""
        port: int = self._encrypted.getsockname()[1] if self._encrypted is not None else 0
        return port

    def open(self) -> None:
        """Bind the sockets; raises OSError, also where the certificate can't be used."""
        settings = self._services.settings
        if settings.tls_cert:
            self._certificate = Certificate(settings.tls_cert, settings.tls_key, self._services.log)
            self._encrypted = socket.create_server((settings.bind, settings.https_port), backlog=BACKLOG)
        self._listener = socket.create_server((settings.bind, settings.http_port), backlog=BACKLOG)

    def start(self) -> None:
        """Start to answer; ``open`` has to come before."""
        if self._listener is None:
            raise RuntimeError("open() comes before start()")
        services = self._services
        app = self._app or create_app(services, services.settings.boot_files, render, self._explain)
        loop = self.loop = ServerLoop(services, app, self._listener, self._encrypted, self._certificate)
        pulse = services.health.pulse("http")
        self._thread = threading.Thread(target=pulse.run, args=(lambda: loop.run(pulse),), name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close every connection; no error where it was never opened."""
        loop, self.loop = self.loop, None
        if loop is not None and self._thread is not None:
            loop.stop()
            self._thread.join()
        for listener in (self._listener, self._encrypted):
            if listener is not None:
                listener.close()
        self._listener = self._encrypted = None


class ServerLoop:
    """The event loop of the HTTP server, and all that runs in it; ``run`` is the server's thread."""

    def __init__(
        self,
        services: Services,
        app: Application,
        listener: socket.socket,
        encrypted: socket.socket | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        settings = services.settings
        self._services = services
        self._listener, self._encrypted, self._certificate = listener, encrypted, certificate
        self._handshakes = RareLines()
        self._contained = Contained("http", services.metrics, services.log)
        self._refusals = RefusalLog(services)
        self._logged_at = 0.0
        self._slots = ConnectionSlots(min(settings.http_connections, _max_connections()))
        host = listener.getsockname()[:2]
        self._scripts = scripts = PreparedScripts(app.site) if isinstance(app, Middleware) else None
        self._routes = routes = LoopRoutes(app.site, self._contained) if isinstance(app, Middleware) else None
        self._reports = reports = LoopReports(app.site, self._contained) if isinstance(app, Middleware) else None
        streams = EventStreams(services)
        self._handler = WsgiHandler(
            app, settings.http_threads, self._contained, host, streams, scripts, routes, reports
        )
        self._handed_on: set[asyncio.Task[object]] = set()
        self._stopping = threading.Event()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, pulse: Pulse) -> None:
        """Serve until ``stop``."""
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(_Selector(pulse))) as runner:
            runner.run(self._serve())

    def stop(self) -> None:
        """Make ``run`` end; may be called from any thread."""
        self._stopping.set()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stop.set)

    def call_soon(self, call: Callable[[], object]) -> None:
        """Have the server's thread call ``call``, where it runs; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(call)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._unexpected)
        self._loop = loop
        if self._stopping.is_set():
            return
        manager = web.Server(self._handler.handle)
        connection = partial(Connection, manager, self._slots, self._refused, self._fault)
        hand_on = partial(self._hand_on, connection)
        gathered, disk_threads = self._services.log.gathered, self._handler.disk_threads
        quick = QuickConnections(
            loop, self._listener, self._slots, self._known, hand_on, self._fault, gathered, disk_threads
        )
        quick.start()
        server = None
        if self._encrypted is not None and self._certificate is not None:
            encrypted = partial(connection, encrypted=True)
            handshake = partial(Handshake, self._certificate, self._slots, encrypted, self._no_handshake)
            server = await loop.create_server(handshake, sock=self._encrypted, backlog=BACKLOG)
        await self._stop.wait()
        quick.stop()
        if server is not None:
            server.close()
        await self._end(quick)

    def _hand_on(
        self,
        make: Callable[..., Connection],
        client: socket.socket,
        slot: ConnectionSlot | None,
        received: bytes,
        unsent: bytes,
    ) -> None:
        """Have aiohttp go on with a connection."""
        loop = asyncio.get_running_loop()
        made = partial(make, slot, received=received, unsent=unsent)
        task = loop.create_task(loop.connect_accepted_socket(made, client))
        self._handed_on.add(task)  # of which the loop itself keeps none
        task.add_done_callback(partial(self._is_handed_on, slot))

    def _is_handed_on(self, slot: ConnectionSlot | None, task: asyncio.Task[object]) -> None:
        self._handed_on.discard(task)
        fault = None if task.cancelled() else task.exception()
        if slot is not None and (task.cancelled() or fault is not None):
            slot.release()
        if fault is not None:
            self._fault(fault)

    async def _end(self, quick: QuickConnections) -> None:
        """Close every connection: at once where the client is waited for, else when it is answered."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SHUTDOWN_SECONDS
        while loop.time() < deadline:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            if not tasks and not quick.is_to_answer:
                break
            for slot in self._slots.all():
                if slot.waiting_for_client:
                    slot.end()
            if tasks:
                await asyncio.wait(tasks, timeout=0.02)
            else:
                await asyncio.sleep(0.02)
        for slot in self._slots.all():
            slot.end()
        await asyncio.sleep(0)
        self._handler.stop()
        if self._reports is not None:
            self._reports.stop()

    def _known(self, request: bytes, slot: ConnectionSlot) -> bytes | FileAnswer | LaterAnswer | None:
        """Return the response to all that a client has sent, None where aiohttp has to read it."""
        if self._scripts is None or self._routes is None or self._reports is None:
            return None
        with self._contained:
            return (
                self._scripts.known(request, slot.source)
                or self._routes.answer(request, slot)
                or self._reports.answer(request, slot)
            )
        return None

    def _refused(self, client: str, refusal: Refused) -> None:
        self._refusals.refused(client, refusal)

    def _no_handshake(self, client: str, reason: str) -> None:
        """Count a client that came to no encrypted connection, and say why where it is a machine's."""
        services = self._services
        services.metrics.dropped.labels("https", "handshake").inc()
        nic = nic_at(services, client)
        missed = self._handshakes.due(("handshake", client), time.monotonic()) if nic is not None else None
        if nic is not None and missed is not None:
            names = {"mac": nic.interface.mac, "machine": nic.machine.name, "client": client}
            services.log.warning("no_handshake", **names, reason=reason, left_out=missed or None)

    def _unexpected(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._fault(context.get("exception"), str(context.get("message", "")))

    def _fault(self, fault: BaseException | None, message: str = "a fault in the HTTP server") -> None:
        """Log and count a fault; what is no error of Python's, or passes, once a second at most.

        asyncio tells of each connection of HTTPS that it could not accept for want of a descriptor, 128 times before it
        pauses.
        """
        passes = isinstance(fault, OSError) and fault.errno in EXHAUSTED
        if isinstance(fault, Exception) and fault.__traceback__ is not None and not passes:
            with self._contained:
                raise fault
        elif time.monotonic() - self._logged_at > 1:
            self._logged_at = time.monotonic()
            self._services.log.error("fault", protocol="http", reason=f"{message}: {fault}" if fault else message)


class _Selector(selectors.DefaultSelector):
    """The loop's selector: the pulse rests while it waits, so a loop that is stuck at something shows."""

    def __init__(self, pulse: Pulse) -> None:
        super().__init__()
        self._pulse = pulse

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets."""
        self._pulse.__exit__()
        try:
            return super().select(timeout)
        finally:
            self._pulse.__enter__()


def _max_connections() -> int:
    """Return how many connections there are descriptors for, each with a file; the soft limit is raised to the hard."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(8, (hard - OTHER_DESCRIPTORS) // 2)
