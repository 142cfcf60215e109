# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who is asking: firmware, iPXE or an operating system, told from the options of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from . import options as opt
from .packet import Packet

_PXE_CLIENT = b"PXEClient"
_HTTP_CLIENT = b"HTTPClient"
_IPXE_CLASSES = (b"iPXE", b"Tinkerbell")  # stock iPXE; Tinkerbell's builds rename themselves
_ARCH_IN_VENDOR_CLASS = re.compile(rb"(?:PXE|HTTP)Client:Arch:([0-9]{5})", re.ASCII)


class Kind(Enum):
    """The program that sends a request."""

    FIRMWARE = "firmware"
    IPXE = "ipxe"
    OS = "os"


@dataclass(frozen=True, slots=True)
class Client:
    """The sender of a request. ``http`` tells firmware that boots from a URL (UEFI HTTP boot) from PXE's TFTP."""

    kind: Kind
    http: bool = False
    arches: tuple[int, ...] = ()  # option 93, most wanted first
    tinkerbell: bool = False  # an iPXE built for Tinkerbell
    vendor_class: str = ""

    @property
    def arch(self) -> int | None:
        """Return the first architecture the client names."""
        return self.arches[0] if self.arches else None


def identify(packet: Packet) -> Client:
    """Return who sent ``packet``.

    iPXE comes first, because on the wire it is a PXEClient too: it names itself in its user class (raw, or in the
    form of RFC 3004) or by its encapsulated options. Firmware is what has the vendor class of a network boot client.
    """
    options = packet.options
    raw = options.get(opt.VENDOR_CLASS, b"")
    classes = opt.user_classes(options.get(opt.USER_CLASS))
    if opt.IPXE in options or any(name in _IPXE_CLASSES for name in classes):
        kind = Kind.IPXE
    elif raw.startswith((_PXE_CLIENT, _HTTP_CLIENT)):
        kind = Kind.FIRMWARE
    else:
        kind = Kind.OS
    return Client(
        kind=kind,
        http=raw.startswith(_HTTP_CLIENT),
        arches=opt.uint16_list(options.get(opt.CLIENT_ARCHITECTURE)) or _arch_from(raw),
        tinkerbell=b"Tinkerbell" in classes,
        vendor_class=opt.text(raw),
    )


def _arch_from(vendor_class: bytes) -> tuple[int, ...]:
    # Some firmware leaves option 93 out, and says the same in its vendor class (PXE specification 2.1, table 2-1).
    found = _ARCH_IN_VENDOR_CLASS.match(vendor_class)
    return (int(found[1]),) if found else ()
