# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may take a Lease, on the observer's own clock."""

from __future__ import annotations

import pytest

from _bootd.kube.lease import DURATION, Observed, lease_of, may_take, observe


def lease(holder: str, renewed: str = "2026-01-01T00:00:00.000000Z") -> dict:
    return {"metadata": {"resourceVersion": "7"}, "spec": {"holderIdentity": holder, "renewTime": renewed}}


@pytest.mark.parametrize(
    ("holder", "silent", "expected"),
    [("", 0.0, True), ("me", 0.0, True), ("other", DURATION - 0.1, False), ("other", DURATION, True)],
)
def test_may_take(holder, silent, expected):
    observed = observe(Observed(), lease(holder), 100.0)
    assert may_take(observe(observed, lease(holder), 100.0 + silent), "me", 100.0 + silent) is expected


def test_observe_begins_anew_with_each_sign_of_life():
    observed = observe(Observed(), lease("other"), 100.0)
    observed = observe(observed, lease("other", "2026-01-01T00:00:02.000000Z"), 108.0)
    assert not may_take(observed, "me", 110.0)


def test_observe_of_a_lease_that_holds_nonsense():
    assert observe(Observed(), {"spec": {"holderIdentity": 7, "renewTime": []}}, 1.0).holder == ""


def test_lease_of_counts_who_takes_over():
    first = lease_of("bootd", "netboot", "one", 0.0, None)
    assert first["spec"]["leaseTransitions"] == 0
    assert first["spec"]["renewTime"] == "1970-01-01T00:00:00.000000Z"
    renewed = lease_of("bootd", "netboot", "one", 2.0, {**first, "metadata": {"resourceVersion": "8"}})
    assert renewed["spec"]["leaseTransitions"] == 0
    assert renewed["spec"]["acquireTime"] == first["spec"]["acquireTime"]
    assert renewed["metadata"]["resourceVersion"] == "8"
    taken = lease_of("bootd", "netboot", "two", 20.0, renewed)
    assert taken["spec"]["leaseTransitions"] == 1
    assert taken["spec"]["acquireTime"] == taken["spec"]["renewTime"]
