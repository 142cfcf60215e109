# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a reply tells a machine about booting: which file, from where, and the options that go with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..catalog import Nic
from ..decisions.policy import Verdict, judge
from ..hardware.mac import dashed
from ..hardware.model import Interface, ipv4
from . import arch
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
    interface = nic.interface
    verdict = judge(nic)
    if _is_preset(interface):
        return _preset(interface)
    if client.kind is Kind.OS:
        return BootOffer(verdict.allowed, "an operating system gets its lease, and nothing to boot")
    if client.kind is Kind.IPXE:
        # Also where netboot is off: the script then says to boot the disk, which works on every firmware.
        return _script(interface, verdict.allowed, verdict.reason, context)
    name = interface.netboot.ipxe_binary or arch.boot_file(client.arches, context.arch_map)
    if not verdict.allowed:
        return _next_device(client, name, verdict, context)
    if not name:
        missing = f"there is no network boot program for {arch.describe(client.arch)}"
        return _next_device(client, name, replace(verdict, reason=missing), context)
    if client.http:
        return _over_http(interface, name, context)
    return _over_tftp(interface, name, context)


def _is_preset(interface: Interface) -> bool:
    """Return whether the object itself names the boot file; the CRD wants both fields or none.

    A netboot that is not mentioned doesn't forbid it, one that is switched off does.
    """
    netboot = interface.netboot
    off = netboot.allow_pxe is False or netboot.switched_off
    return bool(interface.tftp_server_name and interface.boot_file_name) and not off


def _preset(interface: Interface) -> BootOffer:
    return BootOffer(
        netboot=True,
        reason="tftp_server_name and boot_file_name of the object say what to boot",
        file=interface.boot_file_name,
        server=ipv4(interface.tftp_server_name),
        server_name=interface.tftp_server_name,
    )


def _script(interface: Interface, allowed: bool, reason: str, context: Context) -> BootOffer:
    options = {opt.LOG_SERVER: opt.from_ipv4(context.syslog), opt.IPXE: _NO_PROXY}
    return BootOffer(
        netboot=allowed,
        reason=reason,
        file=f"{context.http_base}/{dashed(interface.mac)}/auto.ipxe",
        server=context.tftp,
        server_name=context.tftp,
        # No vendor class here: iPXE would take the reply for one of a proxy DHCP server as well.
        options=options | _vendor_specific(_vlan(interface)),
    )


def _next_device(client: Client, name: str, verdict: Verdict, context: Context) -> BootOffer:
    """Return what sends firmware on to its next boot device without delay."""
    if not client.http:
        options = {opt.VENDOR_CLASS: b"PXEClient", opt.VENDOR_SPECIFIC: _LOCAL_BOOT}
        return BootOffer(verdict.allowed, verdict.reason, options=options)
    # UEFI HTTP boot has no word for it, but gives up on the first 403, which the same policy makes HTTP answer.
    if not verdict.allowed and name:
        url = f"{context.http_base}/ipxe/{name}"
        return BootOffer(False, verdict.reason, file=url, options={opt.VENDOR_CLASS: b"HTTPClient"})
    return BootOffer(verdict.allowed, verdict.reason)


def _over_http(interface: Interface, name: str, context: Context) -> BootOffer:
    return BootOffer(
        netboot=True,
        reason=f"UEFI HTTP boot loads {name}",
        file=f"{context.http_base}/ipxe/{name}",
        server=context.tftp,
        server_name=context.tftp,
        options={opt.VENDOR_CLASS: b"HTTPClient"} | _vendor_specific(_vlan(interface)),
    )


def _over_tftp(interface: Interface, name: str, context: Context) -> BootOffer:
    control = {opt.PXE_DISCOVERY_CONTROL: _LOAD_AT_ONCE}
    return BootOffer(
        netboot=True,
        reason=f"PXE loads {name}",
        file=name,
        server=context.tftp,
        server_name=context.tftp,
        options={opt.VENDOR_CLASS: b"PXEClient"} | _vendor_specific(control | _vlan(interface)),
    )


def _vlan(interface: Interface) -> dict[int, bytes]:
    tag = interface.vlan_id
    return {opt.PXE_VLAN_ID: tag.encode("ascii")} if tag.isascii() and tag.isdigit() and len(tag) <= 4 else {}


def _vendor_specific(parts: Mapping[int, bytes]) -> dict[int, bytes]:
    return {opt.VENDOR_SPECIFIC: opt.from_sub_options(parts, end=True)} if parts else {}
