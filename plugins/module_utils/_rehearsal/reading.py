# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script leads to, whichever program runs it. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Leads(Enum):
    """Where a script ends."""

    KERNEL = "a kernel"
    CHAIN = "another script"
    WAIT = "waiting for others"
    DISK = "its disk"
    STUCK = "nothing: it asks again and again"


class UnreadableScript(Exception):
    """The script does what is not known here; the message says what, for people."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A script that was read to its end, with every load taken to succeed.

    ``says`` is what it tells on the console. ``kernel`` and ``initrds`` are URLs, or names by TFTP as ``tftp://...``,
    ``arguments`` the kernel's command line, with one space between two. ``url`` is the script that it chains to.
    """

    leads: Leads
    says: tuple[str, ...] = ()
    kernel: str = ""
    arguments: str = ""
    initrds: tuple[str, ...] = ()
    url: str = ""

    @property
    def reason(self) -> str:
        """What it says first."""
        return self.says[0] if self.says else ""
