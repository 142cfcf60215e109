# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the file name of a request asks for. Pure; nothing here can name a file outside the boot-file directory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..hardware.mac import parse_mac
from .packet import ErrorCode, TftpError

AUTOEXEC = "autoexec.ipxe"
MAX_NAME = 255  # characters
# A name is made of segments that don't begin with a dot, so "..", "....//", "//" and hidden files are all no names;
# neither are backslashes, percent signs and control characters.
_NAME = re.compile(r"(?!\.)[\w.+@=,:~ -]+(?:/(?!\.)[\w.+@=,:~ -]+)*", re.ASCII)
# Tinkerbell appends the trace of the DHCP reply: version, trace id, span id, flags.
_TRACEPARENT = re.compile(r"-00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, by a path relative to the boot-file directory, and the MAC the client says it has, in colon form."""

    name: str
    mac: str | None = None

    @property
    def autoexec(self) -> bool:
        """Return whether this is the script that iPXE looks for beside the file it was loaded from."""
        return self.name.rpartition("/")[2] == AUTOEXEC


def parse_name(filename: str) -> Wanted:
    """Return what ``filename`` wants: ``[/][<mac>/]path``, the MAC in any notation; TftpError 2 where it is no name."""
    name = _TRACEPARENT.sub("", filename.removeprefix("/"))
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise TftpError(ErrorCode.ACCESS_VIOLATION, "not a file name served here")
    first, slash, rest = name.partition("/")
    mac = parse_mac(first)
    return Wanted(rest, mac) if slash and mac else Wanted(name)
