# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""How a machine whose netboot is off gets to its disk: the annotation ``netboot.baremetal/local-boot``, in one word.

Firmware differs in what makes it go on to the next boot device; docs/how-a-machine-boots.md tells which needs what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

LOCAL_BOOT_ANNOTATION = "netboot.baremetal/local-boot"
PATH = f"metadata.annotations.{LOCAL_BOOT_ANNOTATION}"
FIRST_DRIVE = 0x80  # the number of the first disk, as BIOS counts them

_SANBOOT = re.compile(r"sanboot(?::0x([89a-f][0-9a-f]))?", re.IGNORECASE | re.ASCII)


class How(Enum):
    """What is done to have a machine boot its disk."""

    DEFAULT = ""  # the PXE menu, 403 for UEFI HTTP boot; of iPXE ``exit 1`` on UEFI, ``sanboot`` on BIOS
    MENU = "menu"  # the same, said in so many words
    EXIT = "exit"  # iPXE, which firmware is given for it, ends with an error: firmware takes its next boot device
    SANBOOT = "sanboot"  # iPXE, which firmware is given for it, starts the disk itself
    NOT_FOUND = "404"  # who asks is told to load a file, and that it is not there
    LEASE = "lease"  # an address and nothing to boot


BY_IPXE = (How.EXIT, How.SANBOOT)  # what takes an iPXE, which firmware has to load


@dataclass(frozen=True, slots=True)
class LocalBoot:
    """The word, and for SANBOOT the number of the disk, 0 where none is named."""

    how: How = How.DEFAULT
    drive: int = 0

    def __str__(self) -> str:
        return f"{self.how.value}:{self.drive:#x}" if self.drive else self.how.value


AS_USUAL = LocalBoot()  # one for all: ten thousand objects say nothing


def parse_local_boot(text: str) -> LocalBoot | None:
    """Return what ``text`` asks for, such as ``exit``, ``sanboot:0x81`` or nothing; None where it is no such word."""
    if not text:
        return AS_USUAL
    word = text.strip().lower()
    if found := _SANBOOT.fullmatch(word):
        return LocalBoot(How.SANBOOT, int(found[1] or "0", 16))
    return LocalBoot(How(word)) if word in [how.value for how in How] else None


def check_local_boot(annotations: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, bool]]:
    """Yield what is wrong with the annotation, as ``field_check.Finding``."""
    text = annotations.get(LOCAL_BOOT_ANNOTATION)
    if isinstance(text, str) and parse_local_boot(text) is None:
        words = ", ".join(how.value for how in How if how.value)
        yield PATH, text, f"should be one of {words}, or sanboot:0x81 for the second disk", False
