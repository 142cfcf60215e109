# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clients at once, of whom some read nothing: reports, scripts and boot files still get their answer."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from clients.http_client import (
    BIG,
    FETCH,
    HEALTH,
    PATIENCE,
    PHONE_HOME,
    ask,
    clients,
    connect,
    descriptors,
    eventually,
    read_all,
    read_reply,
    site_with,
)
from servers.http_site import MAC, serving

OTHER = "127.0.0.2"
PIPELINED = HEALTH.replace(b"/healthz", b"/api/v1/machines") * 400
SCRIPT = HEALTH.replace(b"/healthz", b"/%s/auto.ipxe" % MAC.encode())
BOOT_FILE = HEALTH.replace(b"/healthz", b"/ipxe/%s/ipxe.efi" % MAC.encode())
SOON = 1.0  # seconds
FLOODED = 5.0  # while a hundred thousand requests are being answered, too


@pytest.fixture
def site(tmp_path):
    """Return a site of the machine at 127.0.0.1, with one large image and a boot program."""
    return with_boot_program(site_with(tmp_path))


def with_boot_program(site):
    with open(f"{site.settings.boot_files[0]}/ipxe.efi", "wb") as program:
        program.truncate(1_000_000)
    return site


def report_of(site) -> bytes:
    path = b"/phone-home/%s/%s/started" % (MAC.encode(), site.token().encode())
    return PHONE_HOME.replace(b"/phone-home", path)


def asked(port: int, request: bytes, source: str) -> tuple[int, float]:
    """Return the status of an answer, and after how many seconds it was there."""
    began = time.monotonic()
    status, _content = ask(port, request, source)
    return status, time.monotonic() - began


def all_soon(port: int, requests: list[bytes], source: str, soon: float = SOON) -> None:
    answers = [asked(port, request, source) for request in requests]
    assert [status for status, _seconds in answers] == [200] * len(requests)
    assert max(seconds for _status, seconds in answers) < soon


@pytest.mark.parametrize("source", ["127.0.0.1", OTHER])
def test_clients_that_pipeline_and_read_nothing(site, source):
    with serving(site) as port, clients(port, 260, PIPELINED, buffer=4096):
        for _unused in range(12):
            all_soon(port, [SCRIPT, report_of(site), BOOT_FILE], source, FLOODED)
    assert [line for line in site.lines() if line["event"] == "fault"] == []


def test_clients_that_read_nothing_and_hold_all_connections(tmp_path):
    site = with_boot_program(site_with(tmp_path, http_connections=40))
    with serving(site) as port, clients(port, 40, PIPELINED, buffer=4096):
        for _unused in range(12):
            all_soon(port, [SCRIPT, report_of(site), BOOT_FILE], OTHER, FLOODED)


def test_clients_that_hold_all_downloads(tmp_path):
    site = with_boot_program(site_with(tmp_path, http_connections=40))
    with serving(site) as port, clients(port, 36, FETCH, buffer=4096) as slow:
        answers = [client.recv(12) for client in slow]
        assert sorted(answers) == [b"HTTP/1.1 200"] * 35 + [b"HTTP/1.1 503"]
        all_soon(port, [SCRIPT, report_of(site)], "127.0.0.1")
        all_soon(port, [SCRIPT, report_of(site), BOOT_FILE], OTHER)


def test_reports_are_answered_while_250_clients_download(site):
    with serving(site) as port, ExitStack() as stack:
        slow = stack.enter_context(clients(port, 250, FETCH, buffer=4096))
        for client in slow[:50]:
            client.settimeout(PATIENCE)
        ends = time.monotonic() + 3
        seconds = []
        while time.monotonic() < ends:
            # They all take something, so the server has work with every one of them.
            for client in slow[:50]:
                assert client.recv(1 << 20)
            status, took = asked(port, report_of(site), "127.0.0.1")
            assert status == 200
            seconds.append(took)
        assert max(seconds) < SOON
        assert len([line for line in site.lines() if line.get("status") == 503]) == 0


def test_stop_while_250_clients_download(site):
    before = descriptors()
    with ExitStack() as stack, serving(site) as port:
        stack.enter_context(clients(port, 250, FETCH, buffer=4096))
        assert ask(port, PHONE_HOME)[0] == 200
    assert eventually(lambda: descriptors() == before)
    # It has waited for none of them: nobody had all of it, and what was sent of each is told.
    sent = [line["bytesSent"] for line in site.lines() if line.get("uri") == "/images/big"]
    assert len(sent) == 250
    assert max(sent) < BIG


# Answers that are made outside of a route


@pytest.mark.parametrize(
    "path",
    [b"/%00", b"/%ff", b"/a%0ab", b"/none", b"/./none", b"/\\none", b"/images/../x", b"/images/.x", b"/ipxe/%5c..%5cx"],
)
def test_head_of_what_is_no_path_has_no_body(site, path):
    with serving(site) as port, connect(port) as client:
        client.sendall(HEALTH.replace(b"/healthz", path).replace(b"GET", b"HEAD") + HEALTH)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
        # The next response is in step.
        assert read_reply(client) == (200, b"ok\n")


@pytest.mark.parametrize(
    "request_octets",
    [
        b"HEAD / HTTP/1.1\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
        b"HEAD /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nX: " + b"a" * 17000,
    ],
)
def test_head_that_is_refused_has_no_body(site, request_octets):
    with serving(site) as port, connect(port) as client:
        client.sendall(request_octets)
        reply = read_all(client)
    assert reply.startswith(b"HTTP/1.1 4")
    assert reply.endswith(b"\r\n\r\n")


def test_head_for_which_there_is_no_connection_has_no_body(tmp_path):
    with serving(site_with(tmp_path, http_connections=0)) as port, connect(port) as client:
        reply = read_all(client)
    assert reply.startswith(b"HTTP/1.1 503 ")
    assert reply.endswith(b"\r\n\r\n")


def test_head_for_which_there_is_no_download_is_none(tmp_path):
    # Seven of eight connections may download: what a HEAD is told needs none of them.
    with serving(with_boot_program(site_with(tmp_path, http_connections=8))) as port, ExitStack() as stack:
        for _unused in range(7):
            stack.enter_context(connect(port)).sendall(FETCH)
        with connect(port) as client:
            client.sendall(BOOT_FILE.replace(b"GET", b"HEAD") + HEALTH)
            reply = b""
            while not reply.endswith(b"ok\n"):
                reply += client.recv(1000)
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.count(b"HTTP/1.1 ") == reply.count(b"\r\n\r\n") == 2


def test_get_that_is_refused_is_told_why(site):
    with serving(site) as port:
        assert ask(port, b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n") == (400, b"not a path\n")


def test_fault_in_the_application_has_no_body_for_a_head(site, monkeypatch):
    def app(_environ, _start_response):
        raise RuntimeError("a fault")

    monkeypatch.setattr(site, "app", app)
    with serving(site) as port, connect(port) as client:
        client.sendall(HEALTH.replace(b"GET", b"HEAD") + HEALTH)
        reply = b""
        while reply.count(b"HTTP/1.1 500 ") < 2 or not reply.endswith(b"\n"):
            reply += client.recv(1000)
    assert reply.count(b"\r\n\r\n") == 2
    assert b"\r\n\r\nHTTP/1.1 500 " in reply
