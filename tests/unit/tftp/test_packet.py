# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TFTP codec, byte for byte and against whatever a datagram may hold."""

from __future__ import annotations

import contextlib
import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.tftp.packet import (
    MAX_MESSAGE,
    Ack,
    Data,
    Error,
    ErrorCode,
    Oack,
    Request,
    RequestError,
    TftpError,
    encode,
    parse,
)

# What edk2 (OVMF of Debian 12) and iPXE's ROM ask for, and the wire form by RFC 1350 and 2347.
WIRE = [
    (Request("ipxe.efi"), b"\0\1ipxe.efi\0octet\0"),
    (
        Request("ipxe.efi", "octet", (("tsize", "0"), ("blksize", "1468"), ("windowsize", "4"))),
        b"\0\1ipxe.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0",
    ),
    (Request("up", "netascii", (), write=True), b"\0\2up\0netascii\0"),
    (Data(1, b"abc"), b"\0\3\0\1abc"),
    (Data(65535, b""), b"\0\3\xff\xff"),
    (Ack(258), b"\0\4\1\2"),
    (Error(8, "no"), b"\0\5\0\x08no\0"),
    (Oack((("blksize", "1432"), ("tsize", "1017856"))), b"\0\6blksize\x001432\0tsize\x001017856\0"),
]


@pytest.mark.parametrize(("packet", "wire"), WIRE)
def test_encode_wire_form(packet, wire):
    assert encode(packet) == wire


@pytest.mark.parametrize(("packet", "wire"), WIRE)
def test_parse_wire_form(packet, wire):
    assert parse(wire) == packet


def test_parse_lower_cases_mode_and_option_names():
    assert parse(b"\0\1Name\0OcTeT\0BLKSIZE\x00512\0") == Request("Name", "octet", (("blksize", "512"),))


def test_parse_keeps_duplicate_options_in_order():
    options = parse(b"\0\1f\0octet\0tsize\x000\0tsize\x001\0").options
    assert options == (("tsize", "0"), ("tsize", "1"))


@pytest.mark.parametrize("padding", [b"\0", b"\0\0\0", b"lonely\0"])
def test_parse_request_padded_by_firmware(padding):
    assert parse(b"\0\1f\0octet\0tsize\x000\0" + padding) == Request("f", "octet", (("tsize", "0"),))


@pytest.mark.parametrize(
    ("wire", "request_"),
    [
        pytest.param(b"\0\1f\0octet", Request("f"), id="mode without end"),
        pytest.param(b"\0\1f\0octet\0tsize\x000", Request("f", "octet", (("tsize", "0"),)), id="value without end"),
        pytest.param(b"\0\1f\0octet\0tsize", Request("f"), id="option without end"),
        pytest.param(b"\0\1f\0octet\0\xff\xff\xff", Request("f"), id="garbage"),
        pytest.param(b"\0\1f\xff\0octet\0", Request("f\ufffd"), id="name not UTF-8"),
        pytest.param(b"\0\1\0octet\0", Request(""), id="empty name"),
    ],
)
def test_parse_request_that_is_not_quite_one(wire, request_):
    assert parse(wire) == request_


@pytest.mark.parametrize(
    ("wire", "filename", "words"),
    [
        pytest.param(b"\0\1ipxe.efi", "ipxe.efi", "without a mode", id="name without end"),
        pytest.param(b"\0\2ipxe.efi\0", "ipxe.efi", "without a mode", id="no mode"),
        pytest.param(b"\0\1" + 500 * b"a" + b"\0octet\0\0\0\0\0", 500 * "a", "more than 512 octets", id="513 octets"),
        pytest.param(b"\0\1" + 600 * b"a", 600 * "a", "more than 512 octets", id="name of 600"),
    ],
)
def test_parse_request_that_cannot_be_read(wire, filename, words):
    with pytest.raises(RequestError, match=words) as caught:
        parse(wire)
    assert (caught.value.code, caught.value.request.filename) == (ErrorCode.ILLEGAL_OPERATION, filename)
    assert caught.value.request.write is (wire[1] == 2)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"\0\7abc\0", id="opcode 7"),
        pytest.param(b"\0\0abc\0", id="opcode 0"),
        pytest.param(b"\0\6tsize", id="OACK without end"),
    ],
)
def test_parse_malformed(wire):
    with pytest.raises(TftpError) as caught:
        parse(wire)
    assert caught.value.code == ErrorCode.ILLEGAL_OPERATION
    assert not isinstance(caught.value, RequestError)


def test_parse_request_of_512_octets():
    name = "a" * (512 - len(b"\0\1\0octet\0"))
    assert parse(b"\0\1" + name.encode() + b"\0octet\0") == Request(name)


@pytest.mark.parametrize("wire", [b"\0\5\0\1", b"\0\5\0\1\0", b"\0\5\0\1half"])
def test_parse_error_with_lazy_message(wire):
    packet = parse(wire)
    assert (packet.code, packet.message) == (1, "half" if b"half" in wire else "")


def test_parse_error_bounds_message():
    assert len(parse(b"\0\5\0\0" + 1400 * b"x" + b"\0").message) == MAX_MESSAGE


@pytest.mark.parametrize("length", [0, 1, 2])
def test_parse_every_datagram_of_up_to_two_octets(length):
    for octets in itertools.product(range(256), repeat=length):
        with pytest.raises(TftpError):
            parse(bytes(octets))


@given(st.binary(min_size=3, max_size=4) | st.binary(max_size=600))
def test_parse_any_datagram(datagram):
    with contextlib.suppress(TftpError):
        assert isinstance(parse(datagram), Request | Data | Ack | Error | Oack)


@given(st.sampled_from([b"\0\1", b"\0\2"]), st.binary(min_size=2, max_size=600))
def test_parse_any_request_is_read_or_told_whose_it_is(opcode, rest):
    try:
        request = parse(opcode + rest)
    except RequestError as error:
        request = error.request
    assert isinstance(request, Request)
    assert request.filename == rest.split(b"\0")[0].decode("utf-8", "replace")


@given(st.sampled_from([wire for _packet, wire in WIRE]), st.data())
def test_parse_mutated_packet(wire, data):
    mutated = bytearray(wire)
    for _unused in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(mutated)))
    with contextlib.suppress(TftpError):
        assert isinstance(parse(bytes(mutated[:cut])), Request | Data | Ack | Error | Oack)


texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=30)
names = st.text(string.ascii_lowercase, min_size=1, max_size=12)
options = st.lists(st.tuples(names, texts), max_size=4).map(tuple)
numbers = st.integers(0, 65535)
packets = st.one_of(
    st.builds(Request, texts, names, options, st.booleans()).filter(lambda packet: len(encode(packet)) <= 512),
    st.builds(Data, numbers, st.binary(max_size=2000)),
    st.builds(Ack, numbers),
    st.builds(Error, numbers, texts),
    st.builds(Oack, options.filter(len)),
)


@given(packets)
def test_parse_round_trip(packet):
    assert parse(encode(packet)) == packet


@pytest.mark.parametrize("packet", [Ack(65536), Ack(-1), Data(65536, b""), Error(-1), Error(1, "a\0b"), Request("\0")])
def test_encode_what_does_not_fit(packet):
    with pytest.raises(ValueError, match="TFTP packet"):
        encode(packet)
