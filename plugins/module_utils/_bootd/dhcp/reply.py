# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The reply to a DHCP message: its fields (RFC 2131 section 4.3.1), its boot part, and where it is sent to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from socket import inet_aton

from ..decisions import architectures as arch
from ..decisions.boot import Asked, BootContext, BootFile, Program, Refusal, Wants, decide, decide_next
from ..hardware.model import Interface, Nic, ipv4
from ..process.settings import Settings
from . import options as opt
from .packet import BOOTREPLY, BROADCAST, FILE_ROOM, NO_ADDRESS, Client, Kind, Packet

SERVER_PORT = 67
CLIENT_PORT = 68
SYSLOG_PORT = 514
LIMITED_BROADCAST = "255.255.255.255"
DEFAULT_LEASE_TIME = 86400  # seconds
INFINITE = 0xFFFFFFFF  # a lease that never ends (RFC 2131 section 3.3)

# Echoed byte for byte: RFC 6842, RFC 4578 section 2.3, RFC 3046 section 2.2.
_ECHOED = (opt.CLIENT_IDENTIFIER, opt.CLIENT_UUID, opt.RELAY_AGENT_INFORMATION)
# Firmware and iPXE fetch files through a router, and not all that need one list it in option 55.
_UNASKED_WHERE_BOOTED = (opt.ROUTER, opt.DOMAIN_NAME_SERVER)
_IPXE = (Program.IPXE, Program.IPXE_BY_TFTP, Program.GPXE)
_BOOT_NAMES = (opt.TFTP_SERVER_NAME, opt.BOOT_FILE_NAME)
# "Load the file of this reply at once, don't look for boot servers" (PXE specification 2.1, PXE_DISCOVERY_CONTROL).
_LOAD_AT_ONCE = b"\x08"
# A menu of one item, chosen at once: "boot locally" (type 0), with nobody to ask about it (bits 0 to 2). A lease with
# nothing to boot would do, but edk2 and all that is made of it then ask on for a minute before they try the disk.
_LOCAL_BOOT = opt.from_sub_options(
    {
        opt.PXE_DISCOVERY_CONTROL: b"\x07",
        opt.PXE_BOOT_MENU: b"\0\0\x0alocal disk",
        opt.PXE_MENU_PROMPT: b"\0local disk",
    },
    end=True,
)
# "Don't wait for a proxy DHCP server", which saves iPXE three seconds.
_NO_PROXY = opt.from_sub_options({opt.IPXE_NO_PXEDHCP: b"\x01"})


@dataclass(frozen=True, slots=True)
class Context:
    """The addresses, as machines reach them, and the defaults that replies are made of."""

    server: str  # option 54
    http_base: str  # the start of every URL, without a slash at the end
    tftp: str  # siaddr
    syslog: str  # option 7, which names no port: "" where bootd does not listen on 514
    arch_map: Mapping[int, str] = field(default_factory=dict)  # option 93 value -> boot file, over the defaults
    lease_time: int = DEFAULT_LEASE_TIME  # seconds, where an object gives none
    https_base: str = ""  # the start of https URLs, "" where there are none
    https_boot: bool = False  # give them to UEFI HTTP boot, where an object does not say
    has_program: bool = False  # the machine was told a moment ago to load a boot program
    on_loopback: bool = False  # bootd hears nobody but its own host, as in tests
    for_unknown: str = ""  # see BootContext; only where unknown machines boot is it asked for

    @property
    def of_boot(self) -> BootContext:
        """Return what a boot decision has to know, where unknown machines do not boot."""
        return BootContext(
            self.http_base,
            self.arch_map,
            has_program=self.has_program,
            https_base=self.https_base,
            https_boot=self.https_boot,
        )


@dataclass(frozen=True, slots=True)
class BootOffer:
    """The boot part of a reply, ``file`` the name or URL of what to load.

    ``netboot`` is whether the machine may boot from the network, whoever asks, and ``reason`` a sentence for people.
    ``booting``: the client is none that has a lease and no more in mind.
    """

    netboot: bool
    reason: str
    booting: bool
    file: str = ""
    server: str = ""  # siaddr, dotted
    server_name: str = ""  # option 66
    options: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Destination:
    """An address and port; ``mac`` is set where the receiver has no address yet, and so can't answer ARP for one."""

    address: str
    port: int
    mac: str = ""


def context_from(settings: Settings) -> Context:
    """Return the Context that ``settings`` describe: every service is at the advertised address."""
    return Context(
        server=settings.address,
        http_base=settings.http_base,
        tftp=settings.address,
        syslog=settings.address if settings.syslog_port == SYSLOG_PORT else "",
        arch_map=settings.arch_map,
        lease_time=settings.lease_time,
        https_base=settings.https_base,
        https_boot=settings.https_boot,
        for_unknown=settings.unknown_script,
        on_loopback=any(IPv4Address(address).is_loopback for address in (settings.bind, settings.address)),
    )


def offer_or_ack(request: Packet, message_type: int, interface: Interface, boot: BootOffer, context: Context) -> Packet:
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
    for code, build in _NETWORK_OPTIONS.items():
        wanted = asked is None or code in asked or (boot.booting and code in _UNASKED_WHERE_BOOTED)
        if wanted and (value := build(interface)):
            options[code] = value
    # Before what belongs to the boot: iPXE's log server is bootd, whatever the object has for others.
    for extra in interface.extra_options:
        if extra.always or asked is None or extra.code in asked:
            options[extra.code] = extra.value
    options |= boot.options
    file = boot.file.encode("utf-8")
    fits = len(file) <= FILE_ROOM
    options |= _boot_names(boot, fits, asked)
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


def nak(request: Packet, message: str, context: Context) -> Packet:
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


def boot_offer(nic: Nic, client: Client, context: Context) -> BootOffer:
    """Return what ``client`` on ``nic`` is told to boot."""
    asked = Asked(Wants.NEXT, program_of(client), client.arches, who=nic.interface.mac)
    decision = decide_next(nic, asked, context.of_boot)
    if isinstance(decision, BootFile):
        return _file_offer(decision, asked.program, nic.interface, context)
    options = _local_boot_options(asked.program, decision)
    booting = asked.program is not Program.OS
    return BootOffer(decision.netboot, decision.reason, booting, file=decision.url, options=options)


def proxy_offer(nic: Nic | None, request: Packet, client: Client, context: Context, message_type: int) -> BootOffer:
    """Return what ``client`` is told to boot by who gives it no address; ``nic`` is None for an unknown machine.

    A PXE client takes it only from a reply with its vendor class, iPXE too, and HTTP boot only with HTTPClient.

    UEFI's PXE offer has no discovery control on purpose: edk2 before April 2017, and much firmware that was made of it,
    drops proxy offers that have it (edk2 issue 6944). It takes those without, asks port 4011, and reads there what
    it wanted. Firmware that takes the file from the offer finds it all the same.
    """
    asked = Asked(Wants.NEXT, program_of(client), client.arches, who=request.mac)
    decision = decide(nic, asked, replace(context.of_boot, for_unknown=context.for_unknown))
    by_http = asked.program is Program.HTTP
    options = {opt.VENDOR_CLASS: b"HTTPClient" if by_http else b"PXEClient"}
    asks_again = message_type == opt.DHCPOFFER and asked.program is Program.PXE and not _is_bios(client)
    parts = _vlan(nic.interface) if nic is not None else {}
    item = opt.boot_item(request.options.get(opt.VENDOR_SPECIFIC))
    if item is not None:
        parts = {opt.PXE_BOOT_ITEM: item} | parts
    if isinstance(decision, BootFile):
        if asked.program is Program.PXE and _is_bios(client):
            parts = {opt.PXE_DISCOVERY_CONTROL: _LOAD_AT_ONCE} | parts
        elsewhere = bool(decision.server)
        # Where to ask again is siaddr: not the server that has the file, where that is another.
        at = "" if elsewhere and asks_again else ipv4(decision.server) if elsewhere else context.tftp
        file = "" if elsewhere and asks_again else decision.url or decision.tftp_name
        named = "" if elsewhere and asks_again else decision.server or context.tftp
        told = (decision.netboot, decision.reason)
        options |= _vendor_specific(parts)
        return BootOffer(*told, booting=True, file=file, server=at, server_name=named, options=options)
    if not isinstance(decision, Refusal):
        raise TypeError(f"{decision} is no answer to what to load next")
    if decision.bare:
        return BootOffer(decision.netboot, decision.reason, booting=False)
    if asked.program is Program.PXE and not asks_again:
        options[opt.VENDOR_SPECIFIC] = _LOCAL_BOOT
    server = context.tftp if asks_again else ""
    return BootOffer(decision.netboot, decision.reason, booting=True, file=decision.url, server=server, options=options)


def proxy_reply(request: Packet, message_type: int, boot: BootOffer, context: Context) -> Packet:
    """Return the DHCPOFFER or DHCPACK with ``boot`` and nothing else: no address, no lease, no network."""
    file = boot.file.encode("utf-8")
    fits = len(file) <= FILE_ROOM
    asked = request.options.get(opt.PARAMETER_REQUEST_LIST) or None
    return Packet(
        op=BOOTREPLY,
        xid=request.xid,
        mac=request.mac,
        # A relay has no address to send an offer to, as with a DHCPNAK (RFC 2131 section 4.3.2).
        flags=request.flags | BROADCAST if message_type == opt.DHCPOFFER else request.flags,
        ciaddr=request.ciaddr if message_type == opt.DHCPACK else NO_ADDRESS,
        siaddr=boot.server or NO_ADDRESS,
        giaddr=request.giaddr,
        file=file if fits else b"",
        options={**_identity(request, message_type, context), **boot.options, **_boot_names(boot, fits, asked)},
    )


def _is_bios(client: Client) -> bool:
    """Return whether this is PC BIOS; so is a client that names no architecture (RFC 4578 section 2.1 came later)."""
    return client.arch in (None, arch.X86_BIOS, arch.X86_BIOS_HTTP)


def program_of(client: Client) -> Program:
    """Return the Program that the boot decision knows ``client`` as."""
    if client.kind is Kind.FIRMWARE:
        return Program.HTTP if client.http else Program.PXE
    if client.gpxe:
        return Program.GPXE
    if client.kind is Kind.IPXE:
        return Program.IPXE if client.http else Program.IPXE_BY_TFTP
    return Program.OS


def destination(
    request: Packet, reply: Packet, server_port: int = SERVER_PORT, client_port: int = CLIENT_PORT
) -> Destination:
    """Return where ``reply`` to ``request`` has to go: to the relay, or else to the client as it can receive it.

    The ports are not those of the request: what a relay or an address translation sent from may not be listening.
    """
    if request.giaddr != NO_ADDRESS:
        return Destination(request.giaddr, server_port)
    if reply.message_type == opt.DHCPNAK:
        return Destination(LIMITED_BROADCAST, client_port)
    if request.ciaddr != NO_ADDRESS:
        return Destination(request.ciaddr, client_port)
    if reply.yiaddr == NO_ADDRESS:
        # A proxy's, which knows no address of the client, and is to be heard by no other client: broadcast by IP,
        # as the flag asks (section 4.1), but in a frame for the one card that has this MAC.
        return Destination(LIMITED_BROADCAST, client_port, request.mac)
    if request.flags & BROADCAST:
        return Destination(LIMITED_BROADCAST, client_port)
    return Destination(reply.yiaddr, client_port, request.mac)


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


def _boot_names(boot: BootOffer, fits: bool, asked: bytes | None) -> dict[int, bytes]:
    """Return options 66 and 67, which say what siaddr and file say: for those who ask, and where the fields can't."""
    values = dict(zip(_BOOT_NAMES, map(opt.from_boot_name, (boot.server_name, boot.file)), strict=True))
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


_NETWORK_OPTIONS: Mapping[int, Callable[[Interface], bytes | None]] = {
    opt.ROUTER: lambda interface: _addresses(interface.gateway),
    opt.DOMAIN_NAME_SERVER: lambda interface: _addresses(*interface.name_servers),
    opt.HOST_NAME: lambda interface: interface.hostname.encode("utf-8"),
    opt.DOMAIN_NAME: lambda interface: interface.domain_name.encode("utf-8"),
    opt.BROADCAST_ADDRESS: _broadcast,
    opt.NTP_SERVERS: lambda interface: _addresses(*interface.time_servers),
    opt.DOMAIN_SEARCH: lambda interface: opt.from_domains((interface.domain_name,)) if interface.domain_name else None,
    opt.CLASSLESS_STATIC_ROUTE: _routes,
}


def _file_offer(decision: BootFile, program: Program, interface: Interface, context: Context) -> BootOffer:
    """Return the boot part that makes the client load the file of ``decision``."""
    if decision.server:
        return BootOffer(
            decision.netboot,
            decision.reason,
            booting=True,
            file=decision.tftp_name,
            server=ipv4(decision.server),
            server_name=decision.server,
        )
    return BootOffer(
        decision.netboot,
        decision.reason,
        booting=True,
        file=decision.url or decision.tftp_name,
        server=context.tftp,
        server_name=context.tftp,
        options=_file_options(program, interface, context),
    )


def _file_options(program: Program, interface: Interface, context: Context) -> dict[int, bytes]:
    """Return the options that go with a file."""
    vlan = _vlan(interface)
    if program in _IPXE:
        # No vendor class here: iPXE would take the reply for one of a proxy DHCP server as well.
        logs = {opt.LOG_SERVER: opt.from_ipv4(context.syslog)} if context.syslog else {}
        return logs | {opt.IPXE: _NO_PROXY} | _vendor_specific(vlan)
    if program is Program.HTTP:
        return {opt.VENDOR_CLASS: b"HTTPClient"} | _vendor_specific(vlan)
    control = {opt.PXE_DISCOVERY_CONTROL: _LOAD_AT_ONCE}
    return {opt.VENDOR_CLASS: b"PXEClient"} | _vendor_specific(control | vlan)


def _local_boot_options(program: Program, decision: Refusal) -> dict[int, bytes]:
    """Return the options that send firmware on to its next boot device without delay."""
    if program in _IPXE:
        return {opt.IPXE: _NO_PROXY}
    if decision.bare:
        return {}
    if program is Program.PXE:
        return {opt.VENDOR_CLASS: b"PXEClient", opt.VENDOR_SPECIFIC: _LOCAL_BOOT}
    return {opt.VENDOR_CLASS: b"HTTPClient"} if decision.url else {}


def _vlan(interface: Interface) -> dict[int, bytes]:
    tag = interface.vlan_id
    tagged = tag.isascii() and tag.isdigit() and len(tag) <= 4 and tag.strip("0")
    return {opt.PXE_VLAN_ID: tag.encode("ascii")} if tagged else {}


def _vendor_specific(parts: Mapping[int, bytes]) -> dict[int, bytes]:
    return {opt.VENDOR_SPECIFIC: opt.from_sub_options(parts, end=True)} if parts else {}
