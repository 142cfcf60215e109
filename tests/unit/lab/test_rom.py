# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ROM without HTTP: everything else stays in its place, and firmware and iPXE take it for whole."""

from __future__ import annotations

import lzma
import random
import struct
import zlib

import pytest

from lab.rom import PACKING, without_http

HEAD = b"\x55\xaa\x94 prefix"
# Packed, a program has a size below which nothing is taken for one; random bytes can't be packed.
PROGRAM = random.Random(1).randbytes(20000) + bytes((17, 1, 1, 19, 1, 1, 18, 1, 1)) + b"\0http\0"


def rom(program: bytes) -> bytes:
    """A ROM as util/zbin.c makes it: a prefix, the packed program between its length and its CRC, and filler."""
    packed = lzma.compress(program, lzma.FORMAT_RAW, filters=PACKING)
    block = struct.pack("<I", len(packed) + 4) + packed + struct.pack("<I", zlib.crc32(packed) ^ 0xFFFFFFFF)
    return HEAD + block + b"\xff" * 64


def unpacked(image: bytes) -> bytes:
    (length,) = struct.unpack_from("<I", image, len(HEAD))
    start = len(HEAD) + 4
    packed = image[start : start + length - 4]
    assert struct.unpack_from("<I", image, start + len(packed))[0] == zlib.crc32(packed) ^ 0xFFFFFFFF
    return lzma.decompress(packed, lzma.FORMAT_RAW, filters=PACKING)


def test_http_is_taken_out_and_nothing_else():
    shipped = rom(PROGRAM)
    changed = without_http(shipped)
    assert len(changed) == len(shipped) and changed.startswith(HEAD)
    program = unpacked(changed)
    differing = [at for at, (before, after) in enumerate(zip(PROGRAM, program, strict=True)) if before != after]
    assert [program[at] for at in differing] == [0, *b"none"]
    # PCI Firmware Specification 3.0, section 5.2.1: the bytes of an image add up to 0.
    assert sum(changed) % 256 == 0


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (HEAD + bytes(40000), "no packed program"),
        (rom(PROGRAM.replace(b"\0http\0", b"\0tftp\0")), "0 times in this iPXE"),
        (rom(PROGRAM + bytes((19, 1, 1))), "2 times in this iPXE"),
    ],
)
def test_what_is_not_known_is_refused(image, told):
    with pytest.raises(ValueError, match=told):
        without_http(image)
