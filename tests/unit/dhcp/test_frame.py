# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 packets made by hand; test_scapy.py has another implementation read them."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from _bootd.dhcp.packet import udp_packet


def ones_complement_sum(data: bytes) -> int:
    """Return the sum of RFC 1071, added up digit by digit: 0xFFFF over data that holds its own checksum."""
    total = 0
    for i in range(0, len(data), 2):
        total += int.from_bytes(data[i : i + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total


@given(st.binary(max_size=600), st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_udp_packet_checksums_add_up(payload, source, target):
    packet = udp_packet((str(source), 67), (str(target), 68), payload)
    assert ones_complement_sum(packet[:20]) == 0xFFFF
    pseudo = source.packed + target.packed + struct.pack("!BBH", 0, 17, len(packet) - 20)
    assert ones_complement_sum(pseudo + packet[20:]) == 0xFFFF


def test_udp_packet_fields():
    packet = udp_packet(("10.10.0.20", 67), ("10.10.0.16", 68), b"abc")
    assert packet[:2] == b"\x45\0"
    assert struct.unpack("!H", packet[2:4]) == (31,)
    assert packet[8:10] == bytes((64, 17))
    assert packet[12:20] == bytes((10, 10, 0, 20, 10, 10, 0, 16))
    assert struct.unpack("!HHH", packet[20:26]) == (67, 68, 11)
    assert packet[28:] == b"abc"


def test_udp_packet_never_says_it_has_no_checksum():
    """A checksum of zero is sent as 0xFFFF, because zero means that there is none."""
    rest = bytes((10, 10, 0, 20, 10, 10, 0, 16)) + struct.pack("!BBH", 0, 17, 10) + struct.pack("!HHHH", 67, 68, 10, 0)
    payload = struct.pack("!H", 0xFFFF - ones_complement_sum(rest))
    assert udp_packet(("10.10.0.20", 67), ("10.10.0.16", 68), payload)[26:28] == b"\xff\xff"
