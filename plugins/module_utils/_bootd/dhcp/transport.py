# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The sockets of the DHCP server: which interface a datagram came in on, and replies that leave by the same one."""

from __future__ import annotations

import select
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..process import kernel_queue
from ..process.kernel_queue import IP_PKTINFO, PKTINFO
from .packet import MAX_SIZE, udp_packet
from .reply import LIMITED_BROADCAST, Destination

_ETHERTYPE_IPV4 = 0x0800
BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
_RECEIVE_BUFFER = 1 << 20  # bytes: room for a rack that is powered on at once


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP payload, the address and port it came from, and the index and name of the interface it came in on.

    ``broadcast``: it was sent to everybody on its network, and not to bootd's own address. ``slot`` is the place
    of the port it came to in ``Transport.ports``. ``came_at`` is when the kernel had it, in seconds since the epoch.
    """

    payload: bytes
    source: str
    source_port: int
    index: int
    interface: str
    broadcast: bool
    slot: int = 0
    came_at: float = 0.0


class Transport:
    """UDP sockets for DHCP, and a raw one, where the process may have it, for clients without an address."""

    def __init__(self, bind: str, ports: Sequence[int], interface: str, address: str) -> None:
        """Bind ``ports``, on ``interface`` only where one is named; replies come from ``address`` where it is local.

        Broadcasts reach only a socket that is bound to no address of its own, so ``bind`` counts only where it is a
        loopback address. The ports are not shared: two DHCP servers on one interface would both answer. OSError where
        a socket can't be had.
        """
        self._address = socket.inet_aton(address)
        self._interface = interface
        self._bind = bind if IPv4Address(bind).is_loopback else ""
        self._udp = _udp_sockets(interface, self._bind, ports)
        self.ports: tuple[int, ...] = tuple(udp.getsockname()[1] for udp in self._udp)
        self._first = 0  # the slot that is read first
        self._waiting = select.epoll()  # of several sockets one descriptor
        try:
            self._wait_for(self._udp)
            self._raw = _raw_socket()
        except OSError:
            self._close_udp()
            self._waiting.close()
            raise

    def reopen(self) -> None:
        """Listen on the interface as it is now; OSError where that can't be, and nothing is changed then.

        Another socket, because to bind this one again takes CAP_NET_RAW. The raw one is bound to no interface.
        """
        renewed = _udp_sockets(self._interface, self._bind, self.ports)
        # What is closed is waited for no more.
        self._close_udp()
        self._udp = renewed
        self._wait_for(renewed)

    @property
    def can_unicast(self) -> bool:
        """Return whether a client without an address can be reached by unicast; else by broadcast."""
        return self._raw is not None

    def fileno(self) -> int:
        """Return the descriptor to wait on for datagrams."""
        return self._waiting.fileno()

    def drops(self) -> int:
        """Return how many datagrams the kernel had no room for, since the sockets were opened."""
        return kernel_queue.drops(self._udp)

    def close(self) -> None:
        """Close the sockets; once more does no harm."""
        self._close_udp()
        self._waiting.close()
        if self._raw is not None:
            self._raw.close()

    def _wait_for(self, sockets: Sequence[socket.socket]) -> None:
        for udp in sockets:
            self._waiting.register(udp, select.EPOLLIN)

    def _close_udp(self) -> None:
        for udp in self._udp:
            udp.close()

    def receive(self) -> Datagram | None:
        """Return the next datagram, or None where none waits; no port has to wait until another is read empty."""
        for step in range(len(self._udp)):
            slot = (self._first + step) % len(self._udp)
            if (datagram := _receive(self._udp[slot], slot)) is not None:
                self._first = slot + 1
                return datagram
        return None

    def send(self, payload: bytes, to: Destination, heard: Datagram) -> None:
        """Send ``payload`` out of the interface that ``heard`` came in on; OSError where it can't be sent."""
        station = to.mac or (BROADCAST_MAC if to.address == LIMITED_BROADCAST else "")
        if not station:
            self._send_udp(payload, (to.address, to.port), heard)
        # Not by the UDP socket where it can be helped: replies to relays that don't answer ARP may fill its buffer.
        elif not self._send_raw(payload, to, station, heard):
            # RFC 2131 section 4.1 allows it; every client takes it.
            self._send_udp(payload, (LIMITED_BROADCAST, to.port), heard)

    def _send_udp(self, payload: bytes, target: tuple[str, int], heard: Datagram) -> None:
        udp = self._udp[heard.slot]
        try:
            udp.sendmsg([payload], _leaving_by(heard.index, self._address), 0, target)
        except OSError:
            # The advertised address may be a load balancer's and not this host's: then the kernel chooses the source.
            udp.sendmsg([payload], _leaving_by(heard.index, bytes(4)), 0, target)

    def _send_raw(self, payload: bytes, to: Destination, station: str, heard: Datagram) -> bool:
        if self._raw is None or not heard.interface:
            return False
        source = (socket.inet_ntoa(self._address), self.ports[heard.slot])
        packet = udp_packet(source, (to.address, to.port), payload)
        address = bytes.fromhex(station.replace(":", ""))
        try:
            self._raw.sendto(packet, (heard.interface, _ETHERTYPE_IPV4, socket.PACKET_HOST, 0, address))
        except OSError:
            return False
        return True


def _receive(udp: socket.socket, slot: int) -> Datagram | None:
    try:
        payload, extra, _flags, (source, port) = udp.recvmsg(MAX_SIZE + 1, kernel_queue.ANCILLARY)
    except BlockingIOError:
        return None
    info, at = kernel_queue.read(extra)
    index, local, addressed = PKTINFO.unpack(info)
    return Datagram(payload, source, port, index, _name_of(index), local != addressed, slot, at)


def _udp_sockets(interface: str, address: str, ports: Sequence[int]) -> list[socket.socket]:
    made: list[socket.socket] = []
    try:
        for port in ports:
            made.append(_udp_socket(interface, address, port))
    except OSError:
        for udp in made:
            udp.close()
        raise
    return made


def _udp_socket(interface: str, address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        kernel_queue.ask_for_times(made)
        if interface:
            _bind_to(made, interface)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    return made


def _bind_to(udp: socket.socket, interface: str) -> None:
    try:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    except OSError as error:
        raise OSError(error.errno, f"interface {interface}: {error.strerror}") from error


def _raw_socket() -> socket.socket | None:
    """Return a socket for whole IPv4 packets that receives nothing, or None without CAP_NET_RAW."""
    try:
        return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    except PermissionError:
        return None


def _leaving_by(index: int, source: bytes) -> list[tuple[int, int, bytes]]:
    return [(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(index, source, bytes(4)))]


def _name_of(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return ""
