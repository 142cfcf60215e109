# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of objects that do not work yet."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.missing import (
    bad_conditions,
    has_failed,
    left_to_do,
    pod_troubles,
    selector_of,
)

UNSEEN = "the cluster has not looked at it yet"


def workload(kind, wanted=2, **status):
    meta = {"name": "x", "namespace": "n", "generation": 3}
    return {"kind": kind, "metadata": meta, "spec": {"replicas": wanted}, "status": status}


def deployment(observed=3, **status):
    return workload("Deployment", observedGeneration=observed, **status)


def daemon_set(observed=3, **status):
    return workload("DaemonSet", observedGeneration=observed, **status)


@pytest.mark.parametrize(
    ("document", "left"),
    [
        (workload("Deployment"), UNSEEN),
        (deployment(2, replicas=2, updatedReplicas=2, availableReplicas=2), UNSEEN),
        (deployment(replicas=2), "0 of 2 pods are of the new version"),
        (deployment(replicas=3, updatedReplicas=2, availableReplicas=3), "1 pods of the old version have not ended"),
        (deployment(replicas=2, updatedReplicas=2, availableReplicas=1), "1 of 2 pods are available"),
        (deployment(replicas=2, updatedReplicas=2, availableReplicas=2), ""),
        (deployment(4, replicas=2, updatedReplicas=2, availableReplicas=2), ""),
        (workload("DaemonSet"), UNSEEN),
        (daemon_set(desiredNumberScheduled=0), "no node is one that it may run on"),
        (daemon_set(desiredNumberScheduled=2, updatedNumberScheduled=1), "1 of 2 pods are of the new version"),
        (daemon_set(desiredNumberScheduled=2, updatedNumberScheduled=2), "0 of 2 pods are available"),
        (daemon_set(desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2), ""),
        ({"kind": "CustomResourceDefinition", "metadata": {"name": "x"}}, "the API does not serve it yet"),
        ({"kind": "Secret", "metadata": {"name": "x"}}, ""),
    ],
)
def test_left_to_do_says_what_is_waited_for(document, left):
    assert left_to_do(document) == left


@pytest.mark.parametrize(("status", "left"), [("True", ""), ("False", "the API does not serve it yet")])
def test_left_to_do_of_a_crd_is_being_established(status, left):
    conditions = [{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": status}]
    document = {"kind": "CustomResourceDefinition", "metadata": {"name": "x"}, "status": {"conditions": conditions}}
    assert left_to_do(document) == left


def test_has_failed_when_the_cluster_gave_up():
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    assert has_failed(deployment(conditions=[condition]))
    assert not has_failed(deployment(conditions=[{**condition, "reason": "ReplicaSetUpdated"}]))
    assert not has_failed(deployment())


def test_bad_conditions_are_told_with_their_messages():
    conditions = [
        {"type": "Available", "status": "False", "message": "not enough"},
        {"type": "Progressing", "status": "True", "message": "fine"},
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"},
        {"type": "ReplicaFailure", "status": "False"},
    ]
    assert bad_conditions(deployment(conditions=conditions)) == [
        "Available is False: not enough",
        "ReplicaFailure is True: FailedCreate",
    ]


def test_selector_of_is_sorted():
    assert selector_of({"spec": {"selector": {"matchLabels": {"b": "2", "a": "1"}}}}) == "a=1,b=2"
    assert selector_of({"spec": {}}) == selector_of({}) == ""


def pod(name="p", **status):
    return {"metadata": {"name": name}, "status": status}


def waiting(reason, message="", last=None):
    found = {"name": "bootd", "state": {"waiting": {"reason": reason, "message": message}}}
    return {**found, "lastState": {"terminated": last}} if last else found


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        ({"conditions": [{"type": "Ready", "status": "True"}]}, None),
        ({"phase": "Pending"}, "pod p: Pending, not ready"),
        ({}, "pod p: unknown, not ready"),
        (
            {"containerStatuses": [waiting("ImagePullBackOff", 'Back-off pulling image "x"')]},
            'pod p: bootd: ImagePullBackOff: Back-off pulling image "x"',
        ),
        ({"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}, "pod p: Pending, not ready"),
        (
            {"containerStatuses": [waiting("CrashLoopBackOff", last={"exitCode": 2, "reason": "Error"})]},
            "pod p: bootd: CrashLoopBackOff; ended with exit status 2 Error",
        ),
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]},
            "pod p: not scheduled: 0/1 nodes are available",
        ),
    ],
)
def test_pod_troubles_say_why_a_pod_is_not_ready(status, trouble):
    assert pod_troubles([pod(**status)]) == ([trouble] if trouble else [])


def test_pod_troubles_are_few():
    assert pod_troubles(pod(f"p{number}") for number in range(5)) == [
        "pod p0: unknown, not ready",
        "pod p1: unknown, not ready",
        "pod p2: unknown, not ready",
        "and 2 pods more",
    ]
