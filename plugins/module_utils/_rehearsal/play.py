# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine's boot, played step by step: what it is told, it asks for, and what comes is looked at.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions import architectures as arch
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.boot import SCRIPT_NAME, Program
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.boot_chains import (
    ProgramKind,
    link_of,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.events import Via
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import encode
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.grub.names import OF_CPU
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.cpu import GRUB_CPUS, IPXE_BUILDS
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import split_mac
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.dhcp import Discovery
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.http import HttpProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.tftp import TftpProblem
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal import steps
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.file_kinds import program_kind
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import IPXE, Bootd, Intended
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.offers import Told, judge, told_by
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.script import Asks, follow
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.steps import Step
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Wire

MAX_PROGRAMS = 3  # that ask by DHCP one after the other, until it is a loop
SCRIPT_ENDING = ".ipxe"
GRUB_CONFIGURATION = "grub/grub.cfg"
_HTTP_OF_GRUB = b"HTTP/1.1"  # what a GRUB has in it that can load from URLs
_PROGRAM_REMEDY = "put it into a directory of bootd_boot_files, or name another in netboot_ipxe or bootd_arch_map"
_PROGRAM_OF_INVENTORY = "see netboot_ipxe of the machine: it may name no program that is iPXE already"
_NAME_OF_ANOTHER = (
    "have the network's DHCP server name one that bootd has, by the architecture of each machine, as "
    "docs/beside-a-dhcp-server.md shows for each server"
)
_SCRIPT_OF_ANOTHER = (
    "have the network's DHCP server know iPXE by its user class and have it load its script instead, as "
    "docs/beside-a-dhcp-server.md shows for each server"
)
_FAULTS = (HttpProblem, TftpProblem)


class Play:
    """The boot of one machine. ``steps`` are those so far, ``leads`` what it has come to, "" as long as to nothing.

    ``asks`` is the kind of client that asks by DHCP next, "" for none.
    """

    def __init__(self, machine: Intended, bootd: Bootd, wire: Wire, checksums: Mapping[str, str]) -> None:
        self.machine, self.steps, self.leads = machine, list[Step](), ""
        self.asks = machine.kind
        self._bootd, self._wire, self._checksums = bootd, wire, checksums
        self._programs = 0
        self._next_server = ""

    @property
    def discovery(self) -> Discovery:
        """The DHCPDISCOVER that comes next."""
        extra: tuple[tuple[int, bytes], ...] = ()
        if self.asks == IPXE:
            number = arch.X86_BIOS if not self.machine.is_uefi else arch.X64_UEFI
            number = arch.ARM64_UEFI if self.machine.cpu == "aarch64" else number
            vendor_class = f"PXEClient:Arch:{number:05d}:UNDI:003010".encode()
            extra = ((opt.CLIENT_ARCHITECTURE, number.to_bytes(2, "big")), (opt.VENDOR_CLASS, vendor_class))
        return Discovery(self.machine.mac, self.asks, extra=extra)

    def take(self, discovery: Discovery, answers: list[Answer]) -> None:
        """Go on with what was offered, until the machine asks by DHCP again or has come to an end."""
        name = f"DHCP as {self.asks}"
        again = bool(self._programs)
        told, found = judge(name, self.machine, discovery.message(), answers, self._bootd, again=again)
        self.steps += found
        self._next_server = told.next_server
        asked, self.asks = self.asks, ""
        if told.asks_again:
            told = self._ask_proxy(asked)
        if not told.answered:
            return
        if not told.file:
            self._told_nothing(name)
        elif not told.leads_to(self._bootd):
            self._elsewhere(name, told)
        elif told.file.endswith(SCRIPT_ENDING):
            self._script(told)
        else:
            self._load_program(told)

    def _ask_proxy(self, kind: str) -> Told:
        name, began = "DHCP port 4011", time.monotonic()
        answer = self._wire.ask_proxy(self._bootd.address, kind, self.machine.mac)
        seconds = time.monotonic() - began
        if answer is None:
            self._error(
                name,
                "no answer",
                expected="an acknowledgement that names the file to load",
                remedy="let UDP port 4011 of bootd's host through, and see that no other process has it",
                who=steps.NODE,
                seconds=seconds,
            )
            return Told()
        told = told_by(answer, self._bootd.address)
        self._ok(name, f"loads {told.file or 'nothing'} from {told.server}", seconds, len(encode(answer)))
        return Told(told.file, told.server, answered=True)

    def _told_nothing(self, name: str) -> None:
        machine = self.machine
        if not machine.boots or machine.is_installed:
            self._to_disk(name)
            return
        reason = str(machine.seen.get("reason", "")) or "bootd does not say why"
        self._error(
            name,
            f"nothing to boot: {reason}",
            expected="a boot program, since allowPXE of the inventory's object is true",
            remedy=f"{steps.WRITE_OBJECTS}; or set netboot_allow_pxe: false in the inventory",
            who=steps.INVENTORY,
        )

    def _to_disk(self, name: str) -> None:
        installed = self.machine.is_installed and self.machine.boots
        why = "it is installed, so bootd has switched netboot off" if installed else "as its object has it"
        self.steps.append(Step(name, steps.NOTE if installed else steps.OK, f"goes on to its disk: {why}"))
        self.leads = steps.DISK

    def _elsewhere(self, name: str, told: Told) -> None:
        interface = self.machine.nic.interface
        where = told.file if told.by_url else f"{told.file} from {told.server}"
        if told.server == interface.tftp_server_name and told.file == interface.boot_file_name:
            self.steps.append(Step(name, steps.NOTE, f"loads {where}, as its object says; it is not followed"))
            self.leads = steps.BOOTS
            return
        self._error(
            name,
            f"loads {where}",
            expected=f"a file of bootd, {self._bootd.address}",
            remedy="see which server says so, or tftp_server_name and boot_file_name of the object",
            who=steps.NETWORK,
        )

    def _load_program(self, told: Told) -> None:
        """Load the program, and those that it loads, up to the one that asks for its script or its configuration."""
        self._programs += 1
        if self._programs > MAX_PROGRAMS:
            self._error(
                f"load {_last(told.file)}",
                "programs load each other in a loop",
                expected="a script after the first program",
                remedy=_SCRIPT_OF_ANOTHER if told.by_another else _PROGRAM_OF_INVENTORY,
                who=steps.NETWORK if told.by_another else steps.INVENTORY,
            )
            return
        name: str = told.file
        while name:
            content = self._load(told, name)
            if content is None:
                return
            link = link_of(name)
            if link.kind is ProgramKind.GRUB:
                self._grub(told, content)
                return
            name = link.next
        self.asks = IPXE

    def _load(self, told: Told, name: str) -> bytes | None:
        """Return the program ``name`` where it can be loaded and started; else say what is wrong, and None."""
        machine, by = self.machine, "HTTP" if told.by_url else "TFTP"
        step = f"{by} {_last(name)}"
        shared = name.replace(f"/{machine.path}/", "/") if told.by_url else (split_mac(name)[1] or name)
        remedy, who = (_NAME_OF_ANOTHER, steps.NETWORK) if told.by_another else (_PROGRAM_REMEDY, steps.NODE)
        try:
            if told.by_url:
                whole, seconds, octets = self._wire.program_by_http(name, shared)
            else:
                whole, seconds, octets = self._wire.program(told.server, name, shared)
        except _FAULTS as error:
            self._error(step, str(error), expected="the boot program", remedy=remedy, who=who)
            return None
        kind = program_kind(whole.content, machine.cpu, uefi=machine.is_uefi)
        if kind.wrong:
            self._error(step, f"{kind.wrong}", f"a boot program for {machine.kind}", remedy, who, seconds)
            return None
        self._ok(step, f"{kind.what}, {len(whole.content)} octets", seconds, octets)
        return whole.content

    def _grub(self, told: Told, program: bytes) -> None:
        """Read the configuration of the GRUB ``program``, which it has the way by which it was loaded itself."""
        machine, can_http = self.machine, _HTTP_OF_GRUB in program
        via: Via = "http" if told.by_url else "tftp"
        step = f"{via.upper()} {_last(GRUB_CONFIGURATION)}"
        if via == "http" and not can_http:
            self._error(
                step,
                "this GRUB has no module for HTTP, so that it stays at its prompt",
                "a GRUB that has one, or firmware that boots by TFTP",
                "name another program in netboot_ipxe, or set the firmware to PXE",
                steps.NODE,
            )
            return
        server = self._next_server or told.server
        if via == "tftp" and server != self._bootd.address:
            self._error(
                step,
                f"the lease has the next server {server}, and GRUB reads no offer but the lease's",
                self._bootd.address,
                f"tell the DHCP server of the network, as in dnsmasq by dhcp-boot=,,{self._bootd.address}",
                steps.NETWORK,
            )
            return
        names = GRUB_CPUS.get(machine.cpu, ("",))
        cpu = names[0] if machine.is_uefi else names[-1]
        base = f"{self._bootd.http_base}/" if via == "http" else f"tftp://{self._bootd.address}/"
        own = f"{base}{machine.path}/"
        self._follow(Asks(Program.GRUB, via, own + GRUB_CONFIGURATION, f"{own}{OF_CPU}{cpu}", cpu, can_http=can_http))

    def _script(self, told: Told) -> None:
        machine = self.machine
        builds = IPXE_BUILDS.get(machine.cpu, ("",))
        build = builds[0] if machine.is_uefi else builds[-1]
        url = told.file if told.by_url else f"tftp://{told.server}/{told.file}"
        again = f"{self._bootd.http_base}/{machine.path}/{SCRIPT_NAME}?arch={build}"
        self._follow(Asks(Program.IPXE, "http" if told.by_url else "tftp", url, again, build, can_http=True))

    def _follow(self, asks: Asks) -> None:
        found, self.leads = follow(self.machine, asks, self._bootd, self._wire, self._checksums)
        self.steps += found

    def _ok(self, name: str, what: str, seconds: float = 0.0, octets: int = 0) -> None:
        self.steps.append(Step(name, steps.OK, what, seconds, octets))

    def _error(self, name: str, what: str, expected: str, remedy: str, who: str, seconds: float = 0.0) -> None:
        self.steps.append(Step(name, steps.ERROR, what, seconds, 0, expected, remedy, who))


def _last(name: str) -> str:
    return re.split("[?#]", name, maxsplit=1)[0].rpartition("/")[2] or name
