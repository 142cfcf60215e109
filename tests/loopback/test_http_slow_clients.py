# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running server under clients that send or read slowly: they cost no worker, and are given up in time."""

from __future__ import annotations

import threading
import time

import pytest

from _bootd.http import connection, file_sending, request_handler
from clients.http_client import (
    BIG,
    FETCH,
    HEALTH,
    PHONE_HOME,
    ask,
    clients,
    connect,
    eventually,
    read_all,
    read_reply,
    site_with,
)
from clients.http_smuggling import post
from servers.http_site import MAC, machine, serving


@pytest.mark.parametrize(
    "dribble",
    [b"", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-", post(b"Content-Length: 9", body=b"x")],
    ids=["idle", "head", "body"],
)
def test_slow_clients_cost_no_worker(tmp_path, dribble):
    # As many as there may be, and a single worker.
    site = site_with(tmp_path, http_threads=1, http_connections=40)
    with serving(site) as port, clients(port, 40, dribble):
        time.sleep(0.2)  # until bootd has read what they sent: then they hold all there is
        started = time.monotonic()
        for _unused in range(20):
            assert ask(port, PHONE_HOME)[0] == 200
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("dribble", "said"),
    [(b"", b""), (b"GET / HTTP/1.1\r\n", b" 408 "), (post(b"Content-Length: 9", body=b"x"), b" 408 ")],
    ids=["idle", "head", "body"],
)
def test_slow_requests_are_given_up(site, monkeypatch, dribble, said):
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(connection, "DRAIN_SECONDS", 0.5)
    with serving(site) as port, connect(port) as client:
        started = time.monotonic()
        client.sendall(dribble)
        # An octet now and then does not prolong it: the deadline is for the whole request.
        while time.monotonic() - started < 0.4 and dribble:
            client.send(b"x")
            threading.Event().wait(0.1)
        reply = read_all(client)
        assert 0.4 < time.monotonic() - started < 5
    assert said in reply.partition(b"\r\n")[0]
    assert bool(reply) == bool(said)


def test_idle_kept_connections_are_closed(site, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.3)
    with serving(site) as port, connect(port) as client:
        client.sendall(HEALTH)
        assert read_reply(client)[0] == 200
        assert read_all(client) == b""


def test_kept_connection_is_given_up_in_the_middle_of_a_request(site, monkeypatch):
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(connection, "IDLE_SECONDS", 60.0)
    with serving(site) as port, connect(port) as client:
        client.sendall(HEALTH)
        assert read_reply(client)[0] == 200
        client.sendall(b"GET /")
        assert read_all(client).startswith(b"HTTP/1.1 408 ")


def test_slow_downloads_do_not_block_a_phone_home(tmp_path):
    site = site_with(tmp_path, http_threads=1)
    with serving(site) as port, clients(port, 20, FETCH, buffer=4096):
        started = time.monotonic()
        for _unused in range(20):
            assert ask(port, PHONE_HOME)[0] == 200
        assert time.monotonic() - started < 5


def test_slow_readers_of_documents_do_not_block_a_phone_home(tmp_path):
    site = site_with(tmp_path, http_threads=1)
    for number in range(3000):
        name = f"m{number:05d}"
        site.catalog.upsert(machine(name, f"52:54:00:01:{number // 256:02x}:{number % 256:02x}", ""))
    request = HEALTH.replace(b"/healthz", b"/api/v1/machines")
    with serving(site) as port, clients(port, 4, request, buffer=4096) as readers:
        assert ask(port, PHONE_HOME)[0] == 200
        status, content = read_reply(readers[0])
        assert (status, content.count(b'"name"')) == (200, 3001)


def test_what_ipxe_tells_waits_for_no_route(tmp_path):
    site = site_with(tmp_path, http_threads=1)
    busy, released = threading.Event(), threading.Event()

    def app(environ, start_response, answer=site.app):
        if environ["PATH_INFO"] == "/healthz":
            busy.set()
            released.wait(10)
        return answer(environ, start_response)

    site.app = app
    told = b"GET /phone-home?mac=" + MAC.encode() + b"&event=facts&product=UM790 HTTP/1.1\r\nHost: a\r\n\r\n"
    with serving(site) as port, connect(port) as client:
        client.sendall(HEALTH)
        assert busy.wait(10)
        try:
            assert ask(port, told) == (200, b'{"kept":true}\n')
        finally:
            released.set()
        assert read_reply(client)[0] == 200


def test_stalled_downloads_are_given_up(site, monkeypatch):
    monkeypatch.setattr(file_sending, "STALL_SECONDS", 0.5)
    with serving(site) as port, connect(port, buffer=4096) as client:
        client.sendall(FETCH)
        assert eventually(lambda: any(line["event"] == "http" for line in site.lines()))
        (line,) = site.lines()
        assert (line["status"], line["bytesSent"] < BIG) == (200, True)
        assert len(read_all(client)) < BIG
    # What did not arrive was not loaded.
    assert site.events() == []


def test_downloads_leave_connections_for_reports(tmp_path):
    site = site_with(tmp_path, http_connections=16)
    with serving(site) as port, clients(port, 15, FETCH, buffer=4096) as readers:
        # An eighth of all connections is no download.
        begun = sorted(reader.recv(len("HTTP/1.1 200")) for reader in readers)
        assert begun == [b"HTTP/1.1 200"] * 14 + [b"HTTP/1.1 503"]
        assert ask(port, PHONE_HOME)[0] == 200


def test_downloads_that_ended_are_not_counted(tmp_path):
    site = site_with(tmp_path, http_connections=8)
    part = FETCH.replace(b"\r\n\r\n", b"\r\nRange: bytes=0-9\r\n\r\n")
    with serving(site) as port:
        assert {ask(port, part)[0] for _unused in range(30)} == {206}
        for _unused in range(10):
            with clients(port, 3, FETCH, buffer=4096):
                continue
        assert eventually(lambda: ask(port, part)[0] == 206)


def test_documents_that_nobody_reads_are_bounded(tmp_path, monkeypatch):
    # More than the kernel takes for them.
    size = 6_000_000
    monkeypatch.setattr(request_handler, "MAX_UNSENT", 3 * size)
    site = site_with(tmp_path, http_threads=1)
    site.catalog.upsert(machine(address="127.0.0.1", user_data="x" * size))
    request = HEALTH.replace(b"/healthz", b"/2009-04-04/user-data").replace(
        b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
    )
    with serving(site) as port, clients(port, 20, request, buffer=4096) as readers:
        assert ask(port, PHONE_HOME)[0] == 200
        whole = sum(len(read_all(reader)) > size for reader in readers)
        assert 0 < whole < 20


def test_connection_limit_closes_who_waited_longest(tmp_path):
    site = site_with(tmp_path, http_connections=4)
    with serving(site) as port, clients(port, 4) as idle:
        assert ask(port, HEALTH)[0] == 200
        assert idle[0].recv(1) == b""
        idle[3].sendall(HEALTH)
        assert read_reply(idle[3])[0] == 200
