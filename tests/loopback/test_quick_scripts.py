# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that the running server sends while it reads the request: the same octets, in their order, and no route."""

from __future__ import annotations

import asyncio.selector_events
import re
import select
import socket
import time
from contextlib import ExitStack

import pytest
from aiohttp import http_parser

from _bootd.hardware.model import Netboot
from _bootd.http import connection, quick_connections
from clients.http_client import HEALTH, PATIENCE, ask, connect, descriptors, eventually, read_all, read_reply
from servers.http_site import MAC, machine, make_site, serving

SCRIPT = b"GET /%s/auto.ipxe HTTP/1.1\r\nHost: bootd\r\nUser-Agent: iPXE/1.21.1\r\n\r\n" % MAC.encode()
BY_ROUTE = SCRIPT.replace(b"\r\n\r\n", b"\r\nX-Rehearsal: 0\r\n\r\n")  # which says no more, and needs a look
LAST = b"\r\nConnection: close\r\n\r\n"
UPGRADE = b"GET %s HTTP/1.1\r\nHost: bootd\r\nConnection: upgrade%s\r\nUpgrade: websocket\r\n\r\n"


@pytest.fixture
def site(tmp_path):
    """Return a site of the machine at 127.0.0.1."""
    return make_site(tmp_path, machine(address="127.0.0.1"), bind="127.0.0.1", http_port=0)


@pytest.fixture
def routed(site, monkeypatch):
    """Return the paths that a route was asked for."""
    paths = []
    application = type(site.app)
    plain = application.__call__

    def called(self, environ, start_response):
        paths.append(environ["PATH_INFO"])
        return plain(self, environ, start_response)

    monkeypatch.setattr(application, "__call__", called)
    return paths


@pytest.mark.parametrize("end", [b"\r\n\r\n", LAST], ids=["kept", "closed"])
def test_the_same_octets_with_a_route_and_without(site, routed, end):
    answers, last = [], b"" if end == LAST else HEALTH.replace(b"\r\n\r\n", LAST)
    with serving(site) as port:
        for request in (SCRIPT, SCRIPT, BY_ROUTE):  # read by aiohttp, known, and by a route
            with connect(port) as client:
                client.sendall(request.replace(b"\r\n\r\n", end))
                if last:
                    time.sleep(0.2)  # so that each is read alone
                    client.sendall(last)
                answers.append(re.sub(rb"Date: [^\r]{29}\r\n", b"Date: today\r\n", read_all(client)))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert routed.count(f"/{MAC}/auto.ipxe") == 1


def test_requests_are_read_in_c():
    # The one in Python takes ten times as long; a wheel for this Python has both.
    assert http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy


def test_a_script_needs_neither_a_route_nor_aiohttp(site, routed, taken):
    with serving(site) as port:
        first = ask(port, SCRIPT)  # of which aiohttp says what such octets mean
        for _each in range(3):
            with connect(port) as client:
                for _again in range(3):
                    client.sendall(SCRIPT)
                    assert read_reply(client) == first
    assert first[1][:6] == b"#!ipxe"
    assert (routed, len(taken)) == ([], 1)
    assert [seen.kind for seen in site.events()] == ["script"] * 10


@pytest.mark.parametrize(
    "request_octets",
    [
        SCRIPT + SCRIPT,
        SCRIPT.replace(b"bootd", b"other"),
        SCRIPT.replace(b"Host: ", b"Host:"),
        SCRIPT.replace(b"GET", b"HEAD"),
        SCRIPT.replace(b" HTTP", b"  HTTP"),
        SCRIPT.replace(b"1.1\r", b"1.0\r"),
        SCRIPT.replace(b"/auto", b"//auto"),
        SCRIPT.replace(b"\r\n", b"\n"),
        SCRIPT.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"),
        SCRIPT.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n") + b"GET /",
        SCRIPT.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"),
        SCRIPT.replace(b"Host", b" Host"),
        b"\r\n" + SCRIPT,
        SCRIPT[:-1],
    ],
)
def test_aiohttp_reads_all_that_is_another_request(site, taken, request_octets):
    with serving(site) as port:
        ask(port, SCRIPT)
        taken.clear()
        with connect(port) as client:
            client.sendall(request_octets)
            assert eventually(lambda: taken)


def test_answers_come_in_the_order_of_the_requests(site):
    with serving(site) as port, connect(port) as client:
        client.sendall(HEALTH)
        client.sendall(SCRIPT)
        client.sendall(HEALTH + SCRIPT + HEALTH)
        bodies = [read_reply(client)[1][:6] for _each in range(5)]
    assert bodies == [b"ok\n", b"#!ipxe", b"ok\n", b"#!ipxe", b"ok\n"]


def test_a_request_in_pieces_is_answered_once_it_is_whole(site):
    with serving(site) as port, connect(port) as client:
        for octet in (SCRIPT[:20], SCRIPT[20:-3], SCRIPT[-3:]):
            client.sendall(octet)
            time.sleep(0.02)
        assert read_reply(client)[0] == 200


def test_a_client_that_reads_nothing_gets_it_all_later(tmp_path, monkeypatch):
    waiting, written = [], asyncio.selector_events._SelectorSocketTransport.write

    def write(transport, octets):
        written(transport, octets)
        waiting.append(transport.get_write_buffer_size())

    monkeypatch.setattr(asyncio.selector_events._SelectorSocketTransport, "write", write)
    text = "#!ipxe\n" + "echo x\n" * 5000
    long = machine(address="127.0.0.1", netboot=Netboot(allow_pxe=True, ipxe_contents=text))
    site = make_site(tmp_path, long, bind="127.0.0.1", http_port=0)
    site.render = lambda script, _mac, _settings: script.boots.text
    with serving(site) as port, connect(port, buffer=4096) as client:
        for _each in range(300):
            client.sendall(SCRIPT)
        for _each in range(300):
            assert read_reply(client) == (200, text.encode())
    assert 0 < max(waiting) < 2.1 * len(text)  # what was sent while it was read, and one more


def test_a_client_that_asks_no_more_is_hung_up_on(site, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.2)
    with serving(site) as port, connect(port) as client:
        client.sendall(SCRIPT)
        read_reply(client)
        began = time.monotonic()
        assert client.recv(1) == b""
        assert time.monotonic() - began < PATIENCE


def test_what_is_no_request_after_a_script_is_refused(site):
    with serving(site) as port, connect(port) as client:
        client.sendall(SCRIPT)
        read_reply(client)
        client.sendall(b"nothing of HTTP\r\n\r\n")
        assert read_all(client).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("before", "statuses"),
    [(UPGRADE % (b"/a#b", b""), [b"400"]), (UPGRADE % (b"/healthz", b", close"), [b"200"])],
    ids=["refused", "last"],
)
def test_what_comes_behind_a_last_request_is_not_answered(site, before, statuses):
    # aiohttp reads on behind a request for another protocol before it sends what is answered to that.
    with serving(site) as port, connect(port) as client:
        client.sendall(before + SCRIPT)
        assert re.findall(rb"HTTP/1.1 (\d+)", read_all(client)) == statuses
    assert site.events() == []


def test_another_protocol_is_not_spoken_and_what_follows_is_answered(site):
    with serving(site) as port, connect(port) as client:
        client.sendall(UPGRADE % (b"/healthz", b"") + SCRIPT)
        assert [read_reply(client)[1][:6] for _each in range(2)] == [b"ok\n", b"#!ipxe"]


def test_connections_that_were_answered_are_closed_for_another_address(tmp_path):
    site = make_site(tmp_path, machine(address="127.0.0.1"), bind="127.0.0.1", http_port=0, http_connections=8)
    with serving(site) as port, ExitStack() as stack:
        ask(port, SCRIPT)
        held = [stack.enter_context(connect(port)) for _each in range(8)]
        for client in held[:4]:
            client.sendall(SCRIPT)
            assert read_reply(client)[0] == 200
        assert ask(port, SCRIPT, "127.0.0.2")[0] == 200
        ended, _unused, _unused = select.select(held, [], [], PATIENCE)
        assert [client.recv(1) for client in ended] == [b""]
        for client in set(held) - set(ended):
            client.sendall(SCRIPT)
            assert read_reply(client)[0] == 200


def test_who_ends_its_side_behind_a_request_is_answered(site, taken):
    with serving(site) as port:
        ask(port, SCRIPT)
        with connect(port) as client:
            client.sendall(SCRIPT)
            client.shutdown(socket.SHUT_WR)
            assert read_all(client).startswith(b"HTTP/1.1 200 ")
    assert len(taken) == 1


def test_connections_that_wait_end_with_the_server(site):
    before = descriptors()
    with ExitStack() as stack:
        with serving(site) as port:
            ask(port, SCRIPT)
            clients = [stack.enter_context(connect(port)) for _each in range(4)]
            for client in clients[:2]:
                client.sendall(SCRIPT)
                read_reply(client)
            began = time.monotonic()
        assert time.monotonic() - began < PATIENCE
        assert [client.recv(1) for client in clients] == [b""] * 4
    assert eventually(lambda: descriptors() == before)


def test_each_wait_has_its_own_time(site, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.8)
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.3)
    with serving(site) as port:
        ask(port, SCRIPT)
        with connect(port) as answered, connect(port) as silent:
            answered.sendall(SCRIPT)
            read_reply(answered)
            assert silent.recv(1) == b""
            answered.sendall(SCRIPT)  # which was not closed meanwhile
            assert read_reply(answered)[0] == 200
            assert answered.recv(1) == b""


@pytest.fixture
def busy(monkeypatch):
    """Have who was accepted been heard at once, and looked at again before it is waited for, as where many ask."""
    plain = quick_connections.acceptor_of

    def acceptor_of(listener):
        accept = plain(listener)

        def accept_late():
            accepted = accept()
            time.sleep(0.02)
            return accepted

        return accept_late

    monkeypatch.setattr(quick_connections, "FEW", 0)
    monkeypatch.setattr(quick_connections, "acceptor_of", acceptor_of)


@pytest.mark.usefixtures("busy")
def test_who_ends_once_it_has_its_script_is_never_waited_for(site, held, monkeypatch):
    looked, plain = [], quick_connections.QuickConnections._look
    monkeypatch.setattr(quick_connections, "AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(quick_connections.QuickConnections, "_look", lambda quick: looked.append(1) or plain(quick))
    before = descriptors()
    with serving(site) as port:
        ask(port, SCRIPT)
        for _each in range(3):
            assert ask(port, SCRIPT)[0] == 200
        assert eventually(lambda: held() == 0)
        assert looked == []
    assert eventually(lambda: descriptors() == before)


@pytest.mark.usefixtures("busy")
def test_who_asks_on_is_answered_also_where_it_is_looked_at_again(site):
    with serving(site) as port:
        first = ask(port, SCRIPT)
        with connect(port) as at_once, connect(port) as later, connect(port) as another:
            for _each in range(3):
                at_once.sendall(SCRIPT)
                assert read_reply(at_once) == first
            later.sendall(SCRIPT)
            assert read_reply(later) == first
            time.sleep(0.05)
            later.sendall(SCRIPT)
            assert read_reply(later) == first
            another.sendall(SCRIPT)
            read_reply(another)
            another.sendall(HEALTH)  # which aiohttp answers
            assert read_reply(another)[0] == 200


@pytest.mark.usefixtures("busy")
def test_who_asks_no_more_is_hung_up_on_also_where_it_was_to_be_looked_at(site, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(quick_connections, "AGAIN_SECONDS", 0.4)
    with serving(site) as port:
        ask(port, SCRIPT)
        with connect(port) as client:
            client.sendall(SCRIPT)
            read_reply(client)
            assert client.recv(1) == b""
        with connect(port) as client:  # by then its descriptor may be another client's
            client.sendall(SCRIPT)
            assert read_reply(client)[0] == 200
            time.sleep(0.5)
        assert ask(port, SCRIPT)[0] == 200
    assert [line for line in site.lines() if line["event"] == "fault"] == []


@pytest.mark.usefixtures("busy")
def test_a_fault_with_one_leaves_the_others_that_were_to_be_looked_at(site, held, monkeypatch):
    monkeypatch.setattr(quick_connections, "AGAIN_SECONDS", 0.3)
    with serving(site) as port:
        first = ask(port, SCRIPT)
        ask(port, SCRIPT)  # is read by aiohttp no more
        with connect(port) as faulty, connect(port) as other:
            for client in (faulty, other):
                client.sendall(SCRIPT)
            assert [read_reply(client) for client in (faulty, other)] == [first, first]
            monkeypatch.setattr(quick_connections, "whole", lambda _client: 1 // 0)
            faulty.sendall(HEALTH)  # handed on, which fails
            assert eventually(lambda: any(line["event"] == "fault" for line in site.lines()))
            other.sendall(SCRIPT)
            assert read_reply(other) == first
            assert held() == 1  # the other's


def test_clients_are_accepted_without_what_lies_below_pythons_sockets(site, monkeypatch):
    monkeypatch.setattr(quick_connections, "acceptor_of", lambda listener: lambda: accepted_by(listener))

    def accepted_by(listener):
        client, address = listener.accept()
        return client, address[0]

    with serving(site) as port:
        assert ask(port, SCRIPT) == ask(port, SCRIPT)
        assert ask(port, HEALTH)[0] == 200
