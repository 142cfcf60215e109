# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames are answers to which question, and what is said where nothing can be asked; the frames are scapy's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1Q, Ether

from ansible_collections.baremetal.netboot.plugins.module_utils._clients import layer2
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.dhcp import (
    ClientProblem,
    Discovery,
    Heard,
    exchange,
)

MAC, OTHER_MAC = "58:47:ca:71:d8:49", "58:47:ca:71:d8:50"
SERVER, SERVER_MAC = "10.10.0.1", "02:00:00:00:00:01"
FIRST = Discovery(MAC, "uefi", 1)
SECOND = Discovery(MAC, "plain", 2)


def reply(mac=MAC, xid=1, *, kind="offer", op=2, tag=None, server=SERVER, server_mac=SERVER_MAC):
    """Return a frame as it comes from the wire."""
    bootp = BOOTP(op=op, chaddr=bytes.fromhex(mac.replace(":", "")), xid=xid, yiaddr="10.10.0.207")
    options = DHCP(options=[("message-type", kind), ("server_id", server), "end"])
    packet = IP(src=server, dst="255.255.255.255") / UDP(sport=67, dport=68) / bootp / options
    return frame(packet if tag is None else Dot1Q(vlan=tag) / packet, server_mac)


def frame(payload, server_mac=SERVER_MAC):
    """Return ``payload`` in a broadcast frame, read again as from the wire."""
    return Ether(bytes(Ether(src=server_mac, dst="ff:ff:ff:ff:ff:ff") / payload))


def heard(*frames, asking=(FIRST, SECOND), enough=None):
    """Return the Heard that was asked and has heard ``frames``."""
    found = Heard(asking, enough)
    for question in asking:
        found.sent(question)
    for frame in frames:
        found.take(frame, 10.0)
    return found


def test_answer_goes_to_its_question():
    found = heard(reply(xid=2), reply(xid=1))
    assert [[(a.kind, a.server, a.server_mac, a.address) for a in answers] for answers in found.answers] == [
        [("uefi", SERVER, SERVER_MAC, "10.10.0.207")],
        [("plain", SERVER, SERVER_MAC, "10.10.0.207")],
    ]


@pytest.mark.parametrize(
    "other",
    [
        reply(xid=3),
        reply(mac=OTHER_MAC),
        reply(op=1),
        reply(kind="ack"),
        reply(kind="nak"),
        reply(tag=20),
        frame(IP(src=SERVER, dst="255.255.255.255") / UDP(sport=67) / b"\2\1\6"),
        Ether(bytes.fromhex("ffffffffffff 020000000001 0806") + bytes(46)),
    ],
    ids=["another question", "another machine", "a request", "an ACK", "a NAK", "another VLAN", "cut short", "no IP"],
)
def test_what_is_no_answer_is_left_out(other):
    assert heard(other).answers == [[], []]


def test_second_answer_of_a_server_to_one_question_is_left_out():
    frames = [reply(), reply(), reply(server="10.10.0.2", server_mac="02:00:00:00:00:02"), reply(xid=2)]
    assert [[answer.server for answer in answers] for answers in heard(*frames).answers] == [
        [SERVER, "10.10.0.2"],
        [SERVER],
    ]


def test_two_servers_that_claim_one_address_are_told_apart():
    found = heard(reply(), reply(server_mac="02:00:00:00:00:02"))
    assert [answer.server_mac for answer in found.answers[0]] == [SERVER_MAC, "02:00:00:00:00:02"]


def test_all_is_heard_once_each_question_has_enough():
    assert not heard(reply(), enough=lambda answer: answer.server == SERVER).all
    assert not heard(reply(), reply(xid=2), enough=lambda answer: answer.server == "10.10.0.2").all
    assert heard(reply(), reply(xid=2), enough=lambda answer: answer.server == SERVER).all
    assert not heard(reply(), reply(xid=2)).all


@given(st.binary(max_size=400))
def test_no_octets_do_harm(octets):
    packet = IP(src=SERVER, dst="255.255.255.255") / UDP(sport=67, dport=68) / octets
    assert heard(frame(packet)).answers == [[], []]


def test_questions_have_transactions_of_their_own():
    assert len({Discovery(MAC, "plain").xid for _unused in range(100)}) == 100


def test_missing_interface_is_named_with_those_that_are_there():
    with pytest.raises(ClientProblem, match="there is no interface 'eth99' here, but "):
        exchange("eth99", MAC, "plain", timeout=1)


def test_loopback_is_no_ethernet():
    with pytest.raises(ClientProblem, match="the interface lo is not Ethernet"):
        exchange("lo", MAC, "plain", timeout=1)


def test_missing_library_is_named_with_where_to_get_it(monkeypatch):
    monkeypatch.setattr(layer2, "HAS_SCAPY", False)
    with pytest.raises(ClientProblem, match=r"scapy is missing in the Python that runs this, .+: .+python3-scapy"):
        exchange("eth0", MAC, "plain", timeout=1)


def test_interface_that_goes_away_meanwhile_is_told(monkeypatch):
    class Gone:
        def recv_raw(self):
            raise OSError(100, "Network is down")

    monkeypatch.setattr(layer2.select, "select", lambda reads, *_others: (reads, [], []))
    link = object.__new__(layer2.Link)
    link.interface, link._hears = "eth9", Gone()
    with pytest.raises(ClientProblem, match="eth9 hears no more: Network is down"):
        next(link.hear(float("inf")))
