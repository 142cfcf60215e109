# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a watch, taken together as they come."""

from __future__ import annotations

import threading

import pytest

from _bootd.kube.errors import ApiUnreachable
from _bootd.kube.object_watch import ObjectWatch, batches


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


class Events(list):
    """A watch that ends by itself."""

    def stop(self) -> None:
        pass


class OneObject:
    """What a Client says of a collection with one object, which has just been changed."""

    def get(self, _path, _query):
        return {"items": [{"metadata": {"name": "a"}}], "metadata": {"resourceVersion": "1"}}

    def watch(self, _path, _query, _seconds):
        return Events([event("MODIFIED", "2")])


class Surprised:
    """A follower that meets a fault the first time something changes."""

    def __init__(self) -> None:
        self.lists, self.troubles, self.well = 0, [], threading.Event()

    def listed(self, _objects, _version) -> None:
        self.lists += 1

    def applied(self, _events, _version) -> None:
        if self.lists == 1:
            raise KeyError("surprise")
        self.well.set()

    def trouble(self, reason: str) -> None:
        self.troubles.append(reason)


def test_watch_goes_on_with_a_list_after_a_fault_in_its_follower():
    follower = Surprised()
    watch = ObjectWatch(OneObject(), "/apis/tinkerbell.org/v1alpha1/hardware", follower)
    watch.start()
    assert follower.well.wait(10)
    watch.stop()
    (told,) = filter(None, follower.troubles)
    assert told.startswith("a fault: KeyError: 'surprise' at ")
