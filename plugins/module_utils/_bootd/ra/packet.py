# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 router discovery on the wire, as far as bootd needs it: RFC 4861 sections 4.1, 4.2, 4.6.1 and 6.1.1."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

ROUTER_SOLICITATION = 133
ROUTER_ADVERTISEMENT = 134
HOP_LIMIT = 255  # nothing that came through a router has it: the sender is on this link
MAX_SIZE = 1500  # bytes that are read

_SOURCE_LINK_LAYER_ADDRESS = 1
_HEADER = struct.Struct("!BBHI")  # type, code, checksum, reserved
_ADVERTISEMENT = struct.Struct("!BBHBBHII")
_OPTION_UNIT = 8
_ETHERNET_SIZE = 6


class RaError(ValueError):
    """A message that is no router solicitation; ``reason`` is a short fixed word, fit for a counter's label."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Solicitation:
    """A router solicitation: the address it came from, and the sender's MAC as far as the message tells it."""

    source: str
    mac: str | None


def parse_solicitation(data: bytes, source: str, hop_limit: int | None) -> Solicitation:
    """Return the ICMPv6 message ``data`` from the address ``source``; RaError where a router has to ignore it.

    The checksum is not looked at: the kernel has done that.
    """
    if len(data) < _HEADER.size:
        raise RaError("short")
    kind, code, _checksum, _reserved = _HEADER.unpack_from(data)
    if kind != ROUTER_SOLICITATION:
        raise RaError("other_type")
    if code != 0:
        raise RaError("bad_code")
    if hop_limit != HOP_LIMIT:
        raise RaError("not_on_link")
    try:
        address = IPv6Address(source)
    except AddressValueError as error:
        raise RaError("bad_source") from error
    # A later option of the same type must not change who is meant, so the first one counts.
    stated = [value for code, value in _options(data) if code == _SOURCE_LINK_LAYER_ADDRESS]
    if stated and address.is_unspecified:
        raise RaError("bad_option")
    return Solicitation(str(address), _mac_in(stated[0]) if stated else _mac_of(address))


def advertisement() -> bytes:
    """Return the advertisement of a router that routes nothing: lifetime 0, no prefix, no flags, no options.

    It tells the receiver that nothing is to be had, which is what ends the wait for it. The checksum is the kernel's.
    """
    return _ADVERTISEMENT.pack(ROUTER_ADVERTISEMENT, 0, 0, 0, 0, 0, 0, 0)


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER.size
    while at < len(data):
        size = data[at + 1] * _OPTION_UNIT if at + 1 < len(data) else 0
        if size == 0 or at + size > len(data):
            raise RaError("bad_option")
        yield data[at], data[at + 2 : at + size]
        at += size


def _mac_in(value: bytes) -> str | None:
    return value.hex(":") if len(value) == _ETHERNET_SIZE else None


def _mac_of(address: IPv6Address) -> str | None:
    """Return the MAC that a link-local address was made from (RFC 4291 appendix A), or None where it was not."""
    identifier = address.packed[8:]
    if not address.is_link_local or identifier[3:5] != b"\xff\xfe":
        return None
    return bytes((identifier[0] ^ 2, *identifier[1:3], *identifier[5:])).hex(":")
