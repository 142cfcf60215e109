# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a route is told of a request, and what no route is asked about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http.wsgi_environ import MAX_BODY, MAX_HEAD, Refused, environment, split_target

HOST = (b"Host", b"bootd")


def refused(*headers: tuple[bytes, bytes], method: str = "POST", version: tuple[int, int] = (1, 1)) -> int:
    with pytest.raises(Refused) as refusal:
        environment(method, "/a", version, [HOST, *headers])
    return refusal.value.status


def test_environment():
    headers = [HOST, (b"Content-Type", b"text/plain"), (b"Content-Length", b"3"), (b"X-A", b"1"), (b"x-a", b"\xe9")]
    environ = environment("POST", "/a%20b?x=%20&y", (1, 1), headers)
    assert {name: value for name, value in environ.items() if not name.startswith("wsgi.")} == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "x=%20&y",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "bootd",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "3",
        "HTTP_X_A": "1, \u00e9",
    }


def test_environment_leaves_out_what_would_pass_for_another_header():
    environ = environment("GET", "/", (1, 0), [(b"X_Forwarded_For", b"1.2.3.4"), (b"Content_Length", b"99")])
    assert not {"HTTP_X_FORWARDED_FOR", "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH"} & set(environ)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("//ipxe//ipxe.efi", "//ipxe//ipxe.efi", ""),
        ("/%2e%2e%2fetc", "/%2e%2e%2fetc", ""),
        ("/a?b?c", "/a", "b?c"),
        ("http://bootd:7080/a?b", "/a", "b"),
        ("HTTP://bootd", "/", ""),
        ("http://bootd?q", "/", "q"),
    ],
)
def test_split_target(target, path, query):
    assert split_target(target) == (path, query)


@pytest.mark.parametrize(
    "target", ["", "*", "a", "bootd:80", "/a#b", "http://bootd/#", "/a b", "/\u00e9", "/\udcff", "/a\n", "ftp://bootd/"]
)
def test_split_target_refuses(target):
    with pytest.raises(Refused) as refusal:
        split_target(target)
    assert refusal.value.status == 400


@given(st.text())
def test_split_target_survives_anything(target):
    try:
        path, query = split_target(target)
    except Refused:
        return
    assert path.startswith("/")
    assert path.isascii()
    assert target.endswith(path + ("?" + query if query else "")) or target[-1] == "?" or path == "/"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"Content-Length", b"%d" % (MAX_BODY + 1))], 413),
        ([(b"Content-Length", b"9" * 18)], 413),
        ([(b"Content-Length", b"9" * 1000)], 400),
        ([(b"Content-Length", b"+5")], 400),
        ([(b"Content-Length", b"")], 400),
        ([(b"Content-Length", "\u0665".encode())], 400),
        ([(b"Content-Length", b"5"), (b"Content-Length", b"5")], 400),
        ([(b"Transfer-Encoding", b"Chunked")], 411),
        ([(b"Transfer-Encoding", b"gzip, chunked")], 400),
        ([(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")], 400),
        ([(b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"5")], 400),
        ([(b"X", b"a" * MAX_HEAD)], 431),
        ([(b"X-%d" % number, b"a" * 200) for number in range(90)], 431),
    ],
)
def test_environment_refuses(headers, status):
    assert refused(*headers) == status


@pytest.mark.parametrize(("version", "status"), [((0, 9), 400), ((1, 2), 505), ((2, 0), 505)])
def test_environment_refuses_version(version, status):
    assert refused(version=version) == status


def test_environment_refuses_chunked_of_an_old_client():
    assert refused((b"Transfer-Encoding", b"chunked"), version=(1, 0)) == 400


def test_environment_at_the_limits():
    headers = [HOST, (b"Content-Length", b"%d" % MAX_BODY), (b"X", b"a" * (MAX_HEAD - 100))]
    assert environment("POST", "/", (1, 1), headers)["CONTENT_LENGTH"] == str(MAX_BODY)
