# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which solicitations are answered, and the server around that without a network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.hardware.model import Netboot
from _bootd.ra import server as module
from _bootd.ra.decide import IPXE_SECONDS, Advertise, Silence, decide
from _bootd.ra.packet import Solicitation, advertisement
from _bootd.ra.server import RaServer
from _bootd.ra.transport import Heard
from samples import howto
from servers.services_in_memory import ServicesInMemory

MAC = "58:47:ca:71:d8:49"
LINK_LOCAL = "fe80::5a47:caff:fe71:d849"
SOLICITATION = bytes.fromhex("8500000000000000 01015847ca71d849")
HEARD = Heard(SOLICITATION, LINK_LOCAL, 255, 2, "eth0")


def asked(client: str, at: float) -> Event:
    return Event("tink-system/um790-1", MAC, at, events.Discover(client=client, netboot=True))


@pytest.mark.parametrize("netboot", [Netboot(True), Netboot(False), Netboot(None), Netboot(True, switched_off=True)])
def test_decide_machine_in_ipxe_is_answered_alone(netboot):
    nic = howto.nic(netboot)
    assert decide(
        Solicitation(LINK_LOCAL, MAC), nic, [asked("firmware", 90.0), asked("ipxe", 99.0)], 100.0
    ) == Advertise(nic, LINK_LOCAL)


@pytest.mark.parametrize(
    ("seen", "now"),
    [
        ([], 100.0),
        ([("firmware", 99.0)], 100.0),
        ([("ipxe", 90.0), ("os", 99.0)], 100.0),
        ([("ipxe", 99.0)], 99.0 + IPXE_SECONDS),
    ],
)
def test_decide_machine_that_is_not_in_ipxe_gets_silence(seen, now):
    events = [asked(client, at) for client, at in seen]
    assert decide(Solicitation(LINK_LOCAL, MAC), howto.nic(), events, now) == Silence("not_in_ipxe")


@pytest.mark.parametrize(
    ("nic", "source", "reason"),
    [
        (None, LINK_LOCAL, "unknown_machine"),
        (howto.nic(), "::", "not_link_local"),
        (howto.nic(), "2001:db8::1", "not_link_local"),
    ],
)
def test_decide_everybody_else_gets_silence(nic, source, reason):
    assert decide(Solicitation(source, MAC), nic, [asked("ipxe", 99.0)], 100.0) == Silence(reason)


class Wire:
    """A transport that hands out what was put on it and remembers what was sent."""

    def __init__(self, *heard: Heard, fault: OSError | None = None) -> None:
        self.heard = list(heard)
        self.sent: list[tuple[bytes, str, int]] = []
        self.fault = fault

    def receive(self) -> Heard | None:
        return self.heard.pop(0) if self.heard else None

    def send(self, data: bytes, to: str, heard: Heard) -> None:
        if self.fault is not None:
            raise self.fault
        self.sent.append((data, to, heard.index))


def drained(desk: ServicesInMemory, wire: Wire) -> Wire:
    desk.services.journal.record(asked("ipxe", desk.services.clock()))
    server = RaServer(desk.services)
    while (heard := wire.receive()) is not None:
        server.answer(wire, heard)
    return wire


def test_server_answers_by_the_interface_it_heard_on_and_says_so():
    desk = ServicesInMemory([howto.nic()])
    assert drained(desk, Wire(HEARD)).sent == [(advertisement(), LINK_LOCAL, 2)]
    (line,) = desk.lines()
    assert (
        line.items()
        >= {
            "event": "router_advertisement",
            "mac": MAC,
            "machine": "um790-1",
            "address": LINK_LOCAL,
            "iface": "eth0",
        }.items()
    )


@pytest.mark.parametrize(
    ("heard", "reason"),
    [
        (replace(HEARD, hop_limit=64), "not_on_link"),
        (replace(HEARD, data=b"\x85"), "short"),
        (replace(HEARD, data=SOLICITATION[:-1] + b"\0"), "unknown_machine"),
        (replace(HEARD, data=SOLICITATION[:8], source="::"), "unknown_machine"),
    ],
)
def test_server_counts_what_it_does_not_answer(heard, reason):
    desk = ServicesInMemory([howto.nic()])
    assert drained(desk, Wire(heard)).sent == []
    assert desk.lines() == []
    assert desk.metric("dropped_total", protocol="ra", reason=reason) == 1


def test_server_send_that_fails_is_told_and_the_next_is_answered():
    desk = ServicesInMemory([howto.nic()])
    drained(desk, Wire(HEARD, HEARD, fault=OSError(99, "Cannot assign requested address")))
    assert [line["event"] for line in desk.lines()] == ["send_failed"] * 2
    assert desk.metric("dropped_total", protocol="ra", reason="send_failed") == 2


def test_server_without_raw_socket_says_what_is_lost_and_goes_on(monkeypatch):
    def refuse(_interface: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(module, "Transport", refuse)
    desk = ServicesInMemory([howto.nic()])
    server = RaServer(desk.services)
    server.open()
    server.start()
    server.stop()
    (line,) = desk.lines()
    assert (line["event"], line["level"]) == ("no_router_advertisements", "warning")
    assert "CAP_NET_RAW" in line["reason"]
    assert "16 seconds" in line["effect"]
    assert server.port == 0
