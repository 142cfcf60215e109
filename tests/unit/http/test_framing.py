# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests begin and end: nothing may be read in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http.framing import MAX_BODY, MAX_HEAD, MAX_HEADERS, Framed, Framer, Refused
from http_smuggling import GET, HOST, SMUGGLED, post


def read(octets: bytes, sizes: list[int] | None = None) -> tuple[list[Framed], str, int]:
    """Return the requests in ``octets``, fed in pieces of ``sizes``, the status of a refusal or "", what is left."""
    framer, found, sizes = Framer(), [], list(sizes or [])
    while True:
        size = sizes.pop(0) if sizes else len(octets)
        framer.feed(octets[:size])
        octets = octets[size:]
        try:
            while (request := framer.next()) is not None:
                found.append(request)
        except Refused as refusal:
            return found, refusal.status[:3], -1
        if not octets:
            return found, "", 0 if framer.idle else 1


def only(octets: bytes) -> Framed:
    found, refused, left = read(octets)
    assert (len(found), refused, left) == (1, "", 0)
    return found[0]


def test_next_request_with_body():
    request = only(post(b"Content-Length: 3", b"X-A: 1 ", b"x-a:\t2", body=b"abc"))
    assert (request.method, request.path, request.query, request.version) == ("POST", b"/a", b"", (1, 1))
    assert request.headers == {"host": b"bootd", "content-length": b"3", "x-a": b"1, 2"}
    assert request.body == b"abc"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", b"/", b""),
        (b"//ipxe//ipxe.efi", b"//ipxe//ipxe.efi", b""),
        (b"/a%20b?x=%20&y", b"/a b", b"x=%20&y"),
        (b"/%2e%2e%2fetc", b"/../etc", b""),
        (b"/a?b?c", b"/a", b"b?c"),
        (b"http://bootd:7080/a?b", b"/a", b"b"),
        (b"HTTP://bootd", b"/", b""),
        (b"http://bootd?q", b"/", b"q"),
    ],
)
def test_next_target(target, path, query):
    request = only(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (request.path, request.query) == (path, query)


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        (b"1.1", None, True),
        (b"1.1", b"close", False),
        (b"1.1", b"Upgrade, Close", False),
        (b"1.0", None, False),
        (b"1.0", b"Keep-Alive", True),
    ],
)
def test_keep_alive(version, connection, kept):
    header = b"Connection: " + connection + b"\r\n" if connection else b""
    assert only(b"GET / HTTP/" + version + b"\r\n" + HOST + header + b"\r\n").keep_alive is kept


def test_next_pipelined_requests_and_the_beginning_of_another():
    found, refused, left = read(post(b"Content-Length: 3", body=b"abc") + GET + b"GET /")
    assert ([request.body for request in found], refused, left) == ([b"abc", b""], "", 1)


def test_next_body_that_looks_like_a_request():
    assert only(post(b"Content-Length: %d" % len(GET), body=GET)).body == GET


@pytest.mark.parametrize("before", [b"\r\n", b"\r\n\r\n"])
def test_next_passes_over_empty_lines(before):
    assert only(before + GET).path == b"/a"


@pytest.mark.parametrize("octets", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_next_refuses_bad_grammar(octets):
    assert read(octets + GET) == ([], "400", -1)


@pytest.mark.parametrize("octets", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_next_refuses_bad_grammar_octet_by_octet(octets):
    assert read(octets + GET, [1] * (len(octets) + len(GET))) == ([], "400", -1)


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (post(b"Transfer-Encoding: chunked"), "411"),
        (post(b"Transfer-Encoding: Chunked"), "411"),
        (post(b"Content-Length: %d" % (MAX_BODY + 1)), "413"),
        (post(b"Content-Length: " + b"9" * 18), "413"),
        (b"GET /" + b"a" * MAX_HEAD, "414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD, "431"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD + b"\r\n\r\n", "431"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * MAX_HEADERS + b"\r\n", "431"),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", "505"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", "505"),
    ],
)
def test_next_refuses_what_is_too_much(octets, status):
    assert read(octets) == ([], status, -1)


def test_next_at_the_limits():
    start = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\nX: " % MAX_BODY
    head = start + b"a" * (MAX_HEAD - len(start))
    assert len(only(head + b"\r\n\r\n" + b"b" * MAX_BODY).body) == MAX_BODY
    assert read(head + b"a\r\n\r\n")[1] == "431"


def test_head_while_the_body_is_on_its_way():
    framer = Framer()
    framer.feed(post(b"Content-Length: 3", b"Expect: 100-Continue"))
    assert framer.next() is None
    assert framer.head.expects_continue
    assert not framer.idle


SIZES = st.lists(st.integers(1, 40), max_size=60)
REQUESTS = st.lists(
    st.one_of(
        st.just(GET),
        st.binary(max_size=30).map(lambda body: post(b"Content-Length: %d" % len(body), body=body)),
        st.sampled_from([*SMUGGLED.values(), b"\r\n", b"\r", b"GET / HTTP/1.0\r\n\r\n"]),
        st.binary(max_size=30),
    ),
    max_size=5,
).map(b"".join)


@given(REQUESTS, SIZES)
def test_next_does_not_depend_on_how_octets_arrive(octets, sizes):
    assert read(octets, sizes) == read(octets)


@given(st.binary(max_size=300))
def test_next_survives_anything(octets):
    found, refused, left = read(octets)
    assert refused or left in (0, 1)
    assert all(request.path.startswith(b"/") for request in found)


@given(st.lists(st.binary(max_size=20), max_size=4))
def test_next_gives_back_every_body(bodies):
    octets = b"".join(post(b"Content-Length: %d" % len(body), body=body) for body in bodies)
    assert [request.body for request in read(octets)[0]] == bodies
