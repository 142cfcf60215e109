# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where an HTTP/1 request begins and ends (RFC 9112). Pure: octets in, whole requests or a refusal out.

Stricter than the RFC asks for, because two readers that disagree about a length are how requests are smuggled: one
length, given once, in digits; no chunked bodies; no bare CR or LF; no folded lines. Nothing that boots sends those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

MAX_HEAD = 16 * 1024  # octets of request line and headers
MAX_BODY = 64 * 1024
MAX_HEADERS = 100

_END = b"\r\n\r\n"
_EMPTY_LINES = re.compile(rb"(?:\r\n)+")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t -~\x80-\xff]*")
_ABSOLUTE = re.compile(rb"http://[^/?#]*", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,18}")


class Refused(Exception):
    """A request that is not read any further: the connection gets ``status`` and ``reason`` and is closed."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Framed:
    """One whole request. ``path`` is percent-decoded, ``query`` is not; header names are in lower case."""

    method: str
    target: str
    path: bytes
    query: bytes
    version: tuple[int, int]
    headers: dict[str, bytes] = field(default_factory=dict)
    length: int = 0  # octets of the body
    body: bytes = b""

    @property
    def keep_alive(self) -> bool:
        """Return whether the client wants to send another request on this connection (RFC 9112, section 9.3)."""
        options = {option.strip().lower() for option in self.headers.get("connection", b"").split(b",")}
        return b"keep-alive" in options if self.version == (1, 0) else b"close" not in options

    @property
    def expects_continue(self) -> bool:
        """Return whether the client waits for ``100 Continue`` before it sends the body."""
        return self.version > (1, 0) and self.headers.get("expect", b"").lower() == b"100-continue"


class Framer:
    """Cuts the octets of one connection into requests. Holds one head, one body and what arrived with them."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0
        self._head: Framed | None = None

    @property
    def idle(self) -> bool:
        """Return whether no octet of a request is here yet."""
        return self._head is None and not self._data

    @property
    def head(self) -> Framed | None:
        """Return the head of the request whose body is still on its way."""
        return self._head

    def feed(self, octets: bytes) -> None:
        """Take what the client sent."""
        self._data += octets

    def next(self) -> Framed | None:
        """Return the next whole request, None where more has to come; raises Refused."""
        if self._head is None:
            self._head = self._take_head()
        head = self._head
        if head is None or len(self._data) < head.length:
            return None
        body = bytes(self._data[: head.length])
        del self._data[: head.length]
        self._head = None
        return Framed(head.method, head.target, head.path, head.query, head.version, head.headers, head.length, body)

    def _take_head(self) -> Framed | None:
        # RFC 9112, section 2.2: an old client's empty line after the last body is passed over.
        if self._searched == 0 and (empty := _EMPTY_LINES.match(self._data)):
            end = empty.end()
            del empty, self._data[:end]
        if self._data == b"\r":
            return None
        # The last octets may have been the beginning of the end.
        end = self._data.find(_END, max(0, self._searched - len(_END) + 1))
        if _BARE_LF.search(self._data, self._searched, end if end >= 0 else len(self._data)):
            # Told at once: a client that ends its lines so would wait for an answer to what never ends.
            raise Refused("400 Bad Request", "lines end with CR LF")
        if end > MAX_HEAD or (end < 0 and len(self._data) > MAX_HEAD + len(_END)):
            raise self._too_long()
        if end < 0:
            self._searched = len(self._data)
            return None
        head = parse_head(bytes(self._data[:end]))
        del self._data[: end + len(_END)]
        self._searched = 0
        return head

    def _too_long(self) -> Refused:
        if self._data.find(b"\r\n", 0, MAX_HEAD) < 0:
            return Refused("414 URI Too Long", f"a request line has at most {MAX_HEAD} octets")
        return Refused("431 Request Header Fields Too Large", f"a request's head has at most {MAX_HEAD} octets")


def parse_head(head: bytes) -> Framed:
    """Return the request that ``head``, without the empty line at its end, begins; raises Refused."""
    line, *lines = head.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise Refused("400 Bad Request", "not a request line")
    method, target, version = match[1].decode("ascii"), match[2], (int(match[3]), int(match[4]))
    if version not in ((1, 0), (1, 1)):
        raise Refused("505 HTTP Version Not Supported", "HTTP/1.0 and HTTP/1.1 are spoken here")
    headers = _headers(lines)
    if version == (1, 1) and "host" not in headers:
        raise Refused("400 Bad Request", "no Host")
    path, query = _split(target)
    shown = target.decode("ascii")
    return Framed(method, shown, unquote_to_bytes(path), query, version, headers, _length(headers, version))


def _split(target: bytes) -> tuple[bytes, bytes]:
    rest = _ABSOLUTE.sub(b"", target, count=1) if not target.startswith(b"/") else target
    if rest is not target and not rest.startswith(b"/"):
        rest = b"/" + rest
    if b"#" in rest or (rest is target and not target.startswith(b"/")):
        raise Refused("400 Bad Request", "not a path")
    path, _unused, query = rest.partition(b"?")
    return path, query


def _headers(lines: list[bytes]) -> dict[str, bytes]:
    if len(lines) > MAX_HEADERS:
        raise Refused("431 Request Header Fields Too Large", f"a request has at most {MAX_HEADERS} headers")
    headers: dict[str, bytes] = {}
    for line in lines:
        field_name, _unused, field_value = line.partition(b":")
        value = field_value.strip(b" \t")
        if not _NAME.fullmatch(field_name) or not _VALUE.fullmatch(value) or b":" not in line:
            raise Refused("400 Bad Request", "not a header")
        name = field_name.decode("ascii").lower()
        if name in ("host", "content-length", "transfer-encoding") and name in headers:
            raise Refused("400 Bad Request", f"more than one {name}")
        # A list may be spread over several lines (RFC 9110, section 5.3); X-Forwarded-For often is.
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def _length(headers: dict[str, bytes], version: tuple[int, int]) -> int:
    coding, given = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if given is not None or version == (1, 0) or coding.lower() != b"chunked":
            raise Refused("400 Bad Request", "a body's length can't be told")
        raise Refused("411 Length Required", "a body needs a Content-Length")
    if given is None:
        return 0
    if not _LENGTH.fullmatch(given):
        raise Refused("400 Bad Request", "not a Content-Length")
    if int(given) > MAX_BODY:
        raise Refused("413 Content Too Large", f"a body has at most {MAX_BODY} octets")
    return int(given)
