# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP messages as real clients send them, for tests."""

from __future__ import annotations

from dataclasses import replace

from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import Packet
from _bootd.dhcp.reply import Context
from _bootd.dhcp.sighting import Sighting
from _bootd.hardware.model import Interface, Machine, Netboot, Nic, Osie

MAC = "58:47:ca:71:d8:49"
ADDRESS = "10.10.0.16"
SERVER = "10.10.0.20"
PATH = "58-47-ca-71-d8-49"  # of MAC, in the names that bootd hands out
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"
CONTEXT = Context(server=SERVER, http_base="http://10.10.0.20:7080", tftp=SERVER, syslog=SERVER)

UUID = b"\0" + bytes(range(16))
PXE_ASKS = bytes((1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97))
IPXE_ASKS = bytes((1, 3, 6, 7, 12, 15, 17, 43, 60, 66, 67, 119, 128, 175, 203))

# Option numbers as they are on the wire, not by bootd's names for them.
UEFI = {
    55: PXE_ASKS,
    57: b"\5\xc0",
    60: b"PXEClient:Arch:00007:UNDI:003016",
    93: b"\0\7",
    94: b"\1\3\x10",
    97: UUID,
}
BIOS = UEFI | {60: b"PXEClient:Arch:00000:UNDI:002001", 93: b"\0\0"}
HTTP_BOOT = UEFI | {60: b"HTTPClient:Arch:00016:UNDI:003001", 93: b"\0\x10"}
IPXE = UEFI | {55: IPXE_ASKS, 77: b"iPXE", 175: bytes((19, 1, 1, 21, 1, 1))}
LINUX = {55: bytes((1, 3, 6, 12, 15, 28, 42)), 61: b"\1XG\xcaq\xd8I"}


def nic(allow_pxe: bool | None = True, switched_off: bool = False, **interface: object) -> Nic:
    """Return the interface of the machine um790-1, which installs from netboot.osie where netboot is on."""
    fields = {
        "mac": MAC,
        "address": ADDRESS,
        "netmask": "255.255.255.0",
        "gateway": "10.10.0.1",
        "hostname": "um790-1",
        "name_servers": ("10.10.0.1",),
        "lease_time": 3600,
        "netboot": Netboot(allow_pxe, switched_off, osie=Osie("http://10.10.0.2/harvester")),
    }
    face = Interface(**(fields | interface))
    return Nic(Machine("um790-1", interfaces=(face,)), face)


def message(kind: int | None, options: dict[int, bytes] | None = None, **fields: object) -> Packet:
    """Return a request of message type ``kind`` with ``options``; a type of None leaves option 53 out."""
    typed = {} if kind is None else {opt.MESSAGE_TYPE: bytes((kind,))}
    packet = Packet(op=1, xid=0x64E2D4FE, mac=MAC, options=typed | (options or {}))
    return replace(packet, **fields)


def address(dotted: str) -> bytes:
    """Return the option value for one address."""
    return opt.from_ipv4(dotted)


def sighting(client: str = "firmware", arch: int | None = 7, **values: object) -> Sighting:
    """Return what is kept of a message of an unknown machine."""
    return Sighting(client, arch, b"", b"", b"", b"", b"", "", "", "")._replace(**values)
