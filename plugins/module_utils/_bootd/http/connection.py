# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""cheroot's connection, request and gateway, fed from memory: workers neither wait for a client nor send to one.

The gate hands over whole requests that ``framing`` has cut, so cheroot's own, more lenient parser is never reached;
what the worker writes is kept until the sender sends it.
"""

from __future__ import annotations

import io
import socket

try:
    from cheroot.server import HTTPConnection, HTTPRequest
    from cheroot.wsgi import Gateway_10
except ImportError:
    HTTPConnection = HTTPRequest = Gateway_10 = object

from .body import FileBody
from .framing import Framed, Framer


class Request(HTTPRequest):
    """A request that has been read and checked already."""

    def parse_request(self) -> None:
        """Take over what the framer has found."""
        framed = self.conn.request
        self.started_request = True
        self.uri = framed.target.encode("ascii")
        self.method = framed.method.encode("ascii")
        self.scheme, self.authority = b"http", b""
        self.path, self.qs = framed.path, framed.query
        self.request_protocol = b"HTTP/%d.%d" % framed.version
        self.response_protocol = self.request_protocol.decode("ascii")
        # In a WSGI environment a_b and a-b are one name, so that one could pass for the other.
        self.inheaders = {
            name.encode("ascii").title(): value for name, value in framed.headers.items() if "_" not in name
        }
        self.close_connection = not framed.keep_alive
        self.ready = True


class Gateway(Gateway_10):
    """WSGI 1.0, with files handed on as they are."""

    def get_environ(self) -> dict[str, object]:
        """Return the environment of the request."""
        environ = super().get_environ()
        environ["bootd.busy"] = self.req.server.busy
        return environ

    def respond(self) -> None:
        """Call the application; a FileBody is left to the sender."""
        response = self.req.server.wsgi_app(self.env, self.start_response)
        if isinstance(response, FileBody):
            self.req.ensure_headers_sent()
            self.req.conn.file = response
            return
        try:
            for chunk in filter(None, response):
                self.write(chunk)
        finally:
            self.req.ensure_headers_sent()
            if hasattr(response, "close"):
                response.close()


class Outbox:
    """What a worker writes: kept, not sent."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, octets: bytes) -> int:
        """Keep ``octets``."""
        self._chunks.append(octets)
        return len(octets)

    def take(self) -> bytes:
        """Return all that was written and begin anew."""
        octets, self._chunks = b"".join(self._chunks), []
        return octets


class Connection(HTTPConnection):
    """One client. At any time it belongs to one of gate, worker and sender, and only its owner touches it."""

    RequestHandlerClass = Request

    def __init__(self, server: object, sock: socket.socket, _makefile: object = None) -> None:
        super().__init__(server, sock, lambda *_arguments: io.BytesIO())
        sock.setblocking(False)
        self.wfile = Outbox()
        self.framer = Framer()
        self.request: Framed | None = None
        self.fresh = True  # no request yet
        self.invited = False  # "100 Continue" was sent for the body to come
        self.keep = False  # read another request once the response is sent
        self.drain = False  # the client may still be sending what nobody reads
        self.deadline = 0.0  # monotonic seconds; of the gate
        self.pending = memoryview(b"")  # of the response, beside the file
        self.file: FileBody | None = None
        self.closed = False

    def give(self, request: Framed) -> None:
        """Take the request that a worker is to answer next."""
        self.request = request
        self.rfile = io.BytesIO(request.body)
        self.fresh = self.invited = False

    def communicate(self) -> bool:
        """Answer the request; always to be sent on, also where the connection ends with it."""
        self.keep = super().communicate()
        return True

    def close(self) -> None:
        """Close the connection and the file it was sending; a second call does nothing."""
        if self.closed:
            return
        self.closed = True
        if self.file is not None:
            self.file.close()
        self.socket.close()
        self.server.connection_closed()
