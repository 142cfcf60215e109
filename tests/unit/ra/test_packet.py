# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Router solicitations and advertisements on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptSrcLLAddr

from _bootd.ra.packet import RaError, Solicitation, advertisement, parse_solicitation

MAC = "58:47:ca:71:d8:49"
LINK_LOCAL = "fe80::5a47:caff:fe71:d849"
SOLICITATION = bytes.fromhex("8500 0000 0000 0000")
OPTION = bytes.fromhex("0101 5847ca71d849")


def reason(data: bytes, source: str = LINK_LOCAL, hop_limit: int | None = 255) -> str:
    with pytest.raises(RaError) as caught:
        parse_solicitation(data, source, hop_limit)
    return caught.value.reason


@pytest.mark.parametrize(
    ("data", "source", "mac"),
    [
        pytest.param(SOLICITATION + OPTION, LINK_LOCAL, MAC, id="with its link-layer address"),
        pytest.param(SOLICITATION + OPTION, "fe80::1", MAC, id="the option beats the address"),
        pytest.param(SOLICITATION, LINK_LOCAL, MAC, id="from the address it is made of"),
        pytest.param(SOLICITATION, "fe80::1234:5678:9abc:def0", None, id="a private interface identifier"),
        pytest.param(SOLICITATION, "2001:db8::5a47:caff:fe71:d849", None, id="not link-local"),
        pytest.param(SOLICITATION, "::", None, id="unspecified"),
        pytest.param(SOLICITATION + bytes.fromhex("0501 0000000005dc") + OPTION, "fe80::1", MAC, id="behind another"),
        pytest.param(SOLICITATION + OPTION + bytes.fromhex("0101 ffffffffffff"), "fe80::1", MAC, id="the first counts"),
        pytest.param(SOLICITATION + bytes.fromhex("0102") + bytes(14), LINK_LOCAL, None, id="not Ethernet"),
    ],
)
def test_parse_solicitation_tells_who_asks(data, source, mac):
    assert parse_solicitation(data, source, 255) == Solicitation(source, mac)


@pytest.mark.parametrize("size", range(8))
def test_parse_solicitation_cut_header_is_short(size):
    assert reason(SOLICITATION[:size]) == "short"


@pytest.mark.parametrize("kind", [0, 128, 134, 135, 255])
def test_parse_solicitation_of_another_type_is_refused(kind):
    assert reason(bytes([kind]) + SOLICITATION[1:]) == "other_type"


def test_parse_solicitation_with_a_code_is_refused():
    assert reason(b"\x85\x01" + bytes(6)) == "bad_code"


@pytest.mark.parametrize("hop_limit", [None, 0, 64, 254])
def test_parse_solicitation_that_may_have_passed_a_router_is_refused(hop_limit):
    assert reason(SOLICITATION, hop_limit=hop_limit) == "not_on_link"


@pytest.mark.parametrize("source", ["", "10.10.0.16", "x"])
def test_parse_solicitation_from_no_ipv6_address_is_refused(source):
    assert reason(SOLICITATION, source) == "bad_source"


@pytest.mark.parametrize("option", ["00", "0100", "01005847ca71d849", "0102 5847ca71d849", "01"])
def test_parse_solicitation_option_of_bad_length_is_refused(option):
    assert reason(SOLICITATION + bytes.fromhex(option)) == "bad_option"


def test_parse_solicitation_from_nowhere_with_a_link_layer_address_is_refused():
    assert reason(SOLICITATION + OPTION, "::") == "bad_option"


@given(st.binary(max_size=100), st.binary(max_size=40), st.integers(0, 255))
def test_parse_solicitation_of_any_bytes_is_a_solicitation_or_its_own_error(data, options, hop_limit):
    for message in (data, SOLICITATION + options):
        try:
            found = parse_solicitation(message, LINK_LOCAL, hop_limit)
        except RaError:
            continue
        assert hop_limit == 255
        assert found.mac is None or len(found.mac) == 17


def test_parse_solicitation_reads_what_scapy_writes():
    assert parse_solicitation(bytes(ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=MAC)), "fe80::1", 255).mac == MAC


def test_advertisement_offers_nothing():
    assert advertisement() == bytes.fromhex("8600 0000 0000 0000 00000000 00000000")
    read = ICMPv6ND_RA(advertisement())
    assert (read.type, read.code, read.routerlifetime, read.M, read.O) == (134, 0, 0, 0, 0)
    assert not read.payload
