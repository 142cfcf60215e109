# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with connections that aiohttp never sees costs one answer at most, and nothing is held afterwards."""

from __future__ import annotations

import asyncio.selector_events
import os
import socket
import threading
import time

import pytest

from _bootd.decisions.events import Loaded
from _bootd.hardware.model import Netboot
from _bootd.http import connection, file_sending, recently_opened
from _bootd.http.connection import Connection
from _bootd.http.downloads import Download
from _bootd.http.file_body import FileBody
from clients.http_client import (
    FETCH,
    HEALTH,
    RESET,
    ask,
    connect,
    descriptors,
    eventually,
    read_all,
    read_reply,
    site_with,
)
from servers.http_site import MAC, machine, make_site, serving

PART = FETCH.replace(b"/big", b"/vmlinuz").replace(b"\r\n\r\n", b"\r\nRange: bytes=0-9\r\n\r\n")
WHOLE = FETCH.replace(b"/big", b"/vmlinuz")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a site with one large kernel; what was opened once counts as just opened."""
    for name in ("RENEW_SECONDS", "OPENED_SECONDS"):
        monkeypatch.setattr(recently_opened, name, 1000.0)
    monkeypatch.setattr(file_sending, "PROGRESS_SECONDS", 0.05)
    made = site_with(tmp_path)
    (tmp_path / "images/big").rename(tmp_path / "images/vmlinuz")
    return made


def faults(site) -> list[str]:
    """Return what the log says of faults."""
    return [line["reason"] for line in site.lines() if line["event"] == "fault"]


def test_a_fault_behind_a_file_that_was_sent_holds_no_connection(site, held, monkeypatch):
    plain = site.journal.record

    def record(event, **options):
        if isinstance(event.detail, Loaded):
            raise LookupError("no such machine")
        return plain(event, **options)

    with serving(site) as port:
        ask(port, PART)
        monkeypatch.setattr(site.services.journal, "record", record)
        last = PART.replace(b"0-9", b"67108854-")
        for begins_with in (last, HEALTH):
            with connect(port) as client:
                client.sendall(last)
                assert read_reply(client)[0] == 206
                client.sendall(begins_with)
                assert read_reply(client)[0] in (200, 206)
        assert eventually(lambda: held() == 0)
        assert ask(port, PART)[0] == 206
    assert set(faults(site)) == {"LookupError: no such machine"}
    assert len(faults(site)) == 3


def test_a_fault_while_a_file_is_sent_does_not_keep_who_takes_nothing(site, held, monkeypatch):
    monkeypatch.setattr(file_sending, "STALL_SECONDS", 0.3)
    with serving(site) as port:
        ask(port, PART)
        monkeypatch.setattr(Download, "sent", lambda *_unused: 1 / 0)
        with connect(port, buffer=65536) as client:
            client.sendall(WHOLE)
            assert len(client.recv(1 << 16)) > 0
            assert eventually(lambda: held() == 0)
            assert read_all(client)
    assert set(faults(site)) == {"ZeroDivisionError: division by zero"}


@pytest.mark.parametrize("when", ["close", "sent"], ids=["behind it", "within it"])
def test_a_fault_adds_nothing_to_a_file_that_aiohttp_sends(site, held, monkeypatch, when):
    monkeypatch.setattr(file_sending, "PROGRESS_SECONDS", 0.05)
    kernel = os.path.join(site.settings.image_dir, "vmlinuz")
    if when == "close":
        os.truncate(kernel, 1000)
        plain = FileBody.close
        monkeypatch.setattr(FileBody, "close", lambda body: plain(body) or 1 / 0)
    else:
        monkeypatch.setattr(Download, "sent", lambda *_unused: 1 / 0)
    with open(kernel, "rb") as file:
        content = file.read()
    with serving(site) as port:
        with connect(port, buffer=65536) as client:
            client.sendall(WHOLE)
            time.sleep(0.3)
            client.shutdown(socket.SHUT_WR)
            _head, _end, body = read_all(client).partition(b"\r\n\r\n")
        assert eventually(lambda: held() == 0)
    assert content.startswith(body.removesuffix(RESET))
    assert set(faults(site)) == {"ZeroDivisionError: division by zero"}


def test_what_a_thread_reads_for_a_client_ends_with_the_server(site, monkeypatch):
    reads, goes_on = threading.Event(), threading.Event()
    before = descriptors()

    def fetch(_body):
        reads.set()
        goes_on.wait(5)

    with serving(site) as port:
        ask(port, PART)
        monkeypatch.setattr(FileBody, "is_at_hand", lambda _body: False)
        monkeypatch.setattr(FileBody, "fetch", fetch)
        client = connect(port)
        client.sendall(WHOLE)
        assert reads.wait(5)
        timer = threading.Timer(0.2, goes_on.set)
        timer.start()
    assert read_all(client)
    client.close()
    assert eventually(lambda: descriptors() == before)


def test_no_more_is_read_of_who_sends_requests_without_end(site, monkeypatch):
    taken, plain, goes_on = [], Connection.data_received, threading.Event()

    def data_received(client, octets):
        taken.append(len(octets))
        plain(client, octets)

    def add_reader(transport, descriptor, *call):  # as it is in Python 3.11.2
        transport._loop._add_reader(descriptor, *call)

    monkeypatch.setattr(Connection, "data_received", data_received)
    monkeypatch.setattr(asyncio.selector_events._SelectorTransport, "_add_reader", add_reader)
    monkeypatch.setattr(type(site.app), "__call__", lambda *_unused: goes_on.wait(10) and [])
    requests = HEALTH * 50
    with serving(site) as port, connect(port) as client:
        client.sendall(requests)
        client.setblocking(False)
        blocked_at = time.monotonic()
        while time.monotonic() < blocked_at + 0.3 and sum(taken) < 2_000_000:
            try:
                client.send(requests)
                blocked_at = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        goes_on.set()
    assert len(requests) <= sum(taken) < 1_000_000


def test_who_takes_an_answer_slowly_is_not_hung_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 1.0)
    text = "#!ipxe\n" + "echo x\n" * 3_000_000
    long = machine(address="127.0.0.1", netboot=Netboot(allow_pxe=True, ipxe_contents=text))
    made = make_site(tmp_path, long, bind="127.0.0.1", http_port=0)
    made.render = lambda script, _mac, _settings: script.boots.text
    script = HEALTH.replace(b"/healthz", b"/%s/auto.ipxe" % MAC.encode())
    with serving(made) as port:
        ask(port, script)
        with connect(port, buffer=65536) as client:
            client.sendall(script)
            ends, taken = time.monotonic() + 1.3, 0
            while time.monotonic() < ends:  # so that there is always more to be sent
                taken += len(client.recv(100_000))
                time.sleep(0.008)
            while taken < len(text):
                piece = client.recv(1 << 20)
                assert piece
                taken += len(piece)
