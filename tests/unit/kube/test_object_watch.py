# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a watch, taken together as they come."""

from __future__ import annotations

import threading

import pytest

from _bootd.kube.errors import ApiUnreachable
from _bootd.kube.object_watch import batches


def event(kind: str, version: str = "") -> dict:
    return {"type": kind, "object": {"metadata": {"resourceVersion": version}}}


def test_batches_keep_the_order_and_the_last_version():
    events = [event("ADDED", "1"), event("MODIFIED", "2"), event("BOOKMARK", "9"), event("DELETED", "10")]
    found = list(batches(events))
    assert [kind for batch in found for kind, _unused in batch.events] == ["ADDED", "MODIFIED", "DELETED"]
    assert found[-1].version == "10"


def test_batches_pass_what_waits_on_together():
    gate = threading.Event()

    def events():
        yield event("ADDED", "1")
        gate.wait(10)
        yield from (event("ADDED", str(number)) for number in range(2, 500))

    found = batches(events())
    assert len(next(found).events) == 1
    gate.set()
    # One after the other would be 498.
    assert sum(1 for _unused in found) < 400


def test_batches_raise_after_what_came_before():
    def events():
        yield event("ADDED", "1")
        raise ApiUnreachable("gone")

    found = batches(events())
    assert next(found).version == "1"
    with pytest.raises(ApiUnreachable, match="gone"):
        next(found)


@pytest.mark.parametrize(
    "nonsense", [{}, {"type": "ADDED"}, {"type": "ADDED", "object": []}, {"type": "X", "object": {}}]
)
def test_batches_pass_over_nonsense(nonsense):
    assert [batch.events for batch in batches([nonsense])] == [[]]
