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
from typing import TypeAlias

try:
    import ctypes
except (ImportError, MemoryError, OSError):  # some builds have none, and some hardening lets it allocate nothing
    HAS_CTYPES = False
else:
    HAS_CTYPES = True

from . import kernel_queue
from .kernel_queue import ANCILLARY, IP_PKTINFO, PKTINFO, SO_TIMESTAMPNS, TIMESPEC

SLOTS = 64  # datagrams by one call
_UNAVAILABLE = (errno.ENOSYS, errno.EPERM, errno.EACCES)  # also what systemd's SystemCallErrorNumber= may say

# struct mmsghdr of <bits/socket.h>: name, its length, pieces, their number, ancillary data, its length, flags; length.
_HEADER = struct.Struct("@PIPNPNi0PI0P")
_PIECE = struct.Struct("@PN")  # struct iovec
_NAME = struct.Struct("!HH4s8x")  # struct sockaddr_in; the first, its family, stands there as the host has numbers
_INET = struct.pack("=H", socket.AF_INET)
_LARGEST_NAME = 20  # octets: struct sockaddr_ll
_CONTROL_HEAD = struct.Struct("@Nii")  # struct cmsghdr
_TIME_HEAD = _CONTROL_HEAD.pack(_CONTROL_HEAD.size + TIMESPEC.size, socket.SOL_SOCKET, SO_TIMESTAMPNS)
_INFO_HEAD = _CONTROL_HEAD.pack(_CONTROL_HEAD.size + PKTINFO.size, socket.IPPROTO_IP, IP_PKTINFO)
# Both as Linux gives them, in this order, where both were asked for; and with the room that there is beside them.
_BOTH = f"@{len(_TIME_HEAD)}sll{len(_INFO_HEAD)}s{PKTINFO.size}s"
_BOTH_SIZE = struct.calcsize(_BOTH + "0N")
_CONTROL = struct.Struct(f"{_BOTH}{ANCILLARY - struct.calcsize(_BOTH)}x")
_ONE_INFO = struct.Struct(f"@{len(_INFO_HEAD)}s{PKTINFO.size}s0N")


# A datagram: its octets, the address (packed) and port it came from, what IP_PKTINFO says (packed), and when the kernel
# had it, in seconds since the epoch. No class: to make one of its objects takes longer than to receive a datagram.
Arrival: TypeAlias = "tuple[bytes, bytes, int, bytes, float]"


def pktinfo_control(index: int, source: bytes) -> bytes:
    """Return the ancillary data by which a datagram leaves by the interface ``index`` from the address ``source``."""
    return _ONE_INFO.pack(_INFO_HEAD, PKTINFO.pack(index, source, bytes(4)))


def inet_name(address: str, port: int) -> bytes:
    """Return a struct sockaddr_in: where to send to."""
    return _INET + _NAME.pack(0, port, socket.inet_aton(address))[2:]


def packet_name(protocol: int, index: int, station: bytes) -> bytes:
    """Return a struct sockaddr_ll: the interface ``index`` and the MAC address ``station`` to send to."""
    return struct.pack("=HHiHBB8s", socket.AF_PACKET, socket.htons(protocol), index, 0, 0, len(station), station)


class Inbox:
    """Receives up to SLOTS datagrams at once, of at most ``size`` octets each: more is cut off."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._call = _function("recvmmsg")
        if self._call is None:
            return
        self._payloads = bytearray(SLOTS * size)
        self._names = bytearray(SLOTS * _NAME.size)
        self._controls = bytearray(SLOTS * ANCILLARY)
        self._pieces = bytearray(SLOTS * _PIECE.size)
        self._headers = bytearray(SLOTS * _HEADER.size)
        payloads, names, controls, pieces = map(
            _address_of, (self._payloads, self._names, self._controls, self._pieces)
        )
        for slot in range(SLOTS):
            _PIECE.pack_into(self._pieces, slot * _PIECE.size, payloads + slot * size, size)
            piece, control = pieces + slot * _PIECE.size, controls + slot * ANCILLARY
            header = (names + slot * _NAME.size, _NAME.size, piece, 1, control, ANCILLARY, 0, 0)
            _HEADER.pack_into(self._headers, slot * _HEADER.size, *header)
        self._blank = bytes(self._headers)  # the kernel writes lengths into it
        self._at = _address_of(self._headers)
        self._view = memoryview(self._payloads)
        self._fixed = _fixed(self._payloads, self._names, self._controls, self._pieces, self._headers)

    def receive(self, udp: socket.socket) -> list[Arrival]:
        """Return what waits, at most SLOTS datagrams; OSError where nothing can be received."""
        if self._call is None:
            return self._one_by_one(udp)
        self._headers[:] = self._blank
        count = self._call(udp.fileno(), self._at, SLOTS, socket.MSG_DONTWAIT, None)
        if count < 0:
            number = ctypes.get_errno()
            if number == errno.EAGAIN:
                return []
            if number in _UNAVAILABLE:
                self._call = None
                return self._one_by_one(udp)
            raise OSError(number, os.strerror(number))
        found: list[Arrival] = []
        payloads, size, start = self._view, self._size, 0
        headers = _HEADER.iter_unpack(memoryview(self._headers)[: count * _HEADER.size])
        names = _NAME.iter_unpack(memoryview(self._names)[: count * _NAME.size])
        controls = _CONTROL.iter_unpack(memoryview(self._controls)[: count * ANCILLARY])
        for header, (_family, port, source), (time_head, seconds, nanoseconds, info_head, info) in zip(
            headers, names, controls, strict=True
        ):
            at = seconds + nanoseconds / 1e9
            if header[5] != _BOTH_SIZE or time_head != _TIME_HEAD or info_head != _INFO_HEAD:
                info, at = kernel_queue.read(self._ancillary(len(found), header[5]))
            found.append((bytes(payloads[start : start + header[7]]), source, port, info, at))
            start += size
        return found

    def _ancillary(self, slot: int, size: int) -> list[tuple[int, int, bytes]]:
        """Return the ancillary data of ``slot`` as recvmsg has it."""
        found = []
        place = slot * ANCILLARY
        end = place + min(size, ANCILLARY)
        while place + _CONTROL_HEAD.size <= end:
            length, level, kind = _CONTROL_HEAD.unpack_from(self._controls, place)
            if length < _CONTROL_HEAD.size:
                break
            found.append((level, kind, bytes(self._controls[place + _CONTROL_HEAD.size : min(place + length, end)])))
            place += -(-length // struct.calcsize("@N")) * struct.calcsize("@N")
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
            found.append((payload, socket.inet_aton(source), port, *kernel_queue.read(ancillary)))
        return found


class Outbox:
    """Sends up to SLOTS datagrams at once, ``size`` octets each on the average at most."""

    def __init__(self, size: int, control_size: int = _ONE_INFO.size) -> None:
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
        self._parts = (names, controls, pieces)
        self._at = _address_of(self._headers)
        self._fixed = _fixed(self._payloads, self._names, self._controls, self._pieces, self._headers)

    def send(
        self, udp: socket.socket, payloads: Sequence[bytes], names: Sequence[bytes], controls: Sequence[bytes]
    ) -> int:
        """Send ``payloads``, at most SLOTS, to ``names``, all of one size; return how many were sent, from the first.

        Fewer than all: the next one can't be sent, or not by this call; nothing was tried with those behind it.
        """
        total = sum(map(len, payloads))
        if self._call is None or total > self._room:
            return 0
        if len(names[0]) != self._name_size:
            self._lay_out(len(names[0]))
        self._payloads[:total] = b"".join(payloads)
        written = b"".join(names)
        self._names[: len(written)] = written
        written = b"".join(controls)
        self._controls[: len(written)] = written
        pieces: list[int] = []
        place = self._start
        for payload in payloads:
            size = len(payload)
            pieces += (place, size)
            place += size
        self._pieces_of[len(payloads)].pack_into(self._pieces, 0, *pieces)
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
    arguments = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
    try:
        found = getattr(ctypes.PyDLL(None, use_errno=True), name)
    except (AttributeError, OSError):
        return None
    found.argtypes = [*arguments, ctypes.c_void_p] if name == "recvmmsg" else arguments
    call: Callable[..., int] = found
    return call


def _fixed(*memory: bytearray) -> list[memoryview]:
    """Return what keeps each at its size and place as long as it is there itself: the kernel is told by address."""
    return [memoryview(part) for part in memory]


def _address_of(memory: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
