# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module image_server on a real API server. Its image is not run here."""

from __future__ import annotations

import secrets

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import client_from
from ansible_collections.baremetal.netboot.plugins.modules import image_server as module

GIVEN = {key: option.get("default") for key, option in module.ARGUMENTS.items()}


@pytest.fixture
def client(api):
    made = client_from({"kubeconfig": str(api.kubeconfig)})
    yield made
    made.close()


@pytest.fixture
def run(client):
    """Return a function that runs the module in a namespace of its own."""
    name = f"images-{secrets.token_hex(3)}"

    def run_module(*, check=False, **options):
        own = {"namespace": name, "path": "/srv/images", "node_selector": {"no-such": "node"}, "wait": False}
        return module.in_cluster(client, {**GIVEN, **own, **options}, check=check)

    run_module.namespace = name
    yield run_module
    run_module(state="absent")
    client.request("DELETE", f"/api/v1/namespaces/{name}")


def actions(result):
    return [(item["kind"], item["action"]) for item in result["objects"]]


def test_run_makes_all_objects_once(client, run):
    foreseen = run(check=True)
    done = run()
    assert actions(foreseen) == actions(done)
    assert actions(done) == [("Namespace", "created"), ("ConfigMap", "created"), ("Deployment", "created")]
    again = run()
    assert (again["changed"], again["diff"]) == (False, [])
    workload = client.get(f"/apis/apps/v1/namespaces/{run.namespace}/deployments/image-server")
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_run_changes_only_what_differs(client, run):
    run()
    foreseen = run(port=8081, check=True)
    done = run(port=8081)
    assert done == foreseen
    assert actions(done) == [("Namespace", "unchanged"), ("ConfigMap", "unchanged"), ("Deployment", "updated")]
    path = f"/apis/apps/v1/namespaces/{run.namespace}/deployments/image-server"
    (container,) = client.get(path)["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8080, "hostPort": 8081, "protocol": "TCP"}]


def test_run_removes_what_it_made(run):
    run()
    foreseen = run(state="absent", check=True)
    done = run(state="absent")
    assert done == foreseen
    assert actions(done) == [("Deployment", "removed"), ("ConfigMap", "removed")]
    assert run(state="absent")["changed"] is False


def test_run_leaves_objects_of_others_alone(client, run):
    run()
    run(state="absent")
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "image-server"}, "data": {"a": "b"}}
    path = f"/api/v1/namespaces/{run.namespace}/configmaps"
    client.request("POST", path, {"fieldManager": "helm"}, document)
    with pytest.raises(Conflict, match="ConfigMap"):
        run()
    assert actions(run(state="absent"))[-1] == ("ConfigMap", "kept")
    assert run(force=True)["changed"]


def test_run_refuses_what_makes_no_sense_before_anything_is_asked():
    with pytest.raises(ValueError, match=r"path is '/' but .*\nport is 0 but"):
        module.in_cluster(None, {**GIVEN, "path": "/", "port": 0}, check=False)
