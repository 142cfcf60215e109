# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installers' reports that the running server answers without aiohttp: once they are kept, and never sooner."""

from __future__ import annotations

import re
import socket
import threading
import time

import pytest

from _bootd.http import server as http_server
from _bootd.http.middleware import Access
from clients.http_client import HEALTH, PATIENCE, ask, connect, descriptors, eventually, read_all, read_reply
from servers.http_site import KEY, MAC, HttpServer, serving

LAST = HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@pytest.fixture
def slow(site, monkeypatch):
    """Return the store, which keeps nothing before ``may_end`` is set; ``begun`` tells that it was asked to."""
    plain, site.store.begun, site.store.may_end = site.store.save, threading.Event(), threading.Event()

    def save(states):
        site.store.begun.set()
        assert site.store.may_end.wait(PATIENCE)
        plain(states)

    monkeypatch.setattr(site.store, "save", save)
    return site.store


def report(site, outcome: str) -> bytes:
    """Return the report of an outcome, as it is sent."""
    head = f"POST /phone-home/{MAC}/{site.token()}/{outcome} HTTP/1.1\r\nHost: bootd\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode()


def make_known(site, port: int) -> None:
    """Send a report that aiohttp reads, and have the store, which is ``slow``, keep it at once."""
    site.store.may_end.set()
    assert ask(port, report(site, "started")) == (200, b'{"kept":true}\n')
    site.store.begun.clear()
    site.store.may_end.clear()


def test_the_same_octets_with_a_route_and_without(site):
    answers = []
    with serving(site) as port:
        for _each in range(2):
            with connect(port) as client:
                client.sendall(report(site, "started"))
                time.sleep(0.2)  # so that it is read alone
                client.sendall(LAST)
                answers.append(re.sub(rb"Date: [^\r]{29}\r\n", b"Date: today\r\n", read_all(client)))
            answers[-1] = answers[-1].partition(b"HTTP/1.1 200 OK\r\n")[2].partition(b"HTTP/1.1 ")[0]
    assert answers[0] == answers[1]
    assert answers[0].endswith(b'{"kept":true}\n')
    assert site.state().stage == "installing"


def test_nobody_is_answered_before_the_store_has_it(site, taken, slow):
    with serving(site) as port:
        make_known(site, port)
        taken.clear()
        with connect(port) as client:
            client.sendall(report(site, "succeeded"))
            assert slow.begun.wait(PATIENCE)
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(1)
            client.settimeout(PATIENCE)
            assert slow.states[KEY].stage == "installing"
            slow.may_end.set()
            assert read_reply(client) == (200, b'{"kept":true}\n')
            assert slow.states[KEY].stage == "installed"
            assert taken == []
            client.sendall(HEALTH)
            assert read_reply(client)[0] == 200, "the connection is kept"


def test_what_is_sent_behind_a_report_is_read_after_its_answer(site, slow):
    with serving(site) as port:
        make_known(site, port)
        with connect(port) as client:
            client.sendall(report(site, "failed"))
            assert slow.begun.wait(PATIENCE)
            client.sendall(LAST)
            client.shutdown(socket.SHUT_WR)
            slow.may_end.set()
            assert read_reply(client) == (200, b'{"kept":true}\n')
            assert read_reply(client)[0] == 200


def test_a_client_that_leaves_meanwhile_leaves_nothing_behind(site, held, slow):
    with serving(site) as port:
        make_known(site, port)
        before = descriptors()
        client = connect(port)
        client.sendall(report(site, "failed"))
        assert slow.begun.wait(PATIENCE)
        client.close()
        slow.may_end.set()
        assert eventually(lambda: held() == 0)
        assert eventually(lambda: descriptors() <= before)
    assert slow.states[KEY].stage == "failed"
    assert [line for line in site.lines() if line["event"] == "fault"] == []


def test_a_report_that_is_being_kept_is_answered_when_the_server_stops(site, slow):
    server = HttpServer(site.services, site.app)
    server.open()
    server.start()
    make_known(site, server.port)
    with connect(server.port) as client:
        client.sendall(report(site, "succeeded"))
        assert slow.begun.wait(PATIENCE)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.1)
        slow.may_end.set()
        assert read_reply(client) == (200, b'{"kept":true}\n')
        assert client.recv(1) == b""
        stopping.join(PATIENCE)
    assert not stopping.is_alive()
    assert slow.states[KEY].stage == "installed"


def test_a_store_that_takes_too_long_does_not_keep_the_server_from_its_end(site, slow, monkeypatch):
    monkeypatch.setattr(http_server, "SHUTDOWN_SECONDS", 0.2)
    server = HttpServer(site.services, site.app)
    server.open()
    server.start()
    make_known(site, server.port)
    with connect(server.port) as client:
        client.sendall(report(site, "succeeded"))
        assert slow.begun.wait(PATIENCE)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert read_all(client) in (b"", b"(reset)"), "hung up on, and not told that it is kept"
        slow.may_end.set()
        stopping.join(PATIENCE)
    assert not stopping.is_alive()


def test_a_fault_behind_a_report_that_is_kept_holds_no_connection(site, held, slow, monkeypatch):
    def note(_access, _sent):
        raise LookupError("no such metric")

    with serving(site) as port:
        make_known(site, port)
        monkeypatch.setattr(Access, "end", note)
        with connect(port) as client:
            client.sendall(report(site, "succeeded"))
            assert slow.begun.wait(PATIENCE)
            slow.may_end.set()
            assert read_reply(client) == (200, b'{"kept":true}\n')
        assert eventually(lambda: held() == 0)
    assert [line["reason"] for line in site.lines() if line["event"] == "fault"] == ["LookupError: no such metric"]
