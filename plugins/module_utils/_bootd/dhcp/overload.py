# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which messages are not answered any more where more come than can be answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..process.datagram_batch import SLOTS

# Seconds after which a client has asked again: after 4, or one more or less (RFC 2131 section 4.1), as firmware does
# (PXE specification 2.1 section 2.2.2). What it asked since waits behind, and is answered all the sooner.
PATIENCE = 5.0


def too_late(came_at: Sequence[float], now: float) -> int:
    """Return how many of the messages that came then, the oldest first, are not to be answered at ``now``.

    None where no others wait behind them: a late answer is better than none.
    """
    if len(came_at) < SLOTS:
        return 0
    return next((place for place, at in enumerate(came_at) if now - at <= PATIENCE), len(came_at))
