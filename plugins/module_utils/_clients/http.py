# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""An HTTP client that says in each request that it only plays a machine, and goes through no proxy, as none does.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

REHEARSAL = {"X-Rehearsal": "1"}  # the header that tells bootd so
TIMEOUT = 10.0  # seconds in which something comes
MAX_BODY = 64 * 1024 * 1024  # octets that are kept
MAX_SECONDS = 60.0  # for what is kept
MAX_FILE = 64 * 1024 * 1024 * 1024  # octets of a file whose digest is made
MAX_FILE_SECONDS = 3600.0
_CHUNK = 1024 * 1024
_MAX_DIGITS = 20  # of a size
_FAULTS = (OSError, http.client.HTTPException, ValueError)
_ANSWERS = (ConnectionRefusedError, ConnectionResetError, http.client.HTTPException)  # by the server or its host


class HttpProblem(Exception):
    """Why nothing was had; ``status`` is what the server answered, 0 where it answered nothing.

    ``answered``: it came from the server, or from its host, which refused the connection. Else nobody was reached.
    """

    def __init__(self, message: str, status: int = 0, *, answered: bool = False) -> None:
        super().__init__(message)
        self.status, self.answered = status, bool(status) or answered


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of status 200 or 206; names of ``headers`` in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    seconds: float

    @property
    def size(self) -> int | None:
        """The size of the whole file, None where nobody says."""
        whole = self.headers.get("content-range", "").rpartition("/")[2] or self.headers.get("content-length", "")
        return int(whole) if whole.isdecimal() and len(whole) <= _MAX_DIGITS else None


def fetch(url: str, method: str = "GET", *, octets: str = "", limit: int = MAX_BODY) -> Response:
    """Return what ``url`` has, or of it the range ``octets`` such as "0-99"; HttpProblem where it isn't had.

    No more than ``limit`` octets are read, whatever the server sends.
    """
    headers = {**REHEARSAL, **({"Range": f"bytes={octets}"} if octets else {})}
    began = time.monotonic()
    try:
        with _opened(url, method, headers) as answer:
            body = b"".join(_read(answer, limit, began + MAX_SECONDS))
            told = {name.lower(): value for name, value in answer.headers.items()}
            response = Response(answer.status, told, body, time.monotonic() - began)
    except _FAULTS as error:
        problem = _problem(error)
    else:
        return response
    # Outside of the handler: the error, which would come along, holds the connection.
    raise problem


def digest(url: str, algorithm: str) -> tuple[str, int, float]:
    """Return the digest of the whole file by ``algorithm`` in hexadecimal, its size, and the seconds that it took."""
    began, size, sum_of = time.monotonic(), 0, hashlib.new(algorithm)
    try:
        with _opened(url, "GET", REHEARSAL) as answer:
            for chunk in _read(answer, MAX_FILE + 1, began + MAX_FILE_SECONDS):
                sum_of.update(chunk)
                size += len(chunk)
            if size > MAX_FILE:
                raise ValueError(f"it has more than {MAX_FILE} octets")
    except _FAULTS as error:
        problem = _problem(error)
    else:
        return sum_of.hexdigest(), size, time.monotonic() - began
    raise problem


def _read(answer: http.client.HTTPResponse, limit: int, until: float) -> Iterator[bytes]:
    """Yield what comes, ``limit`` octets at most; TimeoutError where that takes longer than ``until``."""
    while limit > 0 and (chunk := answer.read1(min(limit, _CHUNK))):
        limit -= len(chunk)
        yield chunk
        if time.monotonic() > until:
            raise TimeoutError("it comes too slowly")


class _OnlyHttp(urllib.request.HTTPRedirectHandler):
    """Follows a redirection as machines do: to http and https, not to ftp, and with no password for another server."""

    def redirect_request(self, *given: Any) -> urllib.request.Request | None:
        request = super().redirect_request(*given)
        if request is not None and request.host != given[0].host:
            request.remove_header("Authorization")
        if request is not None and not request.full_url.startswith(_SCHEMES):
            raise ValueError(f"it redirects to {request.full_url[:200]}")
        return request


_SCHEMES = ("http://", "https://")
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _OnlyHttp)


def _opened(url: str, method: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    if not url.startswith(_SCHEMES):
        raise ValueError("this is no URL of http or https")
    parts = urlsplit(url)
    account, at, host = parts.netloc.rpartition("@")
    # As curl, wget and iPXE do; urllib would take the password for a port (RFC 7617, RFC 3986 section 3.2.1).
    basic = base64.b64encode(unquote(account).encode()).decode()
    more = {"Authorization": f"Basic {basic}"} if at else {}
    url = parts._replace(netloc=host).geturl()
    request = urllib.request.Request(url, headers={**headers, **more}, method=method)
    answer: http.client.HTTPResponse = _OPENER.open(request, timeout=TIMEOUT)
    return answer


def _problem(error: Exception) -> HttpProblem:
    if isinstance(error, urllib.error.HTTPError):
        with error:
            try:
                first = error.read1(300).decode("utf-8", "replace").strip().partition("\n")[0]
            except _FAULTS:  # it says no more
                first = ""
        return HttpProblem(f"{error.code} {first or error.reason}", error.code)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    message = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
    return HttpProblem(message, answered=isinstance(reason, _ANSWERS))
