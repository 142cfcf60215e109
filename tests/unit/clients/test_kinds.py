# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of client sends what real ones were captured sending, or what the RFC says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.commands.clients import CLIENTS
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import (
    BOOTREQUEST,
    Kind,
    decode,
    encode,
    identify,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS
from samples import dhcp_captures as captures

MACS = st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":"))
SMALLEST_DATAGRAM = 576 - 28  # octets of a message that everybody takes (RFC 2131 section 2)


@pytest.mark.parametrize(
    ("kind", "capture"),
    [
        ("plain", captures.DHCLIENT_DISCOVER),
        ("uefi", captures.EDK2_PXE_DISCOVER),
        ("uefi-http", captures.EDK2_HTTP_DISCOVER),
        ("ipxe", captures.EFI_IPXE_DISCOVER),
    ],
)
def test_options_are_those_that_the_real_client_sends(kind, capture):
    real = dict(decode(capture.payload).options)
    ours = dict(KINDS[kind].discover(captures.MAC, 1).options)
    assert ours.pop(254) == b"rehearsal"
    # That of the captured machine; ours has the GUID of a machine that knows none.
    assert [len(options.pop(97, b"")) for options in (ours, real)] in ([17, 17], [0, 0])
    assert ours == real


def test_bios_is_as_the_specification_has_it():
    """RFC 4578: an architecture (section 2.1), a network interface (2.2) and a machine identifier (2.3), of type 0."""
    options = KINDS["bios"].discover("02:00:00:00:00:01", 1).options
    assert options[93] == b"\0\0"
    assert options[94] == b"\1\2\1"
    assert options[97] == bytes(17)
    # PXE specification 2.1, table 2-1: "PXEClient:Arch:xxxxx:UNDI:yyyzzz", and the version is that of option 94.
    assert options[60] == b"PXEClient:Arch:00000:UNDI:002001"
    assert {1, 3, 43, 54, 60, 67} <= set(options[55])


@pytest.mark.parametrize(
    ("kind", "program", "arch", "http"),
    [
        ("plain", Kind.OS, None, False),
        ("bios", Kind.FIRMWARE, 0, False),
        ("uefi", Kind.FIRMWARE, 7, False),
        ("uefi-http", Kind.FIRMWARE, 16, True),
        ("arm64", Kind.FIRMWARE, 11, False),
        ("arm64-http", Kind.FIRMWARE, 19, True),
        ("ipxe", Kind.IPXE, 7, True),
    ],
)
def test_bootd_takes_it_for_what_it_is(kind, program, arch, http):
    client = identify(KINDS[kind].discover("02:00:00:00:00:01", 1))
    assert (client.kind, client.arch, client.http) == (program, arch, http)


def test_names_are_those_of_bootd_explain():
    assert set(KINDS) - {"plain"} <= set(CLIENTS)
    assert all(CLIENTS[kind.name][1] in (kind.arch, None) for kind in KINDS.values() if kind.boots)


@given(st.sampled_from(sorted(KINDS)), MACS, st.integers(0, 2**32 - 1))
def test_message_is_a_marked_discover_that_asks_for_a_broadcast(kind, mac, xid):
    payload = encode(KINDS[kind].discover(mac, xid))
    assert len(payload) <= SMALLEST_DATAGRAM
    message = decode(payload)
    assert (message.op, message.message_type) == (BOOTREQUEST, opt.DHCPDISCOVER)
    assert (message.mac, message.xid, message.flags) == (mac, xid, 0x8000)
    assert (message.ciaddr, message.giaddr, message.hops) == ("0.0.0.0", "0.0.0.0", 0)
    assert message.options[254] == b"rehearsal"


def test_relay_and_further_options_are_in_the_message():
    message = KINDS["uefi"].discover("02:00:00:00:00:01", 1, relay="10.20.0.1", extra=[(82, b"\1\1x"), (57, b"\2\x40")])
    assert (message.giaddr, message.hops) == ("10.20.0.1", 1)
    assert message.options[82] == b"\1\1x"
    assert message.options[57] == b"\2\x40"
