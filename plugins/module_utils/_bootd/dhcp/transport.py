# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The sockets of the DHCP server: which interface a datagram came in on, and replies that leave by the same one."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeAlias

from ..process import kernel_queue
from ..process.datagram_batch import (
    CUT_CONTROL_SIZE,
    SLOTS,
    Arrival,
    Cuts,
    Inbox,
    Outbox,
    cut_control,
    inet_name,
    packet_name,
    pktinfo_control,
)
from ..process.kernel_queue import IP_PKTINFO, PKTINFO, SENDABLE
from .packet import MAX_SIZE, udp_packet
from .reply import LIMITED_BROADCAST, Destination

_ETHERTYPE_IPV4 = 0x0800
BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
_RECEIVE_BUFFER = 1 << 20  # bytes: room for a rack that is powered on at once
# Bytes. Answers to a relay that answers no ARP wait three seconds for it, 208 KiB of them (unres_qlen_bytes): by
# default the socket has no more room than that, and two such relays would take that of all others.
_SEND_BUFFER = 1 << 20
_FRAME = 1500  # bytes: no answer is longer
_MAX_INTERFACES = 1024  # whose names are remembered, and so many routes
CUTS: Cuts = (4, 8, 10)  # apart from all else are xid and secs, which no answer depends on (RFC 2131 section 2)
_FEW = 8  # answers, of which it is not worth while to look which are alike,
_FEW_ALIKE = 2  # and of those, to send them together (measured: from three on it costs less)
LOOK_SECONDS = 1.0  # between two looks at this host: what its interfaces are called, whether an address is its own


@dataclass(frozen=True, slots=True)
class Route:
    """Where an answer leaves to: ``to``, by the interface with this index and name.

    ``name`` is the same for the system call, of the raw socket where ``is_raw``.
    """

    to: Destination
    index: int
    interface: str
    is_raw: bool
    name: bytes


# A message to send, the way that it goes, and where it goes by the raw socket the whole packet, unless it is b"".
Sending: TypeAlias = "tuple[bytes, Route, bytes]"


@dataclass(frozen=True, slots=True)
class Batch:
    """Datagrams that came to the port at ``slot`` in ``Transport.ports``, the oldest first."""

    slot: int
    arrivals: list[Arrival]


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
        self._read_empty = 0  # sockets in turn that had less than a batch
        self._inbox, self._udp_outbox, self._raw_outbox = Inbox(MAX_SIZE + 1, CUTS), Outbox(_FRAME), Outbox(_FRAME, 0)
        self._outbox_of_alike = Outbox(_FRAME, CUT_CONTROL_SIZE) if kernel_queue.cuts() else None
        self._uncut: set[int] = set()  # interfaces by which nothing is cut for now, by their index
        self._controls: dict[int, bytes] = {}  # by the interface's index: by which way an answer leaves
        self._source = self._address  # of answers; zeros where the kernel has to choose
        self._routes: dict[tuple[Destination, int, str], Route] = {}
        self._names: dict[int, str] = {}  # of interfaces, by their index
        self._looked_at = time.monotonic()
        self.generation = 0  # another one whenever an interface has got another name
        self._waiting = select.epoll()  # of several sockets one descriptor; a single one is waited for sooner by itself
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
        """Return the descriptor to wait on for datagrams; another one after ``reopen``."""
        return self._waiting.fileno() if len(self._udp) > 1 else self._udp[0].fileno()

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

    def receive(self) -> Batch | None:
        """Return the next datagrams, or None where none wait; no port has to wait until another is read empty.

        What has come since less than a batch was read is not looked for: ``fileno`` is readable, and that costs less.
        """
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._look()
        count = len(self._udp)
        while self._read_empty < count:
            slot = self._first % count
            arrivals = self._inbox.receive(self._udp[slot])
            self._first = slot + 1
            self._read_empty = self._read_empty + 1 if len(arrivals) < SLOTS else 0
            if arrivals:
                return Batch(slot, arrivals)
        self._read_empty = 0
        return None

    def interface(self, index: int) -> str:
        """Return the name of the interface with ``index``, "" where there is none; LOOK_SECONDS old at most."""
        name = self._names.get(index)
        if name is None:
            if len(self._names) >= _MAX_INTERFACES:
                self._names.clear()
            name = self._names[index] = _name_of(index)
        return name

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        self._uncut.clear()
        names = {index: _name_of(index) for index in self._names}
        if names != self._names:
            self._names = names
            self.generation += 1
        if self._source != self._address:
            self._source = self._address
            self._controls.clear()

    def route(self, to: Destination, index: int, interface: str) -> Route:
        """Return the route to ``to`` out of the interface that a request came in on.

        Those to relays are remembered: thousands of answers that are kept go by few of them.
        """
        if to.mac:
            return self._route(to, index, interface)
        found = self._routes.get((to, index, interface))
        if found is None:
            if len(self._routes) >= _MAX_INTERFACES:
                self._routes.clear()
            found = self._routes[to, index, interface] = self._route(to, index, interface)
        return found

    def _route(self, to: Destination, index: int, interface: str) -> Route:
        station = to.mac or (BROADCAST_MAC if to.address == LIMITED_BROADCAST else "")
        # Not by the UDP socket where it can be helped: replies to relays that don't answer ARP may fill its buffer.
        is_raw = bool(station and interface and self._raw is not None)
        address = bytes.fromhex(station.replace(":", ""))
        name = packet_name(_ETHERTYPE_IPV4, index, address) if is_raw else inet_name(_routed(to), to.port)
        return Route(to, index, interface, is_raw, name)

    def send(self, slot: int, answers: Sequence[Sending]) -> list[tuple[Sending, OSError]]:
        """Send ``answers`` to what came to the port at ``slot``; return which could not be sent.

        They leave in their order, but that those to one relay that are as long as each other may leave sooner.
        """
        failed: list[tuple[Sending, OSError]] = []
        if len(answers) == 1 and self._send_alone(slot, answers[0]):
            return failed
        for start in range(0, len(answers), SLOTS):
            rest = answers[start : start + SLOTS]
            if self._outbox_of_alike is not None and len(rest) > _FEW:
                rest = self._send_alike(self._outbox_of_alike, slot, rest)
            while rest:
                sent = self._send_together(slot, rest)
                if sent == len(rest):
                    break
                # By itself, with all that may be tried; those behind it are sent together again.
                try:
                    self._send_one(slot, rest[sent])
                except OSError as error:
                    failed.append((rest[sent], error))
                rest = rest[sent + 1 :]
        return failed

    def _send_alone(self, slot: int, answer: Sending) -> bool:
        """Return whether ``answer`` could be sent as several are; that no others are is not looked for each time."""
        payload, way, packet = answer
        if way.is_raw and self._raw is not None:
            return self._raw_outbox.send(self._raw, [packet or self.packet(slot, way.to, payload)], [way.name], ()) == 1
        return self._udp_outbox.send(self._udp[slot], [payload], [way.name], [self._control(way.index)]) == 1

    def _send_together(self, slot: int, answers: Sequence[Sending]) -> int:
        """Send ``answers`` up to the first that has to be sent by itself; return how many that were."""
        ways = [way for _payload, way, _packet in answers]
        are_raw = [way.is_raw for way in ways]
        is_raw = are_raw[0]
        count = are_raw.index(not is_raw) if (not is_raw) in are_raw else len(ways)
        chosen, names = answers[:count], [way.name for way in ways[:count]]
        if is_raw and self._raw is not None:
            packets = [packet or self.packet(slot, way.to, payload) for payload, way, packet in chosen]
            sent = self._raw_outbox.send(self._raw, packets, names, ())
        else:
            controls = [self._control(way.index) for way in ways[:count]]
            sent = self._udp_outbox.send(self._udp[slot], [answer[0] for answer in chosen], names, controls)
        if sent < count or count == len(answers):
            return sent
        return sent + self._send_together(slot, answers[count:])

    def _send_alike(self, outbox: Outbox, slot: int, answers: Sequence[Sending]) -> Sequence[Sending]:
        """Send those to one relay that are as long as each other as one, which the kernel cuts; return the others.

        Half of what the kernel has to do for a datagram is done once for all then. Where it can't, or the network card
        can't (see ``tftp.sockets``), or the relay is out of reach, they are among those that are returned.
        """
        groups: defaultdict[tuple[int, int], list[Sending]] = defaultdict(list)
        for answer in answers:
            groups[id(answer[1]), len(answer[0])].append(answer)
        if len(groups) == len(answers):
            return answers
        alike: list[list[Sending]] = []
        others: list[Sending] = []
        for (_way, size), group in groups.items():
            way = group[0][1]
            if (
                len(group) <= _FEW_ALIKE
                or way.is_raw
                or way.index in self._uncut
                or not 0 < len(group) * size <= SENDABLE
            ):
                others += group
            else:
                alike.append(group)
        if not alike:
            return answers
        payloads = [b"".join([payload for payload, _way, _packet in group]) for group in alike]
        ways = [group[0][1] for group in alike]
        controls = [
            cut_control(self._control(way.index), len(group[0][0])) for way, group in zip(ways, alike, strict=True)
        ]
        sent = outbox.send(self._udp[slot], payloads, [way.name for way in ways], controls)
        if sent < len(alike):
            self._uncut.add(ways[sent].index)
            for group in alike[sent:]:
                others += group
        return others

    def _control(self, index: int) -> bytes:
        found = self._controls.get(index)
        if found is None:
            if len(self._controls) >= _MAX_INTERFACES:
                self._controls.clear()
            found = self._controls[index] = pktinfo_control(index, self._source)
        return found

    def packet(self, slot: int, to: Destination, payload: bytes) -> bytes:
        """Return the IPv4 packet with ``payload`` that leaves by the raw socket."""
        return udp_packet((socket.inet_ntoa(self._address), self.ports[slot]), (to.address, to.port), payload)

    def _send_one(self, slot: int, answer: Sending) -> None:
        """Send ``answer`` in any way there is; OSError where it can't be sent."""
        payload, route, packet = answer
        if route.is_raw and self._raw is not None:
            to = (route.interface, _ETHERTYPE_IPV4, socket.PACKET_HOST, 0, route.name[-8:-2])
            with contextlib.suppress(OSError):
                self._raw.sendto(packet or self.packet(slot, route.to, payload), to)
                return
        # RFC 2131 section 4.1 allows to broadcast what can't be sent to a client without an address.
        udp, target = self._udp[slot], (_routed(route.to), route.to.port)
        try:
            udp.sendmsg([payload], _leaving_by(route.index, self._source), 0, target)
        except OSError as error:
            # The advertised address may be a load balancer's and not this host's: then the kernel chooses the source.
            udp.sendmsg([payload], _leaving_by(route.index, bytes(4)), 0, target)
            if error.errno == errno.EINVAL:
                self._source = bytes(4)
                self._controls.clear()


def _routed(to: Destination) -> str:
    """Return the address of ``to`` for the UDP socket, which reaches no client without one but by broadcast."""
    return LIMITED_BROADCAST if to.mac else to.address


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
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
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
        # Non-blocking, for an interface that takes no packet just now must not hold up what leaves by others.
        return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    except PermissionError:
        return None


def _leaving_by(index: int, source: bytes) -> list[tuple[int, int, bytes]]:
    return [(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(index, source, bytes(4)))]


def _name_of(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return ""
