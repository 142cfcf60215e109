# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""DHCP messages to bytes and back (RFC 2131 section 2, RFC 3396), who sent one, and the UDP packet around one. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from socket import inet_aton, inet_ntoa

from . import options as opt

BOOTREQUEST = 1
BOOTREPLY = 2
BROADCAST = 0x8000  # in flags: the client can't receive unicast before it has its address
NO_ADDRESS = "0.0.0.0"

MIN_SIZE = 300  # bytes: BOOTP's size (RFC 1542 section 2.1); relays and firmware drop less
MAX_SIZE = 9000  # bytes of a message that is read at all: a jumbo frame
FILE_ROOM = 127  # bytes of a boot file name the header takes, beside its NUL
_SNAME_ROOM = 63

_IP_AND_UDP = 28  # bytes of header that MAX_MESSAGE_SIZE counts beside the message
_DEFAULT_DATAGRAM = 576  # bytes any client takes (RFC 2131 section 2)
_LARGEST_DATAGRAM = 1500  # bytes of an Ethernet frame: a reply is never fragmented

_ETHERNET = 1
_ETHERNET_SIZE = 6
_CHADDR = 28  # where it is in a message
_COOKIE = b"\x63\x82\x53\x63"
_END = bytes((opt.END,))
_HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")

# How a client says what it is.
_PXE_CLIENT = b"PXEClient"
_HTTP_CLIENT = b"HTTPClient"
_GPXE = b"gPXE"  # in the user class: of what iPXE came from, and of old network cards
_IPXE_CLASSES = (b"iPXE", b"Tinkerbell", _GPXE)  # stock iPXE's, and that of Tinkerbell's builds
_IDENTIFYING = (opt.VENDOR_CLASS, opt.USER_CLASS, opt.IPXE, opt.CLIENT_ARCHITECTURE)
_ARCH_IN_VENDOR_CLASS = re.compile(rb"(?:PXE|HTTP)Client:Arch:([0-9]{5})", re.ASCII)

# The IPv4 and UDP headers of a packet that is made here.
_PROTOCOL_UDP = 17
_TTL = 64
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_PSEUDO_HEADER = struct.Struct("!4s4sBBH")
_DONT_FRAGMENT = 0x4000

# Options given up, in this order, when a reply is too big for its client: first what the header says too, then
# comforts of an operating system, then what the object names beside its fields, the last first (EXTRA), then what
# only matters beyond the own subnet. NEVER_DROPPED stays, but for option 82 where nothing else helps.
EXTRA = -1  # stands for every option that is neither in DROP_ORDER nor in NEVER_DROPPED
DROP_ORDER = (
    opt.TFTP_SERVER_NAME,
    opt.BOOT_FILE_NAME,
    opt.RENEWAL_TIME,
    opt.REBINDING_TIME,
    opt.BROADCAST_ADDRESS,
    opt.MESSAGE,
    opt.DOMAIN_SEARCH,
    opt.NTP_SERVERS,
    opt.LOG_SERVER,
    opt.DOMAIN_NAME,
    opt.HOST_NAME,
    EXTRA,
    opt.CLASSLESS_STATIC_ROUTE,
    opt.DOMAIN_NAME_SERVER,
)
NEVER_DROPPED = frozenset(
    (
        opt.SUBNET_MASK,
        opt.ROUTER,
        opt.VENDOR_SPECIFIC,
        opt.LEASE_TIME,
        opt.MESSAGE_TYPE,
        opt.SERVER_IDENTIFIER,
        opt.VENDOR_CLASS,
        opt.CLIENT_IDENTIFIER,
        opt.RELAY_AGENT_INFORMATION,
        opt.CLIENT_UUID,
        opt.IPXE,
    )
)


class DhcpError(ValueError):
    """A message that can't be read or written; ``reason`` is a short fixed word, fit for a counter's label."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Packet:
    """One DHCP message. Addresses are dotted strings; options map a code to its whole value, joined and unsplit."""

    op: int
    xid: int
    mac: str  # chaddr, lower-case colon form
    secs: int = 0
    flags: int = 0
    ciaddr: str = NO_ADDRESS
    yiaddr: str = NO_ADDRESS
    siaddr: str = NO_ADDRESS
    giaddr: str = NO_ADDRESS
    sname: bytes = b""
    file: bytes = b""
    hops: int = 0
    options: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def message_type(self) -> int | None:
        """Return the value of option 53, or None for BOOTP and for a malformed option."""
        value = self.options.get(opt.MESSAGE_TYPE)
        return value[0] if value is not None and len(value) == 1 else None

    @property
    def is_rehearsal(self) -> bool:
        """Return whether it says that its sender only plays a machine: it is answered, and tells nothing of one."""
        return opt.text_octets(self.options.get(opt.REHEARSAL)) == opt.REHEARSAL_MARK


class Kind(Enum):
    """The kind of program that sends a request: network boot firmware, iPXE, or an operating system."""

    FIRMWARE = "firmware"
    IPXE = "ipxe"
    OS = "os"


@dataclass(frozen=True, slots=True)
class Client:
    """The sender of a request. ``http``: it says that it loads from a URL, as UEFI HTTP boot and nearly all iPXE do."""

    kind: Kind
    http: bool = False
    arches: tuple[int, ...] = ()  # option 93, most wanted first
    tinkerbell: bool = False  # an iPXE built for Tinkerbell
    vendor_class: str = ""
    gpxe: bool = False  # iPXE's forerunner

    @property
    def arch(self) -> int | None:
        """Return the first architecture the client names."""
        return self.arches[0] if self.arches else None


def decode(data: bytes) -> Packet:
    """Return the message in ``data``, a UDP payload; raise DhcpError where it is none, or not over Ethernet.

    Options in ``file`` and ``sname`` (option 52) are read too, and option 52 itself is gone from the result.
    """
    if len(data) < _HEADER.size:
        raise DhcpError("short")
    if len(data) > MAX_SIZE:
        raise DhcpError("oversize")
    (op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file, cookie) = (
        _HEADER.unpack_from(data)
    )
    if cookie != _COOKIE:
        raise DhcpError("cookie")
    if op not in (BOOTREQUEST, BOOTREPLY):
        raise DhcpError("op")
    if htype != _ETHERNET or hlen != _ETHERNET_SIZE:
        raise DhcpError("hardware_type")
    options: dict[int, bytes] = {}
    _read_options(data, _HEADER.size, options)
    overload = opt.uint(options.pop(opt.OVERLOAD, None), 1) or 0
    # RFC 3396 section 5: the parts of a split option continue in file, then in sname.
    if overload in (1, 3):
        _read_options(file, 0, options)
        file = b""
    if overload in (2, 3):
        _read_options(sname, 0, options)
        sname = b""
    if overload:
        options.pop(opt.OVERLOAD, None)
    return Packet(
        op=op,
        xid=xid,
        mac=chaddr[:_ETHERNET_SIZE].hex(":"),
        secs=secs,
        flags=flags,
        ciaddr=inet_ntoa(ciaddr),
        yiaddr=inet_ntoa(yiaddr),
        siaddr=inet_ntoa(siaddr),
        giaddr=inet_ntoa(giaddr),
        sname=sname.partition(b"\0")[0],
        file=file.partition(b"\0")[0],
        hops=hops,
        options=options,
    )


def mac_in(data: bytes) -> str:
    """Return chaddr of ``data``, whatever else is wrong with it, in lower-case colon form; "" where it has none."""
    if len(data) < _CHADDR + _ETHERNET_SIZE or data[1:3] != bytes((_ETHERNET, _ETHERNET_SIZE)):
        return ""
    return data[_CHADDR : _CHADDR + _ETHERNET_SIZE].hex(":")


def encode(packet: Packet) -> bytes:
    """Return ``packet`` as a UDP payload of 300 bytes or more; raise DhcpError where a header field is too long.

    Message type and server identifier come first, then the other options by code, and option 82 last (RFC 3046
    section 2.2). ``fit`` makes a packet small enough for its client.
    """
    if len(packet.file) > FILE_ROOM:
        raise DhcpError("file_too_long")
    if len(packet.sname) > _SNAME_ROOM:
        raise DhcpError("sname_too_long")
    header = _HEADER.pack(
        packet.op,
        _ETHERNET,
        _ETHERNET_SIZE,
        packet.hops,
        packet.xid,
        packet.secs,
        packet.flags,
        inet_aton(packet.ciaddr),
        inet_aton(packet.yiaddr),
        inet_aton(packet.siaddr),
        inet_aton(packet.giaddr),
        bytes.fromhex(packet.mac.replace(":", "")),
        packet.sname,
        packet.file,
        _COOKIE,
    )
    parts = [header]
    for code in _in_order(packet.options):
        value = packet.options[code]
        if len(value) < 256:
            parts.append(bytes((code, len(value))) + value)
        else:
            parts += _split(code, value)
    parts.append(_END)
    return b"".join(parts).ljust(MIN_SIZE, b"\0")


def fit(packet: Packet, max_size: int | None) -> tuple[Packet, tuple[int, ...]]:
    """Return ``packet`` without the options its client has no room for, and their codes, as DROP_ORDER says.

    ``max_size`` is the client's option 57: bytes of the whole IP datagram; None and values below 576 count as 576.
    Option 82 does not count against the client's room, since the relay takes it out again (RFC 3046 section 2.1), only
    against a frame's; it is given up where nothing else makes the reply fit that (section 2.2).
    The boot file name stays where only option 67 holds it. Raise DhcpError where what must stay is too big.
    """
    datagram = min(max(max_size or 0, _DEFAULT_DATAGRAM), _LARGEST_DATAGRAM)
    relay_information = packet.options.get(opt.RELAY_AGENT_INFORMATION)
    added_by_relay = 0 if relay_information is None else _option_size(relay_information)
    excess = _size(packet) - (min(datagram + added_by_relay, _LARGEST_DATAGRAM) - _IP_AND_UDP)
    if excess <= 0:
        return packet, ()
    dropped = []
    for code in _drop_order(packet):
        if code not in packet.options or (code == opt.BOOT_FILE_NAME and not packet.file):
            continue
        dropped.append(code)
        excess -= _option_size(packet.options[code])
        if excess <= 0:
            return _without(packet, dropped), tuple(dropped)
    if relay_information is None:
        raise DhcpError("reply_too_big")
    fitted, others = fit(_without(packet, [opt.RELAY_AGENT_INFORMATION]), max_size)
    return fitted, (opt.RELAY_AGENT_INFORMATION, *others)


def identify(packet: Packet) -> Client:
    """Return who sent ``packet``.

    iPXE comes first, because on the wire it is a PXEClient too: it names itself in its user class (raw, or in the
    form of RFC 3004) or by its encapsulated options. Firmware is what has the vendor class of a network boot client.
    """
    return _client(*map(packet.options.get, _IDENTIFYING))


@lru_cache(maxsize=1024)  # of ten thousand machines, most say the same
def _client(
    vendor_class: bytes | None, user_class: bytes | None, ipxe: bytes | None, architecture: bytes | None
) -> Client:
    raw = opt.text_octets(vendor_class)
    classes = opt.user_classes(user_class)
    http = raw.startswith(_HTTP_CLIENT)
    if ipxe is not None or any(name in _IPXE_CLASSES for name in classes):
        kind, http = Kind.IPXE, _ipxe_has_http(ipxe)
    elif raw.startswith((_PXE_CLIENT, _HTTP_CLIENT)):
        kind = Kind.FIRMWARE
    else:
        kind = Kind.OS
    return Client(
        kind=kind,
        http=http,
        arches=opt.uint16_list(architecture) or _arch_from(raw),
        tinkerbell=b"Tinkerbell" in classes,
        gpxe=_GPXE in classes,
        vendor_class=opt.text(raw),
    )


def udp_packet(source: tuple[str, int], target: tuple[str, int], payload: bytes) -> bytes:
    """Return the IPv4 packet (RFC 791) with one UDP datagram (RFC 768) between two (dotted address, port) pairs."""
    sender, receiver = inet_aton(source[0]), inet_aton(target[0])
    length = _UDP.size + len(payload)
    pseudo_header = _PSEUDO_HEADER.pack(sender, receiver, 0, _PROTOCOL_UDP, length)
    blank = _UDP.pack(source[1], target[1], length, 0)
    # Zero would say that there is no checksum, so a sum of zero is sent as its other form (RFC 768).
    udp = _UDP.pack(source[1], target[1], length, _checksum(pseudo_header + blank + payload) or 0xFFFF)
    return _ip_header(sender, receiver, length) + udp + payload


def _drop_order(packet: Packet) -> Iterator[int]:
    others = [code for code in packet.options if code not in NEVER_DROPPED and code not in DROP_ORDER]
    for code in DROP_ORDER:
        yield from reversed(others) if code == EXTRA else (code,)


def _without(packet: Packet, codes: Collection[int]) -> Packet:
    return replace(packet, options={code: value for code, value in packet.options.items() if code not in codes})


def _read_options(area: bytes, start: int, options: dict[int, bytes]) -> None:
    for code, value in opt.walk(area, start):
        if value is None:
            raise DhcpError("option_cut_short")
        options[code] = options[code] + value if code in options else value


def _in_order(options: Mapping[int, bytes]) -> list[int]:
    last = opt.RELAY_AGENT_INFORMATION
    first = [code for code in (opt.MESSAGE_TYPE, opt.SERVER_IDENTIFIER) if code in options]
    rest = sorted(code for code in options if code != last and code not in first)
    return [*first, *rest, last] if last in options else [*first, *rest]


def _split(code: int, value: bytes) -> Iterator[bytes]:
    for start in range(0, len(value), 255):
        part = value[start : start + 255]
        yield bytes((code, len(part))) + part


def _option_size(value: bytes) -> int:
    # Nearly always one part; -(-a // b) rounds up.
    return len(value) + (2 if len(value) < 256 else 2 * -(-len(value) // 255))


def _size(packet: Packet) -> int:
    return _HEADER.size + sum(map(_option_size, packet.options.values())) + 1


def _ipxe_has_http(encapsulated: bytes | None) -> bool:
    """Return whether an iPXE with this option 175, None for none, loads from URLs.

    Every iPXE lists what is built into it, and one that lists no HTTP has none. Who only names iPXE as its user class
    has not said: then it is taken for a stock build, which has it, as other DHCP servers are set up to do by that name.
    """
    return encapsulated is None or any(opt.sub_options(encapsulated).get(opt.IPXE_HTTP, b""))


def _arch_from(vendor_class: bytes) -> tuple[int, ...]:
    # Some firmware leaves option 93 out, and says the same in its vendor class (PXE specification 2.1, table 2-1).
    found = _ARCH_IN_VENDOR_CLASS.match(vendor_class)
    return (int(found[1]),) if found else ()


def _ip_header(sender: bytes, receiver: bytes, length: int) -> bytes:
    fields = [0x45, 0, _IPV4.size + length, 0, _DONT_FRAGMENT, _TTL, _PROTOCOL_UDP, 0, sender, receiver]
    fields[7] = _checksum(_IPV4.pack(*fields))
    return _IPV4.pack(*fields)


def _checksum(data: bytes) -> int:
    """Return the internet checksum (RFC 1071) of ``data``."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
