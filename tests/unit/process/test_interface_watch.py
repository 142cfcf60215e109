# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An interface that goes, comes back as another one, or can't be listened on at first."""

from __future__ import annotations

import pytest

from _bootd.process import interface_watch
from _bootd.process.interface_watch import InterfaceWatch, index_of
from servers.services_in_memory import ServicesInMemory


class Bridge:
    """The interface br0 as the kernel has it, and a socket bound to it."""

    def __init__(self) -> None:
        self.index = self.bound = 7
        self.refusal: OSError | None = None

    def reopen(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.bound = self.index


@pytest.fixture
def bridge(monkeypatch) -> Bridge:
    made = Bridge()
    monkeypatch.setattr(interface_watch, "index_of", lambda name: made.index if name == "br0" else 0)
    return made


@pytest.fixture
def desk() -> ServicesInMemory:
    return ServicesInMemory([])


def watch_of(desk, bridge, **needed) -> InterfaceWatch:
    return InterfaceWatch("br0", bridge.reopen, desk.services.health.pulse("dhcp", **needed), desk.services.log)


def look_at(watch: InterfaceWatch, bridge: Bridge, *indexes: int) -> None:
    for bridge.index in indexes:
        watch.look()


def test_watch_of_an_interface_that_stays(desk, bridge):
    look_at(watch_of(desk, bridge), bridge, 7, 7, 7)
    assert (bridge.bound, desk.lines(), desk.services.health.gaps()) == (7, [], {})


def test_watch_tells_the_gap_once_and_that_it_is_over(desk, bridge):
    watch = watch_of(desk, bridge)
    look_at(watch, bridge, 0, 0, 0)
    (line,) = desk.lines()
    assert (line["event"], line["level"], line["iface"], line["server"]) == ("interface_gone", "warning", "br0", "dhcp")
    assert desk.services.health.gaps() == {"dhcp": "the interface br0 is gone"}
    assert desk.services.health.faults() == []
    look_at(watch, bridge, 12, 12)
    (line,) = desk.lines()
    assert (line["event"], line["level"], line["iface"]) == ("interface_back", "info", "br0")
    assert (bridge.bound, desk.services.health.gaps()) == (12, {})


def test_watch_of_an_interface_that_was_made_again_between_two_looks(desk, bridge):
    look_at(watch_of(desk, bridge), bridge, 12)
    assert bridge.bound == 12
    assert [line["event"] for line in desk.lines()] == ["interface_back"]


def test_watch_tries_on_where_the_new_interface_can_not_be_listened_on_yet(desk, bridge):
    watch = watch_of(desk, bridge)
    look_at(watch, bridge, 0)
    bridge.refusal = OSError(19, "No such device")
    look_at(watch, bridge, 12, 12, 12)
    assert desk.services.health.gaps() == {"dhcp": "the interface br0 can't be listened on: No such device"}
    assert [line["event"] for line in desk.lines()] == ["interface_gone", "interface_gone"]
    bridge.refusal = None
    look_at(watch, bridge, 12)
    assert (bridge.bound, desk.services.health.gaps()) == (12, {})


def test_watch_of_a_server_that_boots_do_not_need_says_so_in_the_log_only(desk, bridge):
    look_at(watch_of(desk, bridge, needed=False), bridge, 0)
    assert desk.services.health.gaps() == {}
    assert [line["event"] for line in desk.lines()] == ["interface_gone"]


def test_index_of_a_real_interface():
    assert index_of("lo") == 1
    assert index_of("nosuch0") == 0
