# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Long work in a background thread, done a little at a time: the threads that answer machines come in between."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

AT_ONCE = 64  # at some microseconds each well under a millisecond
PAUSE = 0.0002  # seconds; without, whoever waits for the interpreter or a lock would find both taken again

_Item = TypeVar("_Item")


def in_pieces(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Yield ``items``, AT_ONCE at a time, with a PAUSE between."""
    for start in range(0, len(items), AT_ONCE):
        if start:
            time.sleep(PAUSE)
        yield items[start : start + AT_ONCE]
