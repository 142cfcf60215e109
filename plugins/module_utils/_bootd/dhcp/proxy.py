# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a DHCP message gets where another server gives the addresses: what to boot, or silence. PXE specification 2.1.

Nobody but network boot firmware and iPXE is answered, and nothing that is said about a lease: to anybody else on the
network it is as if bootd were not there. A client learns what to boot in one of three ways (sections 2.2 to 2.4):

- Its DHCPDISCOVER is answered with an offer that has no address in it, beside the other server's.
- It asks port 4011 by a DHCPREQUEST, once it has its address: where the offer says too little for more, or where the
  other server's offer says PXEClient and names no file.
- It looks for a boot server (PXE_BOOT_ITEM), by unicast to port 4011, or by broadcast to port 67.
"""

from __future__ import annotations

from ..decisions.events import Discover, Leased
from ..decisions.modes import AUTO_PROXY, OFF, PROXIES, RESERVATION
from ..hardware.model import Interface, Nic
from . import options as opt
from .decide import (
    DHCP_DISABLED,
    UNKNOWN_MACHINE,
    Answer,
    Silence,
    as_relay_names,
    bad_relay,
    decide,
    firmware,
    is_plausible,
    taken_elsewhere,
)
from .packet import BOOTREQUEST, NO_ADDRESS, Kind, Packet, identify
from .reply import Context, proxy_offer, proxy_reply

NOT_A_BOOT_CLIENT = "not_a_boot_client"  # an operating system, or anything else that is given its address elsewhere
NOT_HERE = "not_here"  # the mode of its network is "off", or it asks port 4011 where bootd is no proxy
LEASE_ONLY = "lease_only"  # of a boot client that is told nothing of booting
ABOUT_A_LEASE = "about_a_lease"  # of a boot client, with the server that gives it its address
# Why nothing is said to what every client of a network says there to its own server.
NOT_ABOUT_BOOTING = (NOT_A_BOOT_CLIENT, NOT_HERE, ABOUT_A_LEASE)
_BOOT_SERVER_TYPE = 0  # "PXE bootstrap server" (PXE_BOOT_MENU): of all types the one that is nobody's menu item


def decide_in_mode(
    request: Packet, nic: Nic | None, context: Context, mode: str, *, to_proxy_port: bool = False
) -> Answer | Silence:
    """Return what ``request`` gets in ``mode``, where ``nic`` is the interface with its MAC, None for an unknown one.

    ``to_proxy_port``: it came to port 4011, else to 67.
    """
    if mode == RESERVATION and not to_proxy_port:
        return decide(request, nic, context)
    if request.op != BOOTREQUEST:
        return Silence("not_a_request")
    if request.message_type not in opt.MESSAGE_NAMES:
        return Silence("no_message_type" if request.message_type is None else "unexpected_type")
    if mode not in PROXIES:
        return Silence(NOT_HERE, took=taken_elsewhere(request, context) if mode == OFF else "")
    return _decide_as_proxy(request, nic, context, boots_unknown=mode == AUTO_PROXY, to_proxy_port=to_proxy_port)


def _decide_as_proxy(
    request: Packet, nic: Nic | None, context: Context, *, boots_unknown: bool, to_proxy_port: bool
) -> Answer | Silence:
    client = identify(request)
    if client.kind is Kind.OS:
        return Silence(NOT_A_BOOT_CLIENT, took=taken_elsewhere(request, context))
    if nic is None and not boots_unknown:
        return Silence(UNKNOWN_MACHINE)
    if nic is not None and nic.interface.disable_dhcp and not is_to_boot(nic.interface):
        return Silence(DHCP_DISABLED)
    interface = nic.interface if nic is not None else Interface(request.mac)
    if not is_plausible(request, interface, context.server, on_loopback=context.on_loopback):
        return bad_relay(request)
    message_type = opt.DHCPOFFER
    if to_proxy_port:
        # Who asks here has an address: there is none to answer at otherwise.
        if request.message_type not in (opt.DHCPREQUEST, opt.DHCPINFORM):
            return Silence("unexpected_type")
        message_type = opt.DHCPACK
    elif request.message_type == opt.DHCPREQUEST and _asks_for_boot_server(request):
        message_type = opt.DHCPACK
    elif request.message_type != opt.DHCPDISCOVER:
        return Silence(ABOUT_A_LEASE, took=taken_elsewhere(request, context))
    boot = proxy_offer(nic, request, client, context, message_type)
    if not boot.booting:
        return Silence(LEASE_ONLY)
    told = (client.kind.value, boot.netboot, firmware(client), client.arch, boot.file)
    # What is asked for on port 4011 was offered before, or is asked for by TFTP or HTTP next.
    detail = Discover(*told) if message_type == opt.DHCPOFFER and nic is not None else None
    return Answer(
        proxy_reply(request, message_type, boot, as_relay_names(request, context)), boot.reason, detail, Leased(*told)
    )


def is_to_boot(interface: Interface) -> bool:
    """Return whether netboot is on, or was until bootd switched it off."""
    return interface.netboot.allow_pxe is True or interface.netboot.switched_off


def _asks_for_boot_server(request: Packet) -> bool:
    """Return whether this looks for a boot server by broadcast, and for such a one as bootd is.

    The types of a menu are those of whoever made it, and bootd makes none that has one.
    """
    item = opt.boot_item(request.options.get(opt.VENDOR_SPECIFIC))
    return item is not None and int.from_bytes(item[:2], "big") == _BOOT_SERVER_TYPE and request.ciaddr != NO_ADDRESS
