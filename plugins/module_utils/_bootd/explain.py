# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd explain``: what one machine would get at each step of a boot, and why, from the code that answers it."""

from __future__ import annotations

from collections.abc import Iterator

from . import tokens
from .catalog import Catalog, Nic
from .configurations.base import Configurations, NoConfigurations
from .decisions.boot import BootContext, Script, Wait, decide_script
from .decisions.policy import judge
from .dhcp import arch as architectures
from .dhcp import options as opt
from .dhcp.context import context_from
from .dhcp.decide import Answer, decide
from .dhcp.packet import BOOTREQUEST, Packet
from .ipxe.render import render
from .settings import Settings
from .tftp.decide import Refuse
from .tftp.decide import decide as decide_tftp
from .tftp.packet import Request

_ASKED = bytes((opt.SUBNET_MASK, opt.ROUTER, opt.DOMAIN_NAME_SERVER, opt.TFTP_SERVER_NAME, opt.BOOT_FILE_NAME))
_HTTP_ARCHES = (15, 16, 18, 19, 20)


def explain(
    catalog: Catalog, mac: str, arch: int, settings: Settings, configurations: Configurations | None = None
) -> Iterator[str]:
    """Yield the lines that explain a boot of the machine with ``mac`` (colon form), whose firmware is of ``arch``."""
    nic = catalog.by_mac(mac)
    if nic is None:
        yield f"{mac}: no Hardware object has this MAC address."
        yield "It gets no DHCP reply, no boot file and no script; bootd records that it asked."
        return
    yield f"{nic.machine.name} ({nic.machine.key}), {mac}, from {nic.machine.source}"
    yield f"  {judge(nic).reason}"
    if nic.machine.after:
        yield f"  but waits in iPXE until these are done: {', '.join(nic.machine.after)}"
    yield from _dhcp("firmware, " + architectures.describe(arch), _firmware(mac, arch), nic, settings)
    yield from _tftp(nic, arch, catalog, settings)
    yield from _dhcp("iPXE", _ipxe(mac, arch), nic, settings)
    yield from _script(nic, settings, configurations or NoConfigurations())
    yield from _dhcp("operating system", _request(mac, {}), nic, settings)


def _request(mac: str, more: dict[int, bytes]) -> Packet:
    options = {opt.MESSAGE_TYPE: bytes((opt.DHCPDISCOVER,)), opt.PARAMETER_REQUEST_LIST: _ASKED}
    return Packet(op=BOOTREQUEST, xid=1, mac=mac, options=options | more)


def _firmware(mac: str, arch: int) -> Packet:
    name = "HTTPClient" if arch in _HTTP_ARCHES else "PXEClient"
    vendor_class = f"{name}:Arch:{arch:05d}:UNDI:003016".encode()
    return _request(mac, {opt.VENDOR_CLASS: vendor_class, opt.CLIENT_ARCHITECTURE: arch.to_bytes(2, "big")})


def _ipxe(mac: str, arch: int) -> Packet:
    firmware = _firmware(mac, arch)
    return _request(mac, {**firmware.options, opt.USER_CLASS: b"iPXE"})


def _dhcp(who: str, request: Packet, nic: Nic, settings: Settings) -> Iterator[str]:
    yield ""
    yield f"{who}: DHCPDISCOVER"
    answer = decide(request, nic, context_from(settings))
    if not isinstance(answer, Answer):
        yield f"  no reply: {answer.reason}"
        return
    reply, interface = answer.reply, nic.interface
    yield f"  DHCPOFFER {reply.yiaddr}/{interface.netmask or '?'}, gateway {interface.gateway or 'none'}"
    file = answer.leased.filename if answer.leased else ""
    if file:
        yield f"  next server {reply.siaddr}, file {file}"
    else:
        yield "  no boot file"
    yield f"  because {answer.reason}"


def _tftp(nic: Nic, arch: int, catalog: Catalog, settings: Settings) -> Iterator[str]:
    name = nic.interface.netboot.ipxe_binary or architectures.boot_file((arch,), settings.arch_map)
    if not name:
        return
    yield ""
    yield f"firmware: TFTP RRQ {name}"
    request = Request(write=False, filename=f"{nic.interface.mac}/{name}", mode="octet", options=())
    decision = decide_tftp(request, nic.interface.address, catalog, BootContext.of(settings), _no_script)
    yield f"  refused: {decision.reason}" if isinstance(decision, Refuse) else f"  sends {name}"


def _script(nic: Nic, settings: Settings, configurations: Configurations) -> Iterator[str]:
    yield ""
    yield "iPXE: GET the script"
    # Whoever reads this is not the machine: the token stays hidden.
    kept = configurations.expects(nic.machine.key)
    config_url = tokens.configuration_url(settings.http_base, nic.interface.mac, tokens.HIDDEN) if kept else ""
    for line in render(
        decide_script(nic, BootContext.of(settings, config_url)), nic.interface.mac, settings
    ).splitlines():
        yield f"  | {line}".rstrip()


def _no_script(nic: Nic) -> tuple[Script | Wait, str]:
    raise AssertionError(nic)
