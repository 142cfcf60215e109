# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a transfer runs on: the options a client asks for, and which of them it gets. Pure.

RFC 2347: an option the server does not take is left out of the OACK, and so is one whose value it can't read. That
is never an error: ERROR 8 is for the client to send, when it can't live with the OACK.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BLKSIZE = range(8, 65464 + 1)  # octets, RFC 2348
TIMEOUT = range(1, 255 + 1)  # seconds, RFC 2349
WINDOWSIZE = range(1, 65535 + 1)  # blocks, RFC 7440
DEFAULT_BLKSIZE = 512  # RFC 1350
HEADERS = 20 + 8 + 4  # octets of IPv4, UDP and TFTP header before each block

# tsize counts octets, so 20 digits hold any file; the limit keeps int() away from endless digits.
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most a client gets: octets a block, blocks a window."""

    blksize: int = 1468
    windowsize: int = 64


@dataclass(frozen=True, slots=True)
class Terms:
    """What one transfer runs on. ``timeout`` in seconds, None where the client asked for none; ``oack``: to be sent."""

    blksize: int = DEFAULT_BLKSIZE
    windowsize: int = 1
    timeout: int | None = None
    oack: tuple[tuple[str, str], ...] = ()


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
