# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting ends when there is nothing left to wait for, and else with what was last seen."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import rollout
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.rollout import (
    NotReady,
    wait_for,
    wait_until_gone,
)

GONE = ApiError(404, "NotFound", "not found")
AWAY = ApiUnreachable("GET /x: no route to host")
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "bootd", "namespace": "n", "generation": 1},
    "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "bootd"}}},
}
DONE = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
BUSY = {**DONE, "availableReplicas": 0}
POD = {
    "metadata": {"name": "bootd-1"},
    "status": {
        "containerStatuses": [
            {"name": "bootd", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
        ]
    },
}


class Api:
    """Answers with one of ``states`` after the other, the last of them again and again."""

    def __init__(self, *states, pods=()):
        self.states, self.pods, self.asked = list(states), pods, []

    def get(self, path, query=None):
        if path.endswith("/pods"):
            self.asked.append(query)
            return self._answer(self.pods.pop(0) if isinstance(self.pods, list) else {"items": list(self.pods)})
        return self._answer(self.states.pop(0) if len(self.states) > 1 else self.states[0])

    @staticmethod
    def _answer(state):
        if isinstance(state, Exception):
            raise state
        return state


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Let time pass only by waiting."""
    now = [100.0]
    passes = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(rollout, "time", passes)
    return now


def deployment(status):
    return {**DEPLOYMENT, "status": status}


def test_wait_for_returns_the_object_once_it_works(clock):
    api = Api(GONE, AWAY, deployment({}), deployment(BUSY), deployment(DONE))
    assert wait_for(api, DEPLOYMENT, 10) == deployment(DONE)
    assert clock[0] == 100 + 4 * rollout.PAUSE


def test_wait_for_says_what_was_last_seen():
    condition = {"type": "Available", "status": "False", "message": "not enough"}
    api = Api(deployment({**BUSY, "conditions": [condition]}), pods=[{"items": [POD]}])
    with pytest.raises(NotReady) as told:
        wait_for(api, DEPLOYMENT, 10)
    assert str(told.value) == (
        "Deployment n/bootd is not ready after 10 s: 0 of 1 pods are available; Available is False: not enough; "
        "pod bootd-1: bootd: ImagePullBackOff: no such image"
    )
    assert api.asked == [{"labelSelector": "app=bootd"}]


@pytest.mark.parametrize(
    ("state", "words"),
    [(GONE, "it is not there"), (AWAY, "no route to host"), (deployment({}), "the cluster has not looked at it yet")],
)
def test_wait_for_ends_in_time_whatever_is_wrong(state, words, clock):
    with pytest.raises(NotReady, match=words):
        wait_for(Api(state), DEPLOYMENT, 3)
    assert 103 < clock[0] <= 103 + rollout.PAUSE


def test_wait_for_does_not_go_on_when_the_cluster_gave_up(clock):
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    with pytest.raises(NotReady, match=r"after 0 s: .*Progressing is False: timed out"):
        wait_for(Api(deployment({**BUSY, "conditions": [condition]})), DEPLOYMENT, 600)
    assert clock[0] == 100


def test_wait_for_tells_of_the_object_where_its_pods_can_not_be_listed():
    api = Api(deployment(BUSY), pods=[ApiError(403, "Forbidden", "pods is forbidden")])
    with pytest.raises(NotReady, match="0 of 1 pods are available; its pods can't be listed: pods is forbidden"):
        wait_for(api, DEPLOYMENT, 1)


def test_wait_for_passes_a_refusal_on():
    with pytest.raises(ApiError):
        wait_for(Api(ApiError(403, "Forbidden", "no")), DEPLOYMENT, 10)


def test_wait_until_gone_waits_for_the_pods_too(clock):
    pods = [{"items": [POD]}, AWAY, {"items": []}]
    wait_until_gone(Api(deployment(DONE), AWAY, GONE, pods=pods), DEPLOYMENT, 10)
    assert pods == []
    assert clock[0] == 100 + 4 * rollout.PAUSE


@pytest.mark.parametrize(
    ("api", "words"),
    [
        (Api({**DEPLOYMENT, "metadata": {"name": "bootd", "finalizers": ["a/b"]}}), "it waits for a/b"),
        (Api(deployment(DONE)), "it waits for the cluster"),
        (Api(GONE, pods=(POD,)), "there are its pods bootd-1"),
        (Api(AWAY), "no route to host"),
    ],
)
def test_wait_until_gone_says_what_remains(api, words):
    with pytest.raises(NotReady, match=f"Deployment n/bootd is not gone after 5 s: .*{words}"):
        wait_until_gone(api, DEPLOYMENT, 5)
