# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The HTTP server: cheroot's accept loop and workers between a gate that reads and a sender that sends.

    accept -> gate (whole requests) -> worker (bottle) -> sender (responses, files by sendfile) -> gate, or closed

So the time a client takes costs no worker: thousands of seconds of downloads and any number of clients that dribble
their headers leave all of them free for reports. What remains limited is the number of connections, and an eighth of
them is kept free of downloads.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

try:
    from cheroot.wsgi import Server
except ImportError:
    Server = object

from ..faults import Contained
from ..ipxe.render import render
from ..services import Services
from .app import create_app
from .connection import Connection, Gateway
from .framing import Refused
from .front import log_refusal
from .gate import Gate
from .sender import Sender

BACKLOG = 128
SHUTDOWN_SECONDS = 5
RETRY_SECONDS = 5


class HttpServer:
    """bootd's HTTP server. ``open`` binds, ``start`` answers, ``stop`` ends every thread and connection."""

    def __init__(self, services: Services, app: Callable | None = None) -> None:
        self._services = services
        self._app = app
        self._listener: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Return the port that is listened on, 0 where none is."""
        return self._listener.getsockname()[1] if self._listener is not None else 0

    def open(self) -> None:
        """Bind the socket; raises OSError."""
        settings = self._services.settings
        self._listener = socket.create_server((settings.bind, settings.http_port), backlog=BACKLOG)
        # What is accepted inherits it; each response is written at once, so nothing is gained by waiting.
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self) -> None:
        """Start to answer."""
        services = self._services
        app = self._app or create_app(services, services.settings.boot_files, render)
        self._server = _Server(services, app, self._listener)
        self._server.prepare()
        pulse = services.health.pulse("http")
        self._thread = threading.Thread(target=pulse.run, args=(self._server.serve,), name="http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close every connection; no error where it was never opened."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            self._thread.join()
        if self._listener is not None:
            self._listener.close()
            self._listener = None


class _Server(Server):
    """cheroot, with its connections led through gate and sender."""

    ConnectionClass = Connection
    expiration_interval = 0.2  # seconds until the accept loop notices that it is to end

    def __init__(self, services: Services, app: Callable, listener: socket.socket) -> None:
        settings = services.settings
        super().__init__(
            listener.getsockname()[:2],
            app,
            numthreads=settings.http_threads,
            server_name="bootd",
            request_queue_size=BACKLOG,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        self.gateway = Gateway
        self._services = services
        self._listener = listener
        self._limit = settings.http_connections
        self._lock = threading.Lock()
        self._complained = 0.0
        contained = Contained("http", services.metrics, services.log)
        self._accepting = True
        self._gate = Gate(contained, services.health.pulse("http-gate"), self._dispatch, self._refuse, self._limit)
        self._sender = Sender(contained, services.health.pulse("http-sender"), self._sent)

    @property
    def busy(self) -> bool:
        """Return whether no further file may be sent now, so that reports still find a connection."""
        return self._sender.files >= max(1, self._limit - self._limit // 8)

    @property
    def can_add_keepalive_connection(self) -> bool:
        """Return True: the gate decides about connections, idle ones too."""
        return self.ready

    def bind(self, _family: int, _type: int, _proto: int = 0) -> socket.socket:
        """Take the socket that is bound already."""
        self.socket = self._listener
        return self.socket

    def prepare(self) -> None:
        """Start gate, workers and sender."""
        self._gate.start()
        self._sender.start()
        super().prepare()

    def stop(self) -> None:
        """Stop accepting, let workers finish what they have, close all connections."""
        with self._lock:
            self._accepting = False
        super().stop()
        self._sender.stop()
        self._gate.stop()

    def process_conn(self, conn: Connection) -> None:
        """Take a new connection, from the accept loop."""
        self._gate.admit(conn)

    def put_conn(self, conn: Connection) -> None:
        """Take a connection with its response, from a worker."""
        self._sender.send(conn)

    def connection_closed(self) -> None:
        """Take note of a connection that is closed."""
        self._gate.closed()

    def error_log(self, msg: str = "", **_options: object) -> None:
        """Log what cheroot complains about, once a second at most."""
        if time.monotonic() - self._complained > 1:
            self._complained = time.monotonic()
            self._services.log.error("fault", protocol="http", reason=str(msg))

    def _dispatch(self, connection: Connection) -> None:
        # Behind the sentinels that end the workers nobody would find it.
        with self._lock:
            if self._accepting:
                self.requests.put(connection)
                return
        connection.close()

    def _sent(self, connection: Connection) -> None:
        if connection.keep and self.ready:
            self._gate.admit(connection)
        elif connection.drain:
            self._gate.drain(connection)
        else:
            connection.close()

    def _refuse(self, connection: Connection, refusal: Refused) -> None:
        text = f"{refusal.reason}\n"
        retry = f"Retry-After: {RETRY_SECONDS}\r\n" if refusal.status.startswith("503") else ""
        connection.wfile.write(
            f"HTTP/1.1 {refusal.status}\r\nServer: bootd\r\nConnection: close\r\n{retry}"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode("ascii")
        )
        connection.keep, connection.drain = False, True
        log_refusal(self._services, connection.remote_addr or "", refusal)
        self._sender.send(connection)
