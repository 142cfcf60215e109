# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control connection to a QEMU process (QMP): commands, and the events of the machine."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Happening:
    """An event QEMU told: ``RESET``, ``SHUTDOWN``...; ``at`` in seconds since the epoch."""

    name: str
    at: float


class MonitorClosed(ConnectionError):
    """QEMU has ended."""


class Monitor:
    """Speaks QMP over a socket pair, whose other end the QEMU process inherits: no path to find or to clear."""

    def __init__(self) -> None:
        self._socket, self.theirs = socket.socketpair()
        self._unread = b""
        self._ready = False
        self.happenings: list[Happening] = []

    def close_theirs(self) -> None:
        """Close this process's copy of QEMU's end, so that the end of QEMU is seen here."""
        self.theirs.close()

    def command(self, name: str) -> object:
        """Execute the command ``name`` and return its result; raises MonitorClosed if QEMU has ended."""
        if not self._ready:
            self._execute("qmp_capabilities")
            self._ready = True
        return self._execute(name)

    def poll(self) -> list[Happening]:
        """All that has happened so far, oldest first."""
        self.command("query-status")
        return self.happenings

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _execute(self, name: str) -> object:
        try:
            self._socket.sendall(json.dumps({"execute": name}).encode() + b"\n")
            while True:
                message = json.loads(self._line())
                if "return" in message or "error" in message:
                    return message.get("return", message.get("error"))
                self._note(message)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise MonitorClosed("QEMU has ended") from error

    def _note(self, message: dict[str, object]) -> None:
        if "event" in message:
            stamp = message["timestamp"]
            self.happenings.append(Happening(message["event"], stamp["seconds"] + stamp["microseconds"] / 1e6))

    def _line(self) -> bytes:
        while b"\n" not in self._unread:
            received = self._socket.recv(65536)
            if not received:
                raise MonitorClosed("QEMU has ended")
            self._unread += received
        line, _unused, self._unread = self._unread.partition(b"\n")
        return line
