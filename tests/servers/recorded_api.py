# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends recorded lists and watches over loopback, for tests of what reads them. It knows nothing of Kubernetes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class Recorded:
    """The answer to one watch: its lines, and whether the connection is then lost (else it ends as it should)."""

    lines: Sequence[bytes] = ()
    status: int = 200
    lost: bool = False


@dataclass
class RecordedApi:
    """Answers each list and each watch with the next of its kind; the watch after the last says nothing and stays.

    ``asked`` is "list", or the version that was watched from, of each request in turn.
    """

    lists: list[bytes]
    watches: list[Recorded]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    quiet: threading.Event = field(default_factory=threading.Event)  # the watch that stays has begun
    over: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> list[str]:
        """Return what was asked, once the watch that stays has begun."""
        assert self.quiet.wait(PATIENCE), f"asked only for {self.asked}"
        return self.asked


@contextmanager
def recorded_api(lists: Sequence[bytes], watches: Sequence[Recorded]) -> Iterator[RecordedApi]:
    """Serve ``lists`` and ``watches`` until the end."""
    api = RecordedApi(list(lists), list(watches))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            if "watch" in query:
                api.asked.append(query.get("resourceVersion", [""])[0])
                self._watch(api.watches.pop(0) if api.watches else None)
            else:
                api.asked.append("list")
                body = api.lists.pop(0)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def _watch(self, recorded: Recorded | None) -> None:
            self.send_response(recorded.status if recorded else 200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if recorded is None:
                api.quiet.set()
                api.over.wait(PATIENCE)
                recorded = Recorded()
            for line in recorded.lines:
                self.wfile.write(b"%x\r\n%s\n\r\n" % (len(line) + 1, line))
            if recorded.lost:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_unused: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield api
    finally:
        api.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
