# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a machine has to answer, and that it is asked: against sockets that really listen, on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from _bootd.configurations.base import Configuration, ConfigurationReader
from _bootd.decisions import events
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.installers.base import Target
from _bootd.installers.harvester import answers
from _bootd.installers.registry import installer_of
from _bootd.runtime import prober
from _bootd.runtime.prober import Prober
from servers.services_in_memory import NOW, Nic, ServicesInMemory

MAC = "52:54:00:00:00:01"
HARVESTER = {"instance": {"operating_system": {"distro": "harvester"}}}
STATIC = {"method": "static", "ip": "10.10.0.31"}
PATIENCE = 10.0


def machine(address: str = "10.10.0.16", **more: object) -> Machine:
    more = {"metadata": HARVESTER, **more}
    return Machine("um790-1", interfaces=(Interface(MAC, address, netboot=Netboot(True)),), **more)


def targets(found: Machine, document: object) -> tuple[Target, ...]:
    return installer_of(found).answers_at(found, document)


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        (None, ["10.10.0.16:443"]),
        ({}, ["10.10.0.16:443"]),
        ({"role": "witness"}, ["10.10.0.16:9091"]),
        ({"mode": "create", "vip": "10.10.0.30"}, ["10.10.0.16:443", "10.10.0.30:443"]),
        ({"mode": "create", "vip": "10.10.0.16"}, ["10.10.0.16:443"]),
        ({"mode": "create", "vip": "harvester.example"}, ["10.10.0.16:443"]),
        ({"mode": "join", "vip": "10.10.0.30"}, ["10.10.0.16:443"]),
        ({"management_interface": STATIC}, ["10.10.0.31:443"]),
        ({"managementInterface": STATIC}, ["10.10.0.31:443"]),
        ({"management_interface": {**STATIC, "method": "dhcp"}}, ["10.10.0.16:443"]),
        ({"management_interface": [], "mode": 5, "vip": None}, ["10.10.0.16:443"]),
        ([], ["10.10.0.16:443"]),
    ],
)
def test_targets_follow_the_configuration(install, expected):
    document = None if install is None else {"install": install}
    assert list(map(str, targets(machine(), document))) == expected


def test_targets_of_a_machine_that_installs_something_else():
    assert targets(machine(metadata={}), None) == ()


def test_targets_of_a_machine_without_address():
    assert targets(machine(address=""), None) == ()


class Sockets:
    """The module socket, with another way to make one."""

    def __init__(self, make: Callable[..., socket.socket]) -> None:
        self.socket = make

    def __getattr__(self, name: str) -> object:
        return getattr(socket, name)


class Kept:
    """Configurations with one in it."""

    def __init__(self, install: dict[str, object]) -> None:
        self.configuration = Configuration("", {"install": install})

    def get(self, _key: str, _read: ConfigurationReader) -> Configuration:
        return self.configuration


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def asked(
    monkeypatch: pytest.MonkeyPatch, port: int, *installed: Machine, **install: object
) -> tuple[ServicesInMemory, Prober]:
    """Return a desk with machines that are installed, and a prober that asks at ``port`` in the place of 443."""
    monkeypatch.setattr(answers, "HTTPS", port)
    monkeypatch.setattr(prober, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(prober, "FOLLOW_SECONDS", 0.05)
    desk = ServicesInMemory([Nic(item, item.interfaces[0]) for item in installed])
    for item in installed:
        record(desk, item, events.Report(outcome="succeeded"))
    services = replace(desk.services, configurations=Kept(install))
    return desk, Prober(services)


def record(desk: ServicesInMemory, item: Machine, detail: events.Detail) -> None:
    desk.services.journal.record(events.Event(item.key, item.interfaces[0].mac, NOW, detail))


def wait_for(desk: ServicesInMemory, stage: str, *machines: Machine) -> None:
    wait_until(lambda: {desk.services.journal.state(item.key).stage for item in machines} == {stage})


def wait_until(happened: Callable[[], object]) -> None:
    """Return as soon as ``happened`` is true."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.005)


def tried(asking: Prober, item: Machine) -> bool:
    """Return whether the machine was asked, and asked again."""
    found = asking._probes.get(item.key)
    return found is not None and found.pause > 2 * prober.FIRST_PAUSE


def test_prober_a_machine_that_accepts_a_connection_is_ready(monkeypatch, listener):
    found = machine("127.0.0.1")
    desk, asking = asked(monkeypatch, listener.getsockname()[1], found)
    asking.start()
    wait_for(desk, "ready", found)
    asking.stop()
    (line,) = [line for line in desk.lines() if line["event"] == "machine_ready"]
    assert line["where"] == f"127.0.0.1:{listener.getsockname()[1]}"


def test_prober_asks_until_somebody_listens(monkeypatch):
    port, found = unused_port(), machine("127.0.0.1")
    desk, asking = asked(monkeypatch, port, found)
    asking.start()
    wait_until(lambda: tried(asking, found))
    assert desk.services.journal.state(found.key).stage == "installed"
    with socket.create_server(("127.0.0.1", port)):
        wait_for(desk, "ready", found)
    asking.stop()


def test_prober_asks_soon_again_once_the_machine_was_heard_of(monkeypatch):
    """Its system takes an address long after the installation: the pauses have become long by then."""
    found = machine("127.0.0.1")
    desk, asking = asked(monkeypatch, unused_port(), found)
    asking._follow_journal(0.0)
    probe = asking._probes[found.key]
    probe.due, probe.pause = 50.0, 30.0
    asking._follow_journal(40.0)
    assert (probe.due, probe.pause) == (50.0, 30.0)
    lease = events.Lease("os", netboot=False)
    desk.services.journal.record(events.Event(found.key, MAC, NOW + 40.0, lease))
    for now in (41.0, 41.01):
        asking._follow_journal(now)
        assert (probe.due, probe.pause) == (41.0 + prober.FIRST_PAUSE, prober.FIRST_PAUSE)


def test_prober_both_addresses_of_the_first_machine_have_to_answer(monkeypatch, listener):
    found, port = machine("127.0.0.1"), listener.getsockname()[1]
    desk, asking = asked(monkeypatch, port, found, mode="create", vip="127.0.0.2")
    asking.start()
    wait_until(lambda: tried(asking, found))
    assert desk.services.journal.state(found.key).stage == "installed"
    with socket.create_server(("127.0.0.2", port)):
        wait_for(desk, "ready", found)
    asking.stop()


def test_prober_a_machine_that_was_given_up_is_asked_on(monkeypatch, listener):
    found = machine("127.0.0.1")
    desk, asking = asked(monkeypatch, listener.getsockname()[1], found)
    record(desk, found, events.Overdue(reason="it does not answer"))
    assert desk.services.journal.state(found.key).stage == "failed"
    asking.start()
    wait_for(desk, "ready", found)
    asking.stop()


def test_prober_of_many_machines_opens_few_connections(monkeypatch):
    interfaces = (Interface(f"52:54:00:00:01:{number:02x}", f"127.0.1.{number + 1}") for number in range(100))
    many = [Machine(f"n{item.address}", interfaces=(item,), metadata=HARVESTER) for item in interfaces]
    with socket.create_server(("", 0)) as server:
        desk, asking = asked(monkeypatch, server.getsockname()[1], *many)
        most = 0
        count = Prober._connect

        def connect(self: Prober, *arguments: object) -> bool:
            nonlocal most
            under_way = count(self, *arguments)
            most = max(most, len(self._open))
            return under_way

        monkeypatch.setattr(Prober, "_connect", connect)
        asking.start()
        wait_for(desk, "ready", *many)
        asking.stop()
    assert 1 <= most <= prober.AT_ONCE


@pytest.mark.parametrize("stage", ["script", "installing", "ready"])
def test_prober_asks_nobody_else(monkeypatch, listener, stage):
    found = machine("127.0.0.1")
    desk, asking = asked(monkeypatch, listener.getsockname()[1])
    desk.services.catalog.upsert(found)
    kinds = {"script": events.Script(boot="harvester", via="http"), "installing": events.Report(outcome="started")}
    if stage == "ready":
        record(desk, found, events.Report(outcome="succeeded"))
        record(desk, found, events.Ready(where=""))
    else:
        record(desk, found, kinds[stage])
    asking._follow_journal(0.0)
    assert asking._probes == {}


def test_prober_of_a_replica_that_stands_by_asks_nobody(monkeypatch, listener):
    found = machine("127.0.0.1")
    _desk, asking = asked(monkeypatch, listener.getsockname()[1], found)
    asking._services = replace(asking._services, answers_dhcp=lambda: False)
    asking._follow_journal(0.0)
    assert asking._probes == {}


def test_prober_stops_while_nobody_answers_and_leaves_no_socket(monkeypatch):
    found = machine("127.0.0.1")
    _desk, asking = asked(monkeypatch, unused_port(), found)
    asking.start()
    asking.stop()
    asking.stop()
    assert asking._open == {}


def test_prober_a_fault_is_counted_once_in_a_while_and_does_not_end_it(monkeypatch, listener):
    found = machine("127.0.0.1")
    desk, asking = asked(monkeypatch, listener.getsockname()[1], found)
    monkeypatch.setattr(prober, "FAULT_PAUSE", 0.01)
    faulty = iter([True, True])
    look = asking._follow_journal

    def fail_twice(now: float) -> None:
        if next(faulty, False):
            raise RuntimeError("a fault")
        look(now)

    monkeypatch.setattr(asking, "_follow_journal", fail_twice)
    asking.start()
    wait_for(desk, "ready", found)
    asking.stop()
    assert desk.metric("handler_failures_total", protocol="ready") == 2


def test_prober_without_a_descriptor_asks_later(monkeypatch, listener):
    found = machine("127.0.0.1")
    desk, asking = asked(monkeypatch, listener.getsockname()[1], found)
    few = iter([True, True])

    def none_left(*arguments: object) -> socket.socket:
        if next(few, False):
            raise OSError(24, "Too many open files")
        return socket.socket(*arguments)

    monkeypatch.setattr(prober, "socket", Sockets(none_left))
    asking.start()
    wait_for(desk, "ready", found)
    asking.stop()


def test_target_is_told_as_people_write_it():
    assert str(Target("10.10.0.16", 443)) == "10.10.0.16:443"
