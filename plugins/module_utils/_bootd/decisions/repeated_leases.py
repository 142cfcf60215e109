# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What machines ask of DHCP again and again, and what of that changes where they stand. Pure."""

from __future__ import annotations

from .events import Detail, Discover, Event, Lease, describe
from .stages import UNBEGUN, State, asks_to_boot, goes_on, replace

_LEASES = (Discover, Lease)  # no union, which would be made anew whenever it is looked at


def changes_nothing(state: State, detail: Detail) -> bool:
    """Return whether ``advance`` by this ``detail`` only notes what was seen last, and when: ``as_seen`` then.

    Told of what comes again and again while many machines boot, answers of DHCP; of all else False.
    """
    if not isinstance(detail, _LEASES):
        return False
    if not detail.netboot:
        return True
    if detail.client == "os":
        is_lease = isinstance(detail, Lease)
        return state.stage not in ("script", "kernel") and not (is_lease and state.overdue and goes_on(state, detail))
    if asks_to_boot(state, detail):
        return False
    return state.stage not in UNBEGUN or (state.stage == "offered" and bool(state.firmware or not detail.firmware))


def as_seen(state: State, event: Event) -> State:
    """Return ``state`` where ``event``, which changes nothing else, was seen last."""
    return replace(state, last=describe(event), last_at=event.at)
