# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The ICMPv6 socket of the router advertisement server."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .packet import HOP_LIMIT, MAX_SIZE, ROUTER_SOLICITATION

ALL_ROUTERS = "ff02::2"

# Linux's <linux/icmpv6.h>; Python's socket module has no name for it.
_ICMP6_FILTER = 1
_PKTINFO = struct.Struct("=16sI")  # address to send from, interface index
_INTEGER = struct.Struct("=i")
_ANCILLARY_SIZE = 128  # bytes: room for both of them


@dataclass(frozen=True, slots=True)
class Heard:
    """An ICMPv6 message, where it came from, and how."""

    data: bytes
    source: str
    hop_limit: int | None
    index: int
    interface: str


class Transport:
    """A raw socket to which the kernel passes router solicitations and nothing else."""

    def __init__(self, interface: str) -> None:
        """Listen on ``interface``, or on every one there is now; OSError where that is not possible on any."""
        self._interface = interface
        self._known: set[int] = set()  # every interface there was when the socket was opened
        self._socket = self._open()

    def reopen(self) -> None:
        """Listen on what interfaces there are now; OSError where that can't be, and nothing is changed then."""
        renewed = self._open()
        self._socket.close()
        self._socket = renewed

    def follow(self) -> None:
        """Listen on every interface, where no one is named: also on those that were made, or made again, since."""
        if not self._interface and {index for index, _name in socket.if_nameindex()} - self._known:
            self.reopen()

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket; once more does no harm."""
        self._socket.close()

    def receive(self) -> Heard | None:
        """Return the next message, or None where none waits."""
        try:
            data, extra, _flags, address = self._socket.recvmsg(MAX_SIZE, _ANCILLARY_SIZE)
        except BlockingIOError:
            return None
        values = {kind: value for level, kind, value in extra if level == socket.IPPROTO_IPV6}
        hop_limit, pktinfo = values.get(socket.IPV6_HOPLIMIT), values.get(socket.IPV6_PKTINFO)
        index = _PKTINFO.unpack(pktinfo)[1] if pktinfo else 0
        return Heard(
            data=data,
            source=address[0].partition("%")[0],
            hop_limit=_INTEGER.unpack(hop_limit)[0] if hop_limit else None,
            index=index,
            interface=_name_of(index),
        )

    def send(self, data: bytes, to: str, heard: Heard) -> None:
        """Send ``data`` to the link-local address ``to``, out of the interface that ``heard`` came in on."""
        self._socket.sendto(data, (to, 0, 0, heard.index))

    def _open(self) -> socket.socket:
        made = socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMPV6)
        try:
            self._prepare(made)
        except OSError:
            made.close()
            raise
        return made

    def _prepare(self, made: socket.socket) -> None:
        made.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, _block_all_but(ROUTER_SOLICITATION))
        for option in (socket.IPV6_RECVPKTINFO, socket.IPV6_RECVHOPLIMIT):
            made.setsockopt(socket.IPPROTO_IPV6, option, 1)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, HOP_LIMIT)
        if self._interface:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode())
            _join(made, socket.if_nametoindex(self._interface), self._interface)
            return
        interfaces = socket.if_nameindex()
        self._known = {index for index, _name in interfaces}
        _join_all(made, interfaces)


def _join_all(made: socket.socket, interfaces: Iterable[tuple[int, str]]) -> None:
    failed = None
    joined = False
    for index, name in interfaces:
        try:
            _join(made, index, name)
            joined = True
        except OSError as error:
            failed = error
    if not joined and failed is not None:
        raise failed


def _join(made: socket.socket, index: int, name: str) -> None:
    # The kernel takes the membership also where IPv6 is switched off, and nothing would ever come.
    if _has_no_ipv6(name):
        raise OSError(errno.EADDRNOTAVAIL, f"IPv6 is disabled on {name}")
    group = struct.pack("=16sI", socket.inet_pton(socket.AF_INET6, ALL_ROUTERS), index)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)


def _has_no_ipv6(interface: str) -> bool:
    try:
        return Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6").read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False


def _block_all_but(kind: int) -> bytes:
    """Return the kernel's filter, eight words of 32 bits in which a set bit blocks, open for one ICMPv6 type."""
    words = [0xFFFFFFFF] * 8
    words[kind // 32] ^= 1 << kind % 32
    return struct.pack("=8I", *words)


def _name_of(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return ""
