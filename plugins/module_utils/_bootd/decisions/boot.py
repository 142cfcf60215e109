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
from ..hardware.local_boot import BY_IPXE, How, LocalBoot
from ..hardware.mac import dashed, parse_mac
from ..hardware.model import Interface, Machine, Netboot, Nic
from ..installers import fields
from ..installers.kernel_boot import KernelBoot
from ..installers.registry import installer_of
from ..process.settings import Settings
from . import architectures as arch
from .boot_chains import chain_of, in_words
from .grub_limits import obstacle
from .oddities import oddity_of
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
    GPXE = "gPXE"  # what iPXE came from; it may have HTTP, but runs none of iPXE's scripts
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

    ``has_program``: the machine's iPXE was told a moment ago to load a boot program, so that it is the one which asks.
    ``configuration_url`` is where the machine's installer gets its configuration, "" where bootd has none for it;
    ``waits_for`` what the machine has to wait for before it may go on (see ``waiting``), "" for nothing.
    ``for_unknown`` is the iPXE script of machines that no object has, "" where they boot their disk, None where they
    get nothing. ``cpu`` is the architecture that the machine says it has (see ``hardware.cpu``), "" where it says none.
    It counts before ``dhcp.arch`` of the object. ``asked_cpu``: it was asked for that, whatever it answered.
    """

    http_base: str  # the start of every URL, without a slash at the end
    arch_map: Mapping[int, str] = field(default_factory=dict)  # option 93 value -> boot file, over the defaults
    configuration_url: str = ""
    waits_for: str = ""
    for_unknown: str | None = None
    has_program: bool = False
    https_base: str = ""  # the start of https URLs, "" where there are none
    https_boot: bool = False  # give them to UEFI HTTP boot, where an object does not say
    cpu: str = ""
    asked_cpu: bool = False

    @classmethod
    def of(
        cls,
        settings: Settings,
        configuration_url: str = "",
        waits_for: str = "",
        *,
        boots_unknown: bool = False,
        cpu: str = "",
        asked_cpu: bool = False,
    ) -> BootContext:
        """Return the context that ``settings`` describe.

        ``boots_unknown``: where the client is, machines that are not known boot too (mode ``auto-proxy``).
        """
        return cls(
            settings.http_base,
            settings.arch_map,
            configuration_url,
            waits_for,
            for_unknown=settings.unknown_script if boots_unknown else None,
            https_base=settings.https_base,
            https_boot=settings.https_boot,
            cpu=cpu,
            asked_cpu=asked_cpu,
        )


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
    """Boot the machine's own disk, as its object says that its firmware gets there."""

    way: LocalBoot = field(default_factory=LocalBoot)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Boot nothing, because a field of the object can't be used: ``problem`` says which, but not its value."""

    problem: str


@dataclass(frozen=True, slots=True)
class Script:
    """What the machine's script boots, as data: ``ipxe.render`` or ``grub.render`` makes the text.

    ``kind`` names it in events. ``told_cpu``: the machine was asked which architecture it has already.
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
    gives up on the first 403. ``missing``: say that there is no such file, rather than that it is refused. ``bare``:
    say nothing of booting at all, not even that firmware may go on to its disk.
    """

    reason: str
    netboot: bool = False
    url: str = ""
    missing: bool = False
    bare: bool = False


_LOADERS: Mapping[Program, str] = {
    Program.PXE: "PXE",
    Program.HTTP: "UEFI HTTP boot",
    Program.IPXE: "iPXE, for which netboot.ipxe.binary names another,",
    # What it would be told to load by its script is all by HTTP, so it is given an iPXE that has it.
    Program.IPXE_BY_TFTP: "iPXE that lists no HTTP",
    Program.GPXE: "gPXE",
    Program.GRUB: "GRUB",
}
_IPXE = (Program.IPXE, Program.IPXE_BY_TFTP, Program.GPXE)

# The ways to the disk that begin with a file: an iPXE, or one that is then said not to be there.
_BY_FILE = (*BY_IPXE, How.NOT_FOUND)

Decision: TypeAlias = "BootFile | Script | Wait | Refusal"


def decide(nic: Nic | None, asked: Asked, context: BootContext) -> Decision:
    """Return what the client on ``nic``, None for an unknown one, gets for its question."""
    if nic is None:
        return _decide_unknown(asked, context)
    if asked.wants is Wants.NEXT:
        return decide_next(nic, asked, context)
    if asked.wants is Wants.SCRIPT:
        refused = refuse_script(nic) if asked.program in _IPXE else None
        return refused or decide_script(nic, context, asked.program)
    verdict, way = judge(nic), nic.machine.local_boot
    reason = _reason(verdict, way)
    if verdict.allowed or way.how in BY_IPXE:
        return BootFile(reason, asked.name, netboot=verdict.allowed)
    return Refusal(reason, missing=way.how is How.NOT_FOUND)


def _decide_unknown(asked: Asked, context: BootContext) -> Decision:
    """Return what a client gets that no object has: nothing, or where unknown machines boot, a program and a script.

    It has to name itself by its MAC. No file but a network boot program is anything for it.
    """
    reason = f"no Hardware object has {asked.who}"
    mac = parse_mac(asked.who)
    if context.for_unknown is None or mac is None:
        return Refusal(reason, missing=True)
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
    if asked.name in {link.file for name in first for link in chain_of(name)}:
        return BootFile(reason, asked.name)
    return Refusal(f"{reason}, and this is no boot program", missing=True)


def decide_next(nic: Nic, asked: Asked, context: BootContext) -> BootFile | Refusal:
    """Return what the client on ``nic`` is told to load next."""
    interface, verdict, way = nic.interface, judge(nic), nic.machine.local_boot
    # Once, too: the iPXE that the object names would else be told to load itself for ever.
    if is_preset(interface) and not (asked.program in _IPXE and context.has_program):
        reason = "tftp_server_name and boot_file_name of the object say what to boot"
        name = interface.boot_file_name
        return BootFile(reason, name, server=interface.tftp_server_name, tftp_name=name)
    if asked.program is Program.OS:
        return Refusal("an operating system gets its lease, and nothing to boot", verdict.allowed)
    how, reason = How.DEFAULT if verdict.allowed else way.how, _reason(verdict, way)
    if how is How.LEASE:
        return Refusal(reason, bare=True)
    machine = dashed(interface.mac)
    oddity = oddity_of(asked.program.name, asked.arches, interface.mac)
    arches = asked.arches if oddity is None or oddity.arch is None else (oddity.arch,)
    name = interface.netboot.ipxe_binary or arch.boot_file(arches, context.arch_map)
    if asked.program in _IPXE:
        wanted = bool(interface.netboot.ipxe_binary) or (oddity is not None and oddity.program_first)
        # Once: whoever was told so a moment ago is that program, and would be told so for ever.
        if not (wanted and name and verdict.allowed) or context.has_program:
            return _script_file(asked.program, machine, reason, verdict, context)
    by_url = bool(name) and asked.program is Program.HTTP
    url = f"{_firmware_base(nic, context)}{FIRMWARE_PATH}/{machine}/{name}" if by_url else ""
    if not verdict.allowed and (how not in _BY_FILE or not name):
        return Refusal(reason, url=url)
    if not name:
        named = arch.describe(arches[0] if arches else None)
        return Refusal(f"there is no network boot program for {named}", netboot=True)
    reason = reason if not verdict.allowed else f"{_LOADERS[asked.program]} loads {in_words(name)}"
    return BootFile(reason, name, url, netboot=verdict.allowed, tftp_name="" if url else f"{machine}/{name}")


def _script_file(program: Program, machine: str, reason: str, verdict: Verdict, context: BootContext) -> BootFile:
    """Return the script as iPXE is to load it.

    Also where netboot is off: the script then says to boot the disk, which works on every firmware.
    """
    if program is Program.IPXE:
        url = f"{context.http_base}/{machine}/{SCRIPT_NAME}"
        return BootFile(reason, SCRIPT_NAME, url, netboot=verdict.allowed)
    name = f"{machine}/{TFTP_SCRIPT_NAME}"
    return BootFile(reason, TFTP_SCRIPT_NAME, netboot=verdict.allowed, tftp_name=name)


def _firmware_base(nic: Nic, context: BootContext) -> str:
    """Return the start of the URLs that firmware is given: https only where somebody says that it trusts bootd.

    Firmware without TLS, or without the certificate's authority, loads nothing from such a URL.
    """
    own = nic.machine.https_boot
    wanted = context.https_boot if own is None else own
    return context.https_base if wanted and context.https_base else context.http_base


def _reason(verdict: Verdict, way: LocalBoot) -> str:
    """Return why, with the way to its disk that the object of a machine has whose netboot is off."""
    return (
        verdict.reason
        if verdict.boot is not Boot.LOCAL or not str(way)
        else f"{verdict.reason}, and its way to the disk is {way}"
    )


def is_preset(interface: Interface) -> bool:
    """Return whether the object itself names the boot file; the CRD wants both fields or none.

    A netboot that is not mentioned doesn't forbid it, one that is switched off does.
    """
    netboot = interface.netboot
    off = netboot.allow_pxe is False or netboot.switched_off
    return bool(interface.tftp_server_name and interface.boot_file_name) and not off


def refuse_script(nic: Nic) -> Refusal | None:
    """Return why the iPXE of ``nic`` is to be told that it has no script, None where it has one."""
    verdict, way = judge(nic), nic.machine.local_boot
    if verdict.boot is not Boot.LOCAL or way.how is not How.NOT_FOUND:
        return None
    return Refusal(_reason(verdict, way), netboot=verdict.allowed, missing=True)


def decide_script(nic: Nic, context: BootContext, program: Program = Program.IPXE) -> Script | Wait:
    """Return what the machine of ``nic`` gets whose ``program``, iPXE or GRUB, asks for its script."""
    verdict, way = judge(nic), nic.machine.local_boot
    if verdict.boot is Boot.LOCAL:
        return Script(_reason(verdict, way), LocalDisk(way), verdict.boot.value)
    if context.waits_for:
        return Wait(f"waits for {context.waits_for}", context.waits_for)
    try:
        boots = _boots(nic, verdict, context)
    except fields.FieldError as error:
        boots = Unusable(str(error))
    differs = contradiction(nic, context.cpu) if isinstance(boots, KernelBoot) and boots.cpu else ""
    reason = f"{verdict.reason}, but {differs}" if differs else verdict.reason
    if program is Program.GRUB and (problem := _obstacle_to_grub(boots)):
        boots = Unusable(problem)
    kind = installer_of(nic.machine).name if verdict.boot is Boot.INSTALLER else verdict.boot.value
    return Script(reason, boots, kind, context.asked_cpu or bool(context.cpu))


def kind_of(script: Script | Wait) -> str:
    """Return what ``script`` has the machine do, in a word: ``wait``, ``local_disk`` or ``script``."""
    if isinstance(script, Wait):
        return "wait"
    return "local_disk" if isinstance(script.boots, LocalDisk) else "script"


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
