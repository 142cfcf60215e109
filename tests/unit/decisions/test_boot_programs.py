# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot programs the machines of a catalog will ask for."""

from __future__ import annotations

import pytest

from _bootd.decisions import architectures
from _bootd.decisions.boot_programs import WantedProgram, wanted_programs
from _bootd.decisions.stages import State
from _bootd.hardware.model import Interface, Machine, Netboot

ON = Netboot(allow_pxe=True)


def machine(name: str = "a", **interface: object) -> Machine:
    return Machine(name, "tink-system", (Interface("02:00:00:00:00:01", "10.0.0.1", **{"netboot": ON, **interface}),))


def wanted(*machines: Machine, seen: str = "", arch_map: dict[int, str] | None = None) -> list[WantedProgram]:
    states = {machine.key: State(firmware=seen) for machine in machines if seen}
    return wanted_programs(machines, states, arch_map or {})


@pytest.mark.parametrize(
    ("arch", "uefi", "seen", "number"),
    [
        ("x86_64", True, "", 7),
        ("x86_64", False, "", 0),
        ("x86_64", False, "uefi", 7),  # what was seen counts more than what was written
        ("x86_64", None, "bios", 0),
        ("aarch64", True, "", 11),
        ("arm64", None, "", 11),
    ],
)
def test_wanted_programs_is_the_default_of_the_architecture(arch, uefi, seen, number):
    name = architectures.boot_file([number], {})
    assert wanted(machine(arch=arch, uefi=uefi), seen=seen) == [WantedProgram(number, name, ("a",))]


@pytest.mark.parametrize(("arch", "uefi"), [("x86_64", None), ("", True), ("", None), ("riscv64", True)])
def test_wanted_programs_says_nothing_of_firmware_that_is_not_known(arch, uefi):
    assert wanted(machine(arch=arch, uefi=uefi)) == []


@pytest.mark.parametrize(
    "about",
    [
        {"netboot": Netboot()},
        {"netboot": Netboot(allow_pxe=False)},
        {"netboot": Netboot(allow_pxe=True, switched_off=True)},
        {"tftp_server_name": "10.0.0.9", "boot_file_name": "pi.elf"},
    ],
)
def test_wanted_programs_of_machines_that_load_none_from_here(about):
    assert wanted(machine(arch="aarch64", **about)) == []


def test_wanted_programs_names_all_machines_of_one_program():
    found = wanted(machine("a", arch="aarch64"), machine("b", arch="x86_64", uefi=True), machine("c", arch="aarch64"))
    assert [(program.arch, program.machines) for program in found] == [(7, ("b",)), (11, ("a", "c"))]


def test_wanted_programs_follows_the_settings_and_the_object():
    assert wanted(machine(arch="aarch64"), arch_map={11: "own.efi"})[0].name == "own.efi"
    assert wanted(machine(arch="aarch64"), arch_map={11: ""})[0].name == ""
    named = Netboot(allow_pxe=True, ipxe_binary="mine.efi")
    assert wanted(machine(arch="aarch64", netboot=named), arch_map={11: ""})[0].name == "mine.efi"
