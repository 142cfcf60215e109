# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel tells of the datagrams in a UDP socket's queue: whence, when they came, how many found no room."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterable

# Linux's <asm-generic/socket.h>; Python's socket module has no names for these.
SO_TIMESTAMPNS = 35
# And <linux/in.h>; it has one from 3.14 on.
IP_PKTINFO = 8
PKTINFO = struct.Struct("=i4s4s")  # interface index, local address or the one to send from, address sent to
_NO_INFO = bytes(PKTINFO.size)
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("=9I")  # the last is SK_MEMINFO_DROPS of <linux/sock_diag.h>
TIMESPEC = struct.Struct("@ll")  # seconds, nanoseconds
# <linux/udp.h>: one send is cut into datagrams of so many octets, by the kernel or by the network card.
UDP_SEGMENT = 103
SENDABLE = 65507  # octets of one send by UDP
ANCILLARY = 128  # octets of ancillary data: the time, and what else is asked for


def ask_for_times(udp: socket.SocketType) -> None:
    """Have the kernel note when it takes each datagram from the wire."""
    # Where it can't, answers seem to take as long as they take here.
    with contextlib.suppress(OSError):
        udp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def read(ancillary: Iterable[tuple[int, int, bytes]]) -> tuple[bytes, float]:
    """Return what IP_PKTINFO says, zeroes where it says nothing, and when the datagram came.

    That is in seconds since the epoch, and now where nothing says when.
    """
    info, at = _NO_INFO, 0.0
    for _level, kind, data in ancillary:
        if kind == SO_TIMESTAMPNS and len(data) == TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack(data)
            at = seconds + nanoseconds / 1e9
        elif kind == IP_PKTINFO:
            info = data
    return info, at or time.time()


def cuts() -> bool:
    """Return whether one send may be cut into datagrams: Linux 4.18. An older kernel may send it in one piece."""
    size = 512
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
            return probe.getsockopt(socket.IPPROTO_UDP, UDP_SEGMENT) == size
        except OSError:
            return False


def drops(sockets: Iterable[socket.SocketType]) -> int:
    """Return how many datagrams found no room in the queues of ``sockets``; 0 for one that is closed."""
    found = 0
    for udp in sockets:
        with contextlib.suppress(OSError, struct.error):
            found += int(_MEMINFO.unpack(udp.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1])
    return found
