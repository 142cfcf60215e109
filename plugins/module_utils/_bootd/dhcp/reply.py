# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The replies themselves, field by field as RFC 2131 section 4.3.1, table 3, lays them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from socket import inet_aton

from ..hardware.model import Interface
from . import options as opt
from .boot import BootOffer
from .context import Context
from .packet import BOOTREPLY, BROADCAST, FILE_ROOM, NO_ADDRESS, Packet

INFINITE = 0xFFFFFFFF  # a lease that never ends (RFC 2131 section 3.3)

# Echoed byte for byte: RFC 6842, RFC 4578 section 2.3, RFC 3046 section 2.2.
_ECHOED = (opt.CLIENT_IDENTIFIER, opt.CLIENT_UUID, opt.RELAY_AGENT_INFORMATION)
_BOOT_NAMES = (opt.TFTP_SERVER_NAME, opt.BOOT_FILE_NAME)


def configuration(
    request: Packet, message_type: int, interface: Interface, boot: BootOffer, context: Context
) -> Packet:
    """Return the DHCPOFFER or DHCPACK that gives ``interface`` its address, its network and ``boot``.

    A DHCPINFORM is answered with the same but for address and lease time (RFC 2131 section 4.3.5). The options every
    client needs, and those a network boot rests on, are always there; the rest only if the client asks (option 55),
    or asks for nothing in particular.
    """
    informed = request.message_type == opt.DHCPINFORM
    asked = request.options.get(opt.PARAMETER_REQUEST_LIST) or None
    options = _identity(request, message_type, context)
    if not informed:
        options |= _lease(interface.lease_time or context.lease_time, asked)
    if interface.netmask:
        # Always: without it a client falls back on address classes, and 10.10.0.16 would be a /8.
        options[opt.SUBNET_MASK] = opt.from_ipv4(interface.netmask)
    for code, build in _NETWORK.items():
        if asked is None or code in asked:
            value = build(interface)
            if value:
                options[code] = value
    options |= boot.options
    file = boot.file.encode("utf-8")
    fits = len(file) <= FILE_ROOM
    options |= _boot_names(boot, file, fits, asked)
    return Packet(
        op=BOOTREPLY,
        xid=request.xid,
        mac=request.mac,
        flags=request.flags,
        ciaddr=request.ciaddr if message_type == opt.DHCPACK else NO_ADDRESS,
        yiaddr=NO_ADDRESS if informed else interface.address,
        siaddr=boot.server or NO_ADDRESS,
        giaddr=request.giaddr,
        file=file if fits else b"",
        options=options,
    )


def refusal(request: Packet, message: str, context: Context) -> Packet:
    """Return the DHCPNAK that sends the client back to DHCPDISCOVER; ``message`` (option 56) says why.

    Through a relay it has the broadcast bit set, because the client's address is what is wrong (section 4.3.2).
    """
    return Packet(
        op=BOOTREPLY,
        xid=request.xid,
        mac=request.mac,
        flags=request.flags if request.giaddr == NO_ADDRESS else request.flags | BROADCAST,
        giaddr=request.giaddr,
        options=_identity(request, opt.DHCPNAK, context) | {opt.MESSAGE: message.encode("utf-8")},
    )


def _identity(request: Packet, message_type: int, context: Context) -> dict[int, bytes]:
    options = {opt.MESSAGE_TYPE: bytes((message_type,)), opt.SERVER_IDENTIFIER: opt.from_ipv4(context.server)}
    for code in _ECHOED:
        value = request.options.get(code)
        if value:
            options[code] = value
    return options


def _lease(seconds: int, asked: bytes | None) -> dict[int, bytes]:
    options = {opt.LEASE_TIME: opt.from_uint32(seconds)}
    if seconds == INFINITE:
        return options
    # The defaults of RFC 2131 section 4.4.5, for clients that want to be told.
    for code, due in ((opt.RENEWAL_TIME, seconds // 2), (opt.REBINDING_TIME, seconds * 7 // 8)):
        if asked is None or code in asked:
            options[code] = opt.from_uint32(due)
    return options


def _boot_names(boot: BootOffer, file: bytes, fits: bool, asked: bytes | None) -> dict[int, bytes]:
    """Return options 66 and 67, which say what siaddr and file say: for those who ask, and where the fields can't."""
    values = dict(zip(_BOOT_NAMES, (boot.server_name.encode("utf-8"), file), strict=True))
    only_here = {opt.TFTP_SERVER_NAME: not boot.server, opt.BOOT_FILE_NAME: not fits}
    return {code: value for code, value in values.items() if value and (only_here[code] or not asked or code in asked)}


def _addresses(*addresses: str) -> bytes | None:
    present = [address for address in addresses if address]
    return opt.from_ipv4(*present) if present else None


def _broadcast(interface: Interface) -> bytes | None:
    if not interface.netmask:
        return None
    hosts = ~int.from_bytes(inet_aton(interface.netmask), "big") & 0xFFFFFFFF
    # A mask with holes is none, and a /31 or /32 has no broadcast address (RFC 3021).
    if hosts & (hosts + 1) or hosts < 3:
        return None
    return (int.from_bytes(inet_aton(interface.address), "big") | hosts).to_bytes(4, "big")


def _routes(interface: Interface) -> bytes | None:
    routes = [opt.from_route(route.destination, route.router) for route in interface.static_routes]
    value = b"".join(filter(None, routes))
    # Who reads option 121 ignores the router option (RFC 3442), so the gateway has to be in it too.
    has_default = any(route.destination.endswith("/0") for route in interface.static_routes)
    if value and interface.gateway and not has_default:
        value += opt.from_route("0.0.0.0/0", interface.gateway) or b""
    return value


_NETWORK: Mapping[int, Callable[[Interface], bytes | None]] = {
    opt.ROUTER: lambda interface: _addresses(interface.gateway),
    opt.DOMAIN_NAME_SERVER: lambda interface: _addresses(*interface.name_servers),
    opt.HOST_NAME: lambda interface: interface.hostname.encode("utf-8"),
    opt.DOMAIN_NAME: lambda interface: interface.domain_name.encode("utf-8"),
    opt.BROADCAST_ADDRESS: _broadcast,
    opt.NTP_SERVERS: lambda interface: _addresses(*interface.time_servers),
    opt.DOMAIN_SEARCH: lambda interface: opt.from_domains((interface.domain_name,)) if interface.domain_name else None,
    opt.CLASSLESS_STATIC_ROUTE: _routes,
}
