# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""DHCP option codes and the forms their values take: RFC 2132 unless a constant names another source.

Readers take the raw value and return None where its length or form is not what the RFC says, so that a wrong option
counts as absent everywhere. Writers return the raw value, or None where the value can't be expressed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from socket import inet_aton, inet_ntoa

PAD = 0
SUBNET_MASK = 1
ROUTER = 3
DOMAIN_NAME_SERVER = 6
LOG_SERVER = 7
HOST_NAME = 12
DOMAIN_NAME = 15
BROADCAST_ADDRESS = 28
NTP_SERVERS = 42
VENDOR_SPECIFIC = 43
REQUESTED_ADDRESS = 50
LEASE_TIME = 51
OVERLOAD = 52
MESSAGE_TYPE = 53
SERVER_IDENTIFIER = 54
PARAMETER_REQUEST_LIST = 55
MESSAGE = 56
MAX_MESSAGE_SIZE = 57
RENEWAL_TIME = 58
REBINDING_TIME = 59
VENDOR_CLASS = 60
CLIENT_IDENTIFIER = 61
TFTP_SERVER_NAME = 66
BOOT_FILE_NAME = 67
USER_CLASS = 77  # RFC 3004
RELAY_AGENT_INFORMATION = 82  # RFC 3046
CLIENT_ARCHITECTURE = 93  # RFC 4578
CLIENT_UUID = 97  # RFC 4578
DOMAIN_SEARCH = 119  # RFC 3397
CLASSLESS_STATIC_ROUTE = 121  # RFC 3442
IPXE = 175  # iPXE's encapsulated options; assigned to Etherboot
REHEARSAL = 254  # private use (RFC 3942): whoever sends it with REHEARSAL_MARK is no machine, but plays one
END = 255

REHEARSAL_MARK = b"rehearsal"

# Message types: the values of MESSAGE_TYPE.
DHCPDISCOVER = 1
DHCPOFFER = 2
DHCPREQUEST = 3
DHCPDECLINE = 4
DHCPACK = 5
DHCPNAK = 6
DHCPRELEASE = 7
DHCPINFORM = 8
MESSAGE_NAMES: Mapping[int, str] = {
    DHCPDISCOVER: "DHCPDISCOVER",
    DHCPOFFER: "DHCPOFFER",
    DHCPREQUEST: "DHCPREQUEST",
    DHCPDECLINE: "DHCPDECLINE",
    DHCPACK: "DHCPACK",
    DHCPNAK: "DHCPNAK",
    DHCPRELEASE: "DHCPRELEASE",
    DHCPINFORM: "DHCPINFORM",
}

# Sub-options of RELAY_AGENT_INFORMATION.
CIRCUIT_ID = 1  # RFC 3046
REMOTE_ID = 2  # RFC 3046
LINK_SELECTION = 5  # RFC 3527
SERVER_ID_OVERRIDE = 11  # RFC 5107
# The same two as Cisco's routers number them unless told "ip dhcp compatibility suboption ... standard".
CISCO_LINK_SELECTION = 150
CISCO_SERVER_ID_OVERRIDE = 152

# Sub-options of VENDOR_SPECIFIC for the vendor class PXEClient (PXE specification 2.1, section 2.2).
PXE_DISCOVERY_CONTROL = 6
PXE_BOOT_MENU = 9
PXE_MENU_PROMPT = 10
PXE_BOOT_ITEM = 71
PXE_VLAN_ID = 116  # not of the specification: iPXE scripts for Tinkerbell read ${43.116:string}

# Sub-options of IPXE.
IPXE_HTTP = 19  # the client can load from a URL; by whether it is 0
IPXE_NO_PXEDHCP = 176

_POINTER = 0xC000  # in a domain name: its rest stands elsewhere (RFC 1035 section 4.1.4)
_MAX_POINTER = 0x3FFF


def uint(value: bytes | None, size: int) -> int | None:
    """Return the big-endian number in ``value``, which has to be ``size`` bytes."""
    return int.from_bytes(value, "big") if value is not None and len(value) == size else None


def ipv4(value: bytes | None) -> str | None:
    """Return the dotted form of a value that is one IPv4 address."""
    return inet_ntoa(value) if value is not None and len(value) == 4 else None


def uint16_list(value: bytes | None) -> tuple[int, ...] | None:
    """Return the numbers of a value that is one or more 16-bit numbers, as CLIENT_ARCHITECTURE is."""
    if not value or len(value) % 2:
        return None
    return struct.unpack(f"!{len(value) // 2}H", value)


def text_octets(value: bytes | None) -> bytes:
    """Return the octets of a value that is text, b"" where absent; every text of a client is read by this.

    RFC 2132 section 2: who receives such an option has to be ready for NULs at its end, and takes them away.
    """
    return value.rstrip(b"\0") if value else b""


def text(value: bytes | None) -> str:
    """Return ``value`` as text for logs and comparisons, "" where absent; bytes that are not UTF-8 show as U+FFFD."""
    return text_octets(value).decode("utf-8", "replace")


def user_classes(value: bytes | None) -> tuple[bytes, ...]:
    """Return the user classes in a USER_CLASS value.

    RFC 3004 wants a list of length-prefixed classes; iPXE and others send the bare name. A value that reads as such
    a list from end to end, with or without NULs behind it, is one, any other value is a single class.
    """
    bare = text_octets(value)
    if value is None or not bare:
        return ()
    classes = _class_list(value) or _class_list(bare) or (bare,)
    return tuple(map(text_octets, classes))


def _class_list(value: bytes) -> tuple[bytes, ...] | None:
    """Return the classes of a list as RFC 3004 has it, None where ``value`` is none."""
    classes = []
    position = 0
    while position < len(value):
        end = position + 1 + value[position]
        if end == position + 1 or end > len(value):
            return None
        classes.append(value[position + 1 : end])
        position = end
    return tuple(classes)


def sub_options(value: bytes | None) -> dict[int, bytes]:
    """Return the sub-options encapsulated in ``value``, up to the first that does not fit in it.

    0 is padding and 255 the end, as RFC 2132 section 8.4 says of VENDOR_SPECIFIC; the values of a code that comes
    twice are joined (RFC 3396).
    """
    found: dict[int, bytes] = {}
    for code, part in walk(value or b""):
        if part is None:
            break
        found[code] = found[code] + part if code in found else part
    return found


def boot_item(vendor_specific: bytes | None) -> bytes | None:
    """Return PXE_BOOT_ITEM in ``vendor_specific``: the type of boot server that is looked for, and the layer."""
    item = sub_options(vendor_specific).get(PXE_BOOT_ITEM)
    return item if item is not None and len(item) == 4 else None


def walk(data: bytes, position: int = 0) -> Iterator[tuple[int, bytes | None]]:
    """Yield each (code, value) of the option field ``data`` until its end option; a value cut short comes as None."""
    size = len(data)
    for code, start, end in _places(data, position):
        yield code, data[start:end] if end <= size else None


def spans(data: bytes, position: int = 0) -> dict[int, list[slice]]:
    """Return where in the option field ``data`` the values of each code are, without one that is cut short."""
    found: dict[int, list[slice]] = {}
    for code, start, end in _places(data, position):
        if end <= len(data):
            found.setdefault(code, []).append(slice(start, end))
    return found


def _places(data: bytes, position: int) -> Iterator[tuple[int, int, int]]:
    """Yield each code with where its value begins and ends; the last may end behind ``data``."""
    size = len(data)
    while position < size:
        code = data[position]
        if code == PAD:
            position += 1
            continue
        if code == END:
            return
        start = position + 2
        position = start + data[position + 1] if start <= size else start
        if start > size:
            yield code, start, start
            return
        yield code, start, position


def from_boot_name(name: str) -> bytes:
    """Return the value of TFTP_SERVER_NAME or BOOT_FILE_NAME, b"" for "".

    With a NUL at its end, although RFC 2132 section 2 has senders leave it out: firmware that takes the value for a C
    string reads on into the next option without it, and all that looks at the length takes NULs away. Not where it
    would split the option in two (RFC 3396), which less firmware reads than a value without a NUL.
    """
    octets = name.encode("utf-8")
    return octets + b"\0" if octets and len(octets) % 255 else octets


def from_uint32(number: int) -> bytes:
    """Return the value of a 32-bit option such as LEASE_TIME; ``number`` has to be in its range."""
    return number.to_bytes(4, "big")


def from_ipv4(*addresses: str) -> bytes:
    """Return the value of an option that holds IPv4 addresses, given in dotted form."""
    return b"".join(map(inet_aton, addresses))


def from_sub_options(parts: Mapping[int, bytes], *, end: bool = False) -> bytes:
    """Return the encapsulated form of ``parts``, whose values hold at most 255 bytes each."""
    body = b"".join(bytes((code, len(value))) + value for code, value in parts.items())
    return body + bytes((END,)) if end else body


def from_domains(domains: Iterable[str]) -> bytes | None:
    """Return the DOMAIN_SEARCH value for ``domains``, compressed (RFC 3397 section 2, RFC 1035 section 4.1.4).

    None where one of them is no domain name: an empty label, one over 63 bytes, or more than 255 bytes in all.
    """
    value = b""
    places: dict[tuple[bytes, ...], int] = {}  # where the labels up to a name's end were written
    for domain in domains:
        labels = tuple(label.encode("utf-8") for label in domain.rstrip(".").split("."))
        if not all(0 < len(label) < 64 for label in labels) or sum(map(len, labels)) + len(labels) > 254:
            return None
        while labels and labels not in places:
            if len(value) <= _MAX_POINTER:
                places[labels] = len(value)
            value += bytes((len(labels[0]),)) + labels[0]
            labels = labels[1:]
        value += (_POINTER | places[labels]).to_bytes(2, "big") if labels else b"\0"
    return value or None


def from_route(destination: str, router: str) -> bytes | None:
    """Return one route of a CLASSLESS_STATIC_ROUTE value (RFC 3442): a destination in CIDR form through ``router``.

    Host bits in the destination are cleared; None where this is no IPv4 route.
    """
    try:
        network = IPv4Network(destination, strict=False)
        gateway = IPv4Address(router)
    except ValueError:
        return None
    significant = (network.prefixlen + 7) // 8
    return bytes((network.prefixlen,)) + network.network_address.packed[:significant] + gateway.packed
