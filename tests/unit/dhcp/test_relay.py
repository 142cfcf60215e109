# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relays: which are answered, the server identifier they want (RFC 5107), and the network they name (RFC 3527)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions import events
from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import (
    Answer,
    Silence,
    decide,
    is_elsewhere,
    is_plausible,
    link_selection,
    server_id_override,
    usable,
)
from samples.dhcp_messages import ADDRESS, CONTEXT, LINUX, SERVER, UEFI, address, message, nic

RELAY = "10.10.0.254"
RIGHT = {opt.REQUESTED_ADDRESS: address(ADDRESS)}
NAMES_RELAY = {opt.SERVER_IDENTIFIER: address(RELAY)}
NAMES_US = {opt.SERVER_IDENTIFIER: address(SERVER)}
THROUGH = {"giaddr": RELAY}


def override(value: bytes) -> dict[int, bytes]:
    return {opt.RELAY_AGENT_INFORMATION: b"\1\4eth0" + bytes((11, len(value))) + value}


def link(dotted: str) -> dict[int, bytes]:
    return {opt.RELAY_AGENT_INFORMATION: b"\5\4" + address(dotted) + b"\1\4eth0"}


OVERRIDE = override(address(RELAY))


@pytest.mark.parametrize(
    ("kind", "options", "fields", "sent"),
    [
        (opt.DHCPDISCOVER, UEFI, {}, opt.DHCPOFFER),
        (opt.DHCPREQUEST, NAMES_RELAY | RIGHT, {}, opt.DHCPACK),
        (opt.DHCPREQUEST, NAMES_US | RIGHT, {}, opt.DHCPACK),  # a lease from before the relay was set up so
        (opt.DHCPREQUEST, {}, {"ciaddr": ADDRESS}, opt.DHCPACK),
        (opt.DHCPREQUEST, NAMES_RELAY | {opt.REQUESTED_ADDRESS: address("10.10.0.77")}, {}, opt.DHCPNAK),
        (opt.DHCPREQUEST, {opt.REQUESTED_ADDRESS: address("10.10.0.77")}, {}, opt.DHCPNAK),
        (opt.DHCPINFORM, LINUX, {"ciaddr": ADDRESS}, opt.DHCPACK),
    ],
)
def test_override_is_the_server_identifier_of_every_answer(kind, options, fields, sent):
    answer = decide(message(kind, OVERRIDE | options, **THROUGH, **fields), nic(), CONTEXT)
    assert isinstance(answer, Answer), answer
    assert answer.reply.message_type == sent
    assert answer.reply.options[opt.SERVER_IDENTIFIER] == address(RELAY)
    assert answer.reply.options[opt.RELAY_AGENT_INFORMATION] == b"\1\4eth0\x0b\4\x0a\x0a\0\xfe"


def test_override_is_what_makes_a_message_that_names_the_relay_ours():
    fields = {"ciaddr": ADDRESS, **THROUGH}
    released = decide(message(opt.DHCPRELEASE, OVERRIDE | NAMES_RELAY, **fields), nic(), CONTEXT)
    assert released == Silence("released", events.Release(ADDRESS))
    declined = decide(message(opt.DHCPDECLINE, OVERRIDE | NAMES_RELAY | RIGHT, **THROUGH), nic(), CONTEXT)
    assert declined == Silence("declined", events.Decline(ADDRESS))
    for kind in (opt.DHCPREQUEST, opt.DHCPRELEASE, opt.DHCPDECLINE):
        for options in (NAMES_RELAY, override(address("10.10.0.253")) | NAMES_RELAY):
            assert decide(message(kind, options | RIGHT, **fields), nic(), CONTEXT) == Silence("another_server")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x0a\x0a\0",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\xe0\0\0\1",
        b"\x7f\0\0\1",
        b"\xa9\xfe\0\1",
        b"\xf0\0\0\1",
    ],
)
def test_override_that_names_no_host_is_none(value):
    request = message(opt.DHCPDISCOVER, override(value), **THROUGH)
    assert server_id_override(request) is None
    assert decide(request, nic(), CONTEXT).reply.options[opt.SERVER_IDENTIFIER] == address(SERVER)


@pytest.mark.parametrize("giaddr", ["10.42.0.166", RELAY])
def test_link_selection_outside_of_the_reserved_network_is_not_served(giaddr):
    discover = message(opt.DHCPDISCOVER, UEFI | link("10.20.0.1"), giaddr=giaddr)
    silence = decide(discover, nic(), CONTEXT)
    assert isinstance(silence, Silence)
    assert silence.reason == "wrong_network"
    assert "10.10.0.16" in silence.wrong
    assert "10.20.0.1" in silence.wrong
    # INIT-REBOOT on another network: RFC 2131 section 4.3.2.
    refusal = decide(message(opt.DHCPREQUEST, RIGHT | link("10.20.0.1"), giaddr=giaddr), nic(), CONTEXT)
    assert refusal.reply.message_type == opt.DHCPNAK
    assert refusal.reply.options[opt.RELAY_AGENT_INFORMATION] == link("10.20.0.1")[opt.RELAY_AGENT_INFORMATION]


@pytest.mark.parametrize("named", ["10.10.0.0", "10.10.0.20", "10.10.0.255", "0.0.0.0", "255.255.255.255"])
def test_link_selection_of_the_reserved_network_or_of_none_is_served(named):
    """It may be any address of the network, the network's own too (RFC 3527 section 3); giaddr may be of another."""
    answer = decide(message(opt.DHCPDISCOVER, UEFI | link(named), giaddr="10.42.0.166"), nic(), CONTEXT)
    assert answer.reply.yiaddr == ADDRESS
    assert answer.reply.options[opt.RELAY_AGENT_INFORMATION] == link(named)[opt.RELAY_AGENT_INFORMATION]


@pytest.mark.parametrize("netmask", ["", "255.0.255.0"])
def test_link_selection_tells_nothing_without_a_netmask(netmask):
    request = message(opt.DHCPDISCOVER, link("10.20.0.1"))
    assert not is_elsewhere(request, nic(netmask=netmask).interface)


def test_cisco_s_own_numbers_are_read_where_the_standard_ones_are_missing():
    cisco = {opt.RELAY_AGENT_INFORMATION: b"\x96\4" + address("10.20.0.1") + b"\x98\4" + address(RELAY)}
    request = message(opt.DHCPDISCOVER, cisco, **THROUGH)
    assert (link_selection(request), server_id_override(request)) == ("10.20.0.1", RELAY)
    both = {opt.RELAY_AGENT_INFORMATION: cisco[82] + b"\5\4" + address("10.10.0.1") + b"\x0b\4" + address("10.10.0.2")}
    request = message(opt.DHCPDISCOVER, both, **THROUGH)
    assert (link_selection(request), server_id_override(request)) == ("10.10.0.1", "10.10.0.2")


BAD = [
    "224.0.0.1",
    "239.255.255.255",
    "255.255.255.255",
    "240.0.0.1",
    "127.0.0.1",
    "0.0.0.1",
    "169.254.1.1",
    SERVER,
    "10.10.0.255",
    "10.10.0.0",
]


@pytest.mark.parametrize("giaddr", BAD)
@pytest.mark.parametrize("kind", [opt.DHCPDISCOVER, opt.DHCPREQUEST, opt.DHCPINFORM, opt.DHCPRELEASE])
def test_relay_that_can_be_none_is_not_answered(giaddr, kind):
    request = message(kind, UEFI | RIGHT, giaddr=giaddr, ciaddr=ADDRESS)
    silence = decide(request, nic(), CONTEXT)
    assert isinstance(silence, Silence)
    assert (silence.reason, silence.detail) == ("bad_relay", None)
    assert giaddr in silence.wrong


@pytest.mark.parametrize("giaddr", ["0.0.0.0", "10.42.0.166", RELAY, "192.168.77.1", "203.0.113.255"])
def test_relay_that_can_be_one_is_answered(giaddr):
    assert isinstance(decide(message(opt.DHCPDISCOVER, UEFI, giaddr=giaddr), nic(), CONTEXT), Answer)


@pytest.mark.parametrize("netmask", ["255.255.255.254", "255.255.255.255", ""])
def test_relay_at_either_end_of_a_network_of_two_is_a_host(netmask):
    request = message(opt.DHCPDISCOVER, giaddr="10.10.0.17")
    assert is_plausible(request, nic(netmask=netmask).interface, SERVER, on_loopback=False)


def test_relay_on_loopback_is_for_a_bootd_that_is_reached_there():
    local = replace(CONTEXT, on_loopback=True)
    assert isinstance(decide(message(opt.DHCPDISCOVER, giaddr="127.0.0.2"), nic(), local), Answer)
    assert isinstance(decide(message(opt.DHCPDISCOVER, giaddr="224.0.0.1"), nic(), local), Silence)


@pytest.mark.parametrize("reserved", ["1.0.0.1", "10.10.0.16", "192.168.1.1", "223.255.255.254"])
def test_usable_addresses(reserved):
    assert usable(reserved)
