# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DHCP codec, byte for byte as RFC 2131, 3046 and 3396 lay messages out."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import DROP_ORDER, EXTRA, NEVER_DROPPED, DhcpError, Packet, decode, encode, fit
from samples.dhcp_messages import MAC

COOKIE = b"\x63\x82\x53\x63"
CHADDR = bytes.fromhex("5847ca71d849")


def wire(options: bytes, *, file: bytes = b"", sname: bytes = b"", **header: int) -> bytes:
    """Return a DHCPDISCOVER laid out by hand, independent of the codec."""
    fields = {"op": 1, "htype": 1, "hlen": 6, "hops": 0, "xid": 0x64E2D4FE, "secs": 4, "flags": 0x8000} | header
    return (
        struct.pack("!BBBBIHH", *fields.values())
        + bytes((10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3, 10, 0, 0, 4))
        + CHADDR.ljust(16, b"\0")
        + sname.ljust(64, b"\0")
        + file.ljust(128, b"\0")
        + COOKIE
        + options
    )


def options_of(payload: bytes) -> bytes:
    """Return the option field of an encoded message, up to its end option."""
    return payload[240:].rstrip(b"\0")


def reason_of(payload: bytes) -> str:
    with pytest.raises(DhcpError) as caught:
        decode(payload)
    return caught.value.reason


def test_decode_every_header_field():
    packet = decode(wire(b"\x35\1\1\xff", file=b"ipxe.efi", sname=b"boots", hops=2))
    assert packet == Packet(
        op=1,
        xid=0x64E2D4FE,
        mac=MAC,
        secs=4,
        flags=0x8000,
        ciaddr="10.0.0.1",
        yiaddr="10.0.0.2",
        siaddr="10.0.0.3",
        giaddr="10.0.0.4",
        sname=b"boots",
        file=b"ipxe.efi",
        hops=2,
        options={53: b"\1"},
    )
    assert packet.message_type == opt.DHCPDISCOVER


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "short"),
        (wire(b"")[:239], "short"),
        (wire(b"").ljust(9001, b"\0"), "oversize"),
        (wire(b"").replace(COOKIE, b"\0\0\0\0"), "cookie"),
        (wire(b"", op=0), "op"),
        (wire(b"", op=3), "op"),
        (wire(b"", htype=6), "hardware_type"),
        (wire(b"", hlen=0), "hardware_type"),
        (wire(b"", hlen=16), "hardware_type"),
        (wire(b"\x35"), "option_cut_short"),
        (wire(b"\x35\1"), "option_cut_short"),
        (wire(b"\x0c\x05host\xff"[:-1]), "option_cut_short"),
        (wire(b"\x34\1\1\xff", file=b"\x0c" * 127 + b"\xff"), "option_cut_short"),
    ],
)
def test_decode_rejects(payload, reason):
    assert reason_of(payload) == reason


def test_decode_skips_padding_and_stops_at_the_end():
    assert decode(wire(b"\0\0\x35\1\1\0\xff\x0c\1x")).options == {53: b"\1"}


def test_decode_takes_options_without_an_end():
    assert decode(wire(b"\x35\1\1")).options == {53: b"\1"}


def test_decode_keeps_empty_options():
    assert decode(wire(b"\x3d\0\x0c\0\xff")).options == {61: b"", 12: b""}


def test_decode_joins_parts_in_order():
    assert decode(wire(b"\x43\2ab\x0c\1h\x43\2cd\xff")).options == {67: b"abcd", 12: b"h"}


@pytest.mark.parametrize(
    ("overload", "found"),
    [
        (1, {67: b"options,file", 12: b"f"}),
        (2, {67: b"options,sname", 15: b"s"}),
        (3, {67: b"options,file,sname", 12: b"f", 15: b"s"}),
    ],
)
def test_decode_overload_joins_options_then_file_then_sname(overload, found):
    payload = wire(
        bytes((52, 1, overload)) + b"\x43\7options\xff",
        file=b"\x43\5,file\x0c\1f\xff",
        sname=b"\x43\6,sname\x0f\1s\xff",
    )
    packet = decode(payload)
    assert packet.options == found
    assert packet.file == (b"\x43\5,file\x0c\1f\xff" if overload == 2 else b"")
    assert packet.sname == (b"\x43\6,sname\x0f\1s\xff" if overload == 1 else b"")


@pytest.mark.parametrize("option", [b"\x34\1\0", b"\x34\1\4", b"\x34\0", b"\x34\2\1\1"])
def test_decode_ignores_an_overload_that_is_none(option):
    packet = decode(wire(option + b"\xff", file=b"ipxe.efi"))
    assert packet.file == b"ipxe.efi"
    assert packet.options == {}


def test_decode_overload_within_an_overloaded_field_counts_for_nothing():
    packet = decode(wire(b"\x34\1\1\xff", file=b"\x34\1\2\x0c\1f\xff", sname=b"boots"))
    assert packet.options == {12: b"f"}
    assert packet.sname == b"boots"


@pytest.mark.parametrize("value", [b"", b"\1\1"])
def test_message_type_of_a_wrong_size_is_none(value):
    assert Packet(op=1, xid=1, mac=MAC, options={53: value}).message_type is None


def test_encode_header_as_laid_out_by_hand():
    packet = decode(wire(b"\x35\1\1\xff", file=b"ipxe.efi", sname=b"boots", hops=2))
    assert encode(packet)[:240] == wire(b"", file=b"ipxe.efi", sname=b"boots", hops=2)


def test_encode_pads_to_300_bytes():
    payload = encode(Packet(op=2, xid=1, mac=MAC, options={53: b"\2"}))
    assert len(payload) == 300
    assert payload[240:] == b"\x35\1\2\xff".ljust(60, b"\0")


def test_encode_order_type_first_relay_information_last():
    given_order = {97: b"u", 82: b"r", 12: b"h", 175: b"i", 54: b"abcd", 53: b"\2", 1: b"mask"}
    payload = encode(Packet(op=2, xid=1, mac=MAC, options=given_order))
    assert options_of(payload) == b"\x35\1\2\x36\4abcd\1\4mask\x0c\1h\x61\1u\xaf\1i\x52\1r\xff"


def test_encode_splits_long_options_into_adjacent_parts():
    payload = encode(Packet(op=2, xid=1, mac=MAC, options={67: b"a" * 255 + b"b" * 3, 82: b"r"}))
    assert options_of(payload) == b"\x43\xff" + b"a" * 255 + b"\x43\3bbb\x52\1r\xff"


def test_encode_writes_empty_options():
    assert options_of(encode(Packet(op=2, xid=1, mac=MAC, options={61: b""}))) == b"\x3d\0\xff"


@pytest.mark.parametrize(("field", "room", "reason"), [("file", 127, "file_too_long"), ("sname", 63, "sname_too_long")])
def test_encode_never_truncates_a_header_field(field, room, reason):
    packet = Packet(op=2, xid=1, mac=MAC)
    assert getattr(decode(encode(replace(packet, **{field: b"x" * room}))), field) == b"x" * room
    with pytest.raises(DhcpError) as caught:
        encode(replace(packet, **{field: b"x" * (room + 1)}))
    assert caught.value.reason == reason


# A reply whose options take 576 - 28 - 240 = 308 bytes with the end option: just what every client has room for.
FULL = Packet(
    op=2, xid=1, mac=MAC, file=b"f", options={53: b"\2", 66: b"t" * 20, 67: b"f" * 200, 12: b"h" * 75, 61: b"i"}
)


def test_fit_leaves_what_fits_as_it_is():
    assert len(encode(FULL)) == 548
    assert fit(FULL, None) == (FULL, ())


@pytest.mark.parametrize("length", [255, 256, 510, 511, 700])
def test_fit_counts_every_part_of_a_long_option(length):
    size = 240 + 1 + len(encode(Packet(op=2, xid=1, mac=MAC, options={61: b"i" * length}))[241:].rstrip(b"\0"))
    filler = 1000 - size - 2
    packet = Packet(op=2, xid=1, mac=MAC, options={12: b"h" * filler, 61: b"i" * length})
    for spare, dropped in ((0, ()), (-1, (12,))):
        assert fit(packet, len(encode(packet)) + 28 + spare)[1] == dropped


def test_fit_gives_up_no_more_than_it_must():
    packet, dropped = fit(replace(FULL, options=FULL.options | {61: b"i" * 23}), None)
    assert dropped == (66,)
    assert len(encode(packet)) == 548


@pytest.mark.parametrize("max_size", [None, 0, 575, 576])
def test_fit_assumes_576_bytes_where_the_client_says_less(max_size):
    larger = replace(FULL, options=FULL.options | {61: b"ii"})
    packet, dropped = fit(larger, max_size)
    assert dropped == (66,)
    assert packet.options == {code: value for code, value in larger.options.items() if code != 66}


def test_fit_uses_the_room_the_client_has():
    larger = replace(FULL, options=FULL.options | {61: b"i" * 254, 97: b"u" * 300})
    assert fit(larger, 1500) == (larger, ())
    assert len(encode(larger)) == 548 + 253 + 2 + 2 + 300


def test_fit_never_counts_on_more_than_an_ethernet_frame():
    larger = replace(FULL, options=FULL.options | {61: b"i" * 1000})
    packet, dropped = fit(larger, 9000)
    assert dropped == (66, 67)
    assert len(encode(packet)) <= 1472


def test_fit_gives_up_in_the_documented_order():
    order = tuple(225 if code == EXTRA else code for code in DROP_ORDER)
    options = dict.fromkeys(order, b"x" * 40) | {53: b"\2"}
    packet, dropped = fit(Packet(op=2, xid=1, mac=MAC, file=b"f", options=options), None)
    assert dropped == order[: len(dropped)]
    assert 0 < len(dropped) < len(order)
    assert len(encode(packet)) <= 548


# What no client can do without: it, and option 67 where the name is nowhere else, stays.
KEPT = {1, 3, 43, 51, 53, 54, 60, 61, 97, 175}


def test_fit_never_gives_up_what_a_client_needs_and_everything_else_for_it():
    assert KEPT | {82} == NEVER_DROPPED
    others = [code for code in range(1, 255) if code not in NEVER_DROPPED]
    options = dict.fromkeys([*KEPT, *others], b"xxxx") | {43: b"x" * 220}
    fitted, dropped = fit(Packet(op=2, xid=1, mac=MAC, file=b"f", options=options), None)
    assert set(fitted.options) >= KEPT
    assert set(fitted.options) | set(dropped) == set(options)
    assert len(encode(fitted)) <= 548


def test_fit_keeps_a_boot_file_name_that_is_nowhere_else():
    packet = Packet(op=2, xid=1, mac=MAC, options={53: b"\2", 67: b"f" * 250, 12: b"h" * 100})
    assert fit(packet, None)[1] == (12,)


def test_fit_refuses_what_can_not_be_made_to_fit():
    with pytest.raises(DhcpError) as caught:
        fit(Packet(op=2, xid=1, mac=MAC, options={67: b"f" * 400}), None)
    assert caught.value.reason == "reply_too_big"


RELAYED = bytes(range(255))  # the longest value of one option


@pytest.mark.parametrize("max_size", [None, 0, 300, 576, 590, 1024, 1500])
@pytest.mark.parametrize("length", [1, 20, 255])
def test_fit_never_lets_option_82_cost_the_client_anything(length, max_size):
    """RFC 3046 section 2.1: the relay takes it out before the client's room matters."""
    relayed = RELAYED[:length]
    fitted, dropped = fit(replace(FULL, options=FULL.options | {82: relayed}), max_size)
    assert dropped == ()
    assert encode(fitted).endswith(bytes((82, length)) + relayed + b"\xff")
    assert len(encode(fitted)) == 548 + 2 + length


@pytest.mark.parametrize("max_size", [None, 64, 576, 590, 700, 900, 1500])
@pytest.mark.parametrize("name_servers", range(0, 61, 12))
def test_fit_gives_up_the_same_with_option_82_and_leaves_it_as_it_is(name_servers, max_size):
    options = FULL.options | {6: b"dnsx" * name_servers, 15: b"d" * 200, 61: b"i" * 100}
    without, dropped = fit(replace(FULL, options=options), max_size)
    relayed, dropped_too = fit(replace(FULL, options=options | {82: RELAYED}), max_size)
    assert dropped_too == dropped
    assert relayed.options == {**without.options, 82: bytes(range(255))}


def test_fit_gives_up_others_before_option_82_where_a_frame_is_full():
    options = FULL.options | {61: b"i" * 254, 97: b"u" * 300, 82: RELAYED * 2}
    fitted, dropped = fit(replace(FULL, options=options), 1500)
    assert dropped == (66, 67)
    assert fitted.options[82] == RELAYED * 2
    assert len(encode(fitted)) <= 1472


def test_fit_gives_up_option_82_only_where_no_frame_holds_it():
    """RFC 3046 section 2.2: a reply that can't hold all of it goes without it."""
    fitted, dropped = fit(replace(FULL, options=FULL.options | {82: RELAYED * 5}), None)
    assert (fitted, dropped) == (FULL, (82,))


addresses = st.ip_addresses(v=4).map(str)
names = st.binary(max_size=60).map(lambda raw: raw.replace(b"\0", b""))
packets = st.builds(
    Packet,
    op=st.sampled_from([1, 2]),
    xid=st.integers(0, 0xFFFFFFFF),
    mac=st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":")),
    secs=st.integers(0, 0xFFFF),
    flags=st.integers(0, 0xFFFF),
    ciaddr=addresses,
    yiaddr=addresses,
    siaddr=addresses,
    giaddr=addresses,
    sname=names,
    file=names,
    hops=st.integers(0, 255),
    options=st.dictionaries(
        st.integers(1, 254).filter(lambda code: code != opt.OVERLOAD), st.binary(max_size=600), max_size=12
    ),
)


@given(packets)
def test_decode_encode_round_trip(packet):
    assert decode(encode(packet)) == packet


@given(packets, st.none() | st.integers(0, 0xFFFF))
def test_fit_makes_it_fit_or_refuses_where_nothing_helps(packet, max_size):
    room = min(max(max_size or 0, 576), 1500) - 28
    try:
        fitted, dropped = fit(packet, max_size)
    except DhcpError:
        kept = {code: value for code, value in packet.options.items() if code in KEPT}
        if not packet.file and opt.BOOT_FILE_NAME in packet.options:
            kept[opt.BOOT_FILE_NAME] = packet.options[opt.BOOT_FILE_NAME]
        assert len(encode(replace(packet, options=kept))) > room
        return
    at_the_client = {code: value for code, value in fitted.options.items() if code != 82}
    assert len(encode(replace(fitted, options=at_the_client))) <= room
    assert len(encode(fitted)) <= 1472
    assert set(fitted.options) == set(packet.options) - set(dropped)
    assert not set(dropped) & KEPT
    assert 82 not in dropped or len(packet.options[82]) > 255


@given(packets, st.none() | st.integers(0, 0xFFFF), st.binary(min_size=1, max_size=255))
def test_fit_gives_up_nothing_for_a_relay_unless_a_frame_is_full(packet, max_size, relayed):
    options = {code: value for code, value in packet.options.items() if code != 82}
    datagram = min(max_size or 0, 1500 - 2 - len(relayed))
    try:
        without, dropped = fit(replace(packet, options=options), datagram)
    except DhcpError:
        return
    fitted, dropped_too = fit(replace(packet, options=options | {82: relayed}), datagram)
    assert (dropped_too, fitted.options) == (dropped, {**without.options, 82: relayed})
