# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""UEFI firmware settings, as somebody makes them at a machine: "boot from the network by IPv4 first".

QEMU's own boot order names devices, not protocols, and edk2 then tries PXE and HTTP over IPv4 and IPv6 on the network
card, a minute each, before it comes to the disk. So the order is written where firmware keeps it: as variables
(UEFI 2.10, section 3.3) in a variable store that comes with edk2 (its VariableFormat.h has the layout): the blank one,
or the one with Microsoft's keys for Secure Boot. The keys are signed variables, the boot order is not.
"""

from __future__ import annotations

import struct
import uuid

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")  # EFI_GLOBAL_VARIABLE
NON_VOLATILE, BOOT_SERVICE, RUNTIME = 1, 2, 4
ACTIVE = 1  # of a boot option: it takes part
VARIABLE_START, VARIABLE_ADDED = 0x55AA, 0x3F
DELETED = 0xFD  # ANDed to the state of a variable that is no more
STORE_HEADER = 28  # bytes, behind the volume's own header
VARIABLE_HEADER = 60  # bytes
ERASED = 0xFF
NETWORK = 0x1000  # the number of the boot option: none that firmware, which counts from 0, has given or will give


def network_first(store: bytes, mac: str, slot: int, *, http: bool = False) -> bytes:
    """``store`` with one boot option: PXE, or HTTP, over IPv4 on the card ``mac`` in PCI ``slot``.

    Firmware adds the options it finds by itself, the disk foremost, behind it.
    """
    description = f"{'HTTP' if http else 'PXE'} IPv4 {mac}\0".encode("utf-16-le")
    path = _device_path(bytes.fromhex(mac.replace(":", "")), slot, http)
    option = struct.pack("<IH", ACTIVE, len(path)) + description + path
    written = _variable(f"Boot{NETWORK:04X}", option) + _variable("BootOrder", struct.pack("<H", NETWORK))
    changed = bytearray(store)
    end = _delete(changed, "BootOrder")
    if changed[end : end + len(written)].strip(bytes([ERASED])):
        raise ValueError("there is no room behind the variables of this store")
    changed[end : end + len(written)] = written
    return bytes(changed)


def _delete(store: bytearray, name: str) -> int:
    """Mark the variables ``name`` of ``store`` as deleted; return where the next variable goes."""
    (volume_header,) = struct.unpack_from("<H", store, 48)
    at = volume_header + STORE_HEADER
    while struct.unpack_from("<H", store, at)[0] == VARIABLE_START:
        title_size, value_size = struct.unpack_from("<II", store, at + 36)
        title = at + VARIABLE_HEADER
        if store[title : title + title_size].decode("utf-16-le") == f"{name}\0":
            store[at + 2] &= DELETED
        at = title + title_size + value_size
        at += -at % 4
    return at


def emptied(store: bytes) -> bytes:
    """The variable store without its variables: where edk2 comes with no blank one, as Debian's for ARM."""
    (volume_header,) = struct.unpack_from("<H", store, 48)
    start = volume_header + STORE_HEADER
    (size,) = struct.unpack_from("<I", store, volume_header + 16)
    end = volume_header + size
    return store[:start] + bytes([ERASED]) * (end - start) + store[end:]


def _variable(name: str, value: bytes) -> bytes:
    """One variable of the authenticated format, filled up to the next multiple of four bytes."""
    title = f"{name}\0".encode("utf-16-le")
    header = struct.pack("<HBBI", VARIABLE_START, VARIABLE_ADDED, 0, NON_VOLATILE | BOOT_SERVICE | RUNTIME)
    header += bytes(8 + 16 + 4)  # counter, time and key of a signed variable: this one is not
    header += struct.pack("<II", len(title), len(value)) + GLOBAL.bytes_le
    size = len(header) + len(title) + len(value)
    return header + title + value + bytes([ERASED]) * (-size % 4)


def _device_path(mac: bytes, slot: int, http: bool) -> bytes:
    """PciRoot(0x0)/Pci(SLOT,0x0)/MAC(MAC,0x1)/IPv4(0.0.0.0), for HTTP with /Uri() (UEFI 2.10, section 10.3)."""
    ethernet = 1
    eisa_pci_root = 0x0A0341D0
    nodes = (
        (2, 1, struct.pack("<II", eisa_pci_root, 0)),
        (1, 1, struct.pack("<BB", 0, slot)),
        (3, 11, mac.ljust(32, b"\0") + bytes([ethernet])),
        (3, 12, bytes(23)),
        *([(3, 24, b"")] if http else []),
        (0x7F, 0xFF, b""),
    )
    return b"".join(struct.pack("<BBH", kind, subkind, 4 + len(data)) + data for kind, subkind, data in nodes)
