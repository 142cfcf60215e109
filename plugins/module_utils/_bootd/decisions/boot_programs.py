# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The network boot programs that the machines of a catalog will ask for, as far as their firmware is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..hardware.local_boot import BY_IPXE
from ..hardware.model import Interface, Machine, Nic
from . import architectures as arch
from .boot import Asked, BootContext, BootFile, Program, Wants, decide_next
from .stages import State

# What ``dhcp.arch`` and ``dhcp.uefi`` of an object are in option 93.
_HINTS = {True: "uefi", False: "bios", None: ""}
_X64, _ARM64 = ("x86_64", "amd64"), ("aarch64", "arm64")
_ARCHITECTURES: Mapping[tuple[str, str], int] = {
    **{(name, "bios"): arch.X86_BIOS for name in _X64},
    **{(name, "uefi"): arch.X64_UEFI for name in _X64},
    **{(name, "uefi"): arch.ARM64_UEFI for name in _ARM64},
    **{(name, ""): arch.ARM64_UEFI for name in _ARM64},
}


@dataclass(frozen=True, slots=True)
class WantedProgram:
    """The boot program ``name`` that PXE firmware of ``arch`` (option 93) is told to load, "" where there is none.

    ``machines`` are the names of those that will load it.
    """

    arch: int
    name: str
    machines: tuple[str, ...]


def all_programs(arch_map: Mapping[int, str]) -> dict[str, tuple[int, ...]]:
    """Return every program that firmware of some architecture is told to load, with the architectures it is for."""
    found: dict[str, list[int]] = {}
    for number in sorted({*arch.DEFAULT_FILES, *arch_map}):
        if name := arch.boot_file([number], arch_map):
            found.setdefault(name, []).append(number)
    return {name: tuple(numbers) for name, numbers in found.items()}


def wanted_programs(
    machines: Iterable[Machine], states: Mapping[str, State], arch_map: Mapping[int, str]
) -> list[WantedProgram]:
    """Return the programs that ``machines`` will be told to load; those of unknown firmware are left out.

    What a machine's firmware was seen to be, by ``states``, counts more than the hint in its object.
    """
    groups: dict[tuple[int, str, str], list[str]] = {}
    samples: dict[tuple[int, str, str], Nic] = {}
    for machine in machines:
        for interface in machine.interfaces:
            netboot = interface.netboot
            if (netboot.allow_pxe is not True or netboot.switched_off) and machine.local_boot.how not in BY_IPXE:
                continue
            state = states.get(machine.key)
            number = architecture_of(interface, state.firmware if state else "")
            if number is not None:
                # All that the answer depends on: of ten thousand machines only a few are decided about.
                group = (number, netboot.ipxe_binary, interface.tftp_server_name and interface.boot_file_name)
                if group not in groups:
                    groups[group], samples[group] = [], Nic(machine, interface)
                groups[group].append(machine.name)
    found: dict[tuple[int, str], list[str]] = {}
    for group, names in groups.items():
        number = group[0]
        told = decide_next(
            samples[group], Asked(Wants.NEXT, Program.PXE, (number,)), BootContext("", arch_map=arch_map)
        )
        if isinstance(told, BootFile) and told.server:
            continue  # another server has it
        name = told.name if isinstance(told, BootFile) else ""
        found.setdefault((number, name), []).extend(names)
    return [WantedProgram(number, name, tuple(sorted(names))) for (number, name), names in sorted(found.items())]


def architecture_of(interface: Interface, seen: str) -> int | None:
    """Return the architecture (option 93) of PXE firmware on ``interface``, None where it is not known.

    ``seen`` is "uefi" or "bios" as the machine's firmware was seen to be, "" where it was not.
    """
    return _ARCHITECTURES.get((interface.arch, seen or _HINTS[interface.uefi]))


def own_architecture(interface: Interface, seen: str) -> int:
    """Return ``architecture_of``; where the processor is not known that of x86, and UEFI where the firmware is not."""
    known = architecture_of(interface, seen)
    if known is not None:
        return known
    return arch.X86_BIOS if (seen or _HINTS[interface.uefi]) == "bios" else arch.X64_UEFI
