# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel knows of a UDP socket's queue: when each datagram came, and how many found no room in it."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterable

# Linux's <asm-generic/socket.h>; Python's socket module has no names for these.
_SO_TIMESTAMPNS = 35
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("=9I")  # the last is SK_MEMINFO_DROPS of <linux/sock_diag.h>
_TIMESPEC = struct.Struct("@ll")  # seconds, nanoseconds
ANCILLARY = 128  # octets of ancillary data: the time, and what else is asked for


def ask_for_times(udp: socket.socket) -> None:
    """Have the kernel note when it takes each datagram from the wire."""
    # Where it can't, answers seem to take as long as they take here.
    with contextlib.suppress(OSError):
        udp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


def came_at(ancillary: Iterable[tuple[int, int, bytes]]) -> float:
    """Return when a datagram with that ancillary data came, in seconds since the epoch; now, where nothing says."""
    for _level, kind, data in ancillary:
        if kind == _SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            return float(seconds + nanoseconds / 1e9)
    return time.time()


def drops(sockets: Iterable[socket.socket]) -> int:
    """Return how many datagrams found no room in the queues of ``sockets``; 0 for one that is closed."""
    found = 0
    for udp in sockets:
        with contextlib.suppress(OSError, struct.error):
            found += int(_MEMINFO.unpack(udp.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[-1])
    return found
