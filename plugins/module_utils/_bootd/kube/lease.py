# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""A Lease (coordination.k8s.io/v1): who holds it, whether it may be taken, and how it is written. Pure.

Clocks of different hosts are never compared: a holder is gone when its ``renewTime`` has not changed for the lease's
duration on the observer's own clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..hardware.model import text_at

GROUP_VERSION = "coordination.k8s.io/v1"
DURATION = 9  # seconds that a holder may be silent
RENEW = 2.0  # seconds between two renewals: with the one that finds the holder gone, a takeover takes 11 at most


@dataclass(frozen=True, slots=True)
class Observed:
    """What was read of a lease, and when that was first seen on the observer's clock."""

    holder: str = ""
    renewed: str = ""
    since: float = 0.0


def observe(before: Observed, lease: Mapping[str, Any], now: float) -> Observed:
    """Return what is known of ``lease`` after ``before``."""
    holder, renewed = text_at(lease, "spec", "holderIdentity"), text_at(lease, "spec", "renewTime")
    if (holder, renewed) == (before.holder, before.renewed):
        return before
    return Observed(holder, renewed, now)


def may_take(observed: Observed, me: str, now: float) -> bool:
    """Return whether ``me`` may write itself into the lease: it is free, its own, or its holder has gone silent."""
    return observed.holder in ("", me) or now - observed.since >= DURATION


def lease_of(name: str, namespace: str, me: str, now: float, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the Lease held by ``me`` ("": by nobody), to be written over ``before``, None where there is none.

    ``now`` is seconds since the epoch, for people who look at it.
    """
    past = before.get("spec", {}) if before else {}
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    kept = me == past.get("holderIdentity")
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    if before:
        meta["resourceVersion"] = text_at(before, "metadata", "resourceVersion")
    spec = {
        "holderIdentity": me,
        "leaseDurationSeconds": DURATION,
        "acquireTime": past.get("acquireTime", stamp) if kept else stamp,
        "renewTime": stamp,
        "leaseTransitions": int(past.get("leaseTransitions") or 0) + (before is not None and not kept),
    }
    return {"apiVersion": GROUP_VERSION, "kind": "Lease", "metadata": meta, "spec": spec}
