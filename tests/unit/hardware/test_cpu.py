# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of processors, each with where it stands. A name in the tables that has no source here fails."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.hardware import cpu

# (architecture, the other's name for it) -> where that stands.
DEBIAN = {
    ("x86_64", "amd64"): "https://wiki.debian.org/SupportedArchitectures",
    ("aarch64", "arm64"): "https://wiki.debian.org/SupportedArchitectures",
    ("riscv64", "riscv64"): "https://wiki.debian.org/SupportedArchitectures",
    # dpkg, data/cputable: "loong64  loongarch64  loongarch64  64  little"
    ("loongarch64", "loong64"): "dpkg, data/cputable",
}
IPXE = {
    ("x86_64", "x86_64"): "https://ipxe.org/cfg/buildarch",
    # Its notes: what is built for i386 may run on a machine with 64 bits. That is how it is shipped for legacy BIOS.
    ("x86_64", "i386"): "https://ipxe.org/cfg/buildarch",
    ("aarch64", "arm64"): "https://ipxe.org/cfg/buildarch",
    # ARCH, which buildarch is made of, names a directory: src/arch/riscv64, src/arch/loong64.
    ("riscv64", "riscv64"): "iPXE, src/Makefile.housekeeping",
    ("loongarch64", "loong64"): "iPXE, src/Makefile.housekeeping",
}
GRUB = {
    # $grub_cpu is GRUB_TARGET_CPU (grub-core/normal/main.c), which is target_cpu: arm64 for aarch64*.
    ("x86_64", "x86_64"): "GRUB, configure.ac",
    ("x86_64", "i386"): "GRUB, configure.ac",  # x86_64 with the platform pc, which is legacy BIOS, is i386
    ("aarch64", "arm64"): "GRUB, configure.ac",
    ("riscv64", "riscv64"): "GRUB, configure.ac",
    ("loongarch64", "loongarch64"): "GRUB, configure.ac",
}
# What ``uname -m`` says: UTS_MACHINE, arch/*/Makefile of Linux; for the last two its arch/*/Makefile by 64BIT.
UNAME = {"x86_64", "aarch64", "riscv64", "loongarch64"}


def rows(table: Mapping[str, str | tuple[str, ...]]) -> set[tuple[str, str]]:
    """The pairs of a table that has one name or several for an architecture."""
    return {
        (name, other) for name, others in table.items() for other in ((others,) if isinstance(others, str) else others)
    }


@pytest.mark.parametrize(
    ("table", "sources"), [(cpu.DEBIAN_NAMES, DEBIAN), (cpu.IPXE_BUILDS, IPXE), (cpu.GRUB_CPUS, GRUB)]
)
def test_each_name_has_a_source(table, sources):
    assert rows(table) == set(sources)
    assert set(table) == UNAME


@pytest.mark.parametrize(("name", "other"), sorted({**DEBIAN, **IPXE, **GRUB}))
def test_each_name_is_read(name, other):
    assert cpu.cpu_called(name) == name
    # Who writes i386 means a processor of 32 bits. Only a program that says it is built for it may be on any.
    assert cpu.cpu_called(other) == ("" if other == "i386" else name)


@pytest.mark.parametrize(("name", "other"), sorted({**IPXE, **GRUB}))
def test_what_a_program_was_built_for_tells_where_it_runs(name, other):
    assert cpu.cpu_of_build(other) == name


@pytest.mark.parametrize("name", ["", "i386", "x86", "X86_64", "arm", "armv7l", "sparc", "ppc64le", "amd64 "])
def test_other_names_are_none_of_these(name):
    assert cpu.cpu_called(name) == ""


@pytest.mark.parametrize("build", ["arm32", "sparc64", "mips64el", "arm"])
def test_other_builds_are_taken_at_their_word(build):
    assert cpu.cpu_of_build(build) == build


@given(st.text(st.sampled_from("aA0_-./'$ \n\0é"), max_size=20) | st.text(max_size=20))
def test_what_can_be_no_name_is_none(build):
    """It becomes a part of a file's name."""
    found = cpu.cpu_of_build(build)
    assert found == "" or (found.isascii() and found.replace("_", "a").isalnum() and len(found) <= 16)
