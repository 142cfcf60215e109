# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/api/v1/events`` under curl, and under clients that read slowly, or are too many."""

from __future__ import annotations

import json
import re
import subprocess
import time
from contextlib import ExitStack

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.http import event_stream, server
from clients.http_client import PATIENCE, connect, eventually, read_all
from programs.require import require
from servers.http_site import KEY, MAC, NOW, machine, make_site, serving

FOLLOW = b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def site(tmp_path):
    return make_site(
        tmp_path,
        machine(),
        *(machine(f"m{i}", f"52:54:00:00:01:{i:02x}", "") for i in range(40)),
        bind="127.0.0.1",
        http_port=0,
    )


@pytest.fixture
def port(site):
    with serving(site) as port:
        yield port


def record(site, sent):
    site.journal.record(Event(KEY, MAC, NOW + sent, events.Script("harvester", "http", sent)))


def told(text):
    """The server-sent events in ``text``: number, kind and data of each."""
    found = re.findall(r"id: (\d+)\nevent: (\w+)\ndata: (.*)\n\n", text)
    return [(int(number), kind, json.loads(data)) for number, kind, data in found]


def follow(port, *arguments, seconds=1):
    require("curl")
    argv = ["curl", "-sN", "-m", str(seconds), *arguments, f"http://127.0.0.1:{port}/api/v1/events"]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def test_curl_is_told_all_and_then_what_changes(site, port):
    client = follow(port, "-i", seconds=2)
    time.sleep(0.8)
    record(site, 7)
    text = client.communicate(timeout=PATIENCE)[0]
    assert "Content-Type: text/event-stream" in text
    assert "Cache-Control: no-store" in text
    first, *rest = told(text)
    assert first[1:] == ("reset", {})
    names = [data["name"] for _number, kind, data in rest if kind == "machine"]
    assert sorted(set(names)) == sorted(item.name for item in site.catalog.machines())
    assert {kind for _number, kind, _data in rest} == {"machine", "health", "unknown", "complete"}
    number, kind, last = rest[-1]
    assert (kind, last["name"], last["bytes"]["http"]) == ("machine", "um790-1", 7)
    numbers = [item[0] for item in told(text)]
    assert numbers == sorted(numbers)
    # Whoever comes again is told what it has missed.
    record(site, 1)
    missed = told(follow(port, "-H", f"Last-Event-ID: {number}").communicate(timeout=PATIENCE)[0])
    assert [(kind, data["bytes"]["http"]) for _number, kind, data in missed] == [("machine", 8)]


def test_a_client_that_reads_nothing_is_no_burden_and_is_hung_up_on(site, port, monkeypatch):
    monkeypatch.setattr(event_stream, "STALL_SECONDS", 0.5)
    with connect(port) as client:
        client.sendall(FOLLOW)
        big = {f"fact{number}": "x" * 250 for number in range(30)}
        deadline = time.monotonic() + PATIENCE
        # What is sent, and not taken, fills the buffers of both sockets; then bootd ends it.
        while site.counted("/api/v1/events", 200) == 0 or _is_served(client):
            assert time.monotonic() < deadline, "it is still served"
            for item in site.catalog.machines():
                site.journal.record(Event(item.key, MAC, time.time(), events.Facts(big)))
            time.sleep(0.05)


def _is_served(client):
    try:
        client.send(b"\r\n")
    except OSError:
        return False
    return True


def test_the_65th_client_is_told_so(site, monkeypatch):
    monkeypatch.setattr(event_stream, "MAX_STREAMS", 2)
    with serving(site) as port, ExitStack() as stack:
        for _number in range(2):
            client = stack.enter_context(connect(port))
            client.sendall(FOLLOW)
            assert client.recv(12) == b"HTTP/1.1 200"
        with connect(port) as late:
            late.sendall(FOLLOW)
            reply = read_all(late)
        assert reply.startswith(b"HTTP/1.1 503 ")
        assert b"follow the events already" in reply
        client.close()
        # Its place is free as soon as bootd has noticed.
        assert eventually(lambda: _follows(port))


def test_one_address_with_all_places_keeps_no_other_from_following(site, monkeypatch):
    monkeypatch.setattr(event_stream, "MAX_STREAMS", 2)
    with serving(site) as port, ExitStack() as stack:
        for _number in range(2):
            client = stack.enter_context(connect(port))
            client.sendall(FOLLOW)
            assert client.recv(12) == b"HTTP/1.1 200"
        with connect(port, source="127.0.0.2") as other:
            other.sendall(FOLLOW)
            assert other.recv(12) == b"HTTP/1.1 200"


def _follows(port):
    with connect(port) as client:
        client.sendall(FOLLOW)
        return client.recv(12) == b"HTTP/1.1 200"


def test_bootd_stops_at_once_while_somebody_follows(site, monkeypatch):
    monkeypatch.setattr(server, "SHUTDOWN_SECONDS", 60.0)  # for who does not end
    with ExitStack() as stack:
        with serving(site) as port:
            client = stack.enter_context(connect(port))
            client.sendall(FOLLOW)
            client.recv(12)
            began = time.monotonic()
        assert time.monotonic() - began < server.SHUTDOWN_SECONDS
