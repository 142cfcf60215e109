# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a TFTP request gets. Pure: the request, its source and the catalog in, one of three decisions out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..catalog import Nic
from ..decisions.policy import firmware_file_allowed
from .names import Wanted, parse_name
from .packet import ErrorCode, Request, TftpError

MODES = ("octet", "netascii")


class Machines(Protocol):
    """The two look-ups of the catalog that a decision needs."""

    def by_mac(self, mac: str) -> Nic | None: ...

    def by_ip(self, address: str) -> Nic | None: ...


@dataclass(frozen=True, slots=True)
class ServeFile:
    """Send the boot file ``name``, a path relative to the boot-file directory."""

    name: str
    nic: Nic


@dataclass(frozen=True, slots=True)
class ServeBytes:
    """Send ``content``, made for this machine, under ``name``."""

    content: bytes
    name: str
    nic: Nic


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with an ERROR; the reason is a sentence for the log and, cut short, for the client."""

    code: ErrorCode
    reason: str
    nic: Nic | None = None


Decision: TypeAlias = "ServeFile | ServeBytes | Refuse"


def decide(request: Request, source: str, machines: Machines, script_for: Callable[[Nic], str]) -> Decision:
    """Return what ``request`` from the address ``source`` gets.

    The machine is the one whose MAC the name begins with, else the one that ``source`` is reserved for.
    ``script_for`` renders a machine's iPXE script: where netboot is off, the one that boots its disk.
    """
    if request.write:
        return Refuse(ErrorCode.ACCESS_VIOLATION, "nothing can be written here")
    if request.mode not in MODES:
        return Refuse(ErrorCode.ILLEGAL_OPERATION, "only the modes octet and netascii are known")
    try:
        wanted = parse_name(request.filename)
    except TftpError as error:
        return Refuse(error.code, error.message)
    nic = machines.by_mac(wanted.mac) if wanted.mac else machines.by_ip(source)
    return _decide_for(nic, wanted, wanted.mac or source, script_for)


def _decide_for(nic: Nic | None, wanted: Wanted, who: str, script_for: Callable[[Nic], str]) -> Decision:
    verdict = firmware_file_allowed(nic, who)
    if nic is None:
        return Refuse(ErrorCode.NOT_FOUND, verdict.reason)
    if wanted.autoexec:
        return ServeBytes(script_for(nic).encode("utf-8"), wanted.name, nic)
    if not verdict.allowed:
        return Refuse(ErrorCode.ACCESS_VIOLATION, verdict.reason, nic)
    return ServeFile(wanted.name, nic)
