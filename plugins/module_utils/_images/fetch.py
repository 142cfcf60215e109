# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches one file: from where an earlier try has stopped, checked while it comes, in place only when it is right.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._images.part import Part, Wrong
from ansible_collections.baremetal.netboot.plugins.module_utils._images.records import BLOCK
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import Away, Source, SourceError

MAX_PAUSE = 15.0  # seconds between two tries


@dataclass(frozen=True)
class Job:
    """One file to fetch; ``digest`` "" where nobody knows it, ``retries`` are tries without one octet of news."""

    role: str
    target: Path
    digest: str
    retries: int = 4


@dataclass(frozen=True)
class Fetched:
    """A file that is now there; ``resumed_at`` is how much of it was there before."""

    size: int
    sha512: str
    resumed_at: int = 0


def fetch(
    job: Job, source: Source, tell: Callable[[int], None], pause: Callable[[float], None] = time.sleep
) -> Fetched:
    """Have a file at ``job.target``; ``tell`` is called with the bytes that were added, negative where they are void.

    What could not be finished is kept for the next run. Raises SourceError and OSError.
    """
    with Part(job.target, job.digest, tell) as part:
        _receive_all(job, source, part, pause)
        if part.kept and part.digest and not part.right:
            # The beginning was of another file, or damaged: once more, from the first octet.
            part.restart()
            _receive_all(job, source, part, pause)
        try:
            return Fetched(part.size, part.finish(), part.kept)
        except Wrong as wrong:
            part.discard()
            raise SourceError(f"{source.url(job.role)} is not what it should be: {wrong}") from wrong


def patiently(call: Callable[[], Any], retries: int, pause: Callable[[float], None] = time.sleep) -> Any:
    """Return what ``call`` does, asked again while the source is away; raises SourceError."""
    for number in range(retries):
        try:
            return call()
        except Away:
            pause(pause_after(number + 1))
    return call()


def pause_after(tries: int) -> float:
    """Return for how many seconds to leave a source alone that has failed so often."""
    return min(2.0**tries / 2, MAX_PAUSE)


def _receive_all(job: Job, source: Source, part: Part, pause: Callable[[float], None]) -> None:
    """Receive what is missing; raises SourceError, OSError."""
    tries = 0
    while not part.right:
        before = part.size
        try:
            _receive(job, source, part)
            return
        except Away as error:
            tries = 1 if part.size > before else tries + 1
            if tries > job.retries:
                kept = f"; {part.size} bytes are kept for the next run" if part.size else ""
                raise Away(f"{error}{kept}") from error
            pause(pause_after(tries))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise SourceError(
                f"{job.target}: {error.strerror}; {part.size} bytes are kept in {part.path.name} for the next run"
            ) from error


def _receive(job: Job, source: Source, part: Part) -> None:
    """Ask once and write what comes; raises Away where that ends too early."""
    offset = part.size if part.resumable else 0
    block = memoryview(bytearray(BLOCK))
    with source.open(job.role, offset, part.validator if offset else "") as stream:
        if stream.start != part.size or not stream.start:
            part.restart(stream.validator)
        while count := stream.read_into(block):
            part.write(block[:count])
    if stream.total is not None and part.size < stream.total:
        raise Away(f"{source.url(job.role)}: broke off after {part.size} of {stream.total} bytes")
