# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One datagram in, one out, and what log, metrics, journal and the list of unknown machines hear of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.dhcp import options as opt
from _bootd.dhcp.exchange import MAX_TOLD, Told
from _bootd.dhcp.handler import NEW_MACHINES, Handler
from _bootd.dhcp.packet import decode, encode
from _bootd.dhcp.reply import Destination
from _bootd.hardware.model import Nic, machine_from_object
from _bootd.runtime.measures import rendered
from _bootd.stores.unknown_machines import MAX_UNKNOWN
from samples.dhcp_messages import (
    ADDRESS,
    HTTP_BOOT,
    IPXE,
    LINUX,
    MAC,
    PATH,
    SCRIPT,
    SERVER,
    UEFI,
    address,
    message,
    nic,
)

RELAY = bytes((1, 9)) + b"macvlan99" + bytes((5, 4, 10, 10, 0, 20))
SELECTING = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}


def without_time(lines):
    return [{name: value for name, value in line.items() if name != "ts"} for line in lines]


def test_handle_offer_is_sent_logged_counted_and_recorded(bench):
    where = nic()
    room = bench(where)
    out = room.handle(opt.DHCPDISCOVER, UEFI | {opt.RELAY_AGENT_INFORMATION: RELAY}, giaddr="10.42.0.166", secs=16)
    assert out.to == Destination("10.42.0.166", 67)
    assert decode(out.payload).file == b"58-47-ca-71-d8-49/snponly.efi"
    common = {
        "mac": MAC,
        "machine": "um790-1",
        "via": "10.42.0.166",
        "iface": "eth0",
        "xid": "64:e2:d4:fe",
        "option(82)": "AQltYWN2bGFuOTkFBAoKABQ=",
    }
    assert without_time(room.lines()) == [
        common
        | {
            "level": "debug",
            "event": "recv",
            "type": "DHCPDISCOVER",
            "secs": 16,
            "circuitID": "macvlan99",
            "link_selection": "10.10.0.20",
        },
        common
        | {
            "level": "info",
            "event": "send",
            "type": "DHCPOFFER",
            "client": "firmware",
            "address": ADDRESS,
            "next_server": SERVER,
            "filename": f"{PATH}/snponly.efi",
        },
    ]
    (event,) = room.events(where)
    assert (event.kind, event.mac, event.at) == ("discover", MAC, room.services.clock())
    assert event.detail.filename == f"{PATH}/snponly.efi"
    assert room.metric("dhcp_messages_total", direction="recv", type="DHCPDISCOVER") == 1
    assert room.metric("dhcp_messages_total", direction="send", type="DHCPOFFER") == 1
    assert room.metric("decisions_total", decision="boot_file", protocol="dhcp") == 1


def test_handle_lease_of_an_operating_system_logs_no_server_and_no_file(bench):
    room = bench(nic())
    room.handle(opt.DHCPREQUEST, LINUX | SELECTING, source="10.10.0.16")
    (line,) = room.lines("send")
    assert line["type"] == "DHCPACK"
    assert room.metric("decisions_total", decision="address", protocol="dhcp") == 1
    assert line["via"] == "10.10.0.16"
    assert not {"next_server", "filename", "reason", "dropped_options", "option(82)"} & set(line)


def test_handle_tells_at_info_only_what_the_machine_was_not_told_last(bench):
    room = bench(nic())
    handler = Handler(room.services)

    def sent(kind, options, interface="eth0", **fields):
        before = len(room.lines("send"))
        handler.handle(encode(message(kind, options, **fields)), "0.0.0.0", interface)
        (line,) = room.lines("send")[before:]
        return line["level"], line["client"]

    for level in ("info", "debug"):  # the same boot twice
        assert sent(opt.DHCPDISCOVER, UEFI) == (level, "firmware")
        assert sent(opt.DHCPREQUEST, UEFI | SELECTING) == ("debug", "firmware")
        assert sent(opt.DHCPDISCOVER, IPXE) == (level, "ipxe")
        assert sent(opt.DHCPREQUEST, LINUX | SELECTING) == (level, "os")
    assert sent(opt.DHCPDISCOVER, UEFI, interface="eth1") == ("info", "firmware")
    assert sent(opt.DHCPDISCOVER, UEFI, giaddr="10.10.0.1") == ("info", "firmware")
    assert sent(opt.DHCPDISCOVER, UEFI, giaddr="10.10.0.2") == ("info", "firmware")
    for relay in ("10.10.0.1", "10.10.0.2"):  # they come in pairs, and each forwards every message
        assert sent(opt.DHCPDISCOVER, UEFI, giaddr=relay) == ("debug", "firmware")
    assert sent(opt.DHCPDISCOVER, HTTP_BOOT, giaddr="10.10.0.1") == ("info", "firmware")
    room.services.catalog.replace([nic(allow_pxe=False).machine])
    assert sent(opt.DHCPDISCOVER, HTTP_BOOT, giaddr="10.10.0.1") == ("info", "firmware")


def test_handle_tells_at_info_of_each_refusal_and_once_of_another_server(bench):
    room = bench(nic())
    handler = Handler(room.services)
    theirs = SELECTING | {opt.SERVER_IDENTIFIER: address("10.10.0.99")}
    for options in (theirs, theirs, {opt.REQUESTED_ADDRESS: address("10.10.0.77")}):
        handler.handle(encode(message(opt.DHCPREQUEST, options)), "0.0.0.0", "eth0")
    handler.handle(encode(message(opt.DHCPREQUEST, {opt.REQUESTED_ADDRESS: address("10.10.0.77")})), "0.0.0.0", "eth0")
    handler.handle(encode(message(opt.DHCPDECLINE, SELECTING)), "0.0.0.0", "eth0")
    handler.handle(encode(message(opt.DHCPRELEASE, {}, ciaddr=ADDRESS)), "0.0.0.0", "eth0")
    assert [line["level"] for line in room.lines("ignore")] == ["info", "debug", "info", "debug"]
    assert [line["level"] for line in room.lines("send")] == ["info", "info"]


@pytest.mark.parametrize(
    ("interface", "reason"), [({"address": ""}, "no_reservation"), ({"disable_dhcp": True}, "dhcp_disabled")]
)
def test_handle_tells_once_at_info_that_an_object_leaves_its_machine_without_an_answer(bench, interface, reason):
    room = bench(nic(**interface))
    handler = Handler(room.services)
    for _again in range(2):
        assert handler.handle(encode(message(opt.DHCPDISCOVER, UEFI)), "0.0.0.0", "eth0") is None
    assert [(line["level"], line["reason"]) for line in room.lines("ignore")] == [("info", reason), ("debug", reason)]


def test_what_was_told_last_has_a_bound():
    told = Told()
    for number in range(2 * MAX_TOLD + 1):
        assert told.is_news((str(number), "firmware"), 1)
    assert len(told.last) == MAX_TOLD + 1
    asked = (2 * MAX_TOLD, MAX_TOLD, MAX_TOLD - 1, 0)
    assert [told.is_news((str(number), "firmware"), 1) for number in asked] == [False, False, True, True]


def test_handle_keeps_what_was_asked_and_answered(bench):
    room = bench(nic())
    handler = Handler(room.services)
    for kind, options in ((opt.DHCPDISCOVER, UEFI), (opt.DHCPREQUEST, {opt.REQUESTED_ADDRESS: address("10.10.0.77")})):
        handler.handle(encode(message(kind, options, giaddr="10.42.0.166")), "0.0.0.0", "eth0")
    theirs = SELECTING | {opt.SERVER_IDENTIFIER: address("10.10.0.99")}
    handler.handle(encode(message(opt.DHCPREQUEST, theirs)), "0.0.0.0", "eth0")
    offered, refused, silent = room.services.recent.of(MAC)
    at, file = room.services.clock(), f"{PATH}/snponly.efi"
    why = offered[4][4]
    asked = (at, "dhcp", "out", "DHCPDISCOVER")
    assert offered == (*asked, ("DHCPOFFER", ADDRESS, "firmware", file, why, "10.42.0.166", "eth0"))
    assert refused[2:4] == ("out", "DHCPREQUEST")
    assert refused[4][0] == "DHCPNAK"
    assert "10.10.0.77" in refused[4][4]
    assert silent == (at, "dhcp", "in", "DHCPREQUEST", ("", "", "", "", "another_server", "0.0.0.0", "eth0"))


def test_handle_keeps_what_an_unknown_machine_asked(bench):
    room = bench(nic())
    room.handle(opt.DHCPDISCOVER, UEFI, mac="52:54:00:00:00:99")
    (entry,) = room.services.recent.of("52:54:00:00:00:99")
    assert entry[2:] == ("in", "DHCPDISCOVER", ("", "", "", "", "unknown_machine", "0.0.0.0", "eth0"))


@pytest.mark.parametrize(
    ("options", "allow", "reason"),
    [
        (UEFI, False, "netboot is off for um790-1: netboot.allowPXE is false"),
        (UEFI | {opt.CLIENT_ARCHITECTURE: b"\0\6"}, True, "there is no network boot program for x86 UEFI"),
    ],
)
def test_handle_says_in_the_log_why_firmware_gets_nothing_to_boot(bench, options, allow, reason):
    room = bench(nic(allow_pxe=allow))
    room.handle(opt.DHCPDISCOVER, options)
    (line,) = room.lines("send")
    assert line["reason"] == reason


def test_handle_refusal(bench):
    where = nic()
    room = bench(where)
    out = room.handle(opt.DHCPREQUEST, {opt.REQUESTED_ADDRESS: address("10.10.0.77")})
    assert decode(out.payload).message_type == opt.DHCPNAK
    assert out.to == Destination("255.255.255.255", 68)
    assert [event.kind for event in room.events(where)] == ["refused"]
    (line,) = room.lines("send")
    assert "10.10.0.77" in line["reason"]


def test_handle_keeps_quiet_where_another_server_was_chosen_but_logs_it(bench):
    where = nic()
    room = bench(where)
    theirs = SELECTING | {opt.SERVER_IDENTIFIER: address("10.10.0.99")}
    assert room.handle(opt.DHCPREQUEST, theirs) is None
    assert [line["event"] for line in room.lines()] == ["recv", "ignore"]
    assert room.lines("ignore")[0]["reason"] == "another_server"
    assert room.lines("ignore")[0]["server"] == "10.10.0.99"
    assert room.events(where) == []
    assert room.metric("dropped_total", protocol="dhcp", reason="another_server") == 1


@pytest.mark.parametrize(
    ("kind", "options", "fields", "event"),
    [
        (opt.DHCPDECLINE, SELECTING, {}, events.Decline(ADDRESS)),
        (opt.DHCPRELEASE, {}, {"ciaddr": ADDRESS}, events.Release(ADDRESS)),
    ],
)
def test_handle_decline_and_release_reach_the_journal(bench, kind, options, fields, event):
    where = nic()
    room = bench(where)
    assert room.handle(kind, options, **fields) is None
    assert [seen.detail for seen in room.events(where)] == [event]
    assert room.lines("ignore")[0]["address"] == ADDRESS


def test_handle_unknown_machine_is_recorded_and_logged_once(bench):
    room = bench(nic())
    for _unused in range(3):
        unknown = room.handle(opt.DHCPDISCOVER, UEFI, mac="02:00:00:00:00:01", giaddr="10.42.0.166")
        assert unknown is None
    (found,) = room.services.unknown.all()
    assert (found.mac, found.client, found.vendor_class, found.arch) == (
        "02:00:00:00:00:01",
        "firmware",
        "PXEClient:Arch:00007:UNDI:003016",
        7,
    )
    assert (found.relay, found.interface, found.asked) == ("10.42.0.166", "eth0", {"dhcp": 3, "tftp": 0, "http": 0})
    (line,) = room.lines()
    assert (line["event"], line["mac"], line["relay"]) == ("unknown_machine", "02:00:00:00:00:01", "10.42.0.166")
    assert "bootd_unknown_machines 1.0" in rendered(room.services).decode().splitlines()
    assert room.metric("dropped_total", protocol="dhcp", reason="unknown_machine") == 3


def test_handle_a_flood_of_unknown_machines_stops_filling_the_log(bench):
    room = bench(nic())
    handler = Handler(room.services, monotonic=lambda: 0.0)
    for number in range(1, MAX_UNKNOWN + 100):
        mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        handler.handle(encode(message(opt.DHCPDISCOVER, {}, mac=mac)), "0.0.0.0", "eth0")
    assert len(room.services.unknown) == MAX_UNKNOWN // 8
    assert len(room.lines("unknown_machine")) == NEW_MACHINES
    assert room.metric("dropped_total", protocol="dhcp", reason="unknown_machine") == MAX_UNKNOWN + 99


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (None, {}, "no_message_type"),
        (opt.DHCPOFFER, {}, "unexpected_type"),
        (opt.DHCPDISCOVER, {"op": 2}, "not_a_request"),
    ],
)
def test_handle_what_no_client_sends_is_counted_and_no_unknown_machine(bench, kind, fields, reason):
    room = bench(nic())
    assert room.handle(kind, {}, mac="02:00:00:00:00:01", **fields) is None
    assert room.services.unknown.all() == []
    (line,) = room.lines()
    assert (line["event"], line["level"], line["reason"]) == ("dropped", "info", reason)
    assert room.metric("dropped_total", protocol="dhcp", reason=reason) == 1


WHOLE = encode(message(opt.DHCPDISCOVER, UEFI))
UNREADABLE = [(WHOLE[:200], "short"), (WHOLE[:236] + bytes(64), "cookie"), (WHOLE[:250], "option_cut_short")]


@pytest.mark.parametrize(("data", "reason"), [(b"", "short"), (bytes(300), "cookie")])
def test_handle_malformed_is_counted_and_logged_once(bench, data, reason):
    room = bench(nic())
    handler = Handler(room.services, monotonic=lambda: 0.0)
    for _unused in range(30):
        assert handler.handle(data, "10.10.0.99", "eth0") is None
    (line,) = room.lines()
    assert (line["event"], line["level"], line["reason"], line["via"]) == ("dropped", "info", reason, "10.10.0.99")
    assert not {"mac", "machine"} & set(line)
    assert room.metric("dropped_total", protocol="dhcp", reason=reason) == 30


@pytest.mark.parametrize(("data", "reason"), UNREADABLE)
def test_handle_malformed_names_the_machine_that_it_is_from(bench, data, reason):
    room = bench(nic())
    assert Handler(room.services).handle(data, "0.0.0.0", "eth0") is None
    (line,) = room.lines()
    names = ("event", "level", "reason", "mac", "machine", "iface")
    assert [line[name] for name in names] == ["dropped", "warning", reason, MAC, "um790-1", "eth0"]


@pytest.mark.parametrize("giaddr", ["224.0.0.1", "255.255.255.255", "127.0.0.1"])
def test_handle_relay_that_is_none_is_counted_and_told_once(bench, giaddr):
    room = bench(nic())
    handler = Handler(room.services, monotonic=lambda: 0.0)
    request = encode(message(opt.DHCPDISCOVER, UEFI, giaddr=giaddr))
    for _unused in range(10):
        assert handler.handle(request, "10.10.0.99", "eth0", broadcast=False) is None
    (line,) = room.lines()
    assert (line["event"], line["level"], line["machine"]) == ("dropped", "warning", "um790-1")
    assert (line["reason"], line["via"]) == ("bad_relay", "10.10.0.99")
    assert giaddr in line["wrong"]
    assert room.metric("dropped_total", protocol="dhcp", reason="bad_relay") == 10
    assert room.events(nic()) == []


def test_handle_reply_that_can_not_fit_is_told_of_the_machine(bench):
    where = nic(tftp_server_name="10.10.0.5", boot_file_name="f" * 400, allow_pxe=None)
    room = bench(where)
    options = {code: value for code, value in UEFI.items() if code != opt.MAX_MESSAGE_SIZE}
    assert room.handle(opt.DHCPDISCOVER, options) is None
    (line,) = room.lines("dropped")
    assert (line["level"], line["machine"], line["reason"]) == ("warning", "um790-1", "reply_too_big")
    assert room.metric("dropped_total", protocol="dhcp", reason="reply_too_big") == 1
    assert room.events(where) == []
    assert room.handle(opt.DHCPDISCOVER, UEFI) is not None


@pytest.mark.parametrize("name", ["hostname", "domain_name", "tftp_server_name", "boot_file_name"])
@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_handle_object_with_text_that_can_not_be_sent_is_served_without_it(bench, name, text):
    dhcp = {"mac": MAC, "ip": {"address": ADDRESS}, "lease_time": 10**400, name: text}
    spec = {"interfaces": [{"dhcp": dhcp, "netboot": {"allowPXE": True}}]}
    machine = machine_from_object({"metadata": {"name": "um790-1"}, "spec": spec})
    room = bench(Nic(machine, machine.interfaces[0]))
    for client in (UEFI, HTTP_BOOT, IPXE, LINUX):
        out = room.handle(opt.DHCPDISCOVER, client)
        assert decode(out.payload).yiaddr == ADDRESS
        assert decode(out.payload).options[opt.LEASE_TIME] == (86400).to_bytes(4, "big")


def test_handle_says_which_options_the_client_had_no_room_for(bench):
    room = bench(nic(name_servers=tuple(f"10.10.1.{i}" for i in range(61)), domain_name="example.org"))
    out = room.handle(opt.DHCPDISCOVER, {opt.MAX_MESSAGE_SIZE: b"\2\x40"})
    assert len(out.payload) <= 548
    (line,) = room.lines("send")
    assert line["dropped_options"] == [opt.RENEWAL_TIME, opt.REBINDING_TIME, opt.BROADCAST_ADDRESS, opt.DOMAIN_SEARCH]
    assert set(decode(out.payload).options) == {1, 3, 6, 12, 15, 51, 53, 54}


@pytest.mark.parametrize("room_of_client", [{}, {57: b"\0\0"}, {57: b"\1\x2c"}, {57: b"\2\x40"}, {57: b"\5\xdc"}])
def test_handle_sends_option_82_back_as_it_came_and_whole_although_the_client_has_little_room(bench, room_of_client):
    room = bench(nic(name_servers=tuple(f"10.10.1.{i}" for i in range(20)), domain_name="example.org"))
    relayed = bytes((1, 253)) + bytes(range(253))
    client = {code: value for code, value in UEFI.items() if code != 57}
    out = room.handle(opt.DHCPDISCOVER, client | room_of_client | {82: relayed}, giaddr="10.42.0.166")
    assert out.payload.rstrip(b"\0").endswith(bytes((82, 255)) + relayed + b"\xff")
    alone = room.handle(opt.DHCPDISCOVER, client | room_of_client, giaddr="10.42.0.166")
    assert decode(out.payload).options == {**decode(alone.payload).options, 82: relayed}


@pytest.mark.parametrize("kind", [opt.DHCPDISCOVER, opt.DHCPREQUEST, opt.DHCPRELEASE])
def test_handle_on_a_replica_that_stands_by_says_nothing_and_notes_nothing(bench, kind):
    where = nic()
    room = bench(where)
    active = [False]
    standing_by = Handler(replace(room.services, answers_dhcp=lambda: active[0]))
    known = encode(message(kind, UEFI | SELECTING))
    unknown = encode(message(kind, UEFI, mac="02:00:00:00:00:01"))
    assert standing_by.handle(known, "0.0.0.0", "eth0") is None
    assert standing_by.handle(unknown, "0.0.0.0", "eth0") is None
    assert (room.lines(), room.events(where), len(room.services.unknown)) == ([], [], 0)
    assert room.metric("dropped_total", protocol="dhcp", reason="standby") == 2
    active[0] = True
    assert (standing_by.handle(known, "0.0.0.0", "eth0") is None) is (kind == opt.DHCPRELEASE)
    assert room.lines() != []


@pytest.mark.parametrize(
    ("relay", "fields"),
    [
        (b"\2\6\0\x1b\x21\xff\xfe\1", {"remoteID": "00:1b:21:ff:fe:01"}),
        (b"\1\4\0\4\1\2", {"circuitID": "00:04:01:02"}),
        (b"\1\6eth0\0\0", {"circuitID": "eth0"}),
        (b"\1\4\0\4\1\0", {"circuitID": "00:04:01:00"}),
        (b"\1\2\0\0", {"circuitID": "00:00"}),
        (b"\x0b\4\x0a\0\0\1", {"server_id_override": "10.0.0.1"}),
        (b"\5\3\x0a\0\0", {}),
        (b"\1\x09short", {}),
        (b"\1\0", {}),
    ],
)
def test_handle_takes_option_82_apart_for_the_log(bench, relay, fields):
    room = bench(nic())
    room.handle(opt.DHCPDISCOVER, LINUX | {opt.RELAY_AGENT_INFORMATION: relay})
    (line,) = room.lines("recv")
    named = {"circuitID", "remoteID", "link_selection", "server_id_override"}
    assert {name: line[name] for name in named & set(line)} == fields


def test_handle_ipxe_logs_the_url_it_is_given(bench):
    room = bench(nic())
    room.handle(opt.DHCPDISCOVER, IPXE)
    assert room.lines("send")[0]["filename"] == SCRIPT


def test_handle_inform_is_answered_but_no_event(bench):
    where = nic()
    room = bench(where)
    assert room.handle(opt.DHCPINFORM, LINUX, ciaddr=ADDRESS).to == Destination(ADDRESS, 68)
    assert room.events(where) == []
