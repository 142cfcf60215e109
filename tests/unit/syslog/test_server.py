# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syslog server: whose lines it takes, what it tells the journal, and its thread over the loopback interface."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.hardware.model import Nic
from _bootd.syslog import server as server_module
from _bootd.syslog.server import SyslogServer
from samples import howto
from servers.services_in_memory import NOW, ServicesInMemory

HOST = "10.10.0.16"
KERNEL = "http://10.10.0.2/harvester/v1.2.0/harvester-v1.2.0-vmlinuz-amd64"
LOADED = f"<6>um790-1 ipxe: {KERNEL}... ok".encode()


@pytest.fixture
def desk() -> ServicesInMemory:
    return ServicesInMemory([howto.nic()])


def test_receive_line_of_a_machine_is_logged_kept_and_told_to_the_journal(desk):
    server = SyslogServer(desk.services)
    server.receive(LOADED, HOST)
    (line,) = desk.lines()
    assert (
        line.items()
        >= {
            "event": "syslog",
            "level": "info",
            "mac": "58:47:ca:71:d8:49",
            "machine": "um790-1",
            "host": HOST,
            "facility": "kern",
            "severity": "INFO",
            "app-name": "ipxe",
            "msg": f"{KERNEL}... ok",
        }.items()
    )
    (kept,) = server.lines.of("tink-system/um790-1")
    assert (kept.at, kept.severity, kept.app_name, kept.text) == (NOW, "INFO", "ipxe", f"{KERNEL}... ok")
    assert desk.events(howto.nic()) == [
        Event("tink-system/um790-1", "58:47:ca:71:d8:49", NOW, events.Loaded(url=KERNEL, role="kernel"))
    ]
    assert desk.metric("syslog_messages_total", outcome="kept") == 1


def test_receive_ipxe_error_reaches_the_machines_state(desk):
    text = f"<6>ipxe: {KERNEL}... Connection timed out (http://ipxe.org/4c126035)"
    SyslogServer(desk.services).receive(text.encode(), HOST)
    state = desk.services.journal.state("tink-system/um790-1")
    assert "Connection timed out" in state.error
    assert "https://ipxe.org/4c126035" in state.error


def test_receive_line_that_says_nothing_of_the_boot_is_no_event(desk):
    SyslogServer(desk.services).receive(b"<6>um790-1 ipxe: net0: 10.10.0.16/255.255.255.0 gw 10.10.0.1", HOST)
    assert desk.events(howto.nic()) == []
    assert len(desk.lines()) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"<5>kernel: Command line: harvester.token=hush",
        b"<6>password: hush",  # the name is a tag there
        b"<6>um790-1 root_password: hush",
        b"<6>token=hush: x",
        b"<6>1 - um790-1 password - - - hush",  # RFC 5424
        b"<6>um790-1 ipxe: http://u:hush@h/vmlinuz... ok",
        b"<6>um790-1 ipxe: token: hush (http://ipxe.org/2d0c613b)",
    ],
)
def test_receive_secret_goes_nowhere(desk, line):
    server = SyslogServer(desk.services)
    server.receive(line, HOST)
    told = [desk.lines(), server.lines.of("tink-system/um790-1"), desk.events(howto.nic())]
    told.append(desk.services.journal.state("tink-system/um790-1"))
    assert len(server.lines) == 1
    assert "hush" not in str(told)


@pytest.mark.parametrize("source", ["10.10.0.17", "127.0.0.1"])
def test_receive_unknown_source_is_counted_and_told_once_in_a_while(desk, source):
    server = SyslogServer(desk.services)
    for number in range(500):
        server.receive(LOADED, source)
        server.receive(LOADED, f"192.0.2.{number % 256}")
    (line,) = desk.lines()
    assert (line["event"], line["level"], line["host"]) == ("syslog_unknown", "info", source)
    assert len(server.lines) == 0
    assert desk.metric("syslog_messages_total", outcome="unknown") == 1000


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty"), (b"a" * 8193, "too_big")])
def test_receive_no_message_is_counted_by_its_reason(desk, data, reason):
    server = SyslogServer(desk.services)
    for _unused in range(500):
        server.receive(data, HOST)
    (line,) = desk.lines()
    assert (line["event"], line["level"], line["reason"]) == ("syslog_dropped", "warning", reason)
    assert (line["machine"], line["mac"], line["host"]) == ("um790-1", "58:47:ca:71:d8:49", HOST)
    assert desk.metric("dropped_total", protocol="syslog", reason=reason) == 500


def test_receive_flood_of_one_machine_is_cut_and_does_not_touch_another(desk):
    other = howto.nic()
    interface = replace(other.interface, mac="02:00:00:00:00:01", address="10.10.0.17")
    desk.services.catalog.upsert(replace(other.machine, name="other", interfaces=(interface,)))
    server = SyslogServer(desk.services)
    for _unused in range(3000):
        server.receive(b"<6>ipxe: x", HOST)
    server.receive(b"<6>ipxe: y", "10.10.0.17")
    assert desk.metric("dropped_total", protocol="syslog", reason="rate") > 1000
    # The line that it is cut does not make the flood longer.
    (line,) = [line for line in desk.lines() if line["event"] == "syslog_dropped"]
    assert (line["machine"], line["reason"]) == ("um790-1", "rate")
    assert [line.text for line in server.lines.of("tink-system/other")] == ["y"]
    assert len(server.lines.of("tink-system/um790-1")) == 200


@pytest.mark.parametrize("source", [HOST, "10.10.0.17"])
def test_receive_flood_of_one_source_is_cut_before_it_is_looked_up_whose_it_is(desk, monkeypatch, source):
    looks = []
    find = server_module.nic_at
    monkeypatch.setattr(server_module, "nic_at", lambda services, address: looks.append(1) or find(services, address))
    monkeypatch.setattr(server_module.time, "monotonic", lambda: 7.0)
    server = SyslogServer(desk.services)
    for _unused in range(3000):
        server.receive(b"<6>ipxe: x", source)
    assert len(looks) == server_module.BURST + 1, "once more, to name the machine in the log"
    assert desk.metric("dropped_total", protocol="syslog", reason="rate") == 2000
    told = [line["event"] for line in desk.lines() if line["event"] != "syslog"]
    assert told == (["syslog_dropped"] if source == HOST else ["syslog_unknown"])


def loopback(nic: Nic) -> Nic:
    interface = replace(nic.interface, address="127.0.0.1")
    return Nic(replace(nic.machine, interfaces=(interface,)), interface)


def test_server_listens_goes_on_after_rubbish_and_stops():
    desk = ServicesInMemory([loopback(howto.nic())], bind="127.0.0.1", syslog_port=0)
    server = SyslogServer(desk.services)
    server.open()
    server.start()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for data in (b"", b"\xff" * 9000, b"<6>ipxe: after all"):
                client.sendto(data, ("127.0.0.1", server.port))
            assert desk.line()["reason"] == "empty"
            assert desk.line()["msg"] == "after all"
    finally:
        server.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", server.port))


def test_server_stop_without_start_and_twice_is_harmless():
    server = SyslogServer(ServicesInMemory([], bind="127.0.0.1", syslog_port=0).services)
    server.stop()
    server.open()
    server.stop()
    server.stop()


def test_server_port_in_use_is_an_os_error():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        server = SyslogServer(ServicesInMemory([], bind="127.0.0.1", syslog_port=taken.getsockname()[1]).services)
        with pytest.raises(OSError, match="in use"):
            server.open()
