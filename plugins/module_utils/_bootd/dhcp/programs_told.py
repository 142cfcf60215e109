# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which machines were told a moment ago to load a boot program, so that the iPXE that asks next is that program.

Nothing that iPXE says of itself tells the one in a network card's ROM from the one that it was told to load. What does
is that each asks in a transaction (xid) of its own, and that the program was sent in between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..decisions.boot import Program, is_preset
from ..decisions.boot_chains import names_ipxe
from ..decisions.events import BootFile
from ..hardware.model import Nic
from ..process.lately import Lately
from ..runtime.services import Services
from .packet import Packet, identify
from .reply import Context, program_of

SECONDS = 120.0  # in which a program is loaded, started and asks
MAX_MACHINES = 16384  # that are remembered; one that was forgotten is told once more
SCRIPT_ENDING = ".ipxe"  # of what iPXE is told to load that is no program
# Of programs, those that may be what a machine was told to load, and ask by DHCP.
ASKING_AGAIN = (Program.IPXE, Program.IPXE_BY_TFTP)


class Told(NamedTuple):
    """That ``asker`` was told to load a program, in the transaction ``xid``, ``at`` seconds since the epoch."""

    asker: Program
    xid: int
    at: float


class LastTold:
    """What one machine was told last of a program to load: see Told; ``asker`` is None where nothing was."""

    __slots__ = ("asker", "at", "xid")

    def __init__(self) -> None:
        self.asker: Program | None = None
        self.xid, self.at = b"", 0.0

    def is_since(self, xid: bytes, now: float) -> bool:
        """Return whether that was a moment ago, in another transaction than ``xid``."""
        return self.asker is not None and self.xid != xid and 0 <= now - self.at < SECONDS


class ProgramsTold:
    """By MAC, what was told last of a program to load; for one thread only."""

    def __init__(self) -> None:
        self.last = Lately(MAX_MACHINES, LastTold)

    def note(self, request: Packet, file: str, now: float) -> None:
        """Note that the answer to ``request`` was to load ``file``, "" for nothing; scripts don't count."""
        if is_program(file):
            last = self.last.of(request.mac)
            last.asker, last.xid, last.at = program_of(identify(request)), request.xid.to_bytes(4, "big"), now

    def context_of(self, request: Packet, nic: Nic | None, context: Context, services: Services) -> Context:
        """Return ``context`` for a decision about ``request`` of ``nic``: with whether it is such a program that asks.

        Where the machine was given its script since, whoever asks boots anew.
        """
        told = self._since_script(request.mac, request.xid, nic, services)
        if told is None:
            return context
        return replace(context, has_program=_is_what_was_told(program_of(identify(request)), told, nic, services))

    def has_program(self, program: Program, xid: int, nic: Nic, services: Services) -> bool:
        """Return what ``context_of`` puts into the context for a message of the ``program``."""
        told = self._since_script(nic.interface.mac, xid, nic, services)
        return told is not None and _is_what_was_told(program, told, nic, services)

    def _since_script(self, mac: str, xid: int, nic: Nic | None, services: Services) -> Told | None:
        told = self.told(mac, xid, services.clock())
        if told is None or (nic and services.journal.state(nic.machine.key).script_at >= told.at):
            return None
        return told

    def told(self, mac: str, xid: int, now: float) -> Told | None:
        """Return what ``mac`` was told a moment ago, in another transaction than ``xid``, None where nothing."""
        last = self.last.find(mac)
        if last is None or last.asker is None or not last.is_since(xid.to_bytes(4, "big"), now):
            return None
        return Told(last.asker, int.from_bytes(last.xid, "big"), last.at)


def is_program(file: str) -> bool:
    """Return whether to be told to load ``file`` is to be told of a program, and not of a script, or of nothing."""
    return bool(file) and not file.endswith(SCRIPT_ENDING)


def _is_what_was_told(program: Program, told: Told, nic: Nic | None, services: Services) -> bool:
    """Return whether the ``program`` that asks is the one to be loaded, and not the one that was ``told`` to load it.

    A ROM whose load failed, or whose machine was reset, asks once more in a new transaction; to be told the script then
    would help it least that can't run one.
    """
    if program not in ASKING_AGAIN:
        return False  # nobody is told to load another that asks by DHCP
    if program is not told.asker:
        return True
    if nic is not None and is_preset(nic.interface):
        return names_ipxe(nic.interface.boot_file_name)  # another server has it: whether it was loaded, nobody sees
    if program is Program.IPXE or nic is None:
        return True
    recent = services.journal.recent(nic.machine.key)
    return any(event.at >= told.at and isinstance(event.detail, BootFile) for event in recent)
