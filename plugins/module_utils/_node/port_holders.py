# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can a port be had on this host, and which process holds it if not: Linux's /proc says.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_POD = b"KUBERNETES_SERVICE_HOST="  # in the environment of whatever runs in a pod
_LISTEN = "0A"  # a TCP socket's state; connections have the listener's port too


@dataclass(frozen=True)
class Holder:
    """A process: its number, its name, the words of its command line, its control group, and whether it is in a pod."""

    pid: int
    name: str
    command: tuple[str, ...]
    cgroup: str
    in_pod: bool = False

    @property
    def is_bootd(self) -> bool:
        """Return whether it is a bootd, of whatever service manager."""
        return "serve" in self.command and any("bootd" in Path(word).parts for word in self.command)


def is_taken(protocol: str, address: str, port: int, interface: str = "") -> bool:
    """Return whether binding ``port`` fails since somebody has it: the only way to tell for one interface.

    What else keeps it from being bound, such as an address that is not here or missing rights, is none of its business.
    """
    with socket.socket(socket.AF_INET, _KINDS[protocol]) as trial:
        try:
            if protocol == "tcp":
                # As bootd does: connections that have just ended hold nothing.
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if interface:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            trial.bind((address, port))
            if protocol == "tcp":
                trial.listen(1)
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def holders(protocol: str, port: int, proc: Path = Path("/proc")) -> list[Holder]:
    """Return the processes with a socket on ``port``; empty where none can be seen."""
    inodes: set[str] = set()
    for name in (protocol, f"{protocol}6"):
        # Without IPv6 there is no such table.
        with suppress(FileNotFoundError):
            inodes |= set(_inodes((proc / "net" / name).read_text(encoding="ascii"), protocol, port))
    return list(_processes_with(inodes, proc)) if inodes else []


def _inodes(table: str, protocol: str, port: int) -> Iterator[str]:
    """Yield the inodes of the sockets on ``port`` in a table of /proc/net."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port and (protocol == "udp" or fields[3] == _LISTEN):
            yield fields[9]


def _processes_with(inodes: Iterable[str], proc: Path) -> Iterator[Holder]:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for directory in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        # Processes end while they are looked at, and those of others hide what they have open.
        with suppress(OSError):
            if any(_target(link) in wanted for link in (directory / "fd").iterdir()):
                yield _holder(directory)


def _target(link: Path) -> str:
    with suppress(OSError):
        return str(link.readlink())
    return ""


def _holder(directory: Path) -> Holder:
    command = (directory / "cmdline").read_bytes().decode(errors="replace").split("\0")
    name = (directory / "comm").read_text(encoding="utf-8", errors="replace").strip()
    cgroup = (directory / "cgroup").read_text(encoding="utf-8", errors="replace")
    in_pod = any(variable.startswith(_POD) for variable in (directory / "environ").read_bytes().split(b"\0"))
    return Holder(int(directory.name), name, tuple(filter(None, command)), cgroup, in_pod)
