# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wait hears of a cluster, by the calls that its watch makes; tests/api has the watch itself."""

from __future__ import annotations

import time

import pytest

from _bootd.decisions.stages import State
from _bootd.hardware.model import STATE_ANNOTATION
from _bootd.stores.states.document import to_json
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.plugin_utils import _cluster_source
from ansible_collections.baremetal.netboot.plugins.plugin_utils._sources import Away, Refused


class FakeClient:
    """Answers a list with what it was given, or raises it."""

    server = "https://10.10.0.20:6443"

    def __init__(self, answer) -> None:
        self.answer = answer
        self.closed = False

    def get(self, _path, _query):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def watch(self, *_question):
        raise ApiUnreachable("nobody is there")

    def close(self):
        self.closed = True


def listing(*documents):
    return {"metadata": {"resourceVersion": "7"}, "items": documents}


def hardware(name, stage="known"):
    annotations = {STATE_ANNOTATION: to_json(State(stage=stage))}
    return {"metadata": {"name": name, "namespace": "x", "annotations": annotations}, "spec": {}}


def cluster(answer):
    return _cluster_source.Cluster(FakeClient(answer), "x")


def stages(source):
    return {machine["name"]: machine["stage"] for machine in source.look().machines}


def test_look_follows_lists_and_events():
    source = cluster(listing())
    source.listed([hardware("a"), hardware("b"), {"metadata": {}}], "7")
    assert stages(source) == {"a": "known", "b": "known"}
    events = [("MODIFIED", hardware("a", "script")), ("ADDED", hardware("c")), ("DELETED", hardware("b"))]
    source.applied([*events, ("MODIFIED", hardware("a", "kernel")), ("ADDED", {})], "9")
    assert stages(source) == {"a": "kernel", "c": "known"}
    source.listed([hardware("d")], "20")
    assert stages(source) == {"d": "known"}


def test_look_gives_what_has_not_changed_as_it_was():
    source = cluster(listing())
    source.listed([hardware("a"), hardware("b")], "7")
    before = {machine["name"]: machine for machine in source.look().machines}
    source.applied([("MODIFIED", hardware("a", "script"))], "8")
    after = {machine["name"]: machine for machine in source.look().machines}
    assert after["b"] is before["b"]
    assert after["a"] is not before["a"]


def test_look_while_nothing_is_heard():
    source = cluster(listing())
    source.listed([hardware("a")], "7")
    source.trouble("Connection refused")
    with pytest.raises(Away, match="Connection refused"):
        source.look()
    source.trouble("")
    assert stages(source) == {"a": "known"}


def test_pause_ends_with_news(monkeypatch):
    monkeypatch.setattr(_cluster_source, "TICK", 60.0)
    source = cluster(listing())
    source.listed([hardware("a")], "7")
    began = time.monotonic()
    source.pause(60)
    assert time.monotonic() - began < _cluster_source.TICK
    source.pause(0)  # what was heard before is no news any more


def test_start_tells_of_a_refusal():
    with pytest.raises(Refused, match="may not"):
        cluster(ApiError(403, "Forbidden", "may not")).start()


def test_start_waits_for_an_api_that_is_away():
    source = cluster(ApiUnreachable("Connection refused"))
    source.start()
    try:
        with pytest.raises(Away, match="Connection refused"):
            source.look()
    finally:
        source.stop()


def test_stop_without_a_start():
    source = cluster(listing())
    source.stop()
    assert source._client.closed
