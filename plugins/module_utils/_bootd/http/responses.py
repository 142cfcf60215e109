# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Responses that are text or JSON. Nothing here redirects: firmware that boots by HTTP stops at a 301."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache

try:
    from bottle import HTTPResponse
except ImportError:
    pass

from .file_body import FileBody

_BEGINNINGS = {200: "HTTP/1.1 200 OK", 206: "HTTP/1.1 206 Partial Content"}  # of most responses


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as data, which may go to bottle or past it: to make bottle's takes longer than most routes."""

    status: int
    headers: dict[str, str]
    body: bytes | FileBody

    def for_bottle(self) -> HTTPResponse:
        """Return it as a route of bottle's does."""
        return HTTPResponse(self.body, self.status, headers=self.headers)


@lru_cache(maxsize=1)
def date_line(second: int) -> bytes:
    """Return a time in seconds since the epoch as the header Date has it, with the end of its line.

    RFC 9110, section 6.6.1. It is made once for all responses of a second.
    """
    return f"{formatdate(second, usegmt=True)}\r\n".encode("ascii")


def head_of(reply: Reply, second: int) -> bytes:
    """Return the head of a response that is sent past bottle at ``second``, as bottle and aiohttp write it."""
    begin = _BEGINNINGS.get(reply.status)
    if begin is not None:
        lines = [f"{name.title()}: {value}" for name, value in reply.headers.items()]
    else:
        answer = reply.for_bottle()
        begin = f"HTTP/1.1 {answer.status_line}"
        lines = [f"{name}: {value}" for name, value in answer.headerlist]
    head = "\r\n".join([begin, *lines, "Server: bootd\r\nDate: "]).encode("latin-1")
    return b"".join((head, date_line(second), b"\r\n"))


def text(status: int, content: str, **headers: str) -> HTTPResponse:
    """Return ``content`` as plain text; keywords become headers, ``Retry_After`` as Retry-After."""
    return text_reply(status, content, **headers).for_bottle()


def text_reply(status: int, content: str, **headers: str) -> Reply:
    """Return what ``text`` does, as data."""
    return _reply(status, content.encode("utf-8", "replace"), "text/plain; charset=utf-8", headers)


def json_document(status: int, content: object, **headers: str) -> HTTPResponse:
    """Return ``content`` as JSON."""
    return json_reply(status, content, **headers).for_bottle()


def json_reply(status: int, content: object, **headers: str) -> Reply:
    """Return what ``json_document`` does, as data."""
    encoded = json.dumps(content, separators=(",", ":"), default=str).encode("ascii")
    return _reply(status, encoded + b"\n", "application/json", headers)


def json_error(status: int, why: str, **headers: str) -> HTTPResponse:
    """Return an error status with its reason as JSON, ``{"reason": why}``."""
    return json_error_reply(status, why, **headers).for_bottle()


def json_error_reply(status: int, why: str, **headers: str) -> Reply:
    """Return what ``json_error`` does, as data."""
    return json_reply(status, {"reason": why}, **headers)


def _reply(status: int, body: bytes, kind: str, headers: dict[str, str]) -> Reply:
    fixed = {"Content-Type": kind, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {**fixed, "Content-Length": str(len(body)), **named}, body)
