# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a network boot program loads next, told from its name: which chain a machine takes. Pure.

The names are those that the programs have compiled in, so a chain works under no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class ProgramKind(Enum):
    """What a boot program is."""

    SHIM = "shim"  # starts the next program, which is signed for it, and its kernel
    GRUB = "GRUB"  # asks for its configuration
    IPXE = "iPXE"  # asks by DHCP, then for its script


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One program of a chain: the file, and beside it what it loads next, "" for none.

    ``optional`` are files that it asks for and goes on without.
    """

    kind: ProgramKind
    file: str
    next: str = ""
    optional: tuple[str, ...] = ()


_ARCH = r"(?P<arch>x64|aa64|ia32|riscv64|loongarch64)"
# The first that fits counts.
_PROGRAMS: tuple[tuple[re.Pattern[str], ProgramKind, str, str], ...] = (
    # iPXE's shim: the name of its second stage is its own without "-shim" and the architecture
    # (https://github.com/ipxe/shim, https://ipxe.org/appnote/secureboot).
    (re.compile(rf"(?P<base>.+)-shim{_ARCH}?\.efi"), ProgramKind.SHIM, "{base}.efi", ""),
    # rhboot/shim, Make.defaults: DEFAULT_LOADER is grub$(ARCH_SUFFIX).efi, MMNAME mm$(ARCH_SUFFIX).efi.
    (re.compile(rf"shim{_ARCH}\.efi"), ProgramKind.SHIM, "grub{arch}.efi", "mm{arch}.efi"),
    # SUSE builds shim with DEFAULT_LOADER=grub.efi and MokManager.efi.
    (re.compile(r"shim\.efi"), ProgramKind.SHIM, "grub.efi", "MokManager.efi"),
    (re.compile(r"grub.*\.efi"), ProgramKind.GRUB, "", ""),
)
# shim, Makefile and netboot.c: it goes on without these (16.0 has two names more than 15.8).
_OF_SHIM = re.compile(r"(?:revocations(?:_[a-z]+)?|shim_certificate(?:_[0-9]+)?)\.efi")
# The names under which iPXE is built and handed on; NAME.ipxe is a script, and gpxelinux.0 another program.
_OF_IPXE = re.compile(r".*(?:(?<!\.)[ig]pxe(?!linux)|snponly|undionly).*|.*\.k{1,3}pxe")
# GRUB reads these lists of modules and translations where it finds them (normal/autofs.c, dyncmd.c, crypto.c, term.c;
# gettext/gettext.c), and its fonts.
_OF_GRUB = re.compile(r"(?:command|fs|crypto|terminal|partmap|parttool|video)\.lst|[A-Za-z@_.-]+\.mo(?:\.gz)?|.+\.pf2")


def is_optional(name: str) -> bool:
    """Return whether ``name``, a path, is a file that shim or GRUB asks for as a matter of course, and does without."""
    file = name.rpartition("/")[2]
    return bool(_OF_SHIM.fullmatch(file) or _OF_GRUB.fullmatch(file))


def names_ipxe(name: str) -> bool:
    """Return whether the boot program ``name``, a path or URL, goes by a name of iPXE's own."""
    return bool(_OF_IPXE.fullmatch(name.rpartition("/")[2].lower()))


def link_of(name: str) -> ChainLink:
    """Return what the boot program ``name``, a path, is; what is not known is taken for iPXE."""
    directory, slash, file = name.rpartition("/")
    for pattern, kind, following, optional in _PROGRAMS:
        found = pattern.fullmatch(file.lower())
        if found is None:
            continue
        parts = {key: value or "" for key, value in found.groupdict().items()}
        beside = f"{directory}{slash}"
        return ChainLink(
            kind,
            name,
            f"{beside}{following.format(**parts)}" if following else "",
            (f"{beside}{optional.format(**parts)}",) if optional else (),
        )
    return ChainLink(ProgramKind.IPXE, name)


def chain_of(name: str) -> Iterator[ChainLink]:
    """Yield the programs that are loaded one after the other, beginning with ``name``."""
    while name:
        link = link_of(name)
        yield link
        name = link.next


@lru_cache(maxsize=1024)
def in_words(name: str) -> str:
    """Return for people what the program ``name`` leads to: for one that is none of a chain its name alone."""
    links = list(chain_of(name))
    if [link.kind for link in links] in ([], [ProgramKind.IPXE]):
        return name
    words = ", which starts ".join(f"{link.file} ({link.kind.value})" for link in links)
    return f"{words}, which asks for its {'configuration' if links[-1].kind is ProgramKind.GRUB else 'script'}"
