# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A TFTP client that says in each request that it only plays a machine.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import io
import logging
import socket
import struct
import sys
import time
from dataclasses import dataclass
from typing import Any

# It logs each resent packet as a warning.
logging.getLogger("tftpy").setLevel(logging.CRITICAL)
try:
    import tftpy

    HAS_TFTPY = True
except ImportError:
    HAS_TFTPY = False

REHEARSAL = "rehearsal"  # the option that tells bootd so
BLKSIZE = 1428  # octets, fits a VLAN in a tunnel; servers lower it
TIMEOUT = 1.0  # seconds for one answer
MAX_SIZE = 64 * 1024 * 1024  # octets: boot programs have one or two million
MAX_SECONDS = 300.0  # for a file: firmware gives up sooner
_MAX_DIGITS = 20  # of a size
# What tftpy raises where a packet, or a server's name, is none.
_MALFORMED = (ValueError, struct.error, LookupError, TypeError, AttributeError, AssertionError)
NO_TFTPY = (
    "tftpy is missing in the Python that runs this, {python}: install Debian's package python3-tftpy for the system's "
    "own Python, or tftpy with the pip of another one"
)


class TftpProblem(Exception):
    """Why a file was not had; the message is what the server said (``answered``), or what happened."""

    def __init__(self, message: str, *, answered: bool = False) -> None:
        super().__init__(message)
        self.answered = answered


class _Enough(Exception):
    """All is known that was asked for."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What came: ``size`` of the whole file as the server told it, None where it did not, and octets of it."""

    size: int | None
    content: bytes
    seconds: float


class _Look:
    """Looks at each packet that comes: what a server tells of the file, or why it has none."""

    def __init__(self, content: io.BytesIO, *, first_block: bool) -> None:
        self._content, self._first_block = content, first_block
        self._end = time.monotonic() + MAX_SECONDS
        self.client: Any = None
        self.size: int | None = None
        self.refusal = ""

    def __call__(self, packet: object) -> None:
        kinds = tftpy.TftpPacketTypes
        if isinstance(packet, kinds.TftpPacketERR):
            message = packet.errmsg or b""
            self.refusal = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
        elif isinstance(packet, kinds.TftpPacketOACK):
            size = str(packet.options.get("tsize", ""))
            self.size = int(size) if size.isdecimal() and len(size) <= _MAX_DIGITS else None
        elif isinstance(packet, kinds.TftpPacketDAT):
            if self._first_block:
                self._content.write(packet.data)
            if self._first_block or self._content.tell() > MAX_SIZE or time.monotonic() > self._end:
                # As firmware ends a transfer of which it wanted to know the size.
                self.client.context.state.sendError(tftpy.TftpShared.TftpErrors.FailedNegotiation)
                raise _Enough


def load(server: str, name: str, *, port: int = 69, first_block: bool = False) -> Transfer:
    """Return the file ``name``, or with ``first_block`` its size and its first block; TftpProblem where it isn't had.

    A client that goes away after the first block is none that a server waits for: it is told so by an ERROR.
    """
    if not HAS_TFTPY:
        raise TftpProblem(NO_TFTPY.format(python=sys.executable))
    content, began = io.BytesIO(), time.monotonic()
    look = _Look(content, first_block=first_block)
    try:
        # tftpy asks for the address with a socket open that it never closes where there is none.
        address = socket.gethostbyname(server)
        client = look.client = tftpy.TftpClient(address, port, {"blksize": BLKSIZE, "tsize": 0, REHEARSAL: 1})
        client.download(name, content, look, timeout=TIMEOUT)
    except _Enough:
        if not first_block:
            raise TftpProblem(f"it has more than {MAX_SIZE} octets, or took over {MAX_SECONDS:.0f} s") from None
    except tftpy.TftpShared.TftpTimeout:
        raise TftpProblem(f"no answer from {server}, port {port}") from None
    except (tftpy.TftpShared.TftpException, OSError) as error:
        raise TftpProblem(look.refusal or str(error), answered=bool(look.refusal)) from None
    except _MALFORMED as error:
        raise TftpProblem(f"{server}, port {port}, is no TFTP server, or sends what is no TFTP: {error}") from None
    return Transfer(look.size, content.getvalue(), time.monotonic() - began)
