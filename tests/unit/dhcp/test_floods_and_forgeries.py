# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that are too many, or that may be somebody else's: what they cost, and what they change of a machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.dhcp import handler as handler_module
from _bootd.dhcp import options as opt
from _bootd.dhcp.handler import BURST, RATE, Handler
from _bootd.dhcp.packet import encode
from samples.dhcp_messages import (
    ADDRESS,
    HTTP_BOOT,
    IPXE,
    LINUX,
    MAC,
    SERVER,
    UEFI,
    address,
    message,
    nic,
)

SELECTING = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}
WHOLE = encode(message(opt.DHCPDISCOVER, UEFI))


class Ticking:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_handle_one_mac_is_answered_so_often_and_no_more(bench):
    other = nic(mac="58:47:ca:71:d8:50", address="10.10.0.17")
    room, clock = bench(nic(), replace(other, machine=replace(other.machine, name="um790-2"))), Ticking()
    handler = Handler(room.services, monotonic=clock)
    for _unused in range(300):  # 3,000 a second, for a tenth of one
        handler.handle(WHOLE, "0.0.0.0", "eth0")
        clock.now += 1 / 3000
    answered = room.metric("dhcp_messages_total", direction="send", type="DHCPOFFER")
    assert BURST <= answered <= BURST + 1
    assert room.metric("dropped_total", protocol="dhcp", reason="rate") == 300 - answered
    (line,) = room.lines("dropped")
    assert (line["level"], line["mac"], line["machine"], line["reason"]) == ("warning", MAC, "um790-1", "rate")
    theirs = encode(message(opt.DHCPDISCOVER, UEFI, mac=other.interface.mac))
    assert handler.handle(theirs, "0.0.0.0", "eth0") is not None
    clock.now += 1.0
    assert sum(handler.handle(WHOLE, "0.0.0.0", "eth0") is not None for _unused in range(100)) == RATE
    clock.now += 60.0
    for _unused in range(int(BURST) + 1):
        handler.handle(WHOLE, "0.0.0.0", "eth0")
    assert [line.get("left_out") for line in room.lines("dropped")] == [None, 300 - answered - 1 + 90]


def test_handle_no_flood_of_strangers_has_a_machine_forgotten_that_asks_too_often(bench, monkeypatch):
    monkeypatch.setattr(handler_module, "MAX_MACS", 4)
    handler = Handler(bench(nic()).services, monotonic=Ticking())
    for _unused in range(int(BURST)):
        assert handler.handle(WHOLE, "0.0.0.0", "eth0") is not None
    for number in range(20):
        theirs = encode(message(opt.DHCPDISCOVER, UEFI, mac=f"02:00:00:00:00:{number:02x}"))
        handler.handle(theirs, "0.0.0.0", "eth0")
    assert handler.handle(WHOLE, "0.0.0.0", "eth0") is None


def test_handle_no_flood_of_strangers_takes_the_line_of_a_machine(bench):
    room, clock = bench(nic()), Ticking()
    handler = Handler(room.services, monotonic=clock)
    for number in range(2000):
        mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        handler.handle(encode(message(99, UEFI, mac=mac)), "0.0.0.0", "eth0")
    assert len(room.lines("dropped")) < 100
    handler.handle(encode(message(opt.DHCPDISCOVER, UEFI, giaddr="224.0.0.1")), "0.0.0.0", "eth0")
    assert [line["reason"] for line in room.lines("dropped") if line.get("machine") == "um790-1"] == ["bad_relay"]


def test_handle_no_flood_of_what_can_not_be_answered_fills_the_log(bench):
    room = bench(nic(), dhcp_mode="auto-proxy")
    handler = Handler(room.services, monotonic=Ticking())
    huge = UEFI | {opt.CLIENT_IDENTIFIER: bytes(1400)}
    for number in range(1000):
        mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        assert handler.handle(encode(message(opt.DHCPDISCOVER, huge, mac=mac)), "0.0.0.0", "eth0") is None
    assert room.metric("dropped_total", protocol="dhcp", reason="reply_too_big") == 1000
    told = [line for line in room.lines() if line["event"] != "unknown_machine"]
    assert 0 < len(told) <= 20
    # The machines have lines of their own.
    assert handler.handle(encode(message(opt.DHCPDISCOVER, huge)), "0.0.0.0", "eth0") is None
    assert room.lines("dropped")[-1]["machine"] == "um790-1"


def test_handle_a_rate_limit_is_no_hindrance_to_a_machine_that_boots(bench):
    """Firmware, iPXE and an installer after each other, each not heard at first, all of it twice through two relays."""
    room, clock = bench(nic()), Ticking()
    handler = Handler(room.services, monotonic=clock)
    selecting = UEFI | SELECTING
    sent = [(0.0, UEFI), (4.0, UEFI), (12.0, UEFI), (28.0, UEFI), (28.1, selecting)]
    sent += [(30.0 + at, IPXE) for at in (0, 1, 3, 7, 7.5, 8, 9, 11)] + [(41.0, IPXE | SELECTING)]
    sent += [(45.0 + at, LINUX) for at in (0, 0.1, 1, 2, 4, 8, 8.1)] + [(54.0, LINUX | SELECTING)]
    for at, options in sent:
        clock.now = at
        for relay in ("10.10.0.2", "10.10.0.3"):
            kind = opt.DHCPREQUEST if opt.REQUESTED_ADDRESS in options else opt.DHCPDISCOVER
            assert handler.handle(encode(message(kind, options, giaddr=relay)), relay, "eth0", broadcast=False)


INSTALLING = [events.Script("netboot.osie", "http", 10), events.Report("started")]


def install(room, handler, place):
    """Bring the machine as far as its installer, from ``place``: (source, interface, giaddr)."""
    source, interface, giaddr = place
    for options in (UEFI, IPXE):
        request = encode(message(opt.DHCPDISCOVER, options, giaddr=giaddr))
        handler.handle(request, source, interface, broadcast=giaddr == "0.0.0.0")
    for detail in INSTALLING:
        room.services.journal.record(events.Event("default/um790-1", MAC, 1.0, detail))
    assert state_of(room) == ("installing", 1)


def load_boot_file(room):
    room.services.journal.record(events.Event("default/um790-1", MAC, 9.0, events.BootFile("ipxe.efi", "tftp", 10)))


def state_of(room):
    state = room.services.journal.state("default/um790-1")
    return state.stage, state.attempt


HERE = ("0.0.0.0", "eth0", "0.0.0.0")
RELAYED = ("10.10.0.2", "eth0", "10.10.0.2")


@pytest.mark.parametrize("began", [HERE, RELAYED])
@pytest.mark.parametrize("client", [UEFI, IPXE, HTTP_BOOT])
@pytest.mark.parametrize(
    ("source", "interface", "giaddr", "broadcast"),
    [
        ("192.0.2.9", "eth0", "0.0.0.0", False),
        (ADDRESS, "eth0", "0.0.0.0", False),
        ("192.0.2.9", "eth0", "192.0.2.9", False),
        ("0.0.0.0", "eth1", "0.0.0.0", True),
    ],
)
def test_handle_discover_from_elsewhere_is_answered_and_undoes_no_installation(
    bench, began, client, source, interface, giaddr, broadcast
):
    room = bench(nic())
    handler = Handler(room.services)
    install(room, handler, began)
    before = room.events(nic())
    forged = encode(message(opt.DHCPDISCOVER, client, giaddr=giaddr))
    for _unused in range(3):
        assert handler.handle(forged, source, interface, broadcast=broadcast) is not None
    assert state_of(room) == ("installing", 1)
    assert room.events(nic()) == before
    (line,) = room.lines("not_counted")
    assert (line["level"], line["machine"], line["mac"]) == ("warning", "um790-1", MAC)


@pytest.mark.parametrize("place", [HERE, RELAYED])
def test_handle_discover_of_firmware_from_the_same_place_lets_its_boot_file_begin_an_attempt(bench, place):
    room = bench(nic())
    handler = Handler(room.services)
    install(room, handler, place)
    source, interface, giaddr = place
    again = encode(message(opt.DHCPDISCOVER, UEFI, giaddr=giaddr))
    handler.handle(again, source, interface, broadcast=giaddr == "0.0.0.0")
    assert state_of(room) == ("installing", 1)
    assert room.lines("not_counted") == []
    load_boot_file(room)
    assert state_of(room) == ("loading", 2)


def test_handle_discover_of_the_installer_begins_no_attempt(bench):
    room = bench(nic())
    handler = Handler(room.services)
    install(room, handler, HERE)
    handler.handle(encode(message(opt.DHCPDISCOVER, LINUX)), "0.0.0.0", "eth0")
    assert state_of(room) == ("installing", 1)


def test_handle_renewal_by_unicast_counts_from_the_reserved_address_only(bench):
    room = bench(nic())
    handler = Handler(room.services)
    renewal = encode(message(opt.DHCPREQUEST, LINUX, ciaddr=ADDRESS))
    assert handler.handle(renewal, "192.0.2.9", "eth0", broadcast=False) is not None
    assert room.events(nic()) == []
    assert handler.handle(renewal, ADDRESS, "eth0", broadcast=False) is not None
    assert [event.kind for event in room.events(nic())] == ["lease"]
    release = encode(message(opt.DHCPRELEASE, {}, ciaddr=ADDRESS))
    handler.handle(release, "192.0.2.9", "eth0", broadcast=False)
    handler.handle(release, ADDRESS, "eth0", broadcast=False)
    assert [event.kind for event in room.events(nic())] == ["lease", "release"]


@pytest.mark.parametrize("stage", ["known", "offered", "failed"])
def test_handle_machine_that_was_moved_counts_where_it_is_now_unless_it_is_being_installed(bench, stage):
    room = bench(nic())
    handler = Handler(room.services)
    if stage == "failed":
        install(room, handler, HERE)
        room.services.journal.record(events.Event("default/um790-1", MAC, 2.0, events.Report("failed", "no disk")))
    elif stage == "offered":
        handler.handle(WHOLE, "0.0.0.0", "eth0")
    assert state_of(room)[0] == stage
    handler.handle(WHOLE, "0.0.0.0", "eth7")
    assert room.lines("not_counted") == []
    if stage == "failed":
        load_boot_file(room)
        assert state_of(room) == ("loading", 2)
    else:
        assert state_of(room)[0] == "offered"
