# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The one boot decision: what a machine gets that asks for something to boot, and why. Pure.

DHCP, TFTP and HTTP send what ``decide`` returns, and ``bootd explain`` prints it. What depends on the kind of client,
on its architecture or on how it was asked belongs here, and not into a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeAlias

from ..hardware.cpu import X86_64, cpu_called
from ..hardware.mac import dashed, parse_mac
from ..hardware.model import Interface, Machine, Netboot, Nic
from ..installers import fields
from ..installers.kernel_boot import KernelBoot
from ..installers.registry import installer_of
from ..process.settings import Settings
from . import architectures as arch
from .boot_chains import chain_of
from .grub_limits import obstacle
from .policy import Boot, Verdict, judge, script_url

SCRIPT_NAME = "auto.ipxe"
TFTP_SCRIPT_NAME = "autoexec.ipxe"  # the name by which TFTP has a machine's script
FIRMWARE_PATH = "/ipxe"  # below which network boot programs are by HTTP


class Program(Enum):
    """The program that asks: firmware by PXE or HTTP, iPXE, GRUB, or an operating system."""

    PXE = "PXE firmware"  # loads by TFTP
    HTTP = "UEFI HTTP boot"  # loads from a URL
    IPXE = "iPXE"
    IPXE_BY_TFTP = "iPXE without HTTP"
    GRUB = "GRUB"  # asks by DHCP for nothing: it goes by what the firmware that loaded it was told
    OS = "an operating system"


class Wants(Enum):
    """What it asks for: to be told what to load (DHCP), a network boot program by its name, or its script."""

    NEXT = "what to load"
    FILE = "a file"
    SCRIPT = "its script"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. ``arches`` are the client's architectures (option 93), the most wanted first.

    ``name`` is the file's, ``who`` the MAC or the address by which the client was looked up.
    """

    wants: Wants
    program: Program
    arches: tuple[int, ...] = ()
    name: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class BootContext:
    """What a decision has to know of the daemon, and of what others are doing.

    ``configuration_url`` is where the machine's installer gets its configuration, "" where bootd has none for it;
    ``waits_for`` what the machine has to wait for before it may go on (see ``waiting``), "" for nothing.
    ``for_unknown`` is the iPXE script of machines that no object has, "" where they boot their disk, None where they
    get nothing. ``cpu`` is the architecture that the machine says it has (see ``hardware.cpu``), "" where it says none.
    It counts before ``dhcp.arch`` of the object.
    """

    http_base: str  # the start of every URL, without a slash at the end
    arch_map: Mapping[int, str] = field(default_factory=dict)  # option 93 value -> boot file, over the defaults
    configuration_url: str = ""
    waits_for: str = ""
    for_unknown: str | None = None
    cpu: str = ""

    @classmethod
    def of(cls, settings: Settings, configuration_url: str = "", *, boots_unknown: bool = False) -> BootContext:
        """Return the context that ``settings`` describe, of a machine that waits for nothing.

        ``boots_unknown``: where the client is, machines that are not known boot too (mode ``auto-proxy``).
        """
        for_unknown = settings.unknown_script if boots_unknown else None
        return cls(settings.http_base, settings.arch_map, configuration_url, for_unknown=for_unknown)


@dataclass(frozen=True, slots=True)
class BootFile:
    """The file to load: a network boot program, or for iPXE its script.

    ``name`` is a path below the boot-file directories, ``url`` where it is by HTTP, "" for TFTP, and ``tftp_name`` what
    it is asked for by TFTP. ``server`` is who has it, a name or an address, "" for bootd itself. ``netboot`` is whether
    the machine may boot from the network.

    Both forms name the machine by its MAC: behind an address translation its address does not tell who asks.
    """

    reason: str
    name: str
    url: str = ""
    server: str = ""
    netboot: bool = True
    tftp_name: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """An iPXE script that the object itself holds, passed on word for word."""

    text: str


@dataclass(frozen=True, slots=True)
class Chain:
    """An iPXE script elsewhere, at ``url``, that iPXE is to chain to."""

    url: str


@dataclass(frozen=True, slots=True)
class LocalDisk:
    """Boot the machine's own disk."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """Boot nothing, because a field of the object can't be used: ``problem`` says which, but not its value."""

    problem: str


@dataclass(frozen=True, slots=True)
class Script:
    """What the machine's script boots, as data: ``ipxe.render`` or ``grub.render`` makes the text.

    ``kind`` names it in events. ``told_cpu``: the machine has said itself which architecture it has.
    """

    reason: str
    boots: KernelBoot | Chain | Contents | LocalDisk | Unusable
    kind: str
    told_cpu: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """The machine is to ask again later; ``waits_for`` says, for people, what has to happen first."""

    reason: str
    waits_for: str
    kind: str = "wait"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The machine gets nothing. ``netboot`` is whether the machine may boot from the network, had it asked otherwise.

    ``url`` is a file that HTTP refuses by the same decision: UEFI HTTP boot has no word for "nothing to boot", and
    gives up on the first 403.
    """

    reason: str
    netboot: bool = False
    url: str = ""


_LOADERS: Mapping[Program, str] = {
    Program.PXE: "PXE",
    Program.HTTP: "UEFI HTTP boot",
    # What it would be told to load by its script is all by HTTP, so it is given an iPXE that has it.
    Program.IPXE_BY_TFTP: "iPXE that lists no HTTP",
    Program.GRUB: "GRUB",
}

Decision: TypeAlias = "BootFile | Script | Wait | Refusal"


def decide(nic: Nic | None, asked: Asked, context: BootContext) -> Decision:
    """Return what the client on ``nic``, None for an unknown one, gets for its question."""
    if nic is None:
        return _decide_unknown(asked, context)
    if asked.wants is Wants.NEXT:
        return decide_next(nic, asked, context)
    if asked.wants is Wants.SCRIPT:
        return decide_script(nic, context, asked.program)
    verdict = judge(nic)
    return BootFile(verdict.reason, asked.name) if verdict.allowed else Refusal(verdict.reason)


def _decide_unknown(asked: Asked, context: BootContext) -> Decision:
    """Return what a client gets that no object has: nothing, or where unknown machines boot, a program and a script.

    It has to name itself by its MAC. No file but a network boot program is anything for it.
    """
    reason = f"no Hardware object has {asked.who}"
    mac = parse_mac(asked.who)
    if context.for_unknown is None or mac is None:
        return Refusal(reason)
    if asked.wants is Wants.SCRIPT:
        boots: Contents | LocalDisk | Unusable = Contents(context.for_unknown) if context.for_unknown else LocalDisk()
        if asked.program is Program.GRUB and isinstance(boots, Contents):
            boots = Unusable("what unknown machines boot is a script for iPXE, and GRUB can not run it")
        return Script(reason, boots, "unknown")
    if asked.wants is Wants.NEXT:
        # As for a machine that boots a script of its own.
        stand_in = Interface(mac, netboot=Netboot(allow_pxe=True, ipxe_contents="unknown"))
        told = decide_next(Nic(Machine("unknown", interfaces=(stand_in,)), stand_in), asked, context)
        return replace(told, reason=f"{reason}; {told.reason}" if asked.program is not Program.IPXE else reason)
    first = {**arch.DEFAULT_FILES, **context.arch_map}.values()
    programs = {link.file for name in first for link in chain_of(name)}
    return BootFile(reason, asked.name) if asked.name in programs else Refusal(f"{reason}, and this is no boot program")


def decide_next(nic: Nic, asked: Asked, context: BootContext) -> BootFile | Refusal:
    """Return what the client on ``nic`` is told to load next."""
    interface, verdict = nic.interface, judge(nic)
    if _is_preset(interface):
        reason = "tftp_server_name and boot_file_name of the object say what to boot"
        name = interface.boot_file_name
        return BootFile(reason, name, server=interface.tftp_server_name, tftp_name=name)
    if asked.program is Program.OS:
        return Refusal("an operating system gets its lease, and nothing to boot", verdict.allowed)
    machine = dashed(interface.mac)
    if asked.program is Program.IPXE:
        # Also where netboot is off: the script then says to boot the disk, which works on every firmware.
        url = f"{context.http_base}/{machine}/{SCRIPT_NAME}"
        return BootFile(verdict.reason, SCRIPT_NAME, url, netboot=verdict.allowed)
    name = interface.netboot.ipxe_binary or arch.boot_file(asked.arches, context.arch_map)
    if asked.program is Program.IPXE_BY_TFTP and not (name and verdict.allowed):
        script = f"{machine}/{TFTP_SCRIPT_NAME}"
        return BootFile(verdict.reason, TFTP_SCRIPT_NAME, netboot=verdict.allowed, tftp_name=script)
    by_url = bool(name) and asked.program is Program.HTTP
    url = f"{context.http_base}{FIRMWARE_PATH}/{machine}/{name}" if by_url else ""
    if not verdict.allowed:
        return Refusal(verdict.reason, url=url)
    if not name:
        named = arch.describe(asked.arches[0] if asked.arches else None)
        return Refusal(f"there is no network boot program for {named}", netboot=True)
    reason = f"{_LOADERS[asked.program]} loads {name}"
    return BootFile(reason, name, url, tftp_name="" if url else f"{machine}/{name}")


def _is_preset(interface: Interface) -> bool:
    """Return whether the object itself names the boot file; the CRD wants both fields or none.

    A netboot that is not mentioned doesn't forbid it, one that is switched off does.
    """
    netboot = interface.netboot
    off = netboot.allow_pxe is False or netboot.switched_off
    return bool(interface.tftp_server_name and interface.boot_file_name) and not off


def decide_script(nic: Nic, context: BootContext, program: Program = Program.IPXE) -> Script | Wait:
    """Return what the machine of ``nic`` gets whose ``program``, iPXE or GRUB, asks for its script."""
    verdict = judge(nic)
    if verdict.boot is Boot.LOCAL:
        return Script(verdict.reason, LocalDisk(), verdict.boot.value)
    if context.waits_for:
        return Wait(f"waits for {context.waits_for}", context.waits_for)
    try:
        boots = _boots(nic, verdict, context)
    except fields.FieldError as error:
        boots = Unusable(str(error))
    differs = contradiction(nic, context.cpu) if isinstance(boots, KernelBoot) and boots.cpu else ""
    reason = f"{verdict.reason}; {differs}" if differs else verdict.reason
    if program is Program.GRUB and (problem := _obstacle_to_grub(boots)):
        boots = Unusable(problem)
    kind = installer_of(nic.machine).name if verdict.boot is Boot.INSTALLER else verdict.boot.value
    return Script(reason, boots, kind, bool(context.cpu))


def contradiction(nic: Nic, cpu: str) -> str:
    """Return what is said where the machine has the architecture ``cpu`` and its object another, "" where not."""
    named = nic.interface.arch or X86_64
    if cpu in ("", cpu_called(named)):
        return ""
    return f"it is {cpu}, as it says itself, although dhcp.arch of its object is {nic.interface.arch or 'not given'}"


def _boots(nic: Nic, verdict: Verdict, context: BootContext) -> KernelBoot | Chain | Contents | Unusable:
    """Return what the script of ``nic`` boots; raises FieldError where a field of the object can't be used."""
    netboot = nic.interface.netboot
    if verdict.boot is Boot.CONTENTS:
        return Contents(netboot.ipxe_contents)
    if verdict.boot is Boot.CHAIN:
        named = "netboot.ipxe.url" if netboot.ipxe_url else "metadata.instance.ipxe_script_url"
        return Chain(fields.url(named, script_url(nic)))
    arch_name = context.cpu if contradiction(nic, context.cpu) else nic.interface.arch
    return installer_of(nic.machine).boot(nic, context.configuration_url, arch_name)


def _obstacle_to_grub(boots: KernelBoot | Chain | Contents | Unusable) -> str:
    """Return why GRUB can't boot what iPXE would, "" where it can."""
    if isinstance(boots, Contents):
        return "netboot.ipxe.contents is a script for iPXE, and GRUB can not run it"
    if isinstance(boots, Chain):
        return "the URL leads to a script for iPXE, and GRUB can not run it"
    return obstacle(boots) if isinstance(boots, KernelBoot) else ""
