# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wake-on-LAN: a magic packet, which a network card that is asleep takes for the power button.

AMD's white paper "Magic Packet Technology" (publication 20213) has its form. Nothing answers it: whether it woke a
machine shows only when that asks for its address.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import UNKNOWN, PowerError
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import Bmc

try:
    import wakeonlan
except ImportError:
    wakeonlan = None

LIBRARY = "wakeonlan"


class WakeOnLan:
    """A machine that can be woken, and nothing else; ``mac`` is that of the card that it boots from."""

    def __init__(self, bmc: Bmc, mac: str) -> None:
        self._bmc, self._mac = bmc, mac

    def state(self) -> str:
        """Return UNKNOWN: nobody can be asked."""
        return UNKNOWN

    def eject(self) -> list[str]:
        """Return nothing: there are no virtual media."""
        return []

    def boot_once(self, firmware: str, boot: str) -> None:
        """Do nothing: the order of its firmware decides what the machine boots."""

    def on(self) -> None:
        """Send the packet; raises PowerError."""
        try:
            wakeonlan.wake(
                self._mac,
                host=self._bmc.broadcast,
                port=self._bmc.port,
                interface=self._bmc.interface or None,
            )
        except (OSError, ValueError) as error:
            raise PowerError(f"the magic packet could not be sent to {self._bmc.broadcast}: {error}") from error

    def off(self, *, force: bool) -> None:  # noqa: ARG002
        """Raise PowerError: a packet can't."""
        raise PowerError("Wake-on-LAN can only switch on")

    def close(self) -> None:
        """Do nothing: there is no session."""
