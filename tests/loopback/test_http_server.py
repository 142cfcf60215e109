# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running server under clients that are many, hostile or gone."""

from __future__ import annotations

import resource
import socket
import struct
import threading
import time
from contextlib import ExitStack

import pytest

from _bootd.http.server import HttpServer
from _bootd.http.wsgi_environ import MAX_BODY
from _bootd.process import health
from clients.http_client import (
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
from clients.http_smuggling import GET, SMUGGLED, post
from servers.http_site import MAC, machine, make_site, serving

# Requests


@pytest.mark.parametrize("octets", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_smuggling(served, octets):
    with connect(served[1]) as client:
        client.sendall(octets + HEALTH)
        reply = read_all(client)
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in reply
    # One answer, then the end: what follows a bad request is never taken for a good one.
    assert reply.count(b"HTTP/1.1") == 1
    assert reply.endswith(b"\n")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    site = site_with(tmp_path_factory.mktemp("site"))
    with serving(site) as port:
        yield site, port


def test_spaces_in_a_request_line_are_read_in_one_way(served):
    # RFC 9112, section 3, lets a server divide the line at any whitespace, as aiohttp's parser in C does and the one in
    # Python does not. Either what follows is in step, or there is one answer and the end.
    with connect(served[1]) as client:
        client.sendall(HEALTH.replace(b"GET /", b"GET  /") + GET.replace(b"1.1\r\n", b"1.1\r\nConnection: close\r\n"))
        reply = read_all(client)
    assert [answer.split()[0] for answer in reply.split(b"HTTP/1.1 ")[1:]] in ([b"200", b"404"], [b"400"])


def test_pipelined_requests_are_answered_in_order(served):
    with connect(served[1]) as client:
        client.sendall(HEALTH * 3 + GET + HEALTH.replace(b"1.1\r\n", b"1.1\r\nConnection: close\r\n"))
        reply = read_all(client)
    assert [answer.split()[0] for answer in reply.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"200", b"404", b"200"]


def test_request_octet_by_octet(served):
    with connect(served[1]) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in PHONE_HOME:
            client.send(bytes([octet]))
        assert read_reply(client)[0] == 200


def test_client_that_ends_its_side_is_answered(served):
    with connect(served[1]) as client:
        client.sendall(HEALTH)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client).endswith(b"ok\n")


def test_too_large_body_is_refused_readably(served):
    with connect(served[1]) as client:
        client.sendall(post(b"Content-Length: %d" % (10 * MAX_BODY)))
        # The client goes on sending; were the connection just closed, a RST would take the answer away.
        client.sendall(b"x" * (10 * MAX_BODY))
        assert b" 413 " in read_all(client).partition(b"\r\n")[0]


def test_client_that_waits_to_be_invited(served):
    with connect(served[1]) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(post(b"Content-Length: 40", b"Expect: 100-continue").replace(b"/a", b"/phone-home"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for octet in b'{"type": "' + b"x" * 28 + b'"}':
            client.send(bytes([octet]))
        assert read_reply(client)[0] == 200


def test_largest_body(served):
    content = b'{"type": "' + b"x" * (MAX_BODY - 12) + b'"}'
    request = post(b"Content-Length: %d" % MAX_BODY, body=content).replace(b"/a", b"/phone-home")
    assert ask(served[1], request)[0] == 200


def test_deeply_nested_json(served):
    content = b"[" * MAX_BODY
    request = post(b"Content-Length: %d" % MAX_BODY, body=content).replace(b"/a", b"/phone-home")
    assert ask(served[1], request)[0] == 400


def test_large_head(served):
    assert ask(served[1], b"GET / HTTP/1.1\r\nX: " + b"a" * 17000)[0] == 431
    assert ask(served[1], b"GET /" + b"a" * 17000)[0] == 414


def test_fault_in_the_application_is_one_500(site, monkeypatch):
    def app(_environ, _start_response):
        raise RuntimeError("a fault")

    monkeypatch.setattr(site, "app", app)
    with serving(site) as port:
        assert ask(port, HEALTH)[0] == 500
        assert ask(port, HEALTH)[0] == 500


def test_many_clients_at_once(served):
    wrong = []

    def client_of(number: int) -> None:
        with connect(served[1]) as client:
            for turn in range(50):
                client.sendall(b"GET /images/n%d-%d HTTP/1.1\r\nHost: bootd\r\n\r\n" % (number, turn) + HEALTH)
                if (read_reply(client)[0], read_reply(client)) != (404, (200, b"ok\n")):
                    wrong.append((number, turn))

    threads = [threading.Thread(target=client_of, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# Clients that are gone, and the end


def test_clients_that_leave_at_once_leave_nothing_behind(site):
    reset = struct.pack("ii", 1, 0)
    with serving(site) as port:
        assert ask(port, HEALTH)[0] == 200
        assert eventually(lambda: all(line["event"] == "http" for line in site.lines()))
        before = descriptors()
        for turn in range(2000):
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            if turn % 2:
                client.sendall((FETCH, HEALTH, b"GET /", PHONE_HOME)[turn // 2 % 4])
            client.close()
        assert ask(port, HEALTH)[0] == 200
        assert eventually(lambda: descriptors() <= before)
    assert [line for line in site.lines() if line["event"] == "fault"] == []


def test_stop_ends_everything(site):
    before, threads = descriptors(), threading.active_count()
    with ExitStack() as stack:
        with serving(site) as port:
            stack.enter_context(clients(port, 3))
            stack.enter_context(clients(port, 3, b"GET /"))
            stack.enter_context(clients(port, 3, FETCH, buffer=4096))
            kept = stack.enter_context(connect(port))
            kept.sendall(HEALTH)
            assert read_reply(kept)[0] == 200
            started = time.monotonic()
        assert time.monotonic() - started < 3
        assert read_all(kept) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(port)
    assert (descriptors(), threading.active_count()) == (before, threads)


def end_thread() -> None:
    raise SystemExit


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_server_whose_thread_has_ended_is_a_fault(site):
    server = HttpServer(site.services, site.app)
    server.open()
    server.start()
    with connect(server.port) as client:
        client.sendall(HEALTH)
        assert read_reply(client)[0] == 200
        server.loop.call_soon(end_thread)
        assert eventually(lambda: site.services.health.faults() != [])
    assert site.services.health.faults()[0].startswith("http: its thread has ended: SystemExit")
    server.stop()


def test_server_that_is_stuck_is_a_fault(site, monkeypatch):
    monkeypatch.setattr(health, "STUCK", 0.2)
    server = HttpServer(site.services, site.app)
    server.open()
    server.start()
    try:
        assert ask(server.port, HEALTH) == (200, b"ok\n")
        released = threading.Event()
        server.loop.call_soon(released.wait)
        assert eventually(lambda: site.services.health.faults() != [])
        assert "has been at one piece of work" in site.services.health.faults()[0]
        released.set()
        assert eventually(lambda: site.services.health.faults() == [])
    finally:
        server.stop()


def test_stop_of_a_server_that_never_started(site):
    server = HttpServer(site.services, site.app)
    server.stop()
    server.open()
    assert server.port > 0
    server.stop()
    assert server.port == 0


def test_open_a_port_that_is_taken(tmp_path, site):
    with serving(site) as port:
        taken = HttpServer(make_site(tmp_path, machine(), bind="127.0.0.1", http_port=port).services)
        with pytest.raises(OSError, match="in use"):
            taken.open()


def test_no_descriptor_for_a_connection_is_told_once_a_second_until_there_is_one(site):
    def told() -> list[str]:
        return [line["reason"] for line in site.lines() if line["event"] == "fault"]

    with serving(site) as port, ExitStack() as stack:
        assert ask(port, HEALTH) == (200, b"ok\n")  # it has the descriptors that it starts with
        waiting = [stack.enter_context(socket.socket()) for _unused in range(20)]
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, limits[1]))
        try:
            for client in waiting:
                client.connect(("127.0.0.1", port))
            assert eventually(told)
            time.sleep(0.3)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for client in waiting:
            client.settimeout(PATIENCE)
            client.sendall(HEALTH)
            assert read_reply(client) == (200, b"ok\n")
    assert 1 <= len(told()) <= 3
    assert "Too many open files" in told()[0]


def test_refused_requests_are_one_log_line_each(site):
    with serving(site) as port:
        for octets in SMUGGLED.values():
            ask(port, octets)
    lines = site.lines()
    assert len(lines) == len(SMUGGLED)
    assert {(line["event"], line["status"], line["client"]) for line in lines} == {("http", 400, "127.0.0.1")}
    assert site.counted("none", 400) == len(SMUGGLED)


@pytest.mark.parametrize(("header", "status"), [(b"X-Forwarded-For", 404), (b"X_Forwarded_For", 200)])
def test_header_with_underscores_passes_for_no_other(tmp_path, header, status):
    site = site_with(tmp_path, trusted_proxies=("127.0.0.0/8",))
    request = b"GET /auto.ipxe HTTP/1.1\r\nHost: bootd\r\n" + header + b": 10.10.0.99\r\n\r\n"
    with serving(site) as port:
        assert ask(port, request)[0] == status


def test_machine_is_known_by_its_connection(site):
    with serving(site) as port:
        status, content = ask(port, HEALTH.replace(b"/healthz", b"/auto.ipxe"))
    assert (status, MAC.encode() in content) == (200, True)
