# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that hold ports of nodes, and whether they are in bootd's way."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_pod import labels
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import settings_from
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.host_ports import (
    HostPort,
    conflicts,
    host_ports,
    of_ingress,
)


def settings(**given):
    return settings_from({"image": "bootd:1", "address": "10.10.0.20", **given})


def pod(*ports, node="one", phase="Running", name="traefik", namespace="kube-system", **labelled):
    spec = {"containers": [{"name": "only", "ports": list(ports)}], **({"nodeName": node} if node else {})}
    meta = {"name": name, "namespace": namespace, "labels": labelled}
    return {"metadata": meta, "spec": spec, "status": {"phase": phase}}


WEB = {"containerPort": 8000, "hostPort": 80}
OWN_HTTP = {"containerPort": 7080, "hostPort": 7080, "protocol": "TCP"}
HELD = HostPort("one", "TCP", 80, "kube-system/traefik")


def test_host_ports_are_those_of_nodes_only():
    assert host_ports([pod(WEB, {"containerPort": 7080})], settings()) == [HELD]


@pytest.mark.parametrize("given", [{"node": ""}, {"phase": "Succeeded"}, {"phase": "Failed"}])
def test_host_ports_are_held_by_pods_that_run(given):
    assert host_ports([pod(WEB, **given)], settings()) == []


def test_host_ports_of_bootd_itself_are_no_conflict():
    own = pod(OWN_HTTP, name="bootd-1", namespace="netboot", **labels(settings()))
    assert host_ports([own], settings()) == []
    # Another one in another namespace has the same ports, and is in the way.
    other = pod(OWN_HTTP, name="bootd-1", namespace="other", **labels(settings(namespace="other")))
    assert len(host_ports([own, other], settings())) == 1


def test_conflicts_are_ports_that_bootd_needs():
    assert conflicts([HELD], ["one"], settings()) == []
    (told,) = conflicts([HELD], ["one"], settings(http_port=80))
    assert told == "pod kube-system/traefik holds TCP port 80 of node one"
    # Port numbers of the two protocols have nothing to do with each other.
    assert conflicts([HostPort("one", "TCP", 69, "a/b")], ["one"], settings()) == []


@pytest.mark.parametrize(
    ("nodes", "replicas", "count"), [("one two", 1, 0), ("one two", 2, 1), ("two", 1, 0), ("", 1, 0)]
)
def test_conflicts_count_only_where_no_node_is_left(nodes, replicas, count):
    assert len(conflicts([HELD], nodes.split(), settings(http_port=80, replicas=replicas))) == count


def test_of_ingress_tells_of_web_ports_whatever_bootd_has():
    assert of_ingress([HELD, HostPort("one", "TCP", 10250, "a/b")]) == [HELD.sentence()]
