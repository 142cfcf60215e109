# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is removed with bootd is bootd's own: a Lease that it has written, a namespace in which is nothing of others."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_pod import labels
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_remains import (
    remove_lease,
    remove_namespace,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import settings_from
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import LABEL, MANAGED_BY

SETTINGS = settings_from({"image": "bootd:1", "address": "10.10.0.20", "namespace": "n"})
LEASE = "/apis/coordination.k8s.io/v1/namespaces/n/leases/bootd"
NAMESPACE = "/api/v1/namespaces/n"
OURS = {LABEL: MANAGED_BY}
OF_BOOTD = {**OURS, **labels(SETTINGS)}


class Cluster:
    """A client that finds ``objects`` and lists by their paths, and writes down what is deleted."""

    def __init__(self, objects: dict[str, Any]) -> None:
        self.objects = objects
        self.deleted: list[tuple[str, Any]] = []

    def get(self, path: str, _query: Any = None) -> Any:
        if path not in self.objects:
            raise ApiError(404, "NotFound", "not found")
        return self.objects[path]

    def request(self, method: str, path: str, _query: Any = None, body: Any = None, _type: Any = None) -> Any:
        assert method == "DELETE"
        self.deleted.append((path, body["preconditions"]))
        return {}


def lease(*managers: str) -> dict[str, Any]:
    fields = [{"manager": manager} for manager in managers]
    meta = {"name": "bootd", "namespace": "n", "uid": "u-1", "managedFields": fields}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta}


def namespace(given: dict[str, str] | None) -> dict[str, Any]:
    meta = {"name": "n", "uid": "u-2", **({} if given is None else {"labels": given})}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def holding(plural: str, *items: dict[str, Any], api: str = "/api/v1") -> dict[str, Any]:
    return {f"{api}/namespaces/n/{plural}": {"items": [{"metadata": item, "type": item.get("type")} for item in items]}}


@pytest.mark.parametrize("managers", [("bootd",), ("kubectl-edit", "bootd")])
def test_remove_lease_removes_the_one_that_bootd_has_written(managers):
    cluster = Cluster({LEASE: lease(*managers)})
    (outcome,) = remove_lease(cluster, SETTINGS, check=False)
    assert (outcome.action, outcome.document["metadata"]["name"]) == ("removed", "bootd")
    assert cluster.deleted == [(LEASE, {"uid": "u-1"})]


@pytest.mark.parametrize("managers", [(), ("kube-scheduler",), ("bootd-2",)])
def test_remove_lease_leaves_one_that_bootd_has_not_written(managers):
    cluster = Cluster({LEASE: lease(*managers)})
    assert remove_lease(cluster, SETTINGS, check=False) == []
    assert cluster.deleted == []


def test_remove_lease_where_there_is_none():
    cluster = Cluster({})
    assert remove_lease(cluster, SETTINGS, check=False) == []


def test_remove_lease_is_only_foreseen_in_check_mode():
    cluster = Cluster({LEASE: lease("bootd")})
    assert [outcome.action for outcome in remove_lease(cluster, SETTINGS, check=True)] == ["removed"]
    assert cluster.deleted == []


@pytest.mark.parametrize(
    "inhabitants",
    [
        {},
        holding("configmaps", {"name": "kube-root-ca.crt"}),
        holding("secrets", {"name": "default-token", "type": "kubernetes.io/service-account-token"}),
        holding("pods", {"name": "bootd-1", "ownerReferences": [{"kind": "ReplicaSet"}]}),
        holding("secrets", {"name": "bootd-report-key", "labels": OF_BOOTD}),
    ],
)
def test_remove_namespace_takes_what_the_cluster_and_bootd_have_made(inhabitants):
    cluster = Cluster({NAMESPACE: namespace(OURS), **inhabitants})
    assert remove_namespace(cluster, SETTINGS, "n", check=False).action == "removed"
    assert cluster.deleted == [(NAMESPACE, {"uid": "u-2"})]


@pytest.mark.parametrize(
    ("inhabitants", "reason"),
    [
        (holding("configmaps", {"name": "notes"}), "it holds configmaps notes"),
        (holding("secrets", {"name": "netboot-cluster-lab", "labels": OURS}), "it holds secrets netboot-cluster-lab"),
        (holding("hardware", {"name": "a"}, api="/apis/tinkerbell.org/v1alpha1"), "it holds hardware a"),
        (holding("deployments", {"name": "x"}, api="/apis/apps/v1"), "it holds deployments x"),
        (
            holding("pods", *({"name": f"p{number}"} for number in range(5))),
            "it holds pods p0, pods p1, pods p2 and more",
        ),
    ],
)
def test_remove_namespace_leaves_one_that_others_live_in(inhabitants, reason):
    cluster = Cluster({NAMESPACE: namespace(OURS), **inhabitants})
    outcome = remove_namespace(cluster, SETTINGS, "n", check=False)
    assert (outcome.action, outcome.reason) == ("kept", reason)
    assert cluster.deleted == []


@pytest.mark.parametrize("given", [None, {}, {"team": "a"}, {LABEL: "Helm"}])
def test_remove_namespace_leaves_one_of_somebody_else(given):
    cluster = Cluster({NAMESPACE: namespace(given)})
    outcome = remove_namespace(cluster, SETTINGS, "n", check=False)
    assert (outcome.action, outcome.reason) == ("kept", "it is not ours")
    assert cluster.deleted == []


def test_remove_namespace_that_is_gone_and_in_check_mode():
    assert remove_namespace(Cluster({}), SETTINGS, "n", check=False).action == "unchanged"
    cluster = Cluster({NAMESPACE: namespace(OURS)})
    assert remove_namespace(cluster, SETTINGS, "n", check=True).action == "removed"
    assert cluster.deleted == []
