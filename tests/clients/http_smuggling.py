# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that two servers would read in two ways, for tests of the framing and of the running server."""

from __future__ import annotations

HOST = b"Host: bootd\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"


def post(*headers: bytes, body: bytes = b"") -> bytes:
    """Return a POST with ``headers`` beside Host."""
    return b"POST /a HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body


# How requests are smuggled past, and into, servers that read a length differently, and other bad grammar.
SMUGGLED = {
    "length and chunked": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\nG"),
    "chunked and length": post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\nG"),
    "two lengths": post(b"Content-Length: 5", b"Content-Length: 6", body=b"abcdef"),
    "one length twice": post(b"Content-Length: 5", b"Content-Length: 5", body=b"abcde"),
    "two lengths in a list": post(b"Content-Length: 5, 5", body=b"abcde"),
    "positive length": post(b"Content-Length: +5", body=b"abcde"),
    "negative length": post(b"Content-Length: -5"),
    "length with underscore": post(b"Content-Length: 1_0", body=b"a" * 10),
    "hexadecimal length": post(b"Content-Length: 0x5", body=b"abcde"),
    "length with a decimal": post(b"Content-Length: 5.0", body=b"abcde"),
    "empty length": post(b"Content-Length:", body=b"abcde"),
    "length of a thousand digits": post(b"Content-Length: " + b"9" * 1000),
    "length in other digits": post("Content-Length: \u0665".encode(), body=b"abcde"),
    "space before colon": post(b"Content-Length : 5", body=b"abcde"),
    "tab before colon": post(b"Transfer-Encoding\t: chunked", body=b"0\r\n\r\n"),
    "folded header": post(b"X: a", b" Content-Length: 5", body=b"abcde"),
    "folded length": post(b"Content-Length:", b" 5", body=b"abcde"),
    "header without a name": post(b": chunked"),
    "header without a colon": post(b"chunked"),
    "NUL in a header": post(b"X: a\0b"),
    "NUL in a name": post(b"Content-Length\0: 5", body=b"abcde"),
    "bare CR in a header": post(b"X: a\rContent-Length: 5", body=b"abcde"),
    "bare LF after a header": b"POST /a HTTP/1.1\r\nHost: a\nContent-Length: 5\r\n\r\nabcde",
    "bare LF all over": b"GET /a HTTP/1.1\nHost: a\n\n",
    "bare LF at the end": b"GET /a HTTP/1.1\r\nHost: a\r\n\n",
    "xchunked": post(b"Transfer-Encoding: xchunked"),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked"),
    "chunked on two lines": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    "gzip": post(b"Transfer-Encoding: gzip, chunked"),
    "identity": post(b"Transfer-Encoding: identity", b"Content-Length: 5", body=b"abcde"),
    "vertical tab": post(b"Transfer-Encoding: \x0bchunked"),
    "quoted": post(b'Transfer-Encoding: "chunked"'),
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "tab in the request line": b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "space before the method": b" GET / HTTP/1.1\r\n" + HOST + b"\r\n",
    "trailing space": b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "authority": b"CONNECT bootd:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "relative": b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
    "raw octets": b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}
