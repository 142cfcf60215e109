# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Around every request: tidy paths, one log line, one count, no redirect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http.file_body import FileBody
from _bootd.http.middleware import RefusalLog, normalize_path
from _bootd.http.wsgi_environ import Refused
from servers.http_site import ADDRESS, MAC, NOW, STRANGER, machine, make_site


@pytest.fixture
def site(tmp_path):
    """Return a site with one machine and one image."""
    site = make_site(tmp_path, machine())
    (tmp_path / "images/vmlinuz").write_bytes(b"x" * 1000)
    return site


@pytest.mark.parametrize(
    ("path", "tidied"),
    [("", "/"), ("/", "/"), ("//", "/"), ("/a/", "/a"), ("//a///b//", "/a/b"), ("a", "/a"), ("/\u00e9", "/\u00e9")]
    + [("/./a/.", "/a"), ("/\\a\\b", "/a/b"), ("/a/../b", "/a/../b"), ("/.", "/")],
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
        "level": "debug",
        "event": "http",
        "method": "GET",
        "uri": f"/{MAC}/auto.ipxe?a=b",
        "client": STRANGER,
        "mac": MAC,
        "machine": "um790-1",
        "status": 200,
        "bytesSent": len(f"#!ipxe\necho {MAC} harvester\n"),
    }


@pytest.mark.parametrize("uri", ["/nonsense", f"/phone-home/{MAC}/x/started", "/a%00"])
def test_log_line_of_what_is_refused_names_the_machine_by_its_address(site, uri):
    site.get(uri.replace("%00", "\0"))
    (line,) = site.lines()
    assert (line["mac"], line["status"] >= 400) == (MAC, True)


@pytest.mark.parametrize("path", ["/phone-home/{}/{}\n", "/./phone-home/{}/{}\n", "\\phone-home\\{}\\.\\{}\n"])
def test_log_line_of_what_is_refused_shows_no_token(site, path):
    site.get(path.format(MAC, 43 * "t"))
    (line,) = site.lines()
    assert (line["status"], "ttt" in line["uri"]) == (400, False)


def test_refusals_are_counted_and_do_not_flood_the_log(site):
    log = RefusalLog(site.services)
    for number in range(1000):
        log.refused(ADDRESS, Refused(408, "too slow"))
        log.refused(f"192.0.2.{number % 250}", Refused(503, "too many connections"))
    lines = site.lines()
    assert len(lines) < 250
    assert {line.get("machine") for line in lines} == {"um790-1", None}
    assert {line["mac"] for line in lines if "machine" in line} == {MAC}
    assert site.counted("none", 408) == site.counted("none", 503) == 1000


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
        ("/auto.ipxe", "debug"),
        ("/images/vmlinuz", "debug"),
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


def test_requests_of_a_machine_are_kept_and_not_those_of_who_looks_at_bootd(site):
    site.get("/auto.ipxe?a=b")
    site.get("/images/nothing")
    site.get("/api/v1/machines")
    site.get("/auto.ipxe", x_rehearsal="1")
    served, refused = site.services.recent.of(MAC)
    assert served == (NOW, "http", "out", "/auto.ipxe", (ADDRESS, "GET", "a=b", 200, served[4][4], ""))
    assert refused[3:] == ("/images/nothing", (ADDRESS, "GET", "", 404, 13, "no such file"))


def test_a_long_request_is_masked_before_it_is_cut(site):
    site.get(f"/phone-home/{MAC}/{'t' * 43}/{'x' * 300}?{'a' * 240}&token={'s' * 100}")
    (entry,) = site.services.recent.of(MAC)
    _client, _method, query, *_rest = entry[4]
    assert (len(entry[3]), len(query)) == (256, 250)
    assert "ttt" not in entry[3]
    assert "sss" not in query


def test_what_a_client_leaves_in_the_middle_is_told(site, monkeypatch):
    monkeypatch.setattr(FileBody, "__iter__", lambda _body: iter(()))
    site.get("/images/vmlinuz")
    (line,) = site.lines()
    assert (line["level"], line["reason"]) == ("info", "the client left after 0 of 1000 bytes")
