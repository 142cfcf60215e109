# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a DHCP message says of the machine that sent it, for the list of those that are unknown. Pure.

Nearly all of it is never looked at, least of all in a flood: it is kept as it was sent, and read when somebody asks.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from ..decisions.architectures import firmware
from . import options as opt
from .packet import NO_ADDRESS, Kind, Packet, identify

BOOTS = (Kind.FIRMWARE.value, Kind.IPXE.value)  # kinds of clients that boot from the network
MAX_READ = 256  # octets that are kept of a value
_GUID = 0  # the only type of identifier (RFC 4578 section 2.3)


class Sighting(NamedTuple):
    """One message: the kind of its client, its architecture, and the values of options as they were sent.

    ``relay`` is the giaddr, "" for none, ``interface`` the one it was heard on, ``address`` what the client has.
    """

    client: str
    arch: int | None
    vendor_class: bytes
    user_class: bytes
    uuid: bytes
    hostname: bytes
    relay_information: bytes
    relay: str
    interface: str
    address: str


def sighting_of(request: Packet, interface: str) -> Sighting:
    """Return what ``request``, heard on ``interface``, says."""
    client, value = identify(request), request.options.get
    return Sighting(
        client.kind.value,
        client.arch,
        value(opt.VENDOR_CLASS, b"")[:MAX_READ],
        value(opt.USER_CLASS, b"")[:MAX_READ],
        value(opt.CLIENT_UUID, b"")[:MAX_READ],
        value(opt.HOST_NAME, b"")[:MAX_READ],
        value(opt.RELAY_AGENT_INFORMATION, b"")[:MAX_READ],
        "" if request.giaddr == NO_ADDRESS else request.giaddr,
        interface,
        _address(request),
    )


def uuid_of(sighting: Sighting) -> str:
    """Return option 97 as `dmidecode` prints the machine's UUID, "" where there is none.

    UEFI sends the octets as SMBIOS has them, the first three fields little-endian (SMBIOS 7.2.1; EDK2,
    NetLibGetSystemGuid). iPXE turns them round first, and what others send is shown as it stands.
    """
    value = sighting.uuid
    if len(value) != 17 or value[0] != _GUID or not any(value[1:]):
        return ""
    is_uefi = sighting.client == Kind.FIRMWARE.value and firmware(sighting.arch) == "uefi"
    return str(UUID(bytes_le=value[1:]) if is_uefi else UUID(bytes=value[1:]))


def user_class_of(sighting: Sighting) -> str:
    """Return the user classes, with spaces between."""
    return " ".join(map(shown_octets, opt.user_classes(sighting.user_class)))


def relay_ids_of(sighting: Sighting) -> tuple[str, str]:
    """Return the circuit id and the remote id that the relay has added, "" for one that it has not."""
    parts = opt.sub_options(sighting.relay_information)
    return shown_octets(parts.get(opt.CIRCUIT_ID)), shown_octets(parts.get(opt.REMOTE_ID))


def shown_octets(value: bytes | None) -> str:
    """Return ``value`` as text where it is printable, else in hexadecimal: many relays send a bare MAC address."""
    bare = opt.text_octets(value)
    shown = bare.decode("ascii") if bare.isascii() else ""
    return shown if shown.isprintable() and (shown or not value) else (value or b"").hex(":")


def _address(request: Packet) -> str:
    """Return the address that the client has, or takes from whichever server; "" for a wish of a DHCPDISCOVER."""
    if request.ciaddr != NO_ADDRESS:
        return request.ciaddr
    taken = request.message_type == opt.DHCPREQUEST
    return (opt.ipv4(request.options.get(opt.REQUESTED_ADDRESS)) or "") if taken else ""
