# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The blocks of what is sent, as the datagrams that carry them, one after the other: a window is one slice of them.

A file's blocks are kept in memory, once for all its transfers of one block size, as long as the file is as it was.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from .packet import ROLLOVER, Opcode

Octets: TypeAlias = "bytes | memoryview"

HEADER = 4  # octets before each block: opcode and number
KEPT = 64 << 20  # octets of all files together
# A file that changed only just now may change once more without another time: FAT's have a step of two seconds.
SETTLED = 3.0  # seconds
_READ_BLOCKS = 64  # at once, as the largest window: what others wait for meanwhile
STEPS = 1 << 15  # of all files together, 350 octets each
_HEAD = struct.Struct("!HH")


class Source(Protocol):
    """What a transfer reads from. ``size`` in octets as they are sent, None where only sending them would tell."""

    size: int | None

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` octets from ``offset``, fewer only at the end; raise TftpError where that can't be."""


class Blocks(Protocol):
    """A source in blocks of one size."""

    def step(self, sent: int, windowsize: int, /) -> Step | None:
        """Return what follows ``sent`` blocks in windows of ``windowsize``; None where no whole window is in memory."""

    def is_current(self) -> bool:
        """Return whether what is kept is still what the source has; looks at a file once in a round."""

    def window(self, acked: int, count: int) -> Octets:
        """Return the datagrams of the ``count`` blocks behind the first ``acked``, fewer only at the end.

        Each is as long as a block with its header; only the block that ends the source is shorter, so the end of what
        is returned is that of a datagram. Raises TftpError where the source can't be read.
        """


class ReadBlocks:
    """The blocks of any source, read anew for each window."""

    def __init__(self, source: Source, blksize: int) -> None:
        self._source = source
        self._blksize = blksize

    def step(self, _sent: int, _windowsize: int, /) -> Step | None:
        return None

    def is_current(self) -> bool:
        return False

    def window(self, acked: int, count: int) -> Octets:
        blksize = self._blksize
        content = self._source.read(acked * blksize, count * blksize)
        # A block that is not full ends the source, an empty one where the size is a multiple of the block's.
        blocks = min(count, len(content) // blksize + 1)
        if blocks == 1:
            return _HEAD.pack(Opcode.DATA, (acked + 1) % ROLLOVER) + content
        parts = []
        for block in range(blocks):
            parts.append(_HEAD.pack(Opcode.DATA, (acked + 1 + block) % ROLLOVER))
            parts.append(content[block * blksize : (block + 1) * blksize])
        return b"".join(parts)


class Version(NamedTuple):
    """A file as it was at one time: whatever is written to it makes another one, and so does a file in its place."""

    device: int
    inode: int
    size: int  # octets
    modified: int  # nanoseconds since the epoch ...
    changed: int  # ... and when that time itself was set, which nobody can choose

    @classmethod
    def of(cls, file: int | str) -> Version:
        """Return what a file is now, by its descriptor or its path; OSError where it can't be looked at."""
        found = os.stat(file)
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Step:
    """What most transfers with one size of windows do at one place of a file: get ``ack``, and send ``octets`` for it.

    The ACK is that of all ``sent`` blocks, and the octets are the whole window behind them. ``next`` is the step that
    comes after, None where it is not known yet. All who are sent the file take the same steps.
    """

    __slots__ = ("ack", "file", "next", "octets", "sent")

    def __init__(self, file: KeptFile, sent: int, octets: memoryview) -> None:
        self.file = file
        self.sent = sent
        self.ack = _HEAD.pack(Opcode.ACK, sent % ROLLOVER)
        self.octets = octets
        self.next: Step | None = None


class KeptFile:
    """The blocks of one version of a file, in memory as far as they have been asked for."""

    def __init__(self, version: Version, blksize: int) -> None:
        self.version = version
        self.looks = version.modified, version.changed, version.size
        self.blksize = blksize
        self.users = 0
        self.is_of_use = True  # until the file is found to be another, or can't be read
        self.is_current = False  # the file was this version when it was looked at in this round
        self.size = octets_of(version.size, blksize)
        self.room = room_of(version.size, blksize)
        # Its pages take no memory before something is written to them.
        self.octets = memoryview(mmap.mmap(-1, self.size))
        self.filled = 0  # octets, whole blocks
        self._steps: dict[tuple[int, int], Step] = {}  # by the blocks sent before, and those of a window

    def step(self, sent: int, windowsize: int) -> Step | None:
        """Return what follows ``sent`` blocks in windows of ``windowsize``; None where no whole window is in memory."""
        found = self._steps.get((sent, windowsize))
        if found is None:
            start = sent * (self.blksize + HEADER)
            end = start + windowsize * (self.blksize + HEADER)
            # A whole block that is kept is never the last one, so the file goes on behind this window.
            if end > self.filled:
                return None
            found = self._steps[sent, windowsize] = Step(self, sent, self.octets[start:end])
        return found

    @property
    def steps(self) -> int:
        """Return how many steps are known."""
        return len(self._steps)

    def forget_steps(self) -> None:
        """Forget all steps but those where transfers stand, so that they take no memory."""
        for step in self._steps.values():
            step.next = None
        self._steps.clear()

    def fill(self, descriptor: int, end: int) -> bool:
        """Read the file up to ``end``, in octets with headers, and some more; return whether it could be read."""
        datagram, blksize = self.blksize + HEADER, self.blksize
        end = min(self.size, end)
        while self.filled < end:
            first = self.filled // datagram
            stop = min(self.size, self.filled + _READ_BLOCKS * datagram)
            pieces = []
            for number, start in enumerate(range(self.filled, stop, datagram), first + 1):
                _HEAD.pack_into(self.octets, start, Opcode.DATA, number % ROLLOVER)
                pieces.append(self.octets[start + HEADER : min(start + datagram, stop)])
            try:
                read = os.preadv(descriptor, pieces, first * blksize)
            except OSError:
                return False
            if read != stop - self.filled - HEADER * len(pieces):
                return False
            self.filled = stop
        return True


class FileBlocks:
    """The blocks of an open file: those that are kept, as long as the file is what they were read of.

    From then on they are read anew for each window, from the same open file. ``close`` gives back what is kept.
    """

    def __init__(self, descriptor: int, plain: ReadBlocks, kept: KeptFile, files: KeptFiles) -> None:
        self._descriptor = descriptor
        self._plain = plain
        self._kept: KeptFile | None = kept
        self._files = files
        self._datagram = kept.blksize + HEADER

    def step(self, sent: int, windowsize: int) -> Step | None:
        return None if self._kept is None else self._files.step(self._kept, sent, windowsize)

    def is_current(self) -> bool:
        kept = self._kept
        return kept is not None and (kept.is_current or self._files.look_at(kept, self._descriptor))

    def window(self, acked: int, count: int) -> Octets:
        kept = self._kept
        if kept is not None:
            if self.is_current():
                start = acked * self._datagram
                end = start + count * self._datagram
                if end <= kept.filled or kept.fill(self._descriptor, end):
                    return kept.octets[start:end]
            kept.is_of_use = False
            self.close()
        return self._plain.window(acked, count)

    def close(self) -> None:
        """Give back what is kept; harmless when that was done."""
        kept, self._kept = self._kept, None
        if kept is not None:
            self._files.give_back(kept)


class KeptFiles:
    """The files in memory: at most ``limit`` octets, pages counted whole.

    Room is made by those that no transfer uses, the one used longest ago first; where that is not enough, what is sent
    is read as it is sent.
    """

    def __init__(self, limit: int = KEPT, clock: Callable[[], float] = time.time) -> None:
        self._limit = limit
        self._clock = clock
        self._files: dict[tuple[Version, int], KeptFile] = {}  # the one used longest ago first
        self._current: list[KeptFile] = []
        self.size = 0  # octets of all that are in memory
        self.steps = 0  # of all of them

    def begin_round(self) -> None:
        """Have each file looked at again before it is next used."""
        for kept in self._current:
            kept.is_current = False
        self._current.clear()

    def step(self, kept: KeptFile, sent: int, windowsize: int) -> Step | None:
        """Return a step of ``kept``; all others are forgotten where there are too many."""
        known = kept.steps
        found = kept.step(sent, windowsize)
        self.steps += kept.steps - known
        if self.steps > STEPS:
            for each in self._files.values():
                each.forget_steps()
            self.steps = 0
        return found

    def look_at(self, kept: KeptFile, descriptor: int) -> bool:
        """Return whether the open file is still what ``kept`` was read of."""
        try:
            found = os.stat(descriptor)
        except OSError:
            kept.is_current = False
            return False
        # It is the same file, for it is open.
        is_same = (found.st_mtime_ns, found.st_ctime_ns, found.st_size) == kept.looks
        kept.is_current = kept.is_of_use and is_same
        if kept.is_current:
            self._current.append(kept)
        return kept.is_current

    def blocks_of(self, descriptor: int, version: Version, plain: ReadBlocks, blksize: int) -> FileBlocks | None:
        """Return the blocks of the open file, which ``plain`` reads anew; None where they can't be kept now."""
        key = (version, blksize)
        kept = self._files.pop(key, None) or self._make(version, blksize)
        if kept is None:
            return None
        self._files[key] = kept
        kept.users += 1
        return FileBlocks(descriptor, plain, kept, self)

    def give_back(self, kept: KeptFile) -> None:
        """Tell that a transfer uses ``kept`` no more."""
        kept.users -= 1
        if not kept.users and not kept.is_of_use:
            self._forget(kept)

    def _make(self, version: Version, blksize: int) -> KeptFile | None:
        room = self._limit - room_of(version.size, blksize)
        if room < 0 or self._clock() - version.changed / 1e9 < SETTLED:
            return None
        unused = [kept for kept in self._files.values() if not kept.users]
        if self.size - sum(kept.room for kept in unused) > room:
            return None
        for other in unused:
            if self.size <= room:
                break
            self._forget(other)
        try:
            kept = KeptFile(version, blksize)
        except OSError:
            return None  # the system has no memory for it
        self.size += kept.room
        return kept

    def _forget(self, kept: KeptFile) -> None:
        del self._files[kept.version, kept.blksize]
        self.size -= kept.room
        self.steps -= kept.steps
        kept.forget_steps()


def octets_of(size: int, blksize: int) -> int:
    """Return how many octets the datagrams have that carry ``size`` octets in blocks of ``blksize``."""
    return size + HEADER * (size // blksize + 1)


def room_of(size: int, blksize: int) -> int:
    """Return how much memory they take, in octets: whole pages."""
    return -(-octets_of(size, blksize) // mmap.PAGESIZE) * mmap.PAGESIZE
