# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are kept are the answers that would be made anew, octet for octet, with all that they bring about."""

from __future__ import annotations

import struct
from functools import partial

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from _bootd.decisions import events
from _bootd.dhcp import handler, overload
from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import encode, udp_packet
from _bootd.dhcp.prepared import LONGEST, Kept, UdpFrame
from _bootd.hardware.model import Machine, Netboot, Nic
from _bootd.process.datagram_batch import REST_AT
from samples.dhcp_messages import ADDRESS, BIOS, HTTP_BOOT, IPXE, LINUX, MAC, SERVER, UEFI, address, message, nic
from servers.dhcp_sides import OTHER, Side, arrival

SELECTING = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}
RELAY = bytes((1, 9)) + b"macvlan99"
ELSEWHERE = RELAY + bytes((5, 4, 192, 0, 2, 9))
NAMED = RELAY + bytes((11, 4, 10, 10, 0, 2))
IPXE_WITHOUT_HTTP = IPXE | {opt.IPXE: bytes((21, 1, 1))}


def second(**interface: object) -> Nic:
    face = nic(mac=OTHER, address="10.10.0.17", hostname="um790-2", **interface).interface
    return Nic(Machine("um790-2", interfaces=(face,)), face)


CLIENTS = st.sampled_from([UEFI, BIOS, HTTP_BOOT, IPXE, IPXE_WITHOUT_HTTP, LINUX])
MORE = st.sampled_from(
    [
        {},
        {opt.CLIENT_IDENTIFIER: b"\1abcdef"},
        {opt.CLIENT_UUID: bytes(17)},
        {opt.RELAY_AGENT_INFORMATION: RELAY},
        {opt.RELAY_AGENT_INFORMATION: ELSEWHERE},
        {opt.RELAY_AGENT_INFORMATION: NAMED},
        {opt.REHEARSAL: opt.REHEARSAL_MARK},
        {opt.MAX_MESSAGE_SIZE: b"\2\x40", opt.CLIENT_IDENTIFIER: bytes(200)},
        {opt.MAX_MESSAGE_SIZE: b"\2\x40", opt.CLIENT_IDENTIFIER: bytes(600)},
    ]
)
KINDS = st.sampled_from(
    [
        (opt.DHCPDISCOVER, {}),
        (opt.DHCPDISCOVER, {}),
        (opt.DHCPREQUEST, SELECTING),
        (opt.DHCPREQUEST, SELECTING),
        (opt.DHCPREQUEST, SELECTING | {opt.SERVER_IDENTIFIER: address("10.10.0.99")}),
        (opt.DHCPREQUEST, {opt.REQUESTED_ADDRESS: address("10.10.0.77")}),
        (opt.DHCPINFORM, {}),
        (opt.DHCPDECLINE, SELECTING),
        (opt.DHCPRELEASE, {}),
        (99, {}),
    ]
)
FIELDS = st.fixed_dictionaries(
    {
        "mac": st.sampled_from([MAC, MAC, MAC, OTHER, "02:00:00:00:00:01"]),
        "xid": st.sampled_from([1, 2, 0xFFFFFFFF]),
        "secs": st.integers(0, 3),
        "flags": st.sampled_from([0, 0x8000]),
        "giaddr": st.sampled_from(["0.0.0.0", "0.0.0.0", "10.10.0.2", "224.0.0.1"]),
        "ciaddr": st.sampled_from(["0.0.0.0", "0.0.0.0", ADDRESS]),
    }
)
HEARD = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["0.0.0.0", "0.0.0.0", ADDRESS, "10.10.0.2"]),
        "index": st.sampled_from([2, 2, 2, 3, 9]),
        "addressed": st.sampled_from(["255.255.255.255", "255.255.255.255", SERVER]),
    }
)


@st.composite
def arrivals(draw):
    kind, more = draw(KINDS)
    payload = encode(message(kind, draw(CLIENTS) | draw(MORE) | more, **draw(FIELDS)))
    if draw(st.integers(0, 19)) == 0:
        payload = payload[: draw(st.integers(0, len(payload)))]
    return arrival(payload, **draw(HEARD))


DETAILS = st.sampled_from(
    [
        events.BootFile("ipxe.efi", "tftp", 10),
        events.Script("netboot.osie", "http", 10),
        events.Report("started"),
        events.Report("succeeded"),
        events.Report("failed"),
        events.Overdue("silence"),
    ]
)
ASKS = st.lists(arrivals(), min_size=1, max_size=6)
STEPS = st.one_of(
    ASKS.map(lambda asked: ("ask", asked * 2)),
    ASKS.map(lambda asked: ("ask", asked * 2)),
    st.integers(0, 3).map(lambda back: ("again", back)),
    st.integers(0, 3).map(lambda back: ("again", back)),
    st.sampled_from([0.1, 1.0, 130.0]).map(lambda seconds: ("wait", seconds)),
    DETAILS.map(lambda detail: ("event", detail)),
    st.sampled_from(
        [
            {"hostname": "renamed"},
            {"allow_pxe": False},
            {"switched_off": True},
            {"address": "10.10.0.18"},
            {"lease_time": 60},
            {"disable_dhcp": True},
            {"netboot": Netboot(True, ipxe_binary="undionly.kpxe")},
            {"tftp_server_name": "10.10.0.9", "boot_file_name": "ipxe.efi"},
        ]
    ).map(lambda change: ("change", change)),
    st.just(("claim", None)),
    st.just(("remove", None)),
    st.just(("standby", None)),
    st.just(("rename", None)),
)


def take(side: Side, what: str, value, asked: list) -> object:
    """Take a step; ``asked`` are the batches that were asked with before."""
    match what:
        case "ask":
            return side.ask(value)
        case "again":
            return side.ask(asked[-1 - value % len(asked)]) if asked else None
        case "wait":
            side.now += value
        case "event":
            side.services.journal.record(events.Event("default/um790-1", MAC, side.now, value))
        case "change":
            side.services.catalog.upsert(nic(**value).machine)
        case "claim":  # of the same MAC, by an object that is older than the other
            face = nic(address="10.10.0.19").interface
            side.services.catalog.upsert(Machine("a", interfaces=(face,)))
        case "remove":
            side.services.catalog.remove("default/um790-2")
        case "standby":
            side.active = not side.active
        case "rename":
            side.wire.names[2] = "renamed0"
            side.wire.generation += 1
    return None


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=12))
@example([("ask", [arrival(encode(message(opt.DHCPDISCOVER, UEFI)))] * 70)])  # more than the rate limit admits
def test_prepared_and_plain_answer_alike_and_tell_alike(bench, steps):
    sides = [Side(bench, nic(), second(), prepares=prepares) for prepares in (True, False)]
    asked: list = []
    for what, value in steps:
        fast, plain = (take(side, what, value, asked) for side in sides)
        assert fast == plain
        if what == "ask":
            asked.append(value)
        # Looked at now and then only: whoever looks at a state makes it, and would hide what waits to be made.
        if what in ("event", "change"):
            assert sides[0].told() == sides[1].told()
    assert sides[0].told() == sides[1].told()


def ask_both(sides, *steps) -> None:
    for what, value in steps:
        fast, plain = (take(side, what, value, []) for side in sides)
        assert fast == plain
    assert sides[0].told() == sides[1].told()


def test_an_ipxe_that_was_told_to_load_a_program_is_given_its_script_next(bench):
    sides = [Side(bench, nic(), prepares=prepares) for prepares in (True, False)]
    first, second_one = ([arrival(encode(message(opt.DHCPDISCOVER, IPXE_WITHOUT_HTTP, xid=xid)))] for xid in (1, 2))
    loaded = ("event", events.BootFile("undionly.kpxe", "tftp", 10))
    ask_both(sides, ("ask", first), ("ask", first), loaded, ("ask", second_one), ("wait", 130.0), ("ask", second_one))


def test_a_place_that_is_forgotten_is_objected_to_during_an_installation(bench):
    sides = [Side(bench, nic(), prepares=prepares) for prepares in (True, False)]
    asks = [
        ("ask", [arrival(encode(message(opt.DHCPDISCOVER, UEFI, giaddr=f"10.10.0.{number}")))] * 2)
        for number in range(2, 8)
    ]
    began = [("event", events.Script("netboot.osie", "http", 10)), ("event", events.Report("started"))]
    ask_both(sides, *asks, *began, asks[0], asks[-1])
    assert len([line for line in sides[0].told()["log"] if "not_counted" in line]) == 1


def test_an_answer_to_a_long_message_is_not_kept(bench):
    sides = [Side(bench, nic(), prepares=prepares) for prepares in (True, False)]
    short = encode(message(opt.DHCPDISCOVER, UEFI))
    for payload in (short.ljust(LONGEST, b"\0"), short.ljust(LONGEST + 1, b"\0"), short.ljust(9000, b"\0")):
        ask_both(sides, ("ask", [arrival(payload)] * 2))
    assert [len(key) for key in sides[0].handler._ready._kept] == [LONGEST - 6 + REST_AT]


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
def test_other_modes_prepare_nothing(bench, mode):
    side = Side(bench, nic(), prepares=True, dhcp_mode=mode)
    for mac in (MAC, OTHER):
        side.ask([arrival(encode(message(opt.DHCPDISCOVER, UEFI, mac=mac)))] * 3)
    assert side.handler._ready._kept == {}


@pytest.mark.parametrize("options", [UEFI, HTTP_BOOT, IPXE, LINUX])
@pytest.mark.parametrize("giaddr", ["0.0.0.0", "10.10.0.2"])
def test_what_comes_again_is_not_decided_again(bench, monkeypatch, options, giaddr):
    side = Side(bench, nic(), prepares=True)
    for kind, more in ((opt.DHCPDISCOVER, {}), (opt.DHCPREQUEST, SELECTING)):
        asks = partial(message, kind, options | more, giaddr=giaddr)
        # iPXE may be told otherwise in a transaction of its own.
        (first,) = side.ask([arrival(encode(asks(xid=1)))])
        with monkeypatch.context() as patch:
            patch.setattr(handler, "decode", None)
            ((payload, way, _packet),) = side.ask([arrival(encode(asks(xid=2, secs=4)))])
        assert payload[4:8] == struct.pack("!I", 2)
        assert payload[:4] + payload[8:] == first[0][:4] + first[0][8:]
        assert way == first[1]


def test_what_a_pair_of_relays_forwards_is_decided_once_for_each(bench, monkeypatch):
    side = Side(bench, nic(), prepares=True)
    asked = [arrival(encode(message(opt.DHCPDISCOVER, UEFI, giaddr=relay))) for relay in ("10.10.0.2", "10.10.0.3")]
    first = side.ask(asked)
    monkeypatch.setattr(handler, "decode", None)
    assert side.ask(asked * 2) == first * 2
    assert len([line for line in side.told()["log"] if '"send"' in line]) == 2


def test_a_fault_of_a_prepared_answer_costs_one_message(bench):
    side = Side(bench, nic(), second(), prepares=True)
    asked = [arrival(encode(message(opt.DHCPDISCOVER, UEFI, mac=mac))) for mac in (MAC, OTHER)]
    for _unused in range(2):
        side.ask(asked)
    (ready,) = [kept for kept in side.handler._ready._kept.values() if kept.nic.interface.mac == MAC]
    ready.ring = None
    ((payload, _way, _packet),) = side.ask(asked)
    assert payload[28:34] == bytes.fromhex(OTHER.replace(":", ""))
    assert side.room.metric("handler_failures_total", protocol="dhcp") == 1


def test_prepared_answers_are_bounded():
    kept = Kept(10)
    for number in range(100):
        kept.keep(bytes((number,)), number)
    assert [kept.find(bytes((number,))) for number in (0, 89, 90, 99)] == [None, None, 90, 99]


@given(st.binary(min_size=240, max_size=300), st.binary(min_size=4, max_size=4), st.binary(min_size=2, max_size=2))
def test_an_answer_is_kept_by_all_but_xid_and_secs(data, xid, secs):
    kept_by = arrival(data)[4]
    assert arrival(data[:4] + xid + secs + data[10:], at=1.0)[4] == kept_by
    for place in (*range(4), *range(10, len(data))):
        changed = bytearray(data)
        changed[place] ^= 1
        assert arrival(bytes(changed))[4] != kept_by
    for elsewhere in ({"source": "10.0.0.1"}, {"index": 3}, {"addressed": SERVER}):
        assert arrival(data, **elsewhere)[4] != kept_by


@pytest.mark.parametrize("prepares", [True, False])
def test_what_waited_too_long_is_dropped_counted_and_told_where_others_wait(bench, monkeypatch, prepares):
    monkeypatch.setattr(overload, "QUEUE", 2)
    side = Side(bench, nic(), second(), prepares=prepares)
    old = arrival(encode(message(opt.DHCPDISCOVER, UEFI)), at=900.0)
    fresh = arrival(encode(message(opt.DHCPDISCOVER, UEFI, mac=OTHER)))
    assert len(side.ask([old])) == 1
    strangers = [arrival(encode(message(opt.DHCPDISCOVER, UEFI, mac="02:00:00:00:00:01")))] * 70
    for _full in range(2):  # as after the host was stopped
        assert len(side.ask([old, *strangers])) == 1
    answers = side.ask([old] * 70 + [fresh])
    assert [payload[28:34] for payload, _way, _packet in answers] == [bytes.fromhex(OTHER.replace(":", ""))]
    side.ask([old] * 70)
    assert side.room.metric("dropped_total", protocol="dhcp", reason="late") == 140
    assert len([line for line in side.told()["log"] if '"overload"' in line]) == 1
    side.ask([fresh])
    side.ask([old] * 70)
    assert side.room.metric("dropped_total", protocol="dhcp", reason="late") == 140


@given(st.binary(min_size=300, max_size=600), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
@example(bytes(300), 0, 0)
@example(bytes(300), 0xFFFFFFFF, 0)
@example(bytes(300), 0, 0xFFFFFFFF)
def test_udp_frame_is_the_packet_with_another_xid(payload, before, after):
    def packet(xid: int) -> bytes:
        return udp_packet((SERVER, 67), (ADDRESS, 68), payload[:4] + struct.pack("!I", xid) + payload[8:])

    assert UdpFrame(packet(before)).with_xid(struct.pack("!I", after)) == packet(after)


def test_udp_frame_whatever_the_checksum_is():
    payload = bytearray(300)
    for number in range(0, 0x10000, 7):
        payload[20:22] = struct.pack("!H", number)
        made = [
            udp_packet((SERVER, 67), (ADDRESS, 68), bytes(payload[:4] + xid + payload[8:]))
            for xid in (b"abcd", b"\0\0\xff\xff")
        ]
        assert UdpFrame(made[0]).with_xid(b"\0\0\xff\xff") == made[1]


def test_an_object_that_is_changed_is_told_of_at_once(bench):
    side = Side(bench, nic(), prepares=True)
    asked = [arrival(encode(message(opt.DHCPDISCOVER, UEFI)))]
    before = [side.ask(asked)[0][0] for _unused in range(2)]
    side.services.catalog.upsert(nic(netboot=Netboot(False)).machine)
    assert side.ask(asked)[0][0] not in before
