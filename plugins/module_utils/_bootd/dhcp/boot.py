# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a reply tells a machine about booting: which file, from where, and the options that go with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..catalog import Nic
from ..decisions.boot import Asked, BootContext, BootFile, Program, Refusal, Wants, decide_next
from ..hardware.model import Interface, ipv4
from . import options as opt
from .client import Client, Kind
from .context import Context

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
class BootOffer:
    """The boot part of a reply, ``file`` the name or URL of what to load.

    ``netboot`` is whether the machine may boot from the network, whoever asks, and ``reason`` a sentence for people.
    """

    netboot: bool
    reason: str
    file: str = ""
    server: str = ""  # siaddr, dotted
    server_name: str = ""  # option 66
    options: Mapping[int, bytes] = field(default_factory=dict)


def boot_offer(nic: Nic, client: Client, context: Context) -> BootOffer:
    """Return what ``client`` on ``nic`` is told to boot."""
    asked = Asked(Wants.NEXT, program_of(client), client.arches, who=nic.interface.mac)
    decision = decide_next(nic, asked, BootContext(context.http_base, context.arch_map))
    if isinstance(decision, BootFile):
        return _load(decision, asked.program, nic.interface, context)
    options = _next_device(asked.program, decision)
    return BootOffer(decision.netboot, decision.reason, file=decision.url, options=options)


def program_of(client: Client) -> Program:
    """Return what ``client`` is to the boot decision."""
    if client.kind is Kind.FIRMWARE:
        return Program.HTTP if client.http else Program.PXE
    return Program.IPXE if client.kind is Kind.IPXE else Program.OS


def _load(decision: BootFile, program: Program, interface: Interface, context: Context) -> BootOffer:
    """Return what has the client load the file of ``decision``."""
    if decision.server:
        return BootOffer(
            decision.netboot,
            decision.reason,
            file=decision.name,
            server=ipv4(decision.server),
            server_name=decision.server,
        )
    return BootOffer(
        decision.netboot,
        decision.reason,
        file=decision.url or decision.name,
        server=context.tftp,
        server_name=context.tftp,
        options=_options(program, interface, context),
    )


def _options(program: Program, interface: Interface, context: Context) -> dict[int, bytes]:
    """Return the options that go with a file."""
    vlan = _vlan(interface)
    if program is Program.IPXE:
        # No vendor class here: iPXE would take the reply for one of a proxy DHCP server as well.
        return {opt.LOG_SERVER: opt.from_ipv4(context.syslog), opt.IPXE: _NO_PROXY} | _vendor_specific(vlan)
    if program is Program.HTTP:
        return {opt.VENDOR_CLASS: b"HTTPClient"} | _vendor_specific(vlan)
    control = {opt.PXE_DISCOVERY_CONTROL: _LOAD_AT_ONCE}
    return {opt.VENDOR_CLASS: b"PXEClient"} | _vendor_specific(control | vlan)


def _next_device(program: Program, decision: Refusal) -> dict[int, bytes]:
    """Return the options that send firmware on to its next boot device without delay."""
    if program is Program.PXE:
        return {opt.VENDOR_CLASS: b"PXEClient", opt.VENDOR_SPECIFIC: _LOCAL_BOOT}
    return {opt.VENDOR_CLASS: b"HTTPClient"} if decision.url else {}


def _vlan(interface: Interface) -> dict[int, bytes]:
    tag = interface.vlan_id
    return {opt.PXE_VLAN_ID: tag.encode("ascii")} if tag.isascii() and tag.isdigit() and len(tag) <= 4 else {}


def _vendor_specific(parts: Mapping[int, bytes]) -> dict[int, bytes]:
    return {opt.VENDOR_SPECIFIC: opt.from_sub_options(parts, end=True)} if parts else {}
