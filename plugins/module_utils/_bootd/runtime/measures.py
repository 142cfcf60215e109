# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What metrics say of machines and of the daemon's parts: gauges as things are when they are asked for, and stages."""

from __future__ import annotations

from collections.abc import Iterator

from ..decisions.events import BootError, Event, Report
from ..decisions.stages import STAGES, State, Step
from ..process.metrics import Metrics
from .services import Services

# A machine is in these on its way; how long one was known, or is ready, says nothing of a boot.
TIMED = ("offered", "loading", "script", "kernel", "installing", "installed")
# Why a machine failed: its installer said so; nothing came from it any more; the same, after iPXE or GRUB met an error.
REASONS = ("reported", "silence", "boot_error")


class StageMeasures:
    """Counts and times the stages of machines, as the journal tells of them: to one thread at a time."""

    def __init__(self, metrics: Metrics) -> None:
        self._boot_errors = metrics.boot_errors
        # All series from the beginning: one that first appears with its first count shows Prometheus no increase.
        self._reached = {stage: metrics.stages_reached.labels(stage) for stage in STAGES}
        self._seconds = {stage: metrics.stage_seconds.labels(stage) for stage in TIMED}
        self._failures = {
            (stage, reason): metrics.machine_failures.labels(stage, reason) for stage in TIMED for reason in REASONS
        }

    def measure(self, event: Event, before: State, after: State) -> None:
        """Take note of ``event``, which led from the state ``before`` to ``after``."""
        if isinstance(event.detail, BootError):
            self._boot_errors.inc()
        if after.steps is before.steps:
            return
        for previous, step in steps_since(before, after):
            self._reached[step.stage].inc()
            if previous is not None and previous.stage in TIMED:
                self._seconds[previous.stage].observe(max(0.0, step.at - previous.at))
        if after.stage == "failed" != before.stage:
            failed = self._failures.get((before.stage, reason_of(event, before)))
            if failed is not None:
                failed.inc()


def steps_since(before: State, after: State) -> Iterator[tuple[Step | None, Step]]:
    """Yield the steps that ``after`` has and ``before`` has not, each behind the one before it in the same attempt."""
    known = after.attempt == before.attempt and bool(before.steps)
    for previous, step in zip((None, *after.steps), after.steps, strict=False):
        if not known:
            yield previous, step
        elif step == before.steps[-1]:
            known = False


def reason_of(event: Event, before: State) -> str:
    """Return which of REASONS it is that ``event`` is the failure of a machine in the state ``before``."""
    if isinstance(event.detail, Report):
        return "reported"
    return "boot_error" if before.error else "silence"


def rendered(services: Services) -> bytes:
    """Return all metrics in the Prometheus text format, the gauges as things are now."""
    metrics = services.metrics
    metrics.unknown.set(len(services.unknown))
    metrics.unknown_to_boot.set(services.unknown.wanting_to_boot())
    metrics.set_stages(services.journal.stages(services.catalog.keys()))
    for place, backlog in (("disk", services.journal.backlog()), ("api", services.backlog())):
        metrics.store_pending.labels(place).set(backlog.states)
        metrics.store_lag.labels(place).set(backlog.seconds)
    for server, is_up in services.health.up().items():
        metrics.server_up.labels(server).set(is_up)
    metrics.answers_dhcp.set(services.answers_dhcp())
    return metrics.render()
