# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module hardware_crd on a cluster of its own, and Tinkerbell's definition there already."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import MERGE_PATCH
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import get, labelled
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import (
    REVISION,
    REVISION_ANNOTATION,
    hardware_crd,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import path_of
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import client_from
from ansible_collections.baremetal.netboot.plugins.modules import hardware_crd as module
from cluster.kube import wait_for

PATH = path_of(hardware_crd())
HARDWARE = "/apis/tinkerbell.org/v1alpha1/namespaces/default/hardware"
MACHINE = {
    "apiVersion": "tinkerbell.org/v1alpha1",
    "kind": "Hardware",
    "metadata": {"name": "um790-1", "namespace": "default"},
    "spec": {"interfaces": [{"dhcp": {"mac": "58:47:ca:71:d8:49"}, "netboot": {"allowPXE": True}}]},
}


@pytest.fixture
def client(bare_api):
    """Return a client of a cluster without any Hardware definition."""
    made = client_from({"kubeconfig": str(bare_api.kubeconfig)})
    yield made
    made.close()


def run(client, state="present", *, check=False, force=False):
    return module.run(client, state, check=check, force=force)


def foreign_crd():
    """Return a definition as an early release of Tinkerbell had it: less in it, and no label."""
    document = hardware_crd()
    document["metadata"] = {
        "name": document["metadata"]["name"],
        "annotations": {"controller-gen.kubebuilder.io/version": "v0.8.0"},
    }
    properties = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    del properties["spec"]["properties"]["references"]
    del properties["status"]["properties"]["attributes"]
    return document


def wait_until_looked_at(client):
    """Wait until the API server itself has written the definition's status."""
    wait_for(lambda: client.get(PATH).get("status", {}).get("conditions"), "the definition is looked at")


def test_run_installs_it_once_and_objects_can_follow(client):
    foreseen = run(client, check=True)
    assert get(client, PATH) is None
    done = run(client)
    assert (done["changed"], done["action"], done["found"]) == (True, "created", {})
    assert {name: done[name] for name in done if name != "diff"} == {
        name: foreseen[name] for name in foreseen if name != "diff"
    }
    assert client.request("POST", HARDWARE, body=MACHINE)["spec"] == {
        "interfaces": [{**MACHINE["spec"]["interfaces"][0], "disableDhcp": False}]
    }
    version = client.get(PATH)["metadata"]["resourceVersion"]
    again = run(client)
    assert (again["changed"], again["action"], again["diff"]) == (False, "unchanged", [])
    assert again["found"]["missing_fields"] == []
    assert client.get(PATH)["metadata"]["resourceVersion"] == version


def test_run_updates_what_an_older_release_of_ours_installed(client):
    older = labelled(foreign_crd())
    older["metadata"]["annotations"] = {REVISION_ANNOTATION: str(REVISION - 1)}
    client.request("POST", module.resource_path("apiextensions.k8s.io/v1", "customresourcedefinitions"), body=older)
    wait_until_looked_at(client)
    foreseen = run(client, check=True)
    assert get(client, PATH)["metadata"]["annotations"] == {REVISION_ANNOTATION: str(REVISION - 1)}
    done = run(client)
    assert done == foreseen
    assert (done["action"], done["found"]["missing_fields"]) == ("updated", ["spec.references", "status.attributes"])
    assert run(client)["action"] == "unchanged"


def test_run_leaves_a_definition_of_others_as_it_is(client):
    crds = module.resource_path("apiextensions.k8s.io/v1", "customresourcedefinitions")
    client.request("POST", crds, {"fieldManager": "kubectl-client-side-apply"}, foreign_crd())
    wait_until_looked_at(client)
    before = client.get(PATH)["spec"]
    for state in ("present", "absent"):
        for check in (True, False):
            kept = run(client, state, check=check, force=True)
            assert (kept["changed"], kept["action"], kept["diff"]) == (False, "kept", [])
            assert kept["reason"]
    assert kept["found"]["hints"] == {"controller-gen.kubebuilder.io/version": "v0.8.0"}
    assert "kubectl-client-side-apply" in kept["found"]["managers"]
    assert kept["found"]["missing_fields"] == ["spec.references", "status.attributes"]
    assert client.get(PATH)["spec"] == before


def test_run_removes_ours_only_when_nothing_is_lost(client):
    run(client)
    client.request("POST", HARDWARE, body=MACHINE)
    for check in (True, False):
        with pytest.raises(module.InUse, match="which would be lost: default/um790-1; remove them first"):
            run(client, "absent", check=check)
    client.request("DELETE", f"{HARDWARE}/um790-1")
    foreseen = run(client, "absent", check=True)
    assert (foreseen["changed"], foreseen["action"]) == (True, "removed")
    assert get(client, PATH)
    assert run(client, "absent") == foreseen
    wait_for(lambda: get(client, PATH) is None, "the definition is gone")
    assert run(client, "absent") == {"changed": False, "action": "unchanged", "found": {}, "diff": []}


def test_run_removes_all_when_it_is_forced(client):
    run(client)
    client.request("POST", HARDWARE, body=MACHINE)
    assert run(client, "absent", force=True)["action"] == "removed"
    wait_for(lambda: get(client, PATH) is None, "the definition is gone")


def test_run_undoes_what_others_did_to_ours(client):
    """Less of it, that is: what they added stays, with the whole definition."""
    run(client)
    document = client.get(PATH)
    spec = document["spec"]
    del spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["userData"]
    client.request("PATCH", PATH, None, {"spec": {"versions": spec["versions"]}}, MERGE_PATCH)
    assert run(client)["action"] == "updated"
    properties = spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties.update(userData={"type": "string"}, added={"type": "string"})
    client.request("PATCH", PATH, None, {"spec": {"versions": spec["versions"]}}, MERGE_PATCH)
    kept = run(client)
    assert (kept["action"], kept["reason"]) == ("kept", "it has what this collection's has not: spec.added")
