# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What one DHCP message gets: a reply, or silence with a reason. RFC 2131 section 4.3, for reservations only.

A reservation is the machine's for good: it is never offered to anybody else, and neither DHCPDECLINE nor DHCPRELEASE
changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .. import events
from ..catalog import Nic
from . import arch
from . import options as opt
from .boot import boot_offer
from .client import Client, Kind, identify
from .context import Context
from .packet import BOOTREQUEST, NO_ADDRESS, Packet
from .reply import configuration, refusal


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to send. ``event`` is its kind in the journal or "", ``reason`` a sentence for people."""

    reply: Packet
    reason: str
    event: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silence:
    """No reply; ``reason`` is a short fixed word, fit for a counter's label. ``event`` and ``detail`` as in Answer."""

    reason: str
    event: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


UNKNOWN_MACHINE = "unknown_machine"


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
        return Silence("dhcp_disabled")
    if not usable(nic.interface.address):
        return Silence("no_reservation")
    return handler(request, nic, context)


def usable(address: str) -> bool:
    """Return whether ``address``, dotted or "", can be a host's own: unicast, and not of this host or network."""
    first = int(address.partition(".")[0] or 0)
    return 0 < first < 224 and first != 127


def _discover(request: Packet, nic: Nic, context: Context) -> Answer | Silence:
    return _configure(request, nic, context, opt.DHCPOFFER, events.DISCOVER)


def _request(request: Packet, nic: Nic, context: Context) -> Answer | Silence:
    """Acknowledge the reservation, refuse any other address, leave alone what is another server's (section 4.3.2).

    The address asked for is in option 50 where the client selects an offer or remembers a lease (INIT-REBOOT), and in
    ciaddr where it renews or rebinds one.
    """
    if _is_for_another_server(request, context):
        return Silence("another_server")
    asked = opt.ipv4(request.options.get(opt.REQUESTED_ADDRESS)) or request.ciaddr
    if asked == NO_ADDRESS:
        return Silence("no_address_asked_for")
    reserved = nic.interface.address
    if asked != reserved:
        reason = f"{asked} is not the address reserved for {request.mac}"
        detail = {"reason": reason, "address": asked}
        return Answer(refusal(request, reason, context), reason, events.REFUSED, detail)
    return _configure(request, nic, context, opt.DHCPACK, events.LEASE)


def _inform(request: Packet, nic: Nic, context: Context) -> Answer | Silence:
    if request.ciaddr == NO_ADDRESS:
        return Silence("inform_without_address")
    return _configure(request, nic, context, opt.DHCPACK, "")


def _decline(request: Packet, _nic: Nic, context: Context) -> Answer | Silence:
    if _is_for_another_server(request, context):
        return Silence("another_server")
    address = opt.ipv4(request.options.get(opt.REQUESTED_ADDRESS)) or ""
    return Silence("declined", events.DECLINE, {"address": address})


def _release(request: Packet, _nic: Nic, context: Context) -> Answer | Silence:
    if _is_for_another_server(request, context):
        return Silence("another_server")
    return Silence("released", events.RELEASE, {"address": request.ciaddr})


def _configure(request: Packet, nic: Nic, context: Context, message_type: int, event: str) -> Answer:
    client = identify(request)
    boot = boot_offer(nic, client, context)
    reply = configuration(request, message_type, nic.interface, boot, context)
    detail = {
        "client": client.kind.value,
        "netboot": boot.netboot,
        "firmware": _firmware(client),
        "arch": client.arch,
        "filename": boot.file,
    }
    return Answer(reply, boot.reason, event, detail)


def _is_for_another_server(request: Packet, context: Context) -> bool:
    server = opt.ipv4(request.options.get(opt.SERVER_IDENTIFIER))
    return server is not None and server != context.server


def _firmware(client: Client) -> str:
    if client.kind is Kind.OS or client.arch is None:
        return ""
    return "bios" if client.arch in (arch.X86_BIOS, arch.X86_BIOS_HTTP) else "uefi"


_HANDLERS: Mapping[int, Callable[[Packet, Nic, Context], Answer | Silence]] = {
    opt.DHCPDISCOVER: _discover,
    opt.DHCPREQUEST: _request,
    opt.DHCPDECLINE: _decline,
    opt.DHCPRELEASE: _release,
    opt.DHCPINFORM: _inform,
}
