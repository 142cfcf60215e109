# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory wants of a machine: its Hardware object, and what bootd's own decisions make of it. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions import architectures as arch
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.boot import (
    BootContext,
    Chain,
    Contents,
    Program,
    Script,
    Wait,
    decide_script,
    is_preset,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.boot_programs import own_architecture
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.events import Via
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.grub_limits import kernel_word
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import Modes
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.policy import judge
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.decide import Answer, decide
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import Packet
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.reply import Context
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.grub.words import Files
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.clashes import clashes
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import dashed
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.manifest import Document
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    Interface,
    Machine,
    Nic,
    boot_interface,
    machine_from_object,
    text_at,
    with_first,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.releases import (
    release_files,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.kernel_boot import KernelBoot
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.registry import installer_of
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.validation.objects import check_document

AUTO, IPXE = "auto", "ipxe"
CLIENTS = (AUTO, "bios", "uefi", "uefi-http", "arm64", "arm64-http", IPXE)
# Option 93 of what the machine is -> the kind of client.
_KINDS = {
    arch.X86_BIOS: "bios",
    arch.X64_UEFI: "uefi",
    arch.X64_UEFI_HTTP: "uefi-http",
    arch.ARM64_UEFI: "arm64",
    arch.ARM64_UEFI_HTTP: "arm64-http",
}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}
# What an object says of the lease, by name; what else there is, bootd's settings say.
_LEASE = {
    opt.SUBNET_MASK: "subnet mask",
    opt.ROUTER: "router",
    opt.DOMAIN_NAME_SERVER: "name servers",
    opt.HOST_NAME: "hostname",
    opt.DOMAIN_NAME: "domain name",
    opt.NTP_SERVERS: "time servers",
    opt.CLASSLESS_STATIC_ROUTE: "static routes",
}
_TEXTS = (opt.HOST_NAME, opt.DOMAIN_NAME)


@dataclass(frozen=True, slots=True)
class Bootd:
    """Where bootd is: its ``address``, and the start of its URLs without a slash at the end."""

    address: str
    http_base: str
    tftp_port: int = 69

    @property
    def context(self) -> Context:
        """What a decision about DHCP has to know of it."""
        return Context(self.address, self.http_base, self.address, "")


@dataclass(frozen=True, slots=True)
class Where:
    """Where a rehearsal asks: on an ``interface`` with its ``networks``, beside a bootd with these DHCP ``modes``."""

    interface: str = ""
    networks: tuple[IPv4Network, ...] = ()
    modes: Modes = field(default_factory=Modes)

    def has(self, address: str) -> bool:
        """Return whether a machine with ``address``, "" for no reserved one, is on this link, as far as is known."""
        return not address or not self.networks or any(IPv4Address(address) in own for own in self.networks)

    def mode_of(self, address: str) -> str:
        """Return the DHCP mode that a machine with ``address`` meets where it is: here, or behind a relay."""
        relay = "" if self.has(address) else address
        return self.modes.of_request(relay, self.interface, self.networks, address)


@dataclass(frozen=True, slots=True)
class Intended:
    """One machine of the inventory, as the ``kind`` of client that it is, with the architecture ``number``.

    ``seen`` is what bootd's API says of it, empty for nothing. ``mode`` is the DHCP mode that it meets, and ``is_here``
    whether it is on the link that is asked on.
    """

    nic: Nic
    kind: str
    number: int
    seen: Mapping[str, Any] = field(default_factory=dict)
    mode: str = ""
    is_here: bool = True

    @property
    def name(self) -> str:
        """The name of its object."""
        return self.nic.machine.name

    @property
    def mac(self) -> str:
        """The MAC of the card that it boots from."""
        return self.nic.interface.mac

    @property
    def path(self) -> str:
        """The MAC as it stands in what bootd hands out."""
        return dashed(self.mac)

    @property
    def cpu(self) -> str:
        """Its processor, as hardware.cpu names it."""
        return arch.CPUS.get(self.number, "")

    @property
    def is_uefi(self) -> bool:
        """Whether its firmware is UEFI."""
        return arch.firmware(self.number) == "uefi"

    @property
    def boots(self) -> bool:
        """Whether its object lets it boot from the network."""
        return judge(self.nic).allowed or is_preset(self.nic.interface)

    @property
    def is_installed(self) -> bool:
        """Whether bootd has seen its installation succeed, after which it switches netboot off."""
        return self.seen.get("stage") in ("installed", "ready")


def intended(
    document: Mapping[str, Any], client: str, seen: Iterable[Mapping[str, Any]], where: Where
) -> Intended | None:
    """Return the machine of a Hardware object, seen from ``where``; None where it has no card that could boot.

    ``client`` is one of CLIENTS, ``seen`` are the machines of bootd's API.
    """
    machine: Machine = machine_from_object(document)
    known = next((item for item in seen if _is_of(item, machine)), {})
    interface: Interface | None = boot_interface(with_first(machine, [str(known.get("mac", ""))]))
    if interface is None:
        return None
    own = own_architecture(interface, str(known.get("firmware", "")))
    number = _NUMBERS.get(client, own)
    kind = IPXE if client == IPXE else _KINDS.get(number, "uefi")
    address = interface.address
    return Intended(Nic(machine, interface), kind, number, known, where.mode_of(address), where.has(address))


def _is_of(item: Mapping[str, Any], machine: Machine) -> bool:
    return any(interface.mac == item.get("mac") for interface in machine.interfaces) and item.get("name") in (
        machine.name,
        "",
    )


def object_problems(documents: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, bool]]:
    """Return what is wrong with the objects: the name of the machine, words for people, and whether it can't boot so.

    That is so where two claim one MAC address, IP address or name. Whatever else is wrong with an object shows in what
    its machine is told.
    """
    given = [Document(dict(document), number=place) for place, document in enumerate(documents)]
    found = [(problem, False) for document in given for problem in check_document(document)]
    found += [(problem, True) for problem in clashes(given)]
    return [(problem.object.rpartition("/")[2], problem.what(), fatal) for problem, fatal in found if not problem.note]


def lease_differences(machine: Intended, request: Packet, offer: Packet, bootd: Bootd) -> list[tuple[str, str, str]]:
    """Return what ``offer`` to ``request`` has otherwise than the object: its name, what was to come, and what came."""
    wanted = decide(request, machine.nic, bootd.context)
    if not isinstance(wanted, Answer):
        return []
    found = []
    if offer.yiaddr != wanted.reply.yiaddr:
        found.append(("address", wanted.reply.yiaddr, offer.yiaddr))
    for code, name in _LEASE.items():
        expected, came = wanted.reply.options.get(code), offer.options.get(code)
        if expected != came:
            found.append((name, _shown(code, expected), _shown(code, came)))
    return found


def script_of(
    machine: Intended, program: Program, bootd: Bootd, configuration_url: str, waits_for: str = ""
) -> Script | Wait:
    """Return what the machine's script has to boot, where it is given ``configuration_url``, "" for none."""
    cpu = machine.cpu
    context = BootContext(bootd.http_base, configuration_url=configuration_url, cpu=cpu, asked_cpu=bool(cpu))
    nic = machine.nic
    on = replace(nic.interface, netboot=replace(nic.interface.netboot, switched_off=False))
    return decide_script(Nic(nic.machine, on), replace(context, waits_for=waits_for), program)


def kernel_of(script: Script | Wait) -> KernelBoot | None:
    """Return the kernel that ``script`` boots, None where it boots another way."""
    boots = script.boots if isinstance(script, Script) else None
    return boots if isinstance(boots, KernelBoot) else None


def names_of(machine: Intended, boots: KernelBoot, program: Program, via: Via, bootd: Bootd) -> tuple[str, ...]:
    """Return what ``program``, had ``via`` TFTP or HTTP, is to load of ``boots``: GRUB's files, else URLs."""
    urls = (boots.kernel, *(initrd.url for initrd in boots.initrds))
    if program is not Program.GRUB:
        return urls
    files = Files(machine.mac, via, bootd.address, bootd.http_base)
    return tuple(files.at(url) for url in urls)


def command_line(boots: KernelBoot, program: Program) -> str:
    """Return the command line of ``boots`` as ``program`` hands it over, with one space between two arguments."""
    arguments = boots.arguments
    if program is Program.GRUB:
        arguments = tuple(kernel_word(item) or "" for item in arguments if not item.startswith("initrd="))
    return " ".join(" ".join(arguments).split())


def own_script(script: Script | Wait) -> str:
    """Return what a script boots that is somebody's own, "" where it is bootd's."""
    boots = script.boots if isinstance(script, Script) else None
    if isinstance(boots, Chain):
        return boots.url
    return "netboot.ipxe.contents of the object" if isinstance(boots, Contents) else ""


def checksums_beside(machine: Intended, url: str) -> str:
    """Return where the checksums of the release are whose ISO is at ``url``, "" where it is none of a release."""
    system = ("instance", "operating_system")
    version = text_at(machine.nic.machine.metadata, *system, "version")
    directory, _slash, name = url.rpartition("/")
    try:
        files = release_files(version, "arm64" if machine.cpu == "aarch64" else "amd64")
    except ValueError:
        return ""
    return f"{directory}/{files['checksums']}" if name == files["iso"] else ""


def needs_configuration(machine: Intended, arguments: str) -> bool:
    """Return whether an installer would be started by ``arguments`` that has no configuration, and needs one."""
    return bool(installer_of(machine.nic.machine).configuration_argument) and not named_configuration(
        machine, arguments
    )


def named_configuration(machine: Intended, arguments: str) -> str:
    """Return where ``arguments`` say that the installer's configuration is, "" for nowhere."""
    argument = installer_of(machine.nic.machine).configuration_argument
    words = (word.partition("=") for word in arguments.split())
    return next((value for key, _equals, value in words if argument and key == argument), "")


def _shown(code: int, value: bytes | None) -> str:
    if value is None:
        return "none"
    if code in _TEXTS:
        return opt.text(value)
    if code == opt.CLASSLESS_STATIC_ROUTE:
        return value.hex()
    return ", ".join(".".join(map(str, value[start : start + 4])) for start in range(0, len(value), 4))
