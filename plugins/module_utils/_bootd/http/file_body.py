# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A part of an open file as the body of a response: sent by the kernel, never in memory as a whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress

MAX_SEND = 2 * 1024 * 1024  # octets sent at once, so that one fast client does not keep the others waiting
READ_AHEAD = 8 * 1024 * 1024  # octets that are read from a slow disk at once
READ_SIZE = 64 * 1024  # octets read at once where the kernel can't send from this file
_ONE_OCTET = [bytearray(1)]  # that is read to ask whether it is in memory; nobody looks at it
_NO_SENDFILE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


class Shrunk(OSError):
    """The file has become shorter than its Content-Length says; only ending the connection tells the client."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "the file became shorter while it was sent")


class FileBody:
    """``count`` octets from ``offset`` of ``descriptor``, which ``close`` closes.

    It is also a file that reads that part, for servers that don't know ``send_to``.
    """

    def __init__(self, descriptor: int, offset: int, count: int) -> None:
        self._descriptor = descriptor
        self._copying = False
        # Whether Python and the file system tell what of the file is in memory: musl has the question since 2023 only.
        self._tells = hasattr(os, "preadv") and hasattr(os, "RWF_NOWAIT")
        self._at_hand_to = 0  # the place in the file up to which it is, or was when it was asked about
        self.offset = offset
        self.count = count
        self.sent = 0
        self.on_progress: Callable[[int], None] | None = None  # called now and then with the octets sent so far
        self.on_close: list[Callable[[int], None]] = []  # called with the octets sent in all

    @property
    def left(self) -> int:
        """Return how many octets have not been sent."""
        return self.count - self.sent

    def send_to(self, client: int) -> None:
        """Send what the non-blocking socket ``client`` takes now, MAX_SEND at most; raises BlockingIOError, OSError."""
        start = self.offset + self.sent
        wanted = min(self.left, MAX_SEND)
        if start < self._at_hand_to:
            wanted = min(wanted, self._at_hand_to - start)
        if not self._copying:
            try:
                sent = os.sendfile(client, self._descriptor, start, wanted)
            except OSError as error:
                if error.errno not in _NO_SENDFILE:
                    raise
                self._copying = True
        if self._copying:
            sent = os.write(client, os.pread(self._descriptor, min(wanted, READ_SIZE), start))
        if not sent:
            raise Shrunk
        self.sent += sent

    def is_at_hand(self) -> bool:
        """Return whether what is sent next is in memory, as far as its first octet and its last tell.

        To send what is not waits for the disk, and so would whoever else is served by the same thread. Nothing is asked
        about twice, however little the client takes at a time.
        """
        start = self.offset + self.sent
        known = self._at_hand_to - start
        if not self._tells or known >= min(self.left, MAX_SEND // 2):
            return True
        end = start + min(self.left, MAX_SEND)
        try:
            for place in (max(start, self._at_hand_to), end - 1):
                os.preadv(self._descriptor, _ONE_OCTET, place, os.RWF_NOWAIT)
        except BlockingIOError:
            return known > 0
        except OSError:  # a file system that has no such question
            self._tells = False
        else:
            self._at_hand_to = end
        return True

    def fetch(self) -> None:
        """Wait until what is sent next is in memory, and have the kernel read on; for a thread that may wait."""
        start = self.offset + self.sent
        end = start + min(self.left, MAX_SEND)
        with suppress(OSError):  # to send it will fail, too
            os.posix_fadvise(self._descriptor, start, min(self.left, READ_AHEAD), os.POSIX_FADV_WILLNEED)
            for place in range(max(start, self._at_hand_to), end, READ_SIZE):
                os.pread(self._descriptor, READ_SIZE, place)
        self._at_hand_to = end  # where memory is short it may be gone again: it is not waited for twice

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` octets, b"" at the end; raises Shrunk."""
        wanted = self.left if size < 0 else min(size, self.left)
        data = os.pread(self._descriptor, wanted, self.offset + self.sent) if wanted else b""
        if wanted and not data:
            raise Shrunk
        self.sent += len(data)
        return data

    def close(self) -> None:
        """Close the file and call every ``on_close``; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        os.close(descriptor)
        for call in self.on_close:
            call(self.sent)

    def end(self) -> None:
        """Close the file; where all was sent, report that before. It waits for no disk, so no thread has to do it."""
        try:
            if self._descriptor >= 0 and not self.left:
                self.report_progress()
        finally:
            self.close()

    def report_progress(self) -> None:
        """Tell whoever wants to know how much has been sent so far."""
        if self.on_progress is not None:
            self.on_progress(self.sent)

    def __iter__(self) -> Iterator[bytes]:
        """Yield what is left, in pieces."""
        while piece := self.read(READ_SIZE):
            yield piece
