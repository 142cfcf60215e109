# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The sockets of the TFTP server: which address a datagram was sent to, and replies that leave from that address."""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import NamedTuple, Protocol

from ..process import kernel_queue
from ..process.kernel_queue import IP_PKTINFO, PKTINFO, SENDABLE, UDP_SEGMENT
from .blocks import Octets
from .packet import DEFAULT_BLKSIZE, MAX_REQUEST

# Linux's <linux/in.h>; Python's socket module has no name for it before 3.14.
_IP_MTU = 14
_SEGMENT = struct.Struct("=H")
_LEAST_SEGMENT = DEFAULT_BLKSIZE  # octets: an OACK or an ERROR is never longer, so it is not cut
_SEGMENTS = 64  # UDP_MAX_SEGMENTS of kernels before 6.9
# Octets read of what a client says in a transfer: 4 of an ACK, and of an ERROR more than is kept. Python has memory for
# so few at hand, and asks the system for more.
SAID = 464
# The kernel's answers where it or the network card can't, or not to this destination: EIO where checksums are not made
# by the card, EINVAL and EMSGSIZE where a datagram does not cross the way in one piece, the rest before Linux 4.18.
NO_SEGMENTS = (errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP)
_TIMEVAL = struct.Struct("@ll")  # seconds, microseconds
_BUFFER = 1 << 20  # bytes: room for a rack that is powered on at once
# How long a full send buffer is waited for: the wire is then what limits every transfer, so nobody loses by it.
_SEND_PATIENCE = 50  # milliseconds
# Octets of a window for which every system's own send buffer has room, with what the kernel counts besides.
_ROOM = 1 << 16
_TRUNCATED = MAX_REQUEST + 1  # octets read of a datagram: enough to see that it is longer than any request

Address = tuple[str, int]


class Datagram(NamedTuple):
    """What a client sent, and the local address it sent it to: "" where that was a broadcast address.

    ``came_at`` is when the kernel had it, in seconds since the epoch.
    """

    payload: bytes
    client: Address
    local: str
    came_at: float = 0.0


class Channel(Protocol):
    """The way of one transfer to its client."""

    def send(self, datagrams: Iterable[Octets]) -> None:
        """Send ``datagrams``; ConnectionRefusedError where nobody listens any more, OSError where some are lost."""

    def send_window(self, octets: Octets, size: int) -> None:
        """Send ``octets`` as datagrams of ``size`` octets, the last one shorter perhaps; raises OSError as ``send``."""

    def mtu(self) -> int:
        """Return what the kernel knows of the MTU on the way to the client, in octets; OSError where it has no way."""

    def close(self) -> None:
        """Give back what the transfer has for itself."""


class Listener:
    """The server's port."""

    def __init__(self, bind: str, port: int) -> None:
        """Bind ``port``; OSError where it can't be had."""
        self._socket = _udp_socket()
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.pack(0, _SEND_PATIENCE * 1000))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            kernel_queue.ask_for_times(self._socket)
            self._socket.bind((bind, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.cuts = kernel_queue.cuts()  # whether one send may be cut into datagrams

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def drops(self) -> int:
        """Return how many datagrams the kernel had no room for."""
        return kernel_queue.drops([self._socket])

    def receive(self) -> Datagram | None:
        """Return the next datagram, or None where none waits."""
        try:
            payload, extra, _flags, client = self._socket.recvmsg(
                _TRUNCATED, kernel_queue.ANCILLARY, socket.MSG_DONTWAIT
            )
        except BlockingIOError:
            return None
        info, at = kernel_queue.read(extra)
        _index, local, addressed = PKTINFO.unpack(info)
        return Datagram(payload, client, socket.inet_ntoa(local) if local == addressed else "", at)

    def send(self, datagrams: Iterable[Octets], client: Address, local: str, segment: int = 0) -> None:
        """Send ``datagrams`` from this port and the address ``local``; OSError where some are lost.

        Each is cut into datagrams of ``segment`` octets, where that is given and the kernel can.
        """
        ancillary = [(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(0, socket.inet_aton(local), bytes(4)))]
        if segment:
            ancillary.append((socket.IPPROTO_UDP, UDP_SEGMENT, _SEGMENT.pack(segment)))
        for datagram in datagrams:
            self._socket.sendmsg([datagram], ancillary, 0, client)


class _Windows:
    """Sends windows of blocks in as few calls as the kernel and the network card take them."""

    _segments: bool  # whether they may be asked

    def send(self, datagrams: Iterable[Octets]) -> None:
        raise NotImplementedError

    def send_window(self, octets: Octets, size: int) -> None:
        """Send ``octets`` as datagrams of ``size`` octets, the last one shorter perhaps; raises OSError as ``send``."""
        start = 0
        if size >= _LEAST_SEGMENT:
            most = _most_at_once(size)
            while self._segments and start < len(octets):
                try:
                    self._send_segments(octets[start : start + most], size)
                except OSError as error:
                    if error.errno not in NO_SEGMENTS:
                        raise
                    self._segments = False
                    self._cut_no_more()
                else:
                    start += most
        if start < len(octets):
            self.send(octets[at : at + size] for at in range(start, len(octets), size))

    def _send_segments(self, octets: Octets, size: int) -> None:
        raise NotImplementedError

    def _cut_no_more(self) -> None:
        """Have each datagram sent as it is again."""


class SharedPort(_Windows):
    """A transfer that goes through the listener's port, as it must behind some NAT and load balancers."""

    def __init__(self, listener: Listener, request: Datagram) -> None:
        self._listener = listener
        self._request = request
        self._segments = listener.cuts

    def send(self, datagrams: Iterable[Octets]) -> None:
        self._listener.send(datagrams, self._request.client, self._request.local)

    def mtu(self) -> int:
        with closing(_connected(self._request)) as probe:
            return _mtu(probe)

    def close(self) -> None:
        """Do nothing: the port stays the listener's."""

    def _send_segments(self, octets: Octets, size: int) -> None:
        self._listener.send((octets,), self._request.client, self._request.local, size)


class OwnPort(_Windows):
    """A transfer with a port of its own (RFC 1350 section 4), connected: the kernel refuses what others send to it.

    Neither to read from its descriptor nor to write to it ever waits: see ``send`` for what finds no room.
    """

    def __init__(self, request: Datagram, *, cuts: bool) -> None:
        """Connect; OSError where that can't be. ``cuts`` tells whether the kernel cuts one send into datagrams."""
        self._socket = _connected(request)
        self._write: Callable[[Octets], int] = self._socket.send
        self.at_once = 0  # octets of a window that one send takes as the port is set up
        self._has_room = False  # in the send buffer, for windows of more than _ROOM octets
        self._segments = cuts
        self._segment = 0  # octets of the datagrams into which the kernel cuts what is longer

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, datagrams: Iterable[Octets]) -> None:
        for datagram in datagrams:
            self._send_one(datagram)

    def send_window(self, octets: Octets, size: int) -> None:
        if len(octets) > _ROOM and not self._has_room:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            self._has_room = True
        # What is to be cut has its own pages in the kernel, and one datagram is cheaper without.
        self.at_once = max(self.at_once, size)
        if len(octets) <= self.at_once:
            try:
                self._send_one(octets)
            except OSError as error:
                if len(octets) <= size or error.errno not in NO_SEGMENTS:
                    raise
            else:
                return
        super().send_window(octets, size)
        self.at_once = _most_at_once(size) if self._segment == size else size

    def mtu(self) -> int:
        return _mtu(self._socket)

    def close(self) -> None:
        self._socket.close()

    def _send_one(self, octets: Octets) -> None:
        """Send ``octets`` by one call; where the send buffer is full, wait for room, but not for long."""
        try:
            self._write(octets)
        except BlockingIOError:
            room = select.poll()
            room.register(self._socket, select.POLLOUT)
            room.poll(_SEND_PATIENCE)
            self._write(octets)

    def _send_segments(self, octets: Octets, size: int) -> None:
        if self._segment != size:
            self._socket.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
            self._segment = size
        self._send_one(octets)

    def _cut_no_more(self) -> None:
        if self._segment:
            self._socket.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 0)
            self._segment = 0


def _most_at_once(size: int) -> int:
    """Return how many octets the kernel takes at once to cut them into datagrams of ``size`` octets."""
    return min(_SEGMENTS, SENDABLE // size) * size


def _mtu(connected: socket.SocketType) -> int:
    return connected.getsockopt(socket.IPPROTO_IP, _IP_MTU)


def _connected(request: Datagram) -> socket.SocketType:
    made = _udp_socket(socket.SOCK_NONBLOCK)
    try:
        made.bind((request.local, 0))
        made.connect(request.client)
    except OSError:
        made.close()
        raise
    return made


def _udp_socket(kind: int = 0) -> socket.SocketType:
    # The system's socket without what socket.socket has around it, twice the price of one for a transfer.
    return socket.SocketType(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | kind)
