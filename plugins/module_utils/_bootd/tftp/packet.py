# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""TFTP packets to bytes and back (RFC 1350, options: RFC 2347), and the negotiation of options. Pure.

``parse`` raises ``TftpError`` and nothing else, whatever the datagram holds; of a request ``RequestError``.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

MAX_REQUEST = 512  # octets, RFC 2347
MAX_MESSAGE = 256  # characters kept of an ERROR's message
ROLLOVER = 1 << 16  # block numbers are 16 bit and go on at 0

BLKSIZE = range(8, 65464 + 1)  # octets, RFC 2348
TIMEOUT = range(1, 255 + 1)  # seconds, RFC 2349
WINDOWSIZE = range(1, 65535 + 1)  # blocks, RFC 7440
DEFAULT_BLKSIZE = 512  # RFC 1350
REHEARSAL = ("rehearsal", "1")  # the option by which a client says that it only plays a machine
HEADERS = 20 + 8 + 4  # octets of IPv4, UDP and TFTP header before each block

# tsize counts octets, so 20 digits hold any file; the limit keeps int() away from endless digits.
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_HEAD = struct.Struct("!HH")  # opcode, block number or error code


class Opcode(IntEnum):
    """RFC 1350 section 5; OACK: RFC 2347."""

    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class ErrorCode(IntEnum):
    """RFC 1350 appendix; 8: RFC 2347."""

    UNDEFINED = 0
    NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_TID = 5
    FILE_EXISTS = 6
    NO_SUCH_USER = 7
    OPTION_NEGOTIATION = 8


class TftpError(Exception):
    """A datagram, name or file that can't be served: the code and message of the ERROR packet that would say so."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Request:
    """RRQ, or WRQ where ``write``. ``mode`` and option names are lower case; options stand in the order sent."""

    filename: str
    mode: str = "octet"
    options: tuple[tuple[str, str], ...] = ()
    write: bool = False

    @property
    def is_rehearsal(self) -> bool:
        """Return whether its sender only plays a machine: it is answered, and tells nothing of one."""
        return REHEARSAL in self.options


class RequestError(TftpError):
    """A request that can't be read; ``request`` holds as much as could be, so that it can be told whose it is."""

    def __init__(self, request: Request, message: str) -> None:
        super().__init__(ErrorCode.ILLEGAL_OPERATION, f"malformed: {message}")
        self.request = request


@dataclass(frozen=True, slots=True)
class Data:
    """One block; ``block`` counts from 1 and rolls over to 0 after 65535."""

    block: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """Everything up to ``block`` has arrived; 0 acknowledges an OACK."""

    block: int


@dataclass(frozen=True, slots=True)
class Error:
    """Ends a transfer; never acknowledged. ``code`` is a number: a peer may send one that no RFC names."""

    code: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Oack:
    """The options the server takes, with their values (RFC 2347)."""

    options: tuple[tuple[str, str], ...]


Packet: TypeAlias = "Request | Data | Ack | Error | Oack"


def encode(packet: Packet) -> bytes:
    """Return ``packet`` as a datagram. Numbers must fit 16 bits and texts hold no NUL, else ValueError."""
    match packet:
        case Data(block, payload):
            return _with_number(Opcode.DATA, block) + payload
        case Ack(block):
            return _with_number(Opcode.ACK, block)
        case Error(code, message):
            return _with_number(Opcode.ERROR, code) + _texts(message)
        case Oack(options):
            return oack_of(options)
        case Request(filename, mode, options, write):
            opcode = Opcode.WRQ if write else Opcode.RRQ
            return struct.pack("!H", opcode) + _texts(filename, mode, *_flat(options))


def parse(datagram: bytes) -> Packet:
    """Return the packet in ``datagram``; raise TftpError where it holds none."""
    if len(datagram) < 4:
        raise _malformed("shorter than any packet")
    opcode, number = _HEAD.unpack_from(datagram)
    if opcode == Opcode.ACK:
        return Ack(number)
    if opcode == Opcode.DATA:
        return Data(number, datagram[4:])
    if opcode in (Opcode.RRQ, Opcode.WRQ):
        return _request(datagram, write=opcode == Opcode.WRQ)
    if opcode == Opcode.ERROR:
        return Error(number, _text(datagram[4:].partition(b"\0")[0])[:MAX_MESSAGE])
    if opcode == Opcode.OACK:
        return Oack(_options(_fields(datagram)))
    raise _malformed(f"opcode {opcode} is unknown")


class Limits(NamedTuple):
    """The most a client gets: octets a block, blocks a window."""

    blksize: int = 1468
    windowsize: int = 64


@dataclass(frozen=True, slots=True)
class Terms:
    """What was negotiated for one transfer. ``timeout`` is in seconds, ``oack`` the options to confirm."""

    blksize: int = DEFAULT_BLKSIZE
    windowsize: int = 1
    timeout: int | None = None
    oack: tuple[tuple[str, str], ...] = ()


@lru_cache(64)  # machines of one make ask for the same
def negotiate(options: tuple[tuple[str, str], ...], size: int | None, limits: Limits) -> Terms:
    """Return the terms for a client that asked for ``options``.

    ``size`` is what ``tsize`` is answered with, in octets as they will be sent; None where that is not known.
    """
    asked = _readable(options)
    # 0 stands for "not asked": no option takes it.
    granted: dict[str, int] = {}
    if asked.get("blksize", 0) in BLKSIZE:
        granted["blksize"] = max(BLKSIZE.start, min(asked["blksize"], limits.blksize))
    if asked.get("timeout", 0) in TIMEOUT:
        granted["timeout"] = asked["timeout"]
    if "tsize" in asked and size:
        # Nothing is said of an empty file: curl takes tsize 0 for a mistake and gives up.
        granted["tsize"] = size
    if asked.get("windowsize", 0) in WINDOWSIZE:
        granted["windowsize"] = max(1, min(asked["windowsize"], limits.windowsize))
    return Terms(
        blksize=granted.get("blksize", DEFAULT_BLKSIZE),
        windowsize=granted.get("windowsize", 1),
        timeout=granted.get("timeout"),
        oack=tuple((name, str(granted[name])) for name in asked if name in granted),
    )


def blksize_for_mtu(mtu: int) -> int:
    """Return the largest block that crosses a link of ``mtu`` octets in one piece."""
    return max(BLKSIZE.start, min(mtu - HEADERS, BLKSIZE.stop - 1))


def _readable(options: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """Return the options that are numbers and stand there once, as RFC 2347 demands, in the order sent."""
    names = [name for name, _value in options]
    return {name: int(value) for name, value in options if names.count(name) == 1 and _NUMBER.fullmatch(value)}


def _request(datagram: bytes, *, write: bool) -> Request:
    """Return the request; what differs from RFC 1350 and 2347 is read where it can mean one thing only.

    The last text needs no NUL, and what firmware pads its requests with is left out. Octets that are no UTF-8 become
    U+FFFD, so such a name is that of no file.
    """
    name, _nul, rest = datagram[2:].partition(b"\0")
    filename = _text(name)
    if len(datagram) > MAX_REQUEST:
        # RFC 2347: "The maximum size of a request packet is 512 octets". What follows was not even received.
        raise RequestError(Request(filename, "", (), write), f"a request of more than {MAX_REQUEST} octets")
    if not rest:
        raise RequestError(Request(filename, "", (), write), "a request without a mode")
    mode, options = _mode_and_options(rest)
    return Request(filename, mode, options, write)


@lru_cache(64)  # machines of one make ask for the same
def _mode_and_options(rest: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return what stands in a request behind its name."""
    fields = rest.split(b"\0")
    if not fields[-1]:
        fields.pop()
    return _text(fields[0]).lower(), _options(fields[1:])


def _fields(datagram: bytes) -> list[bytes]:
    fields = datagram[2:].split(b"\0")
    if fields.pop():
        raise _malformed("the last text has no end")
    return fields


def _options(fields: list[bytes]) -> tuple[tuple[str, str], ...]:
    # A name without a value is left out, and so is an empty one: some firmware pads its requests.
    pairs = zip(fields[0::2], fields[1::2], strict=False)
    return tuple((_text(name).lower(), _text(value)) for name, value in pairs if name)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _flat(options: tuple[tuple[str, str], ...]) -> list[str]:
    return [text for option in options for text in option]


def _texts(*texts: str) -> bytes:
    if any("\0" in text for text in texts):
        raise ValueError("a text in a TFTP packet can't hold NUL")
    return b"".join(text.encode("utf-8", "replace") + b"\0" for text in texts)


@lru_cache(64)
def oack_of(options: tuple[tuple[str, str], ...]) -> bytes:
    """Return the OACK with these ``options`` as a datagram."""
    return struct.pack("!H", Opcode.OACK) + _texts(*_flat(options))


def _with_number(opcode: Opcode, number: int) -> bytes:
    try:
        return _HEAD.pack(opcode, number)
    except struct.error as error:
        raise ValueError(f"{number} does not fit a TFTP packet") from error


def _malformed(what: str) -> TftpError:
    return TftpError(ErrorCode.ILLEGAL_OPERATION, f"malformed: {what}")
