# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The kinds of DHCP clients that a machine is while it boots, and the DHCPDISCOVER that each of them sends. Pure.

UEFI and iPXE are as edk2 and iPXE of Debian 12 send it, ``plain`` is ISC dhclient; for ARM, only the architecture
differs. ``bios`` is what the PXE specification 2.1 (table 2-1) and RFC 4578 ask of a network card's ROM.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions import architectures as arch
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import (
    BOOTREQUEST,
    BROADCAST,
    NO_ADDRESS,
    Packet,
)

CLIENT_INTERFACE = 94  # RFC 4578 section 2.2
_ETHERNET = b"\x01"  # before a MAC in CLIENT_IDENTIFIER
_NO_UUID = bytes(17)  # type 0, and the GUID of a machine that has none

_PLAIN_ASKS = bytes((1, 28, 2, 3, 15, 6, 12))
_BIOS_ASKS = bytes((1, 2, 3, 5, 6, 11, 12, 13, 15, 16, 17, 18, 43, 54, 60, 67, *range(128, 136)))
_UEFI_ASKS = bytes.fromhex("0102030405060c0d0f111216171c28292a2b3233363a3b3c4243618081828384858687")
_UEFI_HTTP_ASKS = bytes.fromhex("0102030405060c0d0f111216171c28292a2b3233363a3b3ceb4361")
_IPXE_ASKS = bytes.fromhex("010306070c0f111a2b3c4243778081828384858687afcb")
# iPXE's features (https://ipxe.org/howto/dhcpd): HTTP (19), TFTP (21), DNS (23), EFI (36) and others, and its version.
_IPXE_FEATURES = bytes.fromhex("b105011af41000eb03010000170101240101130101110101270101290101150101120101")


@dataclass(frozen=True, slots=True)
class ClientKind:
    """One kind of client. ``arch`` is option 93, None for a client that does not boot from the network.

    ``http``: it boots from a URL only. ``ipxe``: it is iPXE. ``options`` are those of its DHCPDISCOVER beside the
    message type and what holds its MAC; ``names_itself``: it sends its MAC as its client identifier too.
    """

    name: str
    title: str
    arch: int | None
    options: Mapping[int, bytes]
    http: bool = False
    ipxe: bool = False
    names_itself: bool = False

    @property
    def boots(self) -> bool:
        """Whether it boots from the network."""
        return self.arch is not None

    def discover(self, mac: str, xid: int, *, relay: str = "", extra: Iterable[tuple[int, bytes]] = ()) -> Packet:
        """Return the DHCPDISCOVER of this client with ``mac``, marked as a rehearsal.

        It asks for a broadcast, so that its answer is heard whatever port a switch knows ``mac`` at. ``relay``, dotted,
        is in giaddr; ``extra`` are more options, code and value; they win over those of the kind.
        """
        options = {opt.MESSAGE_TYPE: bytes((opt.DHCPDISCOVER,)), **self.options, opt.REHEARSAL: opt.REHEARSAL_MARK}
        if self.names_itself:
            options[opt.CLIENT_IDENTIFIER] = _ETHERNET + bytes.fromhex(mac.replace(":", ""))
        options |= dict(extra)
        giaddr, hops = (relay, 1) if relay else (NO_ADDRESS, 0)
        return Packet(BOOTREQUEST, xid, mac, flags=BROADCAST, giaddr=giaddr, hops=hops, options=options)


def _firmware(
    name: str, title: str, number: int, *, asks: bytes, undi: str, size: int, http: bool = False
) -> ClientKind:
    """Return a client that is firmware; ``undi`` is the version of its network interface, ``size`` option 57."""
    major, minor = int(undi[:3]), int(undi[3:])
    options = {
        opt.PARAMETER_REQUEST_LIST: asks,
        opt.MAX_MESSAGE_SIZE: size.to_bytes(2, "big"),
        opt.VENDOR_CLASS: f"{'HTTP' if http else 'PXE'}Client:Arch:{number:05d}:UNDI:{undi}".encode(),
        opt.CLIENT_ARCHITECTURE: number.to_bytes(2, "big"),
        CLIENT_INTERFACE: bytes((1, major, minor)),
        opt.CLIENT_UUID: _NO_UUID,
    }
    return ClientKind(name, title, number, MappingProxyType(options), http=http)


def _uefi(name: str, title: str, number: int) -> ClientKind:
    http = number in arch.BY_HTTP
    asks = _UEFI_HTTP_ASKS if http else _UEFI_ASKS
    return _firmware(name, title, number, asks=asks, undi="003000", size=1472, http=http)


_IPXE_OPTIONS = {
    opt.PARAMETER_REQUEST_LIST: _IPXE_ASKS,
    opt.MAX_MESSAGE_SIZE: (1472).to_bytes(2, "big"),
    opt.VENDOR_CLASS: b"PXEClient:Arch:00007:UNDI:003010",
    opt.USER_CLASS: b"iPXE",
    opt.CLIENT_ARCHITECTURE: arch.X64_UEFI.to_bytes(2, "big"),
    CLIENT_INTERFACE: bytes((1, 3, 10)),
    opt.CLIENT_UUID: _NO_UUID,
    opt.IPXE: _IPXE_FEATURES,
}

KINDS: Mapping[str, ClientKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ClientKind(
                "plain", "An operating system", None, MappingProxyType({opt.PARAMETER_REQUEST_LIST: _PLAIN_ASKS})
            ),
            _firmware("bios", "BIOS PXE", arch.X86_BIOS, asks=_BIOS_ASKS, undi="002001", size=1260),
            _uefi("uefi", "UEFI PXE", arch.X64_UEFI),
            _uefi("uefi-http", "UEFI HTTP boot", arch.X64_UEFI_HTTP),
            _uefi("arm64", "ARM UEFI PXE", arch.ARM64_UEFI),
            _uefi("arm64-http", "ARM UEFI HTTP boot", arch.ARM64_UEFI_HTTP),
            ClientKind("ipxe", "iPXE", arch.X64_UEFI, MappingProxyType(_IPXE_OPTIONS), ipxe=True, names_itself=True),
        )
    }
)
