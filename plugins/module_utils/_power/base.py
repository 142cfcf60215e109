# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every way to a machine's power can do, and how its failures are told.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from typing import Protocol

ON, OFF, UNKNOWN = "on", "off", "unknown"
_MAX_MESSAGE = 300  # characters
_IN_URL = re.compile(r"://[^/\s@]*@")


class PowerError(Exception):
    """A BMC did not do what it was asked; the message is for people and has no secret."""


class Power(Protocol):
    """One machine's power. Each call is one question or request; whether it came about, ``state`` tells later."""

    def state(self) -> str:
        """Return ON, OFF, or UNKNOWN where it can't be asked; raises PowerError, as all others do."""

    def eject(self) -> list[str]:
        """Eject all virtual media; returns the names of those that had any."""

    def boot_once(self, firmware: str, boot: str) -> None:
        """Have the machine boot from the network at its next start, and only then.

        ``firmware`` is "uefi" or "bios", ``boot`` "pxe" or "http".
        """

    def on(self) -> None:
        """Switch the machine on."""

    def off(self, *, force: bool) -> None:
        """Ask the operating system to shut down; with ``force`` cut the power."""

    def close(self) -> None:
        """End the session with the BMC."""


def without_secrets(text: str, *secrets: str) -> str:
    """Return ``text`` of a library on one line, cut off, without any of ``secrets`` and logins in URLs."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "(hidden)")
    line = " ".join(_IN_URL.sub("://", text).split())
    return line if len(line) <= _MAX_MESSAGE else f"{line[:_MAX_MESSAGE]}..."
