# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The sockets of the TFTP server: which address a datagram was sent to, and replies that leave from that address."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Protocol

from ..process import kernel_queue
from ..process.kernel_queue import IP_PKTINFO, PKTINFO
from .packet import MAX_REQUEST

# Linux's <linux/in.h>; Python's socket module has no name for it before 3.14.
_IP_MTU = 14
_TIMEVAL = struct.Struct("@ll")  # seconds, microseconds
_BUFFER = 1 << 20  # bytes: room for a rack that is powered on at once
# How long a full send buffer is waited for: the wire is then what limits every transfer, so nobody loses by it.
_SEND_PATIENCE = 0.05
_TRUNCATED = MAX_REQUEST + 1  # octets read of a datagram: enough to see that it is longer than any request

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Datagram:
    """What a client sent, and the local address it sent it to: "" where that was a broadcast address.

    ``came_at`` is when the kernel had it, in seconds since the epoch.
    """

    payload: bytes
    client: Address
    local: str
    came_at: float = 0.0


class Channel(Protocol):
    """The way of one transfer to its client."""

    def send(self, datagrams: list[bytes]) -> None:
        """Send ``datagrams``; ConnectionRefusedError where nobody listens any more, OSError where some are lost."""

    def close(self) -> None:
        """Give back what the transfer has for itself."""


class Listener:
    """The server's port."""

    def __init__(self, bind: str, port: int) -> None:
        """Bind ``port``; OSError where it can't be had."""
        self._socket = _udp_socket()
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            kernel_queue.ask_for_times(self._socket)
            self._socket.bind((bind, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]

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

    def send(self, datagrams: list[bytes], client: Address, local: str) -> None:
        """Send ``datagrams`` from this port and the address ``local``; OSError where some are lost."""
        source = [(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(0, socket.inet_aton(local), bytes(4)))]
        for datagram in datagrams:
            self._socket.sendmsg([datagram], source, 0, client)


class SharedPort:
    """A transfer that goes through the listener's port, as it must behind some NAT and load balancers."""

    def __init__(self, listener: Listener, request: Datagram) -> None:
        self._listener = listener
        self._client = request.client
        self._local = request.local

    def send(self, datagrams: list[bytes]) -> None:
        self._listener.send(datagrams, self._client, self._local)

    def close(self) -> None:
        """Do nothing: the port stays the listener's."""


class OwnPort:
    """A transfer with a port of its own (RFC 1350 section 4), connected: the kernel refuses what others send to it."""

    def __init__(self, request: Datagram) -> None:
        self._socket = _connected(request)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """Return what the client sent, or None where nothing waits; ConnectionRefusedError as for ``send``."""
        try:
            return self._socket.recv(_TRUNCATED, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def send(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self._socket.send(datagram)

    def close(self) -> None:
        self._socket.close()


def path_mtu(request: Datagram) -> int:
    """Return what the kernel knows of the MTU on the way to the client, in octets."""
    with _connected(request) as probe:
        return probe.getsockopt(socket.IPPROTO_IP, _IP_MTU)


def _connected(request: Datagram) -> socket.socket:
    made = _udp_socket()
    try:
        made.bind((request.local, 0))
        made.connect(request.client)
    except OSError:
        made.close()
        raise
    return made


def _udp_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.pack(0, int(_SEND_PATIENCE * 1_000_000)))
    return made
