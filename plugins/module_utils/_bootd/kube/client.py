# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The Kubernetes API as JSON documents: requests and watches, without a model class for every kind.

Where the API is and who asks it is an ``Endpoint``; see ``connect.py``.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from .connect import Endpoint
from .errors import ApiUnreachable, error_from

try:
    import urllib3
except ImportError:
    pass

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"  # JSON is YAML

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
CREDENTIALS_SECONDS = 10.0  # much less than a token goes on to work after it was renewed
# A node that goes without a word is noticed after 15 + 3 * 5 seconds, also in the middle of a quiet watch.
KEEPALIVE = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


class Client:
    """Requests to one API server over at most ``connections`` kept connections. Safe to use from any thread."""

    def __init__(self, endpoint: Endpoint, *, connections: int = 4, agent: str = "baremetal.netboot") -> None:
        self.server = endpoint.host.rstrip("/")
        self._endpoint = endpoint
        self._agent = agent
        self._pool = _pool(endpoint, connections)
        self._lock = threading.Lock()  # the renewal of credentials is not made for several threads
        self._headers: Mapping[str, str] = {}
        self._headers_at = float("-inf")  # on time.monotonic

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.clear()

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the document at ``path``; raises as ``request`` does."""
        return self.request("GET", path, query)

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        content_type: str = JSON,
    ) -> dict[str, Any]:
        """Return the answer's document; raises ApiError where it is refused, ApiUnreachable where there is none."""
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        answer = self._send(method, path, query, content, content_type)
        if answer.status >= 400:
            raise error_from(answer.status, answer.data, f"{method} {path}")
        try:
            document: dict[str, Any] = json.loads(answer.data)
        except (ValueError, RecursionError) as error:
            raise ApiUnreachable(f"{method} {path}: {self.server} answers no JSON: {error}") from error
        return document

    def date(self) -> str:
        """Return the Date header of an answer, "" without one: the server's clock. Raises ApiUnreachable."""
        return self._send("GET", "/version", None, None, JSON).headers.get("Date", "")

    def watch(self, path: str, query: Mapping[str, Any], seconds: int) -> Watch:
        """Return a watch of ``path`` that the server ends after ``seconds``; raises as ``request`` does."""
        query = {**query, "watch": "true", "timeoutSeconds": seconds}
        answer = self._send("GET", path, query, None, JSON, stream=True, read=seconds + READ_SECONDS)
        if answer.status >= 400:
            body = answer.read()
            answer.release_conn()
            raise error_from(answer.status, body, f"watch {path}")
        return Watch(answer, f"watch {path}")

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        content: bytes | None,
        content_type: str,
        *,
        stream: bool = False,
        read: float = READ_SECONDS,
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self.server}{path}{'?' if query else ''}{urlencode(query or {})}"
        headers = {"Accept": JSON, "User-Agent": self._agent, **self._credentials()}
        if content is not None:
            headers["Content-Type"] = content_type
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=read)
        try:
            return self._pool.request(
                method,
                url,
                body=content,
                headers=headers,
                timeout=timeout,
                retries=False,  # a patch may have arrived although its answer did not
                preload_content=not stream,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiUnreachable(f"{method} {path}: {self.server}: {_innermost(error)}") from error

    def _credentials(self) -> Mapping[str, str]:
        """Return the headers that say who asks; they are asked for now and then, since tokens are renewed."""
        with self._lock:
            now = time.monotonic()
            if now - self._headers_at > CREDENTIALS_SECONDS:
                self._headers = self._endpoint.credentials()
                self._headers_at = now
            return self._headers


class Watch:
    """The events of a watch as they arrive. Iterating ends when the server ends it, or ``stop`` is called."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, what: str) -> None:
        self._answer = answer
        self._what = what
        self._stopped = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        rest = b""
        try:
            for piece in self._answer.stream(1 << 16):
                *lines, rest = (rest + piece).split(b"\n")
                yield from map(json.loads, filter(None, lines))
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if not self._stopped:
                raise ApiUnreachable(f"{self._what}: {_innermost(error)}") from error
        finally:
            self._answer.close()

    def stop(self) -> None:
        """End the watch; may be called from another thread, while it waits."""
        self._stopped = True
        # It may have ended by itself just now.
        with suppress(OSError, RuntimeError, ValueError):
            # Before urllib3 2.3 there is no other way than to close it under its reader.
            getattr(self._answer, "shutdown", self._answer.close)()


def resource_path(group_version: str, plural: str, namespace: str = "", name: str = "") -> str:
    """Return the path of a resource: ``group_version`` as in apiVersion, no ``namespace`` for all or cluster scope."""
    root = "/api/v1" if group_version == "v1" else f"/apis/{group_version}"
    within = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{root}{within}/{plural}" + (f"/{quote(name, safe='')}" if name else "")


def _pool(endpoint: Endpoint, connections: int) -> urllib3.PoolManager:
    options: dict[str, Any] = {
        "num_pools": 2,
        "maxsize": connections,
        "socket_options": list(KEEPALIVE),
    }
    if endpoint.host.startswith("https"):
        options["ssl_context"] = _tls(endpoint)
        if endpoint.tls_server_name:
            options["server_hostname"] = endpoint.tls_server_name
    if endpoint.proxy:
        return urllib3.ProxyManager(endpoint.proxy, proxy_headers=endpoint.proxy_headers, **options)
    return urllib3.PoolManager(**options)


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=endpoint.ca_file or None, cadata=endpoint.ca_data or None)
    if not endpoint.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if endpoint.cert_file:
        context.load_cert_chain(endpoint.cert_file, endpoint.key_file or None)
    return context


def _innermost(error: BaseException) -> str:
    """Return what is really wrong, without the names of objects that libraries put around it."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return _innermost(reason)
    cause = error.__cause__ or error.__context__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(error).rpartition(">: ")[2] or type(error).__name__
