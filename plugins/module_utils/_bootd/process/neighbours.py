# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which MAC address has an IPv4 address on one of this host's links: what the kernel's neighbour table says."""

from __future__ import annotations

import socket
import struct
from fcntl import ioctl

from .networks import Links

# Linux's <linux/sockios.h>, <linux/if_arp.h> and arp(7).
_SIOCGARP = 0x8954
_ARPREQ = struct.Struct("=HH4s8xH14si16x16s")  # address, hardware address, flags, netmask, interface
_ETHERNET = 1
_COMPLETE = 0x02


class Neighbours:
    """Asks the kernel for one neighbour at a time. May be used from any thread; needs no privilege."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def mac_of(self, address: str) -> str:
        """Return the MAC address, in lower-case colon form, that has IPv4 ``address``; "" where none is known.

        So it is for what comes through a router, too: the address is on none of this host's links.
        """
        interface = self._links.interface_of(address)
        if not interface:
            return ""
        asked = _ARPREQ.pack(socket.AF_INET, 0, socket.inet_aton(address), 0, b"", 0, interface.encode())
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                told = ioctl(any_socket, _SIOCGARP, asked)
        except OSError:
            return ""
        _family, _port, _address, kind, hardware, flags, _interface = _ARPREQ.unpack(told)
        return hardware[:6].hex(":") if kind == _ETHERNET and flags & _COMPLETE else ""
