# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The names of processor architectures: the ones that objects, files and iPXE have for one and the same.

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
# iPXE). For legacy BIOS there is no other iPXE than for i386, also on machines with 64 bits.
IPXE_BUILDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {X86_64: ("x86_64", "i386"), AARCH64: ("arm64",), RISCV64: ("riscv64",), LOONGARCH64: ("loong64",)}
)
_NAME = re.compile("[a-z0-9_]{1,16}")
_BY_NAME = {
    alias: name
    for name in DEBIAN_NAMES
    for alias in (name, DEBIAN_NAMES[name], *IPXE_BUILDS[name])
    if alias != "i386"  # who writes that means another processor
}


def cpu_called(name: str) -> str:
    """Return the architecture that is called ``name`` by anybody, "" where it is none of these."""
    return _BY_NAME.get(name, "")


def cpu_of_build(build: str) -> str:
    """Return the architecture of a machine in which an iPXE that was built for ``build`` runs.

    That is ``build`` itself where it is none of these, and "" where it can't be a name at all.
    """
    found = next((name for name, builds in IPXE_BUILDS.items() if build in builds), build)
    return found if _NAME.fullmatch(found) else ""
