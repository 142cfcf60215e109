# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large files from the running server: whole, by sendfile or without, changing meanwhile, and in little memory."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import threading

import pytest

from _bootd.http import file_sending, recently_opened
from _bootd.http.connection import Connection
from _bootd.http.file_body import MAX_SEND, FileBody
from clients.http_client import BIG, FETCH, HEALTH, ask, connect, eventually, read_all, read_reply, site_with
from programs.require import require
from servers.http_site import serving


@pytest.fixture
def site(tmp_path):
    """Return a site of the machine at 127.0.0.1, with one large image."""
    return site_with(tmp_path)


def test_file_arrives_as_it_is(tmp_path, site):
    with serving(site) as port:
        status, content = ask(port, FETCH)
    assert (status, content) == (200, (tmp_path / "images/big").read_bytes())
    assert eventually(lambda: [seen.kind for seen in site.events()] == ["loaded"])


def test_file_from_a_file_system_without_sendfile(tmp_path, site, monkeypatch):
    def sendfile(*_arguments):
        raise OSError(errno.EINVAL, "not here")

    monkeypatch.setattr(os, "sendfile", sendfile)
    with serving(site) as port:
        status, content = ask(port, FETCH.replace(b"\r\n\r\n", b"\r\nRange: bytes=1000-5000999\r\n\r\n"))
    assert (status, content) == (206, (tmp_path / "images/big").read_bytes()[1000:5001000])


def test_what_a_client_takes_at_once_is_not_waited_for(tmp_path, site, monkeypatch):
    monkeypatch.setattr(file_sending.FileSending, "go_on", None)
    whole = (tmp_path / "images/big").read_bytes()
    with serving(site) as port, connect(port) as client:
        for place in range(3):
            part = b"Range: bytes=%d-%d" % (1000 * place, 1000 * place + 999)
            client.sendall(FETCH.replace(b"\r\n\r\n", b"\r\n%s\r\n\r\n" % part))
            assert read_reply(client) == (206, whole[1000 * place : 1000 * (place + 1)])


def test_what_is_not_in_memory_is_waited_for_in_another_thread(tmp_path, site, monkeypatch):
    readers, preadv = [], os.preadv
    fetch = FileBody.fetch

    def cold(*_arguments):
        """Say that nothing of the file is in memory."""
        raise BlockingIOError

    def read(body):
        readers.append(threading.current_thread().name)
        fetch(body)

    monkeypatch.setattr(os, "preadv", cold)
    monkeypatch.setattr(FileBody, "fetch", read)
    with serving(site) as port:
        status, content = ask(port, FETCH)
    monkeypatch.setattr(os, "preadv", preadv)
    assert (status, content) == (200, (tmp_path / "images/big").read_bytes())
    assert len(readers) >= BIG // MAX_SEND
    assert all(name.startswith("http-disk") for name in readers)


def test_others_are_served_while_a_disk_is_slow(site, monkeypatch):
    monkeypatch.setattr(FileBody, "is_at_hand", lambda _body: False)
    reading, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(FileBody, "fetch", lambda _body: (reading.set(), go_on.wait(10)))
    with serving(site) as port, connect(port) as client:
        client.sendall(FETCH)
        assert reading.wait(10)
        assert ask(port, HEALTH)[0] == 200
        client.close()
        assert ask(port, HEALTH)[0] == 200
        go_on.set()


def test_file_that_shrinks_ends_the_connection(tmp_path, site):
    with serving(site) as port, connect(port, buffer=65536) as client:
        client.sendall(FETCH)
        client.recv(1000)
        os.truncate(tmp_path / "images/big", 2_000_000)
        # Never padded, never another length: the client sees that it is cut off.
        assert len(read_all(client)) < BIG
    assert site.events() == []


def test_file_that_is_removed_is_sent_to_its_end(tmp_path, site):
    with serving(site) as port, connect(port, buffer=65536) as client:
        client.sendall(FETCH)
        start = client.recv(1000)
        os.unlink(tmp_path / "images/big")
        with client:
            length = len(start.partition(b"\r\n\r\n")[2])
            while length < BIG:
                length += len(client.recv(1 << 20))


def test_a_file_that_was_just_opened_is_had_without_a_thread(tmp_path, site, monkeypatch):
    threads, application = [], type(site.app)
    plain, now = application.__call__, [100.0]

    def called(self, environ, start_response):
        threads.append(threading.current_thread().name.partition("_")[0])
        return plain(self, environ, start_response)

    monkeypatch.setattr(application, "__call__", called)
    monkeypatch.setattr(recently_opened.RecentlyOpened.__init__, "__defaults__", (lambda: now[0],))
    whole = (tmp_path / "images/big").read_bytes()
    part = FETCH.replace(b"\r\n\r\n", b"\r\nRange: bytes=5-104\r\n\r\n")
    answers = []
    with serving(site) as port, connect(port) as client:
        for seconds in (0.0, 0.9, 0.2, 0.1):
            now[0] += seconds
            client.sendall(part)
            answers.append(read_reply(client))
        (tmp_path / "images/new").write_bytes(whole[::-1])
        os.rename(tmp_path / "images/new", tmp_path / "images/big")
        client.sendall(part)
        answers.append(read_reply(client))
        os.unlink(tmp_path / "images/big")
        client.sendall(part)
        assert read_reply(client) == (404, b"no such file\n")
    assert answers == [(206, whole[5:105])] * 4 + [(206, whole[::-1][5:105])]
    # The second is 0.9 s after a thread has opened it, the third 1.1 s.
    assert threads == ["http-route", "http", "http-route", "http", "http", "http"]


def without_date(answer: bytes) -> bytes:
    """Return a response with another date."""
    return re.sub(rb"\r\nDate: [^\r]{29}\r\n", b"\r\nDate: today\r\n", answer)


@pytest.fixture
def taken(monkeypatch):
    """Return the connections that aiohttp was given; what was opened once counts as just opened."""
    for name in ("RENEW_SECONDS", "OPENED_SECONDS"):
        monkeypatch.setattr(recently_opened, name, 1000.0)
    connections, plain = [], Connection.connection_made

    def made(self, transport):
        connections.append(self)
        plain(self, transport)

    monkeypatch.setattr(Connection, "connection_made", made)
    return connections


@pytest.mark.parametrize(
    ("more", "status"),
    [
        (b"", 200),
        (b"Range: bytes=100-199\r\n", 206),
        (b"Range: bytes=1000000-\r\n", 206),
        (b"Range: bytes=67108864-\r\n", 416),
        (b"If-None-Match: *\r\n", 304),
        (b'If-Match: "other"\r\n', 412),
        (b'Range: bytes=0-9\r\nIf-Range: "other"\r\n', 200),
    ],
)
def test_the_same_octets_by_a_thread_by_aiohttp_and_by_neither(site, taken, more, status):
    os.truncate(os.path.join(site.settings.image_dir, "big"), 2_000_000)
    part, answers = FETCH.replace(b"\r\n\r\n", b"\r\n%s\r\n" % more), []
    with serving(site) as port:
        if status >= 300:
            ask(port, FETCH.replace(b"\r\n\r\n", b"\r\nRange: bytes=0-0\r\n\r\n"))  # which opens it
        read = []
        # Sent otherwise than aiohttp has read it, it is read again.
        for request in (part, part.replace(b"Host: ", b"Host:"), part, part):
            with connect(port) as client:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                answers.append(without_date(read_all(client)))
            read.append(len(taken))
    assert answers[0].startswith(b"HTTP/1.1 %d " % status)
    assert [len(answer) for answer in answers] == [len(answers[0])] * 4
    assert answers[1:] == answers[:1] * 3
    assert read[0] < read[1] == read[3] if status < 300 else read[1] == read[3]


def test_ranges_on_one_connection_that_aiohttp_never_sees(tmp_path, site, taken):
    whole = (tmp_path / "images/big").read_bytes()
    with serving(site) as port:
        ask(port, FETCH.replace(b"\r\n\r\n", b"\r\nRange: bytes=0-0\r\n\r\n"))
        with connect(port) as client:
            for place in range(0, 20_000_000, 4_000_000):
                client.sendall(
                    FETCH.replace(b"\r\n\r\n", b"\r\nRange: bytes=%d-%d\r\n\r\n" % (place, place + 3_999_999))
                )
                assert read_reply(client) == (206, whole[place : place + 4_000_000])
            client.sendall(HEALTH)  # which aiohttp has to read
            assert read_reply(client)[0] == 200
    assert len(taken) == 2


@pytest.fixture
def begun(site, monkeypatch):
    """Return what serves the site, a download that aiohttp knows nothing of having begun, the client and the port."""
    for name in ("RENEW_SECONDS", "OPENED_SECONDS"):
        monkeypatch.setattr(recently_opened, name, 1000.0)
    monkeypatch.setattr(file_sending, "PROGRESS_SECONDS", 0.05)
    with serving(site) as port:
        ask(port, FETCH.replace(b"\r\n\r\n", b"\r\nRange: bytes=0-0\r\n\r\n"))
        with connect(port, buffer=65536) as client:
            client.sendall(FETCH)
            assert client.recv(15) == b"HTTP/1.1 200 OK"
            yield client, port


def ends(site) -> list[str]:
    """Return how the files ended that were sent, by the log."""
    return [line["reason"] for line in site.lines() if line.get("reason", "").startswith("the client left")]


def test_a_client_that_leaves_ends_what_is_sent_to_it(site, taken, begun):
    client, port = begun
    client.close()
    assert eventually(lambda: len(ends(site)) == 1)
    assert len(taken) == 1
    assert ask(port, HEALTH)[0] == 200


def test_a_client_that_takes_nothing_is_hung_up_on(site, monkeypatch, begun):
    monkeypatch.setattr(file_sending, "STALL_SECONDS", 0.3)
    client, _port = begun
    assert eventually(lambda: len(ends(site)) == 1)
    assert len(read_all(client)) < BIG


def test_what_is_sent_ends_with_the_server(site, begun):
    client, _port = begun
    assert ends(site) == []
    assert client.fileno() > 0


def test_what_is_asked_for_meanwhile_is_answered_afterwards(taken, begun):
    client, _port = begun
    client.sendall(HEALTH)
    assert read_up_to(client, b"\r\n\r\nok\n") > BIG
    assert len(taken) == 2  # with the last one


def read_up_to(client, end: bytes) -> int:
    """Read until ``end`` has come; return how many octets that were."""
    length, last = 0, b""
    while not last.endswith(end):
        piece = client.recv(1 << 20)
        assert piece
        length, last = length + len(piece), last[-len(end) :] + piece
    return length


@pytest.mark.parametrize("cold", [1, 3])
def test_what_is_not_in_memory_is_read_by_another_thread_also_without_aiohttp(tmp_path, site, monkeypatch, taken, cold):
    asked, readers, plain, fetch = [], [], FileBody.is_at_hand, FileBody.fetch

    def is_at_hand(body):
        asked.append(1)
        return len(asked) % cold != 0 and plain(body)

    def read(body):
        readers.append(threading.current_thread().name)
        fetch(body)

    with serving(site) as port:
        ask(port, FETCH.replace(b"\r\n\r\n", b"\r\nRange: bytes=0-0\r\n\r\n"))
        monkeypatch.setattr(
            FileBody, "is_at_hand", is_at_hand if cold > 1 else lambda body: body._at_hand_to > body.offset + body.sent
        )
        monkeypatch.setattr(FileBody, "fetch", read)
        status, content = ask(port, FETCH)
    assert (status, content) == (200, (tmp_path / "images/big").read_bytes())
    assert len(taken) == 1
    assert readers and all(name.startswith("http-disk") for name in readers)


def resident() -> int:
    """Return the resident memory of this process, in octets."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_memory_is_flat_while_large_files_are_sent(tmp_path, site):
    require("curl")
    os.truncate(tmp_path / "images/big", 1 << 30)
    with serving(site) as port:
        assert ask(port, HEALTH)[0] == 200
        before = peak = resident()
        command = ["curl", "--silent", "--fail", "--output", "/dev/null", f"http://127.0.0.1:{port}/images/big"]
        fetches = [subprocess.Popen(command) for _unused in range(3)]
        while any(fetch.poll() is None for fetch in fetches):
            peak = max(peak, resident())
            threading.Event().wait(0.02)
        assert [fetch.returncode for fetch in fetches] == [0, 0, 0]
        assert peak - before < 8 * 1024 * 1024
