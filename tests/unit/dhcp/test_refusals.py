# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of unknown machines that are kept: as they would be made anew, with all that is told of each machine."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _bootd.dhcp import handler
from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import encode
from _bootd.dhcp.prepared import Refusal
from _bootd.dhcp.refusals import Refusals
from _bootd.dhcp.sighting import Sighting
from _bootd.process.tallies import Tally
from samples.dhcp_messages import BIOS, IPXE, UEFI, message, nic
from servers.dhcp_sides import OTHER, Side, arrival

END = b"\xff"


def mac_of(number: int) -> str:
    return f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"


def uuid_of(number: int) -> bytes:
    return bytes(11) + bytes.fromhex(mac_of(number).replace(":", ""))


def refusal_of(uuid: bytes) -> Refusal:
    said = Sighting("firmware", 7, b"", b"", uuid, b"", b"", "", "eth0", "")
    return Refusal(said, ("dhcp", "in", "DHCPDISCOVER", ()), Tally())


def octets_of(data: bytes, **elsewhere: object) -> bytes:
    return arrival(data, **elsewhere)[4]


HEADS = st.binary(min_size=240, max_size=240)


@given(HEADS, st.binary(max_size=255), st.binary(min_size=12, max_size=12), st.data())
def test_a_refusal_is_kept_by_all_but_xid_secs_the_mac_and_the_uuid(head, uuid, other, data):
    before, behind = bytes((53, 1, 1, 97, len(uuid))), bytes((93, 2, 0, 7, 255))
    sent = head + before + uuid + behind
    refusals, refusal = Refusals(), refusal_of(uuid)
    refusals.keep(octets_of(sent), refusal)
    theirs = data.draw(st.binary(min_size=len(uuid), max_size=len(uuid)))
    changed = sent[:4] + other[:6] + sent[10:28] + other[6:] + head[34:] + before + theirs + behind
    assert refusals.find(octets_of(changed)) == (refusal, refusal.said._replace(uuid=theirs))
    for place in (*range(4), *range(10, 28), *range(34, 245), *range(245 + len(uuid), len(sent))):
        changed = bytearray(sent)
        changed[place] ^= 1
        assert refusals.find(octets_of(bytes(changed))) is None
    assert refusals.find(octets_of(sent, index=3)) is None
    assert refusals.find(octets_of(sent + b"\0")) is None


OWN = {opt.HOST_NAME: b"name-1", opt.CLIENT_IDENTIFIER: b"\1abcdef", 81: b"\0\0\0a.example", opt.CLIENT_UUID: bytes(17)}


def options_of(values: dict[int, bytes], circuit: bytes, remote: bytes, more: bytes = b"") -> bytes:
    relayed = b"".join((b"\1", bytes((len(circuit),)), circuit, b"\2", bytes((len(remote),)), remote, more))
    parts = {53: b"\1", **values, 93: b"\0\7", opt.RELAY_AGENT_INFORMATION: relayed}
    return b"".join(bytes((code, len(value))) + value for code, value in parts.items()) + END


@given(HEADS, st.data())
def test_what_names_a_machine_its_client_or_its_port_is_its_own(head, data):
    sent = head + options_of(OWN, b"ge-1", b"switch-1", b"\5\4\x0a\0\0\1")
    relayed = sent[opt.spans(sent, 240)[opt.RELAY_AGENT_INFORMATION][0]]
    said = refusal_of(OWN[opt.CLIENT_UUID]).said._replace(hostname=OWN[opt.HOST_NAME], relay_information=relayed)
    refusals, refusal = Refusals(), refusal_of(b"")
    refusal = Refusal(said, refusal.packet, refusal.received)
    refusals.keep(octets_of(sent), refusal)
    own = {code: data.draw(st.binary(min_size=len(value), max_size=len(value))) for code, value in OWN.items()}
    circuit, remote = (data.draw(st.binary(min_size=size, max_size=size)) for size in (4, 8))
    theirs = head + options_of(own, circuit, remote, b"\5\4\x0a\0\0\1")
    found = refusals.find(octets_of(theirs))
    assert found is not None
    relayed = theirs[opt.spans(theirs, 240)[opt.RELAY_AGENT_INFORMATION][0]]
    told = {"uuid": own[opt.CLIENT_UUID], "hostname": own[opt.HOST_NAME], "relay_information": relayed}
    assert found == (refusal, said._replace(**told))
    # Another link than the relay's own (RFC 3527), or values of another length, are another make.
    assert refusals.find(octets_of(head + options_of(own, circuit, remote, b"\5\4\x0a\0\0\2"))) is None
    moved = options_of(own | {12: own[12] + b"x", 81: own[81][1:]}, circuit, remote, b"\5\4\x0a\0\0\1")
    assert refusals.find(octets_of(head + moved)) is None


@given(HEADS, st.lists(st.binary(min_size=1, max_size=20), min_size=2, max_size=3))
def test_a_uuid_in_pieces_is_told_as_it_was_sent(head, pieces):
    """RFC 3396: an option that comes more than once is one, all of whose octets have to be the same then."""
    sent = head + b"".join(bytes((97, len(piece))) + piece for piece in pieces) + END
    refusals, refusal = Refusals(), refusal_of(b"".join(pieces))
    refusals.keep(octets_of(sent), refusal)
    assert refusals.find(octets_of(sent)) == (refusal, refusal.said)
    changed = bytearray(sent)
    changed[-2] ^= 1
    assert refusals.find(octets_of(bytes(changed))) is None


def test_refusals_are_bounded():
    refusals = Refusals()
    for size in range(1000):
        refusals.keep(octets_of(bytes(240 + size) + END), refusal_of(b""))
    for place in range(20):
        refusals.keep(octets_of(bytes(240 + place) + bytes((97, 1, 7)) + bytes(20 - place)), refusal_of(b"\7"))
    assert len(refusals._layouts) <= 256
    assert max(map(len, refusals._layouts.values())) == 4
    assert len(refusals._kept._kept) == 256


MESSAGES = st.tuples(
    st.sampled_from([opt.DHCPDISCOVER, opt.DHCPDISCOVER, opt.DHCPREQUEST, opt.DHCPINFORM, 99]),
    st.sampled_from([UEFI, BIOS, IPXE]),
    st.sampled_from(["0.0.0.0", "10.10.0.2", "224.0.0.1"]),
    st.integers(0, 3),  # who asks
    st.sampled_from(
        [
            {},
            {opt.CLIENT_UUID: None},
            {opt.CLIENT_UUID: b""},
            {opt.CLIENT_UUID: bytes(300)},
            {opt.CLIENT_UUID: b"\1short"},
            {opt.HOST_NAME: b"one"},
            {opt.HOST_NAME: b"two"},
            {opt.HOST_NAME: bytes(300)},
            {opt.HOST_NAME: b"one", opt.CLIENT_IDENTIFIER: b"\1abcdef", 81: b"\0\0\0a.b"},
            {opt.HOST_NAME: b"two", opt.CLIENT_IDENTIFIER: b"\1ghijkl", 81: b"\0\0\0c.d"},
            {opt.RELAY_AGENT_INFORMATION: b"\1\4ge-1\2\2r1"},
            {opt.RELAY_AGENT_INFORMATION: b"\1\4ge-2\2\2r2"},
            {opt.RELAY_AGENT_INFORMATION: b"\1\4ge-2\5\4\x0a\0\0\1"},
            {opt.RELAY_AGENT_INFORMATION: b"\1\4ge-3\5\4\x0a\0\0\2"},
            {opt.RELAY_AGENT_INFORMATION: b"\0\1\3ge1\1"},
            {opt.REQUESTED_ADDRESS: b"\x0a\x0a\0\x11"},
            {opt.REQUESTED_ADDRESS: b"\x0a\x0a\0\x12"},
            {opt.REHEARSAL: opt.REHEARSAL_MARK},
        ]
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.lists(st.lists(MESSAGES, max_size=20), max_size=6))
def test_strangers_are_told_of_as_if_each_message_were_read(bench, batches):
    sides = [Side(bench, nic(), prepares=prepares) for prepares in (True, False)]
    for messages in batches:
        asked = []
        for kind, client, relay, number, more in messages:
            options = client | {opt.CLIENT_UUID: uuid_of(number)} | more
            options = {code: value for code, value in options.items() if value is not None}
            asked.append(arrival(encode(message(kind, options, giaddr=relay, mac=mac_of(number)))))
        for side in sides:
            side.now += 1.5
            assert side.ask(asked) == []
    assert sides[0].told() == sides[1].told()


def own_of(number: int) -> dict[int, bytes]:
    name = b"%04d" % number
    return {
        opt.CLIENT_UUID: uuid_of(number),
        opt.CLIENT_IDENTIFIER: b"\1" + uuid_of(number)[-6:],
        opt.HOST_NAME: b"host" + name,
        81: b"\0\0\0" + name,
        opt.RELAY_AGENT_INFORMATION: b"\1\4" + name + b"\2\6" + uuid_of(number)[-6:],
    }


@pytest.mark.parametrize("own", [own_of, lambda number: {opt.CLIENT_UUID: uuid_of(number)}, lambda _number: {}])
def test_a_flood_of_strangers_of_one_make_is_read_once(bench, monkeypatch, own):
    sides = [Side(bench, nic(), prepares=prepares) for prepares in (True, False)]
    macs = [mac_of(number) for number in range(700)]
    asked = []
    for number, mac in enumerate(macs):
        options = UEFI | own(number)
        asked.append(arrival(encode(message(opt.DHCPDISCOVER, options, mac=mac, xid=number + 1))))
    assert sides[1].ask(asked) == []
    assert sides[0].ask(asked[:1]) == []
    with monkeypatch.context() as patch:
        patch.setattr(handler, "decode", None)
        assert sides[0].ask(asked[1:]) == []
    assert sides[0].told() == sides[1].told()
    assert sides[0].room.metric("dropped_total", protocol="dhcp", reason="unknown_machine") == 700
    assert sides[0].services.recent.of(macs[-1])
    # One that is made known is answered at once.
    sides[0].services.catalog.upsert(nic(mac=OTHER, address="10.10.0.17").machine)
    assert len(sides[0].ask([arrival(encode(message(opt.DHCPDISCOVER, UEFI, mac=OTHER)))])) == 1
