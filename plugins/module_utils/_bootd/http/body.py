# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A part of an open file as the body of a response: sent by the kernel, never in memory as a whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator

PIECE = 64 * 1024  # octets read at once where the kernel does not send


class Shrunk(OSError):
    """The file has become shorter than its Content-Length says; only ending the connection tells the client."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "the file became shorter while it was sent")


class FileBody:
    """``count`` octets from ``offset`` of ``descriptor``, which it closes; each ``at_end`` is then told what was sent.

    It is also a file that reads that part, for what knows WSGI only.
    """

    def __init__(self, descriptor: int, offset: int, count: int) -> None:
        self.file = open(descriptor, "rb", buffering=0)  # noqa: SIM115 - closed by close
        self.offset = offset
        self.count = count
        self.sent = 0
        self.at_turn: Callable[[int], None] | None = None  # told now and then what was sent so far
        self.at_end: list[Callable[[int], None]] = []

    @property
    def left(self) -> int:
        """Return how many octets have not been sent."""
        return self.count - self.sent

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` octets, b"" at the end; raises Shrunk."""
        wanted = self.left if size < 0 else min(size, self.left)
        data = os.pread(self.file.fileno(), wanted, self.offset + self.sent) if wanted else b""
        if wanted and not data:
            raise Shrunk
        self.sent += len(data)
        return data

    def turn(self) -> None:
        """Tell what was sent so far."""
        if self.at_turn is not None:
            self.at_turn(self.sent)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self.file.closed:
            return
        self.file.close()
        for tell in self.at_end:
            tell(self.sent)

    def __iter__(self) -> Iterator[bytes]:
        """Yield what is left, in pieces."""
        while piece := self.read(PIECE):
            yield piece
