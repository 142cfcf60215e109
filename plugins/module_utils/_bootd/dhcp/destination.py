# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a reply goes (RFC 2131 section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from . import options as opt
from .packet import BROADCAST, NO_ADDRESS, Packet

SERVER_PORT = 67
CLIENT_PORT = 68
EVERYBODY = "255.255.255.255"


@dataclass(frozen=True, slots=True)
class Destination:
    """An address and port; ``mac`` is set where the receiver has no address yet and so can't answer ARP for it."""

    address: str
    port: int
    mac: str = ""


def destination(
    request: Packet, reply: Packet, server_port: int = SERVER_PORT, client_port: int = CLIENT_PORT
) -> Destination:
    """Return where ``reply`` to ``request`` has to go: to the relay, or else to the client as it can receive it.

    The ports are not those of the request: what a relay or an address translation sent from may not be listening.
    """
    if request.giaddr != NO_ADDRESS:
        return Destination(request.giaddr, server_port)
    if reply.message_type == opt.DHCPNAK:
        return Destination(EVERYBODY, client_port)
    if request.ciaddr != NO_ADDRESS:
        return Destination(request.ciaddr, client_port)
    if request.flags & BROADCAST:
        return Destination(EVERYBODY, client_port)
    return Destination(reply.yiaddr, client_port, request.mac)
