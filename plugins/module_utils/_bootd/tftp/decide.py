# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a TFTP request gets, a file, a script or an ERROR, and how the name it asks for is read. Pure.

GRUB that has no module for HTTP has its images by TFTP, below ``images/``, and tells bootd what iPXE tells by HTTP: by
asking for a name that is the report, which is answered by an empty line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeAlias

from ..decisions.boot import Asked, BootContext, BootFile, Program, Refusal, Script, Wait, Wants, refuse_script
from ..decisions.boot import decide as decide_boot
from ..decisions.boot_chains import is_optional
from ..decisions.events import BootError, Facts, Loaded
from ..grub.names import cpu_in, is_configuration, mac_in
from ..grub.words import IMAGES, as_form
from ..hardware.cpu import cpu_of_build
from ..hardware.mac import split_mac
from ..hardware.model import Nic
from ..ipxe.render import with_network
from ..ipxe.reports import read_fields, read_report
from ..process.served_files import is_relative, tidied
from .packet import ErrorCode, Request, TftpError

MODES = ("octet", "netascii")
AUTOEXEC = "autoexec.ipxe"
_REPORT = "phone-home?"  # before the query
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
    """Send the file ``name``, a path relative to the boot-file directory, for an ``image`` to the image directory.

    ``local_boot`` is why the machine gets it only to boot its disk, "" where it boots from the network.
    """

    name: str
    nic: Nic | None  # None for an unknown machine that may boot
    image: bool = False
    local_boot: str = ""


@dataclass(frozen=True, slots=True)
class ServeScript:
    """Send ``content``, the text of ``script``, under ``name``."""

    content: bytes
    name: str
    nic: Nic | None
    script: Script | Wait


@dataclass(frozen=True, slots=True)
class TakeReport:
    """Send an empty line, for ``name`` is what the machine reports: ``told``."""

    name: str
    nic: Nic
    told: Facts | Loaded | BootError


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with an ERROR; the reason is a sentence for the log and, cut short, for the client.

    ``usual`` is whether clients ask for it and go on without, so that it is worth no line in the log.
    """

    code: ErrorCode
    reason: str
    nic: Nic | None = None
    usual: bool = False


Answer: TypeAlias = "ServeFile | ServeScript | TakeReport"
Decision: TypeAlias = "Answer | Refuse"


class ScriptFor(Protocol):
    """Gives what a machine is to boot, and the text that says so to ``program``, iPXE or GRUB.

    ``cpu`` is the architecture that the machine says it has, "" where it says none.
    """

    def __call__(self, nic: Nic, program: Program, cpu: str, /) -> tuple[Script | Wait, str]: ...


class TextOf(Protocol):
    """Gives the text that says to ``program`` what ``script`` is, for the machine with ``mac``."""

    def __call__(self, script: Script | Wait, mac: str, program: Program, /) -> str: ...


def decide(
    request: Request,
    source: str,
    machines: Machines,
    context: BootContext,
    script_for: ScriptFor,
    text_of: TextOf,
) -> Decision:
    """Return what ``request`` from the address ``source`` gets; see ``find`` for whose it is."""
    nic = find(request, source, machines)
    if request.write:
        return Refuse(ErrorCode.ACCESS_VIOLATION, "nothing can be written here", nic)
    if request.mode not in MODES:
        return Refuse(ErrorCode.ILLEGAL_OPERATION, "only the modes octet and netascii are known", nic)
    try:
        wanted = parse_name(request.filename)
    except TftpError as error:
        return Refuse(error.code, error.message, nic)
    script_of = wanted.script_of
    if script_of is not None and nic is not None:
        if script_of is Program.IPXE and (refusal := refuse_script(nic)):
            return Refuse(ErrorCode.NOT_FOUND, refusal.reason, nic)
        script, text = script_for(nic, script_of, cpu_of_build(cpu_in(wanted.name)))
        return _serve(script, text, wanted, nic)
    if wanted.report is not None and nic is not None:
        try:
            told = read_report(read_fields(as_form(wanted.report)))
        except ValueError as error:
            return Refuse(ErrorCode.NOT_FOUND, str(error), nic)
        return TakeReport(wanted.name, nic, told) if told else Refuse(ErrorCode.NOT_FOUND, "not a report", nic)
    wants = Wants.SCRIPT if script_of else Wants.FILE
    program = script_of or Program.PXE
    asked = Asked(wants, program, name=wanted.name, who=wanted.mac or source)
    decision = decide_boot(nic, asked, context)
    if isinstance(decision, Script):
        return _serve(decision, text_of(decision, asked.who, program), wanted, nic)
    if not isinstance(decision, BootFile):
        is_missing = isinstance(decision, Refusal) and decision.missing
        return Refuse(ErrorCode.NOT_FOUND if is_missing else ErrorCode.ACCESS_VIOLATION, decision.reason, nic)
    directory, _slash, rest = wanted.name.partition("/")
    local_boot = "" if decision.netboot else decision.reason
    is_image = directory == IMAGES and rest
    return ServeFile(rest, nic, image=True) if is_image else ServeFile(wanted.name, nic, local_boot=local_boot)


def _serve(script: Script | Wait, text: str, wanted: Wanted, nic: Nic | None) -> ServeScript:
    sent = with_network(script, text) if wanted.script_of is Program.IPXE else text
    return ServeScript(sent.encode("utf-8"), wanted.name, nic, script)


def missing(decision: Answer, error: TftpError) -> Refuse:
    """Return the refusal of a file that can't be had, which ``error`` tells."""
    return Refuse(error.code, f"{decision.name}: {error.message}", decision.nic, is_optional(decision.name))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, by a path relative to the boot-file directory, and the MAC the client says it has, in colon form."""

    name: str
    mac: str | None = None

    @property
    def script_of(self) -> Program | None:
        """Return which program asks for its script by this name, None where it is that of a file.

        iPXE looks for it beside the file it was loaded from.
        """
        if self.name.rpartition("/")[2] == AUTOEXEC:
            return Program.IPXE
        return Program.GRUB if is_configuration(self.name) else None

    @property
    def report(self) -> str | None:
        """Return the query of the report that this is, None where it is none."""
        return self.name.removeprefix(_REPORT) if self.name.startswith(_REPORT) else None


def find(request: Request, source: str, machines: Machines) -> Nic | None:
    """Return the machine whose MAC the name begins with, where none stands there the one ``source`` is reserved for.

    The file name of a GRUB configuration has the MAC, too: ``grub.cfg-01-MAC``.
    """
    mac = claimed_mac(request)
    return machines.by_mac(mac) if mac else machines.by_ip(source)


def claimed_mac(request: Request) -> str | None:
    """Return the MAC that the name begins with, None where none stands there."""
    return _read(request.filename)[0]


def parse_name(filename: str) -> Wanted:
    """Return what ``filename`` wants: ``[<mac>/]path``, the MAC in any notation; TftpError 2 where it is no name."""
    mac, name, is_served = _read(filename)
    if not is_served:
        raise TftpError(ErrorCode.ACCESS_VIOLATION, "not a file name served here")
    return Wanted(name, mac)


@lru_cache(512)  # a name is looked at when it is asked for and when its transfer ends, in a storm of many machines
def _read(filename: str) -> tuple[str | None, str, bool]:
    """Return the MAC that is in ``filename``, the path behind it, and whether that may be a file served here."""
    mac, name = split_mac(tidied(_TRACEPARENT.sub("", _JUNK.sub("", filename))))
    return mac or mac_in(name), name, is_relative(name)
