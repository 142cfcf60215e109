# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the log says of machines' stages, as the journal tells of them: one line for each, and where one boots again."""

from __future__ import annotations

from ..decisions.events import Event, Overdue, Ready
from ..decisions.stages import State
from ..process.log import Log

_TOLD_ELSEWHERE = (Overdue, Ready)  # by who finds that out: machine_overdue, machine_ready
# Seconds that a machine has not asked, after which it is told again that it asks to boot once more: its attempt begins
# only with what it then fetches, and one that can't fetch anything asks, resets and asks again.
ASKS_AGAIN = 600.0


class StageLog:
    """Writes a line to ``log`` whenever a machine reaches a stage or begins another attempt."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def follow(self, event: Event, before: State, after: State) -> None:
        """Take note of ``event``, which led from the state ``before`` to ``after``."""
        if after.asked_at - before.asked_at > ASKS_AGAIN:
            where = {"stage": after.stage, "attempt": after.attempt, "seen": after.last}
            self._log.info("asks_to_boot", machine=event.key, mac=event.mac or None, **where)
        if (after.stage, after.attempt) == (before.stage, before.attempt) or isinstance(event.detail, _TOLD_ELSEWHERE):
            return
        (self._log.warning if after.stage == "failed" else self._log.info)(
            "stage",
            machine=event.key,
            mac=event.mac or None,
            stage=after.stage,
            attempt=after.attempt,
            seen=after.last,
            reason=after.error or None,
        )
