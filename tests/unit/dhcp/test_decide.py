# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is answered, and with which message: RFC 2131 section 4.3."""

from __future__ import annotations

import pytest

from _bootd.decisions import events
from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import Answer, Silence, decide, usable
from samples.dhcp_messages import (
    ADDRESS,
    CONTEXT,
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

OURS = {opt.SERVER_IDENTIFIER: address(SERVER)}
THEIRS = {opt.SERVER_IDENTIFIER: address("10.10.0.99")}
RIGHT = {opt.REQUESTED_ADDRESS: address(ADDRESS)}
WRONG = {opt.REQUESTED_ADDRESS: address("10.10.0.77")}


def type_of(decision: Answer | Silence) -> int | None:
    assert isinstance(decision, Answer), decision
    return decision.reply.message_type


def test_decide_discover_is_offered_the_reservation():
    answer = decide(message(opt.DHCPDISCOVER, LINUX), nic(), CONTEXT)
    assert type_of(answer) == opt.DHCPOFFER
    assert answer.reply.yiaddr == ADDRESS


@pytest.mark.parametrize(
    ("options", "fields", "expected"),
    [
        # Selecting: option 54 names the server that was chosen.
        (OURS | RIGHT, {}, opt.DHCPACK),
        (OURS | WRONG, {}, opt.DHCPNAK),
        (OURS, {"ciaddr": ADDRESS}, opt.DHCPACK),
        # Init-reboot: no option 54, the remembered address in option 50.
        (RIGHT, {}, opt.DHCPACK),
        (WRONG, {}, opt.DHCPNAK),
        # Renewing and rebinding: the address in ciaddr, by unicast or broadcast.
        ({}, {"ciaddr": ADDRESS}, opt.DHCPACK),
        ({}, {"ciaddr": ADDRESS, "giaddr": "10.42.0.166"}, opt.DHCPACK),
        ({}, {"ciaddr": "10.10.0.77"}, opt.DHCPNAK),
        # An option 54 or 50 of the wrong size counts as absent.
        ({opt.SERVER_IDENTIFIER: b"\n\n\0"} | RIGHT, {}, opt.DHCPACK),
        ({opt.REQUESTED_ADDRESS: b"\n"}, {"ciaddr": ADDRESS}, opt.DHCPACK),
    ],
)
def test_decide_request(options, fields, expected):
    assert type_of(decide(message(opt.DHCPREQUEST, options, **fields), nic(), CONTEXT)) == expected


@pytest.mark.parametrize(
    ("options", "fields", "reason"),
    [
        (THEIRS | RIGHT, {}, "another_server"),
        (THEIRS | WRONG, {}, "another_server"),
        (THEIRS, {"ciaddr": ADDRESS}, "another_server"),
        (OURS, {}, "no_address_asked_for"),
        ({}, {}, "no_address_asked_for"),
        ({opt.REQUESTED_ADDRESS: b""}, {}, "no_address_asked_for"),
        ({opt.REQUESTED_ADDRESS: bytes(4)}, {}, "no_address_asked_for"),
    ],
)
def test_decide_request_that_is_left_alone(options, fields, reason):
    assert decide(message(opt.DHCPREQUEST, options, **fields), nic(), CONTEXT) == Silence(reason)


def test_decide_refusal_says_which_address_is_wrong():
    answer = decide(message(opt.DHCPREQUEST, OURS | WRONG), nic(), CONTEXT)
    assert answer.detail.kind == "refused"
    assert answer.detail.address == "10.10.0.77"
    assert "10.10.0.77" in answer.reason
    assert answer.reply.options[opt.MESSAGE] == answer.reason.encode()


def test_decide_inform_is_answered_without_an_address_and_is_no_event():
    answer = decide(message(opt.DHCPINFORM, LINUX, ciaddr=ADDRESS), nic(), CONTEXT)
    assert type_of(answer) == opt.DHCPACK
    assert (answer.reply.yiaddr, answer.reply.ciaddr) == ("0.0.0.0", ADDRESS)
    assert opt.LEASE_TIME not in answer.reply.options
    assert answer.detail is None


def test_decide_inform_without_an_address_to_answer_to():
    assert decide(message(opt.DHCPINFORM), nic(), CONTEXT) == Silence("inform_without_address")


def test_decide_decline_is_noted():
    expected = Silence("declined", events.Decline(ADDRESS))
    assert decide(message(opt.DHCPDECLINE, OURS | RIGHT), nic(), CONTEXT) == expected


def test_decide_release_is_noted():
    expected = Silence("released", events.Release(ADDRESS))
    assert decide(message(opt.DHCPRELEASE, OURS, ciaddr=ADDRESS), nic(), CONTEXT) == expected


@pytest.mark.parametrize("kind", [opt.DHCPDECLINE, opt.DHCPRELEASE])
def test_decide_decline_and_release_to_another_server_are_none_of_ours(kind):
    assert decide(message(kind, THEIRS | RIGHT, ciaddr=ADDRESS), nic(), CONTEXT) == Silence("another_server")


@pytest.mark.parametrize("kind", [opt.DHCPOFFER, opt.DHCPACK, opt.DHCPNAK, 0, 9, 13, 255])
def test_decide_types_that_no_client_sends(kind):
    assert decide(message(kind), nic(), CONTEXT) == Silence("unexpected_type")


def test_decide_bootp():
    assert decide(message(None), nic(), CONTEXT) == Silence("no_message_type")


@pytest.mark.parametrize("kind", range(1, 9))
def test_decide_never_answers_a_reply(kind):
    assert decide(message(kind, op=2), nic(), CONTEXT) == Silence("not_a_request")


CLIENTS_SAY = [opt.DHCPDISCOVER, opt.DHCPREQUEST, opt.DHCPDECLINE, opt.DHCPRELEASE, opt.DHCPINFORM]


@pytest.mark.parametrize("kind", CLIENTS_SAY)
@pytest.mark.parametrize("options", [{}, OURS | RIGHT, OURS | WRONG, THEIRS, UEFI, IPXE])
@pytest.mark.parametrize("fields", [{}, {"ciaddr": ADDRESS}, {"giaddr": "10.42.0.166"}])
def test_decide_never_answers_unknown_machines(kind, options, fields):
    assert decide(message(kind, options, **fields), None, CONTEXT) == Silence("unknown_machine")


@pytest.mark.parametrize("kind", CLIENTS_SAY)
def test_decide_never_answers_where_dhcp_is_disabled(kind):
    decision = decide(message(kind, OURS | RIGHT, ciaddr=ADDRESS), nic(disable_dhcp=True), CONTEXT)
    assert decision == Silence("dhcp_disabled")


@pytest.mark.parametrize("reserved", ["", "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"])
def test_decide_without_an_address_to_give(reserved):
    assert decide(message(opt.DHCPDISCOVER), nic(address=reserved), CONTEXT) == Silence("no_reservation")
    assert not usable(reserved)


@pytest.mark.parametrize(
    ("kind", "options", "event"),
    [(opt.DHCPDISCOVER, {}, events.Discover), (opt.DHCPREQUEST, OURS | RIGHT, events.Lease)],
)
@pytest.mark.parametrize(
    ("client", "detail"),
    [
        (
            UEFI,
            {"client": "firmware", "netboot": True, "firmware": "uefi", "arch": 7, "filename": f"{PATH}/snponly.efi"},
        ),
        (IPXE, {"client": "ipxe", "netboot": True, "firmware": "uefi", "arch": 7, "filename": SCRIPT}),
        (LINUX, {"client": "os", "netboot": True, "firmware": "", "arch": None, "filename": ""}),
        (
            UEFI | {opt.CLIENT_ARCHITECTURE: b"\0\0"},
            {"client": "firmware", "netboot": True, "firmware": "bios", "arch": 0, "filename": f"{PATH}/undionly.kpxe"},
        ),
    ],
)
def test_decide_tells_the_journal_who_asked_and_what_it_got(kind, options, event, client, detail):
    answer = decide(message(kind, client | options), nic(), CONTEXT)
    assert answer.detail == event(**detail)


def test_decide_answers_the_machine_that_asked():
    other = nic(mac="58:47:ca:71:d8:50", address="10.10.0.17")
    answer = decide(message(opt.DHCPDISCOVER, LINUX, mac="58:47:ca:71:d8:50"), other, CONTEXT)
    assert (answer.reply.mac, answer.reply.yiaddr) == ("58:47:ca:71:d8:50", "10.10.0.17")
    assert answer.reply.mac != MAC
