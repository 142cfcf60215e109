# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Frames of one interface, sent and heard with scapy, and in plain words why that is not possible where it is not.

scapy is GPL-2.0-only: only files of this directory import it, and they are BSD-2-Clause.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import ctypes
import fcntl
import logging
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from types import TracebackType

# It tells of interfaces without an address and the like, which is nobody's business here.
logging.getLogger("scapy").setLevel(logging.CRITICAL)
try:
    from scapy.arch.linux import L2ListenSocket, L2Socket
    from scapy.layers.l2 import Ether

    HAS_SCAPY = True
except ImportError:
    HAS_SCAPY = False

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
_ETHERTYPE_ALL = 3
_ETHERTYPE_LOOP = 0x60  # what a socket hears that only sends: nobody uses it
_ETHERNET = 1  # the kind of link in SIOCGIFHWADDR
_UP, _RUNNING = 0x1, 0x40
_SIOCGIFFLAGS, _SIOCGIFADDR, _SIOCGIFHWADDR = 0x8913, 0x8915, 0x8927
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_RECEIVE_BUFFER = 4 << 20  # octets: the answers of several servers to a rack, while this process gets no turn
_INSTRUCTION = struct.Struct("=HBBI")

# Classic BPF: jumps are counted from the next instruction on.
Program = Sequence[tuple[int, int, int, int]]

NO_SCAPY = (
    "scapy is missing in the Python that runs this, {python}: install Debian's package python3-scapy for the system's "
    "own Python, or scapy with the pip of another one"
)
NO_PERMISSION = "to send and hear frames on {interface} takes root or CAP_NET_RAW: set become to true on the task"


class ClientProblem(Exception):
    """Why nothing can be sent or heard; the message is a sentence for people, and says what to do."""


def interface_problem(interface: str) -> str:
    """Return what keeps ``interface`` from being asked on, "" where nothing does."""
    try:
        socket.if_nametoindex(interface)
    except OSError:
        others = ", ".join(name for _index, name in socket.if_nameindex() if name != "lo")
        return f"there is no interface {interface!r} here, but {others or 'none other than lo'}"
    if struct.unpack_from("=H", _ask(interface, _SIOCGIFHWADDR))[0] != _ETHERNET:
        return f"the interface {interface} is not Ethernet"
    flags = struct.unpack_from("=H", _ask(interface, _SIOCGIFFLAGS))[0]
    if not flags & _UP:
        return f"the interface {interface} is down: bring it up, as with `ip link set {interface} up`"
    if not flags & _RUNNING:
        return f"the interface {interface} has no carrier: look at its cable and at the port of the switch"
    return ""


def mac_of(interface: str) -> str:
    """Return the MAC of ``interface`` in lower-case colon form."""
    return _ask(interface, _SIOCGIFHWADDR)[2:8].hex(":")


def address_of(interface: str) -> str:
    """Return the first IPv4 address of ``interface``, dotted, "" where it has none."""
    try:
        return socket.inet_ntoa(_ask(interface, _SIOCGIFADDR)[4:8])
    except OSError:
        return ""


class Link:
    """One interface, as a context manager: frames that are sent, and those that pass ``program``, also of this host.

    Frames for others are heard too, as far as the switch sends them here. Raises ClientProblem where that can't be.
    """

    def __init__(self, interface: str, program: Program) -> None:
        if not HAS_SCAPY:
            raise ClientProblem(NO_SCAPY.format(python=sys.executable))
        if problem := interface_problem(interface):
            raise ClientProblem(problem)
        self.interface, self.mac = interface, mac_of(interface)
        try:
            self._hears = L2ListenSocket(iface=interface, type=_ETHERTYPE_ALL, promisc=True, nofilter=1)
            self._sends = L2Socket(iface=interface, type=_ETHERTYPE_LOOP, promisc=False, nofilter=1)
        except PermissionError as error:
            raise ClientProblem(NO_PERMISSION.format(interface=interface)) from error
        except OSError as error:
            raise ClientProblem(f"{interface}: {error.strerror or error}") from error
        _enlarge(self._hears.ins)
        _attach(self._hears.ins, program)

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sends.close()
        self._hears.close()

    def send(self, frame: Ether) -> None:
        """Send ``frame``; ClientProblem where the interface takes it not."""
        try:
            self._sends.send(frame)
        except OSError as error:
            raise ClientProblem(f"{self.interface} took no frame: {error.strerror or error}") from error

    def hear(self, until: float) -> Iterator[tuple[Ether, float]]:
        """Yield each frame that comes before ``until``, a time of time.monotonic(), and when it came.

        ClientProblem where the interface goes away meanwhile.
        """
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._hears], [], [], left)[0]:
                return
            try:
                _layer, octets, _stamp = self._hears.recv_raw()
            except OSError as error:
                raise ClientProblem(f"{self.interface} hears no more: {error.strerror or error}") from error
            if octets:
                yield Ether(octets), time.monotonic()


def _enlarge(heard: socket.socket) -> None:
    """Give a socket room for many frames: scapy's own is for some fifty."""
    try:
        heard.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except PermissionError:  # without CAP_NET_ADMIN
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)


def _attach(heard: socket.socket, program: Program) -> None:
    """Have the kernel drop what does not pass ``program``: others' traffic may be more than Python can look at.

    scapy's own filters need libpcap, which a host may not have.
    """
    code = b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    heard.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(buffer)))
    _empty(heard)


def _empty(heard: socket.socket) -> None:
    """Drop what came in before the filter was there."""
    while select.select([heard], [], [], 0)[0]:
        heard.recv(1)


def _ask(interface: str, request: int) -> bytes:
    """Return what ioctl says of ``interface``, from the 17th octet of struct ifreq on (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return fcntl.ioctl(any_socket, request, struct.pack("16s24x", interface.encode()[:15]))[16:]
