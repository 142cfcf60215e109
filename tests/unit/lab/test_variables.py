# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot order in a machine's variable store: blank, or with keys and an order of its own."""

from __future__ import annotations

import struct

from lab.variables import DELETED, VARIABLE_HEADER, _variable, emptied, network_first

MAC = "58:47:ca:71:d8:49"
VOLUME_HEADER, STORE_HEADER = 72, 28
KEY = _variable("PK", b"Microsoft's")


def store(*variables: bytes) -> bytes:
    header = bytearray(VOLUME_HEADER + STORE_HEADER)
    struct.pack_into("<H", header, 48, VOLUME_HEADER)
    return (bytes(header) + b"".join(variables)).ljust(4096, b"\xff")


def variables(content: bytes) -> list[tuple[str, int, bytes]]:
    found, at = [], VOLUME_HEADER + STORE_HEADER
    while content[at : at + 2] == b"\xaa\x55":
        title, value = struct.unpack_from("<II", content, at + 36)
        start = at + VARIABLE_HEADER
        name = content[start : start + title].decode("utf-16-le").rstrip("\0")
        found.append((name, content[at + 2], content[start + title : start + title + value]))
        at = start + title + value
        at += -at % 4
    return found


def test_blank_store_gets_the_option_and_the_order():
    names = [(name, state) for name, state, _value in variables(network_first(store(), MAC, 3))]
    assert names == [("Boot1000", 0x3F), ("BootOrder", 0x3F)]


def test_store_with_keys_keeps_them_and_loses_its_order():
    before = store(KEY, _variable("BootOrder", b"\0\0\1\0"), _variable("Boot0000", b"menu"))
    after = network_first(before, MAC, 3)
    assert [(name, state) for name, state, _value in variables(after)] == [
        ("PK", 0x3F),
        ("BootOrder", 0x3F & DELETED),
        ("Boot0000", 0x3F),
        ("Boot1000", 0x3F),
        ("BootOrder", 0x3F),
    ]
    assert variables(after)[-1][2] == struct.pack("<H", 0x1000)
    assert len(after) == len(before)
    assert KEY in after


def test_emptied_takes_all_variables_and_nothing_else():
    blank = bytearray(store() + b"what edk2 keeps behind it")
    struct.pack_into("<I", blank, VOLUME_HEADER + 16, len(store()) - VOLUME_HEADER)  # of the store, behind its GUID
    assert emptied(bytes(blank)) == blank
    assert emptied(network_first(bytes(blank), MAC, 3)) == blank
