# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A machine that is given its script again soon after: what of that changes where it stands. Pure."""

from __future__ import annotations

from .events import Event, Script, describe
from .stages import State, replace

# Seconds after which a script is news again, and its time, from which a configuration can be had for a while, is
# written as any change is. Where it is none it waits with what was only seen again: of an iPXE that fetches
# autoexec.ipxe and then auto.ipxe, or of a machine that is reset at once.
SOON = 10.0
_GIVEN = ("script", "kernel")  # the stages of a machine that has its script, in which another begins nothing


def is_given_again(state: State, event: Event) -> bool:
    """Return whether ``advance`` by ``event`` only notes that a script was given once more, soon after: ``as_given``.

    So it is where nothing else of the boot has happened since.
    """
    return (
        isinstance(event.detail, Script)
        and state.stage in _GIVEN
        and not state.asked_at
        and not state.waits_for
        and state.script_mac == event.mac
        and 0.0 <= event.at - state.script_at <= SOON
    )


def as_given(state: State, event: Event, script: Script, times: int = 1) -> State:
    """Return ``state`` where ``event``, the last of so many of which nothing else is new, gave ``script`` again."""
    sent, at, via = state.bytes, event.at, script.via
    if script.bytes:
        sent = {**sent, via: sent.get(via, 0) + script.bytes * times}
    return replace(state, last=describe(event), last_at=at, script_at=at, bytes=sent)
