# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Firmware and iPXE that do not do what they say, or can't do what is asked of them: a table, each row with its source.

A row is here only where something else is sent because of it. ``boot`` asks ``oddity_of`` and does what the row says.
"""

from __future__ import annotations

from dataclasses import dataclass

from .architectures import RASPBERRY_PI, X86_BIOS


@dataclass(frozen=True, slots=True)
class Oddity:
    """One kind of client, told by the ``programs`` it may be, as ``boot.Program`` names them, and by the rest.

    ``ouis`` are the first three octets of its MAC, ``says`` the architecture (option 93) that it names; none of them
    given: any. ``arch`` is the architecture that it has in truth. ``program_first``: it needs a boot program, an iPXE
    that can do what its script asks for, before it is given that.
    """

    name: str
    source: str
    programs: frozenset[str]
    ouis: frozenset[str] = frozenset()
    says: int | None = None
    arch: int | None = None
    program_first: bool = False


ODDITIES = (
    Oddity(
        "the boot ROM of a Raspberry Pi, which says that it is an x86 BIOS",
        "https://github.com/raspberrypi/firmware/issues/1928, https://github.com/raspberrypi/rpi-eeprom/issues/182",
        programs=frozenset({"PXE"}),
        ouis=frozenset({"28:cd:c1", "2c:cf:67", "b8:27:eb", "d8:3a:dd", "dc:a6:32", "e4:5f:01"}),
        says=X86_BIOS,
        arch=RASPBERRY_PI,
    ),
    Oddity(
        "iPXE that lists no HTTP",
        "https://github.com/cobbler/cobbler/issues/360, https://ipxe.org/howto/dhcpd (option 175, sub-option 19)",
        programs=frozenset({"IPXE_BY_TFTP"}),
        program_first=True,
    ),
    Oddity(
        "gPXE, which runs no script of iPXE",
        "https://github.com/ipxe/ipxe/blob/master/src/image/script.c: gPXE knows only the first line #!gpxe",
        programs=frozenset({"GPXE"}),
        program_first=True,
    ),
)


def oddity_of(program: str, arches: tuple[int, ...], mac: str) -> Oddity | None:
    """Return the row for a client, None for one that is as it says.

    ``program`` is its name in ``boot.Program``, ``arches`` are the architectures that it names, the most wanted first,
    ``mac`` is in lower-case colon form.
    """
    for row in ODDITIES:
        fits = row.says is None or arches[:1] == (row.says,)
        if program in row.programs and fits and (not row.ouis or mac[:8] in row.ouis):
            return row
    return None
