# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot order in the firmware's variable store."""

from __future__ import annotations

import struct

import pytest

from lab.variables import GLOBAL, STORE_HEADER, emptied, network_first

MAC = "58:47:ca:71:d8:49"
VOLUME_HEADER = 72
BLANK = bytes(48) + struct.pack("<H", VOLUME_HEADER) + bytes(22 + 28) + b"\xff" * 1000


def variables(store: bytes) -> dict[str, bytes]:
    """The variables of the store, name to value."""
    found = {}
    at = VOLUME_HEADER + 28
    while store[at : at + 2] == b"\xaa\x55":
        name_size, size = struct.unpack_from("<II", store, at + 36)
        assert store[at + 44 : at + 60] == GLOBAL.bytes_le
        end = at + 60 + name_size
        found[store[at + 60 : end - 2].decode("utf-16-le")] = store[end : end + size]
        at = (end + size + 3) // 4 * 4
    return found


@pytest.mark.parametrize(("http", "end"), [(False, bytes(19)), (True, bytes.fromhex("03180400"))])
def test_network_first_adds_one_option_and_the_order(http, end):
    store = network_first(BLANK, MAC, 3, http=http)
    assert len(store) == len(BLANK)
    found = variables(store)
    assert found["BootOrder"] == b"\0\0"
    attributes, path_size = struct.unpack_from("<IH", found["Boot0000"])
    assert attributes == 1
    path = found["Boot0000"][-path_size:]
    assert path.startswith(bytes.fromhex("02010c00 d041030a 00000000 01010600 0003 030b2500 5847ca71d849"))
    assert path.endswith(end + bytes.fromhex("7fff0400"))


def test_network_first_refuses_a_store_in_use():
    with pytest.raises(ValueError, match="not blank"):
        network_first(network_first(BLANK, MAC, 3), MAC, 3)


def test_emptied_takes_all_variables_and_nothing_else():
    size = STORE_HEADER + 1000  # of the store, which stands in the header behind its GUID
    behind = b"what edk2 keeps behind it"
    blank = BLANK[: VOLUME_HEADER + 16] + struct.pack("<I", size) + BLANK[VOLUME_HEADER + 20 :] + behind
    assert emptied(blank) == blank
    assert emptied(network_first(blank, MAC, 3)) == blank
