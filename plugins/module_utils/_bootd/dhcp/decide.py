# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What one DHCP message gets: a reply, or silence with a reason. RFC 2131 section 4.3, for reservations only.

A reservation is the machine's for good: it is never offered to anybody else, and neither DHCPDECLINE nor DHCPRELEASE
changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network
from socket import inet_aton

from ..decisions import architectures as arch
from ..decisions.events import Decline, Discover, Lease, Leased, Refused, Release
from ..hardware.model import Interface, Nic
from . import options as opt
from .packet import BOOTREQUEST, NO_ADDRESS, Client, Kind, Packet, identify
from .reply import Context, boot_offer, nak, offer_or_ack

UNKNOWN_MACHINE = "unknown_machine"
ANOTHER_SERVER = "another_server"
DHCP_DISABLED = "dhcp_disabled"
NO_RESERVATION = "no_reservation"
# What an answer says of booting: an operating system is given its address only.
DECISIONS = ("boot_file", "local_disk", "address", "refused")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to send. ``detail`` is that of the event for the journal, ``reason`` a sentence for people.

    ``leased`` is what the client was told, None where its address was refused.
    """

    reply: Packet
    reason: str
    detail: Discover | Lease | Refused | None
    leased: Leased | None = None

    @property
    def decision(self) -> str:
        """Return which of DECISIONS it is."""
        if self.leased is None:
            return "refused"
        if self.leased.client == Kind.OS.value:
            return "address"
        return "boot_file" if self.leased.netboot and self.leased.filename else "local_disk"


@dataclass(frozen=True, slots=True)
class Silence:
    """No reply; ``reason`` is a short fixed word, fit for a counter's label. ``detail`` as in Answer.

    ``wrong`` says for people what has to be put right where something is, ``took`` is the address that the client took
    from another server, "" where it took none.
    """

    reason: str
    detail: Decline | Release | None = None
    wrong: str = ""
    took: str = ""


def decide(request: Packet, nic: Nic | None, context: Context) -> Answer | Silence:
    """Return what ``request`` gets, where ``nic`` is the interface with its MAC, or None for an unknown machine."""
    if request.op != BOOTREQUEST:
        return Silence("not_a_request")
    handler = _HANDLERS.get(request.message_type or 0)
    if handler is None:
        return Silence("no_message_type" if request.message_type is None else "unexpected_type")
    if nic is None:
        return Silence(UNKNOWN_MACHINE)
    if nic.interface.disable_dhcp:
        return Silence(DHCP_DISABLED)
    if not usable(nic.interface.address):
        return Silence(NO_RESERVATION)
    if not is_plausible(request, nic.interface, context.server, on_loopback=context.on_loopback):
        return bad_relay(request)
    return handler(request, nic, context)


def _discover(request: Packet, nic: Nic, context: Context) -> Answer | Silence:
    """Offer the reservation, but not on a network that it is not of (RFC 3527 section 3)."""
    if is_elsewhere(request, nic.interface):
        return Silence("wrong_network", wrong=_elsewhere(request, nic))
    return _offer_or_ack(request, nic, context, opt.DHCPOFFER, Discover)


def _request(request: Packet, nic: Nic, context: Context) -> Answer | Silence:
    """Acknowledge the reservation, refuse any other address, leave alone what is another server's (section 4.3.2).

    The address asked for is in option 50 where the client selects an offer or remembers a lease (INIT-REBOOT), and in
    ciaddr where it renews or rebinds one.
    """
    if _is_for_another_server(request, context):
        return Silence(ANOTHER_SERVER)
    asked = opt.ipv4(request.options.get(opt.REQUESTED_ADDRESS)) or request.ciaddr
    if asked == NO_ADDRESS:
        return Silence("no_address_asked_for")
    reason = ""
    if asked != nic.interface.address:
        reason = f"{asked} is not the address reserved for {request.mac}"
    elif is_elsewhere(request, nic.interface):
        reason = _elsewhere(request, nic)
    if reason:
        return Answer(nak(request, reason, as_relay_names(request, context)), reason, Refused(reason, asked))
    return _offer_or_ack(request, nic, context, opt.DHCPACK, Lease)


def _inform(request: Packet, nic: Nic, context: Context) -> Answer | Silence:
    if request.ciaddr == NO_ADDRESS:
        return Silence("inform_without_address")
    return _offer_or_ack(request, nic, context, opt.DHCPACK, None)


def _decline(request: Packet, _nic: Nic, context: Context) -> Answer | Silence:
    if _is_for_another_server(request, context):
        return Silence(ANOTHER_SERVER)
    address = opt.ipv4(request.options.get(opt.REQUESTED_ADDRESS)) or ""
    return Silence("declined", Decline(address))


def _release(request: Packet, _nic: Nic, context: Context) -> Answer | Silence:
    if _is_for_another_server(request, context):
        return Silence(ANOTHER_SERVER)
    return Silence("released", Release(request.ciaddr))


def _offer_or_ack(
    request: Packet, nic: Nic, context: Context, message_type: int, kind: type[Discover | Lease] | None
) -> Answer:
    client = identify(request)
    boot = boot_offer(nic, client, context)
    reply = offer_or_ack(request, message_type, nic.interface, boot, as_relay_names(request, context))
    told = (client.kind.value, boot.netboot, firmware(client), client.arch, boot.file)
    if kind is None:
        return Answer(reply, boot.reason, None, Leased(*told))
    leased = kind(*told)
    return Answer(reply, boot.reason, leased, leased)


def as_relay_names(request: Packet, context: Context) -> Context:
    """Return ``context`` with the server identifier that a relay wants, by which clients renew (RFC 5107)."""
    named = server_id_override(request)
    return replace(context, server=named) if named else context


def _is_for_another_server(request: Packet, context: Context) -> bool:
    """Return whether option 54 names neither bootd nor the relay that stands for it (RFC 5107 section 4)."""
    server = opt.ipv4(request.options.get(opt.SERVER_IDENTIFIER))
    return server not in (None, context.server, server_id_override(request))


def bad_relay(request: Packet) -> Silence:
    """Return what a message through a relay gets that is not ``is_plausible``."""
    return Silence("bad_relay", wrong=f"giaddr {request.giaddr} is no address that a relay can be answered at")


def taken_elsewhere(request: Packet, context: Context) -> str:
    """Return the address that ``request`` takes from another server's offer, "" where it does no such thing.

    Only SELECTING names a server (RFC 2131 section 4.3.2). A client that remembers an address may be refused it.
    """
    named = request.options.get(opt.SERVER_IDENTIFIER)
    if request.message_type != opt.DHCPREQUEST or named is None or not _is_for_another_server(request, context):
        return ""
    address = opt.ipv4(request.options.get(opt.REQUESTED_ADDRESS)) or ""
    return address if address and usable(address) else ""


def usable(address: str) -> bool:
    """Return whether ``address``, dotted or "", can be a host's own: unicast, and not of this host or network."""
    first = int(address.partition(".")[0] or 0)
    return 0 < first < 224 and first != 127


def is_plausible(request: Packet, interface: Interface, server: str, *, on_loopback: bool) -> bool:
    """Return whether an answer to giaddr of ``request`` can reach a relay; True where there is none.

    bootd answers to giaddr, so that must be one other host: no group, no broadcast address, as far as the network of
    ``interface`` tells it, nothing that is only valid on one link, and not ``server``, bootd's own address. Its own
    loopback has a relay only for a bootd that is reached there and nowhere else (``on_loopback``).
    """
    address = request.giaddr
    if address == NO_ADDRESS or (on_loopback and IPv4Address(address).is_loopback):
        return True
    if not _is_routed(address) or address == server:
        return False
    network = network_of(interface)
    # RFC 3021: the two addresses of a /31 are both hosts, and a /32 has no other.
    if network is None or network.prefixlen > 30:
        return True
    return IPv4Address(address) not in (network.network_address, network.broadcast_address)


def server_id_override(request: Packet) -> str | None:
    """Return the address that the relay wants to be the server identifier (RFC 5107), None where it names no host."""
    return _named(request, opt.SERVER_ID_OVERRIDE, opt.CISCO_SERVER_ID_OVERRIDE)


def link_selection(request: Packet) -> str | None:
    """Return an address of the network that the client is on (RFC 3527), None where the relay names none."""
    return _named(request, opt.LINK_SELECTION, opt.CISCO_LINK_SELECTION)


def is_elsewhere(request: Packet, interface: Interface) -> bool:
    """Return whether the client of ``request`` is on another network than the reservation of ``interface`` is for.

    Only link selection says so beyond doubt: a relay's giaddr need not be an address of its client's network.
    """
    link, network = link_selection(request), network_of(interface)
    return link is not None and network is not None and IPv4Address(link) not in network


def _named(request: Packet, *codes: int) -> str | None:
    """Return the first address that option 82 has under one of ``codes``."""
    value = request.options.get(opt.RELAY_AGENT_INFORMATION)
    if not value:
        return None
    parts = opt.sub_options(value)
    addresses = (opt.ipv4(parts.get(code)) for code in codes)
    return next((address for address in addresses if address is not None and _is_routed(address)), None)


def _is_routed(address: str) -> bool:
    """Return whether packets to ``address`` reach one host, also from beyond its link (RFC 3927 section 7)."""
    return usable(address) and not IPv4Address(address).is_link_local


def network_of(interface: Interface) -> IPv4Network | None:
    """Return the network that the reservation of ``interface`` is of, None where no netmask says so."""
    if not interface.netmask or not interface.address:
        return None
    bits = _prefix(interface.netmask)
    if bits is None:
        return None
    hosts = 32 - bits
    return _network(int.from_bytes(inet_aton(interface.address), "big") >> hosts << hosts, bits)


@lru_cache(maxsize=64)
def _prefix(netmask: str) -> int | None:
    try:
        return IPv4Network(f"0.0.0.0/{netmask}").prefixlen
    except ValueError:
        return None


@lru_cache(maxsize=1024)  # ten thousand machines are on few networks
def _network(address: int, bits: int) -> IPv4Network:
    return IPv4Network((address, bits))


def _elsewhere(request: Packet, nic: Nic) -> str:
    interface, link = nic.interface, link_selection(request)
    return f"{interface.address}, netmask {interface.netmask}, is not of the network of {link}, where the relay has it"


def firmware(client: Client) -> str:
    """Return "uefi" or "bios", "" where ``client`` does not say."""
    return "" if client.kind is Kind.OS else arch.firmware(client.arch)


_HANDLERS: Mapping[int, Callable[[Packet, Nic, Context], Answer | Silence]] = {
    opt.DHCPDISCOVER: _discover,
    opt.DHCPREQUEST: _request,
    opt.DHCPDECLINE: _decline,
    opt.DHCPRELEASE: _release,
    opt.DHCPINFORM: _inform,
}
