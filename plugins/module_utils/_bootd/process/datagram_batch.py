# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Many datagrams by one system call: Linux's recvmmsg and sendmmsg, which Python has no names for.

Where the C library lacks them, or a filter of system calls refuses them, ``Inbox`` and ``Outbox`` do the same with
recvmsg and sendmsg, a call for each datagram. Nothing here waits: the sockets have to be non-blocking.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeAlias

try:
    import ctypes
except (ImportError, MemoryError, OSError):  # some builds have none, and some hardening lets it allocate nothing
    HAS_CTYPES = False
else:
    HAS_CTYPES = True

from . import kernel_queue
from .kernel_queue import ANCILLARY, IP_PKTINFO, PKTINFO, SO_TIMESTAMPNS, TIMESPEC, UDP_SEGMENT

SLOTS = 64  # datagrams by one call
_UNAVAILABLE = (errno.ENOSYS, errno.EPERM, errno.EACCES)  # also what systemd's SystemCallErrorNumber= may say

# struct mmsghdr of <bits/socket.h>: name, its length, pieces, their number, ancillary data, its length, flags; length.
_HEADER = struct.Struct("@PIPNPNi0PI0P")
_PIECE = struct.Struct("@PN")  # struct iovec
_PIECES = 3  # of each datagram that is received
_WORD = struct.calcsize("@N")
_CONTROL_SIZE_AT, _SIZE_AT = 5, (_HEADER.size - struct.calcsize("@I0P")) // 4  # in words; in numbers of four octets
_NAME = struct.Struct("!HH4s8x")  # struct sockaddr_in; the first, its family, stands there as the host has numbers
_INET = struct.pack("=H", socket.AF_INET)
_LARGEST_NAME = 20  # octets: struct sockaddr_ll
_CONTROL_HEAD = struct.Struct("@Nii")  # struct cmsghdr
_TIME_HEAD = _CONTROL_HEAD.pack(_CONTROL_HEAD.size + TIMESPEC.size, socket.SOL_SOCKET, SO_TIMESTAMPNS)
_INFO_HEAD = _CONTROL_HEAD.pack(_CONTROL_HEAD.size + PKTINFO.size, socket.IPPROTO_IP, IP_PKTINFO)
# Both as Linux gives them, in this order, where both were asked for.
_TIME_ROOM = struct.calcsize(f"@{len(_TIME_HEAD)}sll0N")
_INFO = struct.Struct(f"@{len(_INFO_HEAD)}s{PKTINFO.size}s0N")
_BOTH_SIZE = _TIME_ROOM + _INFO.size
_CUT_HEAD = _CONTROL_HEAD.pack(_CONTROL_HEAD.size + struct.calcsize("=H"), socket.IPPROTO_UDP, UDP_SEGMENT)
_CUT = struct.Struct(f"@{len(_CUT_HEAD)}sH0N")
CUT_CONTROL_SIZE = _INFO.size + _CUT.size

# A datagram: those of its octets that are apart, in two parts; when the kernel had it, in seconds and nanoseconds since
# the epoch; and all else in one: what IP_PKTINFO says (``info_of``), whence it came (``source_of``), its other octets.
# So two are alike where the last of these is. No class: to make one of its objects takes longer than to receive it.
Arrival: TypeAlias = "tuple[bytes, bytes, int, int, bytes]"
Cuts: TypeAlias = "tuple[int, int, int]"  # where what is apart begins, its second part, and the other octets go on
_INFO_AT, _NAME_AT = len(_INFO_HEAD), _INFO.size
REST_AT = _NAME_AT + _NAME.size  # where the other octets begin


def arrival_of(payload: bytes, cuts: Cuts, source: bytes, port: int, info: bytes, at: float) -> Arrival:
    """Return a datagram from the packed address ``source``, of which IP_PKTINFO says ``info``."""
    first, second, third = cuts
    seconds = int(at)
    name = _INET + _NAME.pack(0, port, source)[2:]
    rest = b"".join((_INFO.pack(_INFO_HEAD, info), name, payload[:first], payload[third:]))
    return payload[first:second], payload[second:third], seconds, int((at - seconds) * 1e9), rest


def payload_of(arrival: Arrival, cuts: Cuts) -> bytes:
    """Return all octets of a datagram that was received with these ``cuts``."""
    one, other, _seconds, _nanoseconds, rest = arrival
    place = REST_AT + cuts[0]
    return b"".join((rest[REST_AT:place], one, other, rest[place:]))


def info_of(arrival: Arrival) -> bytes:
    """Return what IP_PKTINFO says of a datagram."""
    return arrival[4][_INFO_AT : _INFO_AT + PKTINFO.size]


def source_of(arrival: Arrival) -> tuple[bytes, int]:
    """Return the address, packed, and the port that a datagram came from."""
    _family, port, source = _NAME.unpack_from(arrival[4], _NAME_AT)
    return source, port


def came_at(arrival: Arrival) -> float:
    """Return when the kernel had a datagram, in seconds since the epoch."""
    return arrival[2] + arrival[3] / 1e9


def pktinfo_control(index: int, source: bytes) -> bytes:
    """Return the ancillary data by which a datagram leaves by the interface ``index`` from the address ``source``."""
    return _INFO.pack(_INFO_HEAD, PKTINFO.pack(index, source, bytes(4)))


def cut_control(control: bytes, size: int) -> bytes:
    """Return ``control`` with which a datagram leaves as several of ``size`` octets: see ``kernel_queue.cuts``."""
    return control + _CUT.pack(_CUT_HEAD, size)


def inet_name(address: str, port: int) -> bytes:
    """Return a struct sockaddr_in: where to send to."""
    return _INET + _NAME.pack(0, port, socket.inet_aton(address))[2:]


def packet_name(protocol: int, index: int, station: bytes) -> bytes:
    """Return a struct sockaddr_ll: the interface ``index`` and the MAC address ``station`` to send to."""
    return struct.pack("=HHiHBB8s", socket.AF_PACKET, socket.htons(protocol), index, 0, 0, len(station), station)


class Inbox:
    """Receives up to SLOTS datagrams at once, of at most ``size`` octets each: more is cut off.

    Each has a slot of memory, in which the kernel puts it in the order of an Arrival; ``cuts`` are where the octets of
    a datagram are that are apart.
    """

    def __init__(self, size: int, cuts: Cuts) -> None:
        self._size, self._cuts = size, cuts
        self._call = _function("recvmmsg")
        if self._call is None:
            return
        first, _second, third = cuts
        apart = third - first
        # In a slot: what is apart, ancillary data, the name, and the other octets.
        control_at = -(-apart // _WORD) * _WORD
        name_at = control_at + _BOTH_SIZE
        rest_at = name_at + _NAME.size
        self._stride = -(-(rest_at + size - apart) // _WORD) * _WORD
        self._control_at = control_at
        self._memory = bytearray(SLOTS * self._stride)
        self._pieces = bytearray(SLOTS * _PIECES * _PIECE.size)
        self._headers = bytearray(SLOTS * _HEADER.size)
        memory, pieces = map(_address_of, (self._memory, self._pieces))
        for slot in range(SLOTS):
            at, piece = memory + slot * self._stride, slot * _PIECES * _PIECE.size
            parts = ((at + rest_at, first), (at, apart), (at + rest_at + first, size - third))
            for number, part in enumerate(parts):
                _PIECE.pack_into(self._pieces, piece + number * _PIECE.size, *part)
            header = (at + name_at, _NAME.size, pieces + piece, _PIECES, at + control_at, _BOTH_SIZE, 0, 0)
            _HEADER.pack_into(self._headers, slot * _HEADER.size, *header)
        self._blank = bytes(self._headers)  # the kernel writes lengths into it
        self._used = 0  # octets of it into which it has
        self._at = _pointer_to(self._headers)
        self._fixed = _fixed(self._memory, self._pieces, self._headers)
        self._control_sizes = memoryview(self._headers).cast("L")[_CONTROL_SIZE_AT :: _HEADER.size // _WORD]
        self._sizes = memoryview(self._headers).cast("I")[_SIZE_AT :: _HEADER.size // 4]
        self._slots = range(0, SLOTS * self._stride, self._stride)
        self._layouts: dict[int, Callable[[bytearray, int], Arrival]] = {}  # of a slot, by the datagram's size

    def receive(self, udp: socket.socket) -> list[Arrival]:
        """Return what waits, at most SLOTS datagrams; OSError where nothing can be received."""
        if self._call is None:
            return self._one_by_one(udp)
        used = self._used
        self._headers[:used] = self._blank[:used]
        count = self._call(udp.fileno(), self._at, SLOTS, socket.MSG_DONTWAIT, None)
        if count < 0:
            number = ctypes.get_errno()
            if number == errno.EAGAIN:
                return []
            if number in _UNAVAILABLE:
                self._call = None
                return self._one_by_one(udp)
            raise OSError(number, os.strerror(number))
        self._used = count * _HEADER.size
        memory, layouts = self._memory, self._layouts
        if count == 1 and (only := layouts.get(self._sizes[0])) and self._control_sizes[0] == _BOTH_SIZE:
            return [only(memory, 0)]  # as below, in a third of the time: hardly ever do two come at once
        sizes = self._sizes[:count].tolist()
        for size in set(sizes).difference(layouts):
            layouts[size] = self._layout(size)
        if self._control_sizes[:count].tolist() != [_BOTH_SIZE] * count:
            return [self._read(slot, size) for slot, size in enumerate(sizes)]
        return [layouts[size](memory, slot) for size, slot in zip(sizes, self._slots, strict=False)]

    def _layout(self, size: int) -> Callable[[bytearray, int], Arrival]:
        """Return what takes a datagram of ``size`` octets out of its slot, where the kernel told all that was asked."""
        first, second, third = self._cuts
        one, other = max(0, min(size, second) - first), max(0, min(size, third) - second)
        rest = REST_AT + min(size, first) + max(0, size - third)
        gap = self._control_at - one - other + len(_TIME_HEAD)
        return struct.Struct(f"@{one}s{other}s{gap}xll{rest}s").unpack_from

    def _read(self, slot: int, size: int) -> Arrival:
        """Return the datagram of ``slot``, whatever the kernel told of it."""
        one, other, _seconds, _nanoseconds, rest = self._layouts[size](self._memory, slot * self._stride)
        (told,) = struct.unpack_from("@N", self._headers, slot * _HEADER.size + _CONTROL_SIZE_AT * _WORD)
        info, at = kernel_queue.read(self._ancillary(slot, told))
        seconds = int(at)
        return one, other, seconds, int((at - seconds) * 1e9), _INFO.pack(_INFO_HEAD, info) + rest[_NAME_AT:]

    def _ancillary(self, slot: int, size: int) -> list[tuple[int, int, bytes]]:
        """Return the ancillary data of ``slot`` as recvmsg has it."""
        found = []
        place = slot * self._stride + self._control_at
        end = place + min(size, _BOTH_SIZE)
        while place + _CONTROL_HEAD.size <= end:
            length, level, kind = _CONTROL_HEAD.unpack_from(self._memory, place)
            if length < _CONTROL_HEAD.size:
                break
            found.append((level, kind, bytes(self._memory[place + _CONTROL_HEAD.size : min(place + length, end)])))
            place += -(-length // _WORD) * _WORD
        return found

    def _one_by_one(self, udp: socket.socket) -> list[Arrival]:
        found: list[Arrival] = []
        while len(found) < SLOTS:
            try:
                payload, ancillary, _flags, (source, port) = udp.recvmsg(self._size, ANCILLARY)
            except BlockingIOError:
                break
            except OSError:
                if found:
                    break
                raise
            info, at = kernel_queue.read(ancillary)
            found.append(arrival_of(payload, self._cuts, socket.inet_aton(source), port, info, at))
        return found


class Outbox:
    """Sends up to SLOTS datagrams at once, ``size`` octets each on the average at most."""

    def __init__(self, size: int, control_size: int = _INFO.size) -> None:
        self._call = _function("sendmmsg")
        if self._call is None:
            return
        self._room = SLOTS * size
        self._control_size = control_size
        self._payloads = bytearray(self._room)
        self._names = bytearray(SLOTS * _LARGEST_NAME)
        self._controls = bytearray(max(1, SLOTS * control_size))
        self._pieces = bytearray(SLOTS * _PIECE.size)
        self._headers = bytearray(SLOTS * _HEADER.size)
        self._start, names, controls, pieces = map(
            _address_of, (self._payloads, self._names, self._controls, self._pieces)
        )
        self._pieces_of = [struct.Struct("@" + "PN" * count) for count in range(SLOTS + 1)]
        self._name_size = 0
        self._sizes: list[int] = []  # of what was sent last
        self._parts = (names, controls, pieces)
        self._at = _pointer_to(self._headers)
        self._fixed = _fixed(self._payloads, self._names, self._controls, self._pieces, self._headers)

    def send(
        self, udp: socket.socket, payloads: Sequence[bytes], names: Sequence[bytes], controls: Sequence[bytes]
    ) -> int:
        """Send ``payloads``, at most SLOTS, to ``names``, all of one size; return how many were sent, from the first.

        Fewer than all: the next one can't be sent, or not by this call; nothing was tried with those behind it.
        """
        sizes = list(map(len, payloads))
        total = sum(sizes)
        if self._call is None or total > self._room:
            return 0
        if len(names[0]) != self._name_size:
            self._lay_out(len(names[0]))
        self._payloads[:total] = b"".join(payloads)
        written = b"".join(names)
        self._names[: len(written)] = written
        written = b"".join(controls)
        self._controls[: len(written)] = written
        if sizes != self._sizes:
            pieces = [0] * (2 * len(sizes))
            pieces[::2] = accumulate(sizes[:-1], initial=self._start)
            pieces[1::2] = self._sizes = sizes
            self._pieces_of[len(sizes)].pack_into(self._pieces, 0, *pieces)
        sent = self._call(udp.fileno(), self._at, len(payloads), socket.MSG_DONTWAIT)
        if sent < 0:
            if ctypes.get_errno() == errno.ENOSYS:
                self._call = None  # a filter's EPERM is not told from a firewall's, and costs no more than a call
            return 0
        return sent

    def _lay_out(self, name_size: int) -> None:
        names, controls, pieces = self._parts
        for slot in range(SLOTS):
            control = (controls + slot * self._control_size, self._control_size) if self._control_size else (0, 0)
            header = (names + slot * name_size, name_size, pieces + slot * _PIECE.size, 1, *control, 0, 0)
            _HEADER.pack_into(self._headers, slot * _HEADER.size, *header)
        self._name_size = name_size


def _function(name: str) -> Callable[..., int] | None:
    """Return the function ``name`` of the C library, None where it has none.

    It is called with the interpreter held: it never waits, and to get the interpreter back from another thread takes
    longer than the call.
    """
    if not HAS_CTYPES:
        return None
    try:
        # Without argtypes, by which ctypes would take half as long again: all arguments are ints, None and pointers.
        call: Callable[..., int] = getattr(ctypes.PyDLL(None, use_errno=True), name)
    except (AttributeError, OSError):
        return None
    return call


def _fixed(*memory: bytearray) -> list[memoryview]:
    """Return what keeps each at its size and place as long as it is there itself: the kernel is told by address."""
    return [memoryview(part) for part in memory]


def _pointer_to(memory: bytearray) -> ctypes.c_void_p:
    return ctypes.c_void_p(_address_of(memory))


def _address_of(memory: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
