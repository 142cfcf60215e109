# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP messages as a client sends them, for the programs that run on a lab's hosts."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")
BROADCAST = 0x8000
DISCOVER = 1


def mac_of(number: int) -> str:
    """Return the MAC of one of many machines."""
    return f"58:47:ca:71:{number >> 8:02x}:{number & 255:02x}"


def discover(mac: str, xid: int, *, vendor_class: bytes = b"", arch: int | None = None) -> bytes:
    """Return a DHCPDISCOVER that asks for a broadcast reply."""
    options = bytes((53, 1, DISCOVER, 55, 4, 1, 3, 66, 67))
    if vendor_class:
        options += bytes((60, len(vendor_class))) + vendor_class
    if arch is not None:
        options += bytes((93, 2)) + arch.to_bytes(2, "big")
    address = bytes.fromhex(mac.replace(":", ""))
    none = bytes(4)
    fields = (1, 1, 6, 0, xid, 0, BROADCAST, none, none, none, none, address, b"", b"", b"\x63\x82\x53\x63")
    return _HEADER.pack(*fields) + options + b"\xff"


def read(reply: bytes) -> tuple[int, str, str]:
    """Return xid, MAC and offered address of a reply."""
    fields = _HEADER.unpack_from(reply)
    return fields[4], fields[11][:6].hex(":"), ".".join(map(str, fields[8]))
