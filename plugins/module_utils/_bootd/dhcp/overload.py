# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which messages are not answered any more where more come than can be answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..process.datagram_batch import SLOTS

# Seconds after which a client has asked again: after 4, or one more or less (RFC 2131 section 4.1), as firmware does
# (PXE specification 2.1 section 2.2.2). What it asked since waits behind, and is answered all the sooner.
PATIENCE = 5.0
# Full batches, one behind the other, that are more than a socket's queue holds: of 2 MiB, 768 octets of it a message.
# What waits behind so many came while bootd answered, so it is slow. Less may have come while its host was stopped.
QUEUE = 48


def too_late(came_at: Sequence[float], now: float, full_batches: int) -> int:
    """Return how many of the messages that came then, the oldest first, are not to be answered at ``now``.

    ``full_batches`` were received up to this one since the queue was last seen empty. None where no others wait behind
    them, and none of what came while bootd or its host was stopped: a late answer is better than none.
    """
    if len(came_at) < SLOTS or full_batches <= QUEUE:
        return 0
    return next((place for place, at in enumerate(came_at) if now - at <= PATIENCE), len(came_at))
