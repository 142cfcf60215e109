# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What aiohttp has parsed, as a WSGI environment (PEP 3333), and what is refused before a route sees it. Pure.

aiohttp refuses what two servers would read in two ways. What is refused here beside is what nothing that boots sends:
chunked bodies, large ones, targets that are no path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

MAX_HEAD = 16 * 1024  # octets of request line and headers
MAX_BODY = 64 * 1024
MAX_HEADERS = 100

_TARGET = re.compile(r"[!-~]+")
_ABSOLUTE = re.compile(r"http://[^/?#]*", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,18}")
_PLAIN = ("CONTENT_TYPE", "CONTENT_LENGTH")


class Refused(Exception):
    """A request that is not read any further: the client is told ``status`` and ``reason``, and hung up on."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def environment(
    method: str, target: str, version: tuple[int, int], headers: Iterable[tuple[bytes, bytes]]
) -> dict[str, object]:
    """Return the WSGI environment of a request, without client, server and body; raises Refused.

    ``target`` and ``headers`` are as they were sent.
    """
    if version not in ((1, 0), (1, 1)):
        raise Refused(400 if version < (1, 0) else 505, "HTTP/1.0 and HTTP/1.1 are spoken here")
    fields = _fields(headers)
    size = len(method) + len(target) + sum(len(name) + len(value) + 4 for name, value in fields.items())
    if size > MAX_HEAD:
        raise Refused(431, f"a request's head has at most {MAX_HEAD} octets")
    path, query = split_target(target)
    environ: dict[str, object] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": f"HTTP/{version[0]}.{version[1]}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in fields.items():
        environ[name if name in _PLAIN else f"HTTP_{name}"] = value
    _check_length(fields, version)
    return environ


def split_target(target: str) -> tuple[str, str]:
    """Return path and query of a request target in origin or absolute form (RFC 9112, section 3.2); raises Refused."""
    rest = target
    if not target.startswith("/"):
        rest = _ABSOLUTE.sub("", target, count=1)
        if rest == target:
            raise Refused(400, "not a path")
        rest = rest if rest.startswith("/") else f"/{rest}"
    if "#" in rest or not _TARGET.fullmatch(target):
        raise Refused(400, "not a path")
    path, _unused, query = rest.partition("?")
    return path, query


def _fields(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        # In a WSGI environment a_b and a-b are one name, so that one could pass for the other.
        if b"_" in raw_name:
            continue
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        # A list may be spread over several lines (RFC 9110, section 5.3); X-Forwarded-For often is.
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _check_length(fields: dict[str, str], version: tuple[int, int]) -> None:
    coding, length = fields.get("TRANSFER_ENCODING"), fields.get("CONTENT_LENGTH", "0")
    if coding is not None:
        if "CONTENT_LENGTH" in fields or version == (1, 0) or coding.lower() != "chunked":
            raise Refused(400, "a body's length can't be told")
        raise Refused(411, "a body needs a Content-Length")
    if not _LENGTH.fullmatch(length):
        raise Refused(400, "not a Content-Length")
    if int(length) > MAX_BODY:
        raise Refused(413, f"a body has at most {MAX_BODY} octets")
