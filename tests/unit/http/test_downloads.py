# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a download is: what is summed up, how often it is told, and that both are bounded."""

from __future__ import annotations

from http.client import HTTPConnection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http import downloads as progress
from _bootd.http.downloads import MAX_FILES, MAX_MACHINES, TELL_SECONDS, Downloads
from clients.http_client import PATIENCE, eventually
from servers.http_site import machine, make_site, serving

SIZE = 1000
WHOLE = 4 * 1024 * 1024


class ServicesInMemory:
    """Downloads with a clock in hand; ``told`` is what was told."""

    def __init__(self) -> None:
        self.now = 50.0
        self.downloads = Downloads(lambda: self.now)
        self.told: list[tuple[str, int, int]] = []

    def follow(self, name: str = "a.iso", what: str = "iso", key: str = "tink/a"):
        return self.downloads.follow(key, name, what, lambda seen: self.told.append((seen.what, seen.bytes, seen.size)))

    def send(self, *turns: int, offset: int = 0, count: int = SIZE, wait: float = TELL_SECONDS, **more: str) -> None:
        """Send a response, in turns that end after so many octets."""
        download = self.follow(**more)
        download.begin(offset, count, SIZE)
        for sent in turns:
            self.now += wait
            download.sent(sent)


def test_turn_tells_what_was_sent_and_of_how_much():
    desk = ServicesInMemory()
    desk.send(100, 500, 1000)
    assert desk.told == [("iso", 100, SIZE), ("iso", 500, SIZE), ("iso", 1000, SIZE)]


def test_turn_of_ranges_adds_up():
    desk = ServicesInMemory()
    desk.send(200, offset=0, count=200)
    desk.send(100, 300, offset=200, count=300)
    assert desk.told == [("iso", 200, SIZE), ("iso", 300, SIZE), ("iso", 500, SIZE)]


def test_turn_of_a_file_that_is_loaded_again_begins_anew():
    desk = ServicesInMemory()
    desk.send(600)
    desk.send(100)
    assert desk.told[-1] == ("iso", 100, SIZE)


def test_turn_never_tells_more_than_the_whole():
    desk = ServicesInMemory()
    for _unused in range(5):
        desk.send(400, offset=600, count=400)
    assert desk.told[-1] == ("iso", SIZE, SIZE)


def test_turn_is_told_at_most_once_in_a_while_whatever_is_loaded():
    desk = ServicesInMemory()
    for number in range(100):
        desk.send(1, 2, 3, name=f"{number}.iso", wait=0.0)
    assert len(desk.told) == 1
    desk.send(10, wait=0.0, key="tink/b")
    assert len(desk.told) == 2


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2 * MAX_MACHINES), st.floats(0, 1)), max_size=200))
def test_downloads_stay_bounded_and_quiet(requests):
    desk = ServicesInMemory()
    began = desk.now
    for name, key, pause in requests:
        desk.send(5, name=str(name), key=f"tink/{key % 3}", wait=pause)
    assert len(desk.told) <= 3 * (1 + (desk.now - began) / TELL_SECONDS)
    assert all(len(item.files) <= MAX_FILES for item in desk.downloads._machines.values())


def test_downloads_of_many_machines_stay_bounded(monkeypatch):
    monkeypatch.setattr(progress, "MAX_MACHINES", 10)
    desk = ServicesInMemory()
    for number in range(100):
        desk.send(5, key=f"tink/{number}")
    assert len(desk.downloads._machines) == 10


@pytest.fixture
def site(tmp_path: Path):
    site = make_site(tmp_path, machine(address="127.0.0.1"), bind="127.0.0.1", http_port=0)
    (tmp_path / "images" / "harvester.iso").write_bytes(bytes(WHOLE))
    site.get("/auto.ipxe", "127.0.0.1")
    return site


def load(site, method: str = "GET", **headers: str) -> int:
    """Ask for the ISO over a socket; return the status."""
    with serving(site) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request(method, "/images/harvester.iso", headers=headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status


def test_server_head_is_no_progress(site):
    assert load(site, "HEAD") == 200
    assert [seen.kind for seen in site.events()] == ["script"]


def test_server_tells_of_a_download_while_it_is_sent_and_when_it_is_whole(site):
    assert load(site) == 200
    assert eventually(lambda: len(site.events()) == 3)
    _script, first, last = site.events()
    assert (first.kind, first.what, first.size) == ("progress", "iso", WHOLE)
    assert 0 < first.bytes <= WHOLE
    assert (last.kind, last.bytes) == ("loaded", WHOLE)
    assert (site.state().progress.percent, site.state().stage) == (100, "kernel")
    (document,) = site.get("/api/v1/machines").json["machines"]
    assert document["progress"] == {"what": "iso", "bytes": WHOLE, "size": WHOLE, "percent": 100}


def test_server_counts_the_part_that_was_asked_for(site):
    assert load(site, Range=f"bytes=0-{WHOLE // 4 - 1}") == 206
    assert eventually(lambda: len(site.events()) == 2)
    last = site.events()[-1]
    assert (last.kind, last.what, last.size) == ("progress", "iso", WHOLE)
    assert 0 < last.bytes <= WHOLE // 4


def test_server_says_nothing_of_other_files(site, tmp_path):
    (tmp_path / "images" / "readme").write_bytes(bytes(WHOLE))
    with serving(site) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", "/images/readme", headers={"Range": "bytes=0-1023"})
        assert len(connection.getresponse().read()) == 1024
        connection.close()
    assert [seen.kind for seen in site.events()] == ["script"]
