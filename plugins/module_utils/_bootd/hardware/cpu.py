# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The names of processor architectures: the ones that objects, files, iPXE and GRUB have for one and the same.

The first names are those of ``uname -m``, which Hardware objects and Tinkerbell's files have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

X86_64, AARCH64, RISCV64, LOONGARCH64 = "x86_64", "aarch64", "riscv64", "loongarch64"

# Debian's (https://wiki.debian.org/SupportedArchitectures).
DEBIAN_NAMES: Mapping[str, str] = MappingProxyType(
    {X86_64: "amd64", AARCH64: "arm64", RISCV64: "riscv64", LOONGARCH64: "loong64"}
)
# What iPXE was built for that runs on it (https://ipxe.org/cfg/buildarch; the last two: src/Makefile.housekeeping of
# iPXE). For legacy BIOS distributions ship the one for i386, also for machines with 64 bits.
IPXE_BUILDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {X86_64: ("x86_64", "i386"), AARCH64: ("arm64",), RISCV64: ("riscv64",), LOONGARCH64: ("loong64",)}
)
# What GRUB says as $grub_cpu that runs on it: target_cpu of its configure.ac, where x86_64 on legacy BIOS is i386.
GRUB_CPUS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {X86_64: ("x86_64", "i386"), AARCH64: ("arm64",), RISCV64: ("riscv64",), LOONGARCH64: ("loongarch64",)}
)
_NAME = re.compile("[a-z0-9_]{1,16}")
_BY_NAME = {
    alias: name
    for name in DEBIAN_NAMES
    for alias in (name, DEBIAN_NAMES[name], *IPXE_BUILDS[name], *GRUB_CPUS[name])
    if alias != "i386"  # who writes that means another processor
}


def cpu_called(name: str) -> str:
    """Return the architecture that is called ``name`` by anybody, "" where it is none of these."""
    return _BY_NAME.get(name, "")


def cpu_of_build(build: str) -> str:
    """Return the architecture of a machine in which an iPXE or a GRUB that was built for ``build`` runs.

    That is ``build`` itself where it is none of these, and "" where it can't be a name at all.
    """
    if not build:
        return ""
    found = next((name for name in IPXE_BUILDS if build in (*IPXE_BUILDS[name], *GRUB_CPUS[name])), build)
    return found if _NAME.fullmatch(found) else ""
