# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A UDP datagram as an IPv4 packet of its own, for clients that have no address to send it to by ordinary means."""

from __future__ import annotations

import struct
from socket import inet_aton

_PROTOCOL_UDP = 17
_TTL = 64
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_PSEUDO = struct.Struct("!4s4sBBH")
_DONT_FRAGMENT = 0x4000


def udp_packet(source: tuple[str, int], target: tuple[str, int], payload: bytes) -> bytes:
    """Return the IPv4 packet (RFC 791) with one UDP datagram (RFC 768) between two (dotted address, port) pairs."""
    sender, receiver = inet_aton(source[0]), inet_aton(target[0])
    length = _UDP.size + len(payload)
    pseudo = _PSEUDO.pack(sender, receiver, 0, _PROTOCOL_UDP, length)
    blank = _UDP.pack(source[1], target[1], length, 0)
    # Zero would say that there is no checksum, so a sum of zero is sent as its other form (RFC 768).
    udp = _UDP.pack(source[1], target[1], length, _checksum(pseudo + blank + payload) or 0xFFFF)
    return _ip_header(sender, receiver, length) + udp + payload


def _ip_header(sender: bytes, receiver: bytes, length: int) -> bytes:
    fields = [0x45, 0, _IPV4.size + length, 0, _DONT_FRAGMENT, _TTL, _PROTOCOL_UDP, 0, sender, receiver]
    fields[7] = _checksum(_IPV4.pack(*fields))
    return _IPV4.pack(*fields)


def _checksum(data: bytes) -> int:
    """Return the internet checksum (RFC 1071) of ``data``."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
