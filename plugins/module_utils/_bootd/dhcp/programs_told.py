# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which machines were told a moment ago to load a boot program, so that the iPXE that asks next is that program.

Nothing that iPXE says of itself tells the one in a network card's ROM from the one that it was told to load. What does
is that each asks in a transaction (xid) of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from ..hardware.model import Nic
from ..runtime.services import Services
from .packet import Packet
from .reply import Context

SECONDS = 120.0  # in which a program is loaded, started and asks
MAX_MACHINES = 16384  # that are remembered; one that was forgotten is told once more
SCRIPT_ENDING = ".ipxe"  # of what iPXE is told to load that is no program


class ProgramsTold:
    """By MAC, the transaction in which a machine was told to load a program, and when; for one thread only."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def note(self, mac: str, xid: int, file: str, now: float) -> None:
        """Note that ``mac`` was told to load ``file``, "" for nothing; scripts don't count."""
        if not file or file.endswith(SCRIPT_ENDING):
            return
        self._told[mac] = (xid, now)
        self._told.move_to_end(mac)
        if len(self._told) > MAX_MACHINES:
            self._told.popitem(last=False)

    def context_of(self, request: Packet, nic: Nic | None, context: Context, services: Services) -> Context:
        """Return ``context`` for a decision about ``request`` of ``nic``: with whether it is such a program that asks.

        Where the machine was given its script since, whoever asks boots anew.
        """
        told_at = self.told_at(request.mac, request.xid, services.clock())
        if told_at is None or (nic and services.journal.state(nic.machine.key).script_at >= told_at):
            return context
        return replace(context, has_program=True)

    def told_at(self, mac: str, xid: int, now: float) -> float | None:
        """Return when the program was told that asks in the transaction ``xid``, None where it is none."""
        told = self._told.get(mac)
        return told[1] if told is not None and told[0] != xid and 0 <= now - told[1] < SECONDS else None
