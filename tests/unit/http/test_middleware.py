# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Around every request: tidy paths, one log line, one count, no redirect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http.middleware import normalize_path
from servers.http_site import MAC, NOW, STRANGER, machine, make_site


@pytest.fixture
def site(tmp_path):
    """Return a site with one machine and one image."""
    site = make_site(tmp_path, machine())
    (tmp_path / "images/vmlinuz").write_bytes(b"x" * 1000)
    return site


@pytest.mark.parametrize(
    ("path", "tidied"),
    [("", "/"), ("/", "/"), ("//", "/"), ("/a/", "/a"), ("//a///b//", "/a/b"), ("a", "/a"), ("/\u00e9", "/\u00e9")],
)
def test_tidy(path, tidied):
    environ = {"PATH_INFO": path.encode().decode("latin-1")}
    assert normalize_path(environ)
    assert environ["PATH_INFO"].encode("latin-1").decode() == tidied


@pytest.mark.parametrize("path", ["/\xff", "/a\0", "/a\n", "/\u20ac"])
def test_tidy_refuses(path):
    assert not normalize_path({"PATH_INFO": path})


@given(st.binary(max_size=40))
def test_tidy_survives_anything(octets):
    environ = {"PATH_INFO": octets.decode("latin-1")}
    if normalize_path(environ):
        path = environ["PATH_INFO"]
        assert path.startswith("/")
        assert "//" not in path
        assert path == "/" or not path.endswith("/")


PATHS = [
    "/",
    "//",
    "/auto.ipxe/",
    "//auto.ipxe",
    "/ipxe/",
    "//ipxe//ipxe.efi",
    "/images",
    "/images/",
    "/images//vmlinuz",
    "/2009-04-04",
    "/2009-04-04/",
    "/phone-home/",
    "/api/v1/machines/",
    "/nonsense/",
    "/.",
    "/..//",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_nothing_redirects(site, method, path):
    # Firmware that boots by HTTP stops at a 301.
    answer = site.ask(method, path)
    assert answer.status in (200, 404, 405)
    assert "location" not in answer.headers


def test_log_line_of_a_request(site):
    site.get(f"/{MAC}/auto.ipxe?a=b", STRANGER)
    (line,) = site.lines()
    assert 0 <= line.pop("duration") < 60
    assert line.pop("ts") > NOW
    assert line == {
        "level": "info",
        "event": "http",
        "method": "GET",
        "uri": f"/{MAC}/auto.ipxe?a=b",
        "client": STRANGER,
        "mac": MAC,
        "status": 200,
        "bytesSent": len(f"#!ipxe\necho {MAC} harvester\n"),
    }


def test_log_line_of_a_file_is_written_when_it_is_sent(site):
    site.get("/images/vmlinuz", range="bytes=100-")
    (line,) = site.lines()
    assert (line["status"], line["bytesSent"]) == (206, 900)


@pytest.mark.parametrize(
    ("uri", "level"),
    [
        ("/healthz", "debug"),
        ("/metrics", "debug"),
        ("/api/v1/machines", "debug"),
        ("/api/v1/machines/x", "info"),
        ("/nonsense", "info"),
    ],
)
def test_log_level(site, uri, level):
    site.get(uri)
    (line,) = site.lines()
    assert line["level"] == level


def test_log_stays_one_line_a_request_whatever_is_asked(site):
    site.get("/a%0Ab\u2028\u202e?x=\x1b[2J", x_forwarded_for="1.2.3.4\nforged")
    site.get("/a\nb")
    assert len(site.stream.getvalue().splitlines()) == len(site.lines()) == 2
    assert site.stream.getvalue().isascii()


def test_metrics_count_routes_and_not_paths(site):
    for number in range(50):
        site.get(f"/nonsense/{number}")
        site.get(f"/images/{number}")
        site.get(f"/52:54:00:00:00:{number:02d}/auto.ipxe")
        site.post(f"/phone-home/{MAC}/{number}/started")
    assert site.counted("none", 404) == 50
    assert site.counted("/images/<name:path>", 404) == 50
    assert site.counted("/<mac>/auto.ipxe", 404) == 50
    assert site.counted("/phone-home/<mac>/<token>/<outcome>", 404) == 50


def test_errors_are_plain_text(site):
    for answer in (site.get("/nonsense"), site.ask("DELETE", "/auto.ipxe"), site.get("/<script>alert(1)</script>")):
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "<script>" not in answer.text
