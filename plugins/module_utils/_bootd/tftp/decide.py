# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a TFTP request gets, a file, a script or an ERROR, and how the name it asks for is read. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..decisions.boot import Asked, BootContext, BootFile, Program, Script, Wait, Wants
from ..decisions.boot import decide as decide_boot
from ..hardware.mac import split_mac
from ..hardware.model import Nic
from ..ipxe.render import with_network
from ..process.served_files import is_relative, tidied
from .packet import ErrorCode, Request, TftpError

MODES = ("octet", "netascii")
AUTOEXEC = "autoexec.ipxe"
# What no name ends with, but option 67 without its NUL does, where a ROM reads it as a C string: the option that ends
# all (255, no UTF-8), or the code and length of the next one, which for the client's UUID (97) are "a" and 17.
_JUNK = re.compile("(?:a\x11|[\x00-\x1f\x7f\ufffd])+\\Z")
# Tinkerbell appends the trace of the DHCP reply: version, trace id, span id, flags.
_TRACEPARENT = re.compile(r"-00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")


class Machines(Protocol):
    """The two look-ups of the catalog that a decision needs."""

    def by_mac(self, mac: str) -> Nic | None: ...

    def by_ip(self, address: str) -> Nic | None: ...


@dataclass(frozen=True, slots=True)
class ServeFile:
    """Send the boot file ``name``, a path relative to the boot-file directory."""

    name: str
    nic: Nic | None  # None for an unknown machine that may boot


@dataclass(frozen=True, slots=True)
class ServeScript:
    """Send ``content``, the text of ``script``, under ``name``."""

    content: bytes
    name: str
    nic: Nic | None
    script: Script | Wait


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with an ERROR; the reason is a sentence for the log and, cut short, for the client."""

    code: ErrorCode
    reason: str
    nic: Nic | None = None


Decision: TypeAlias = "ServeFile | ServeScript | Refuse"


def decide(
    request: Request,
    source: str,
    machines: Machines,
    context: BootContext,
    script_for: Callable[[Nic], tuple[Script | Wait, str]],
    text_of: Callable[[Script, str], str],
) -> Decision:
    """Return what ``request`` from the address ``source`` gets; see ``find`` for whose it is.

    ``script_for`` returns what a machine is to boot, and the text of the script that says so; ``text_of`` the text of
    the script of an unknown machine, which has the MAC that it is given.
    """
    nic = find(request, source, machines)
    if request.write:
        return Refuse(ErrorCode.ACCESS_VIOLATION, "nothing can be written here", nic)
    if request.mode not in MODES:
        return Refuse(ErrorCode.ILLEGAL_OPERATION, "only the modes octet and netascii are known", nic)
    try:
        wanted = parse_name(request.filename)
    except TftpError as error:
        return Refuse(error.code, error.message, nic)
    if wanted.autoexec and nic is not None:
        script, text = script_for(nic)
        return ServeScript(with_network(script, text).encode("utf-8"), wanted.name, nic, script)
    wants = Wants.SCRIPT if wanted.autoexec else Wants.FILE
    asked = Asked(wants, Program.PXE, name=wanted.name, who=wanted.mac or source)
    decision = decide_boot(nic, asked, context)
    if isinstance(decision, Script):
        text = with_network(decision, text_of(decision, asked.who))
        return ServeScript(text.encode("utf-8"), wanted.name, nic, decision)
    if not isinstance(decision, BootFile):
        return Refuse(ErrorCode.ACCESS_VIOLATION if nic else ErrorCode.NOT_FOUND, decision.reason, nic)
    return ServeFile(wanted.name, nic)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, by a path relative to the boot-file directory, and the MAC the client says it has, in colon form."""

    name: str
    mac: str | None = None

    @property
    def autoexec(self) -> bool:
        """Return whether this is the script that iPXE looks for beside the file it was loaded from."""
        return self.name.rpartition("/")[2] == AUTOEXEC


def find(request: Request, source: str, machines: Machines) -> Nic | None:
    """Return the machine whose MAC the name begins with, where none stands there the one ``source`` is reserved for."""
    mac = claimed_mac(request)
    return machines.by_mac(mac) if mac else machines.by_ip(source)


def claimed_mac(request: Request) -> str | None:
    """Return the MAC that the name begins with, None where none stands there."""
    return _split(request.filename)[0]


def parse_name(filename: str) -> Wanted:
    """Return what ``filename`` wants: ``[<mac>/]path``, the MAC in any notation; TftpError 2 where it is no name."""
    mac, name = _split(filename)
    if not is_relative(name):
        raise TftpError(ErrorCode.ACCESS_VIOLATION, "not a file name served here")
    return Wanted(name, mac)


def _split(filename: str) -> tuple[str | None, str]:
    return split_mac(tidied(_TRACEPARENT.sub("", _JUNK.sub("", filename))))
