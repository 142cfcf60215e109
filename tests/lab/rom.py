# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ROM of a BIOS machine's network card that can't do HTTP: iPXE's as QEMU has it, with HTTP taken out.

Network cards carry such ones: what is not chosen when iPXE is built (DOWNLOAD_PROTO_HTTP of config/general.h) is not in
it, and it tells DHCP servers what is (option 175). Here the program in the ROM is unpacked, HTTP is taken from that
list and its scheme from what URLs can begin with, and the program is packed again as iPXE's util/zbin.c does it.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from pathlib import Path

SHIPPED = Path("/usr/lib/ipxe/qemu/pxe-virtio.rom")
# src/util/zbin.c: LZMA without a header. Its length and that of the CRC behind it stand before it.
PACKING = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 2, "lp": 0, "pb": 0}]
WORD = struct.Struct("<I")
SMALLEST = 1 << 14  # bytes that the packed program has at least
# src/include/ipxe/features.h: sub-option 19, its length, its value.
HTTP_FEATURE, NO_FEATURE = bytes((19, 1, 1)), bytes((19, 1, 0))
HTTP_SCHEME, NO_SCHEME = b"\0http\0", b"\0none\0"


def without_http(rom: bytes) -> bytes:
    """``rom`` with an iPXE that knows no HTTP; ValueError where it is no ROM of iPXE as it is known here."""
    start, end = _packed(rom)
    program = lzma.decompress(rom[start:end], lzma.FORMAT_RAW, filters=PACKING)
    for there, instead in ((HTTP_FEATURE, NO_FEATURE), (HTTP_SCHEME, NO_SCHEME)):
        if program.count(there) != 1:
            raise ValueError(f"{there!r} is {program.count(there)} times in this iPXE, not once")
        program = program.replace(there, instead)
    packed = lzma.compress(program, lzma.FORMAT_RAW, filters=PACKING)
    block = WORD.pack(len(packed) + WORD.size) + packed + WORD.pack(_crc(packed))
    before, behind = rom[: start - WORD.size], rom[end + WORD.size :]
    room = len(rom) - len(before) - len(behind)
    if len(block) > room:
        raise ValueError(f"{len(block)} bytes do not fit where {room} were")
    return _summed(before + block.ljust(room, b"\xff") + behind)


def _packed(rom: bytes) -> tuple[int, int]:
    """Where the packed program of ``rom`` begins and ends."""
    for start in range(WORD.size, len(rom) - SMALLEST):
        (length,) = WORD.unpack_from(rom, start - WORD.size)
        end = start + length - WORD.size
        if SMALLEST < length <= len(rom) - start and WORD.unpack_from(rom, end)[0] == _crc(rom[start:end]):
            return start, end
    raise ValueError("no packed program in this ROM")


def _crc(data: bytes) -> int:
    """The CRC-32 that iPXE computes, which is not inverted at the end."""
    return zlib.crc32(data) ^ 0xFFFFFFFF


def _summed(rom: bytes) -> bytes:
    """``rom`` with a last byte that makes the sum of all 0, as firmware wants it (PCI Firmware 3.0, section 5.2.1)."""
    return rom[:-1] + bytes([-sum(rom[:-1]) & 0xFF])
