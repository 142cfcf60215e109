# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client of rehearsals: who answered, and who was not reached."""

from __future__ import annotations

import base64
import gc
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._clients.http import HttpProblem, digest, fetch

ACCOUNT = f"Basic {base64.b64encode(b'reader:p@ss').decode()}"


class _Guarded(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/broken":
            return
        if self.path.startswith("/redirected"):
            self.send_response(302)
            self.send_header("Location", f"http://{self.path.rpartition('/')[2]}:{self.server.server_port}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200 if self.headers.get("Authorization") == ACCOUNT else 401)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_unused: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Guarded) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_account_in_a_url_is_used(port):
    assert fetch(f"http://reader:p%40ss@127.0.0.1:{port}/").body == b"ok"


def test_account_goes_to_no_other_server(port):
    url = f"http://reader:p%40ss@127.0.0.1:{port}/redirected"
    assert fetch(f"{url}/127.0.0.1").body == b"ok"
    with pytest.raises(HttpProblem, match="401"):
        fetch(f"{url}/localhost")


def test_server_that_says_no_or_breaks_off_has_answered(port):
    with pytest.raises(HttpProblem) as refused:
        fetch(f"http://127.0.0.1:{port}/")
    assert (refused.value.status, refused.value.answered) == (401, True)
    with pytest.raises(HttpProblem) as broken:
        fetch(f"http://127.0.0.1:{port}/broken")
    assert (broken.value.status, broken.value.answered) == (0, True)


def test_connections_that_failed_are_closed(port):
    # What Python says of one that is not fails the test, see filterwarnings.
    for path in ("", "broken"):
        with pytest.raises(HttpProblem) as caught:
            fetch(f"http://127.0.0.1:{port}/{path}")
        assert caught.value.__context__ is None, "it would keep the connection until garbage is collected"
        with pytest.raises(HttpProblem):
            digest(f"http://127.0.0.1:{port}/{path}", "sha256")
    gc.collect()


def test_host_that_refuses_has_answered():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    with pytest.raises(HttpProblem, match="refused") as caught:
        fetch(f"http://127.0.0.1:{free}/")
    assert caught.value.answered


@pytest.mark.parametrize("url", ["http://name.of.nobody.invalid/", "ftp://127.0.0.1/x"])
def test_name_that_nobody_has_was_not_reached(url):
    with pytest.raises(HttpProblem) as caught:
        fetch(url)
    assert not caught.value.answered
