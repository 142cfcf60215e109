# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module bootd_deployment on a real API server, on which no pod ever runs."""

from __future__ import annotations

import base64
import secrets

import pytest

from _bootd.kube.client import Client, resource_path
from _bootd.kube.connect import endpoint_from
from _bootd.kube.errors import ApiError
from _bootd.kube.lease import lease_of
from _bootd.kube.rules import missing_configuration_rules, missing_rules
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.rollout import NotReady
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import client_from
from ansible_collections.baremetal.netboot.plugins.modules import bootd_deployment as module

MADE = [
    *(
        "Namespace",
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "Secret",
        "Deployment",
    ),
]


@pytest.fixture
def client(api):
    made = client_from({"kubeconfig": str(api.kubeconfig)})
    yield made
    made.close()


@pytest.fixture
def run(client):
    """Return a function that runs the module in a namespace of its own, on a node that is not there."""
    name = f"bootd-{secrets.token_hex(3)}"
    given = {key: option.get("default") for key, option in module.ARGUMENTS.items()}

    def run_module(*, check=False, **options):
        own = {"namespace": name, "image": "bootd:1", "address": "10.10.0.20", "nodes": ["no-such"]}
        return module.run(client, {**given, **own, **options}, check=check)

    run_module.name = name
    yield run_module
    run_module(state="absent")


def actions(result):
    return [(item["kind"], item["action"]) for item in result["objects"]]


def test_run_makes_all_objects_once(run):
    foreseen = run(check=True)
    done = run()
    assert foreseen["objects"] == done["objects"]
    assert actions(done) == [(kind, "created") for kind in MADE]
    again = run()
    assert (again["changed"], again["diff"]) == (False, [])


def test_run_makes_the_key_once_and_shows_it_never(client, run):
    path = f"/api/v1/namespaces/{run.name}/secrets/bootd-report-key"
    done = run()
    first = client.get(path)["data"]["key"]
    assert len(bytes.fromhex(base64.b64decode(first).decode())) == 32
    told = [done, run(address="10.10.0.21"), run(image_key="2")]
    assert client.get(path)["data"]["key"] == first
    assert first not in str(told)
    assert base64.b64decode(first).decode() not in str(told)


def test_run_changes_only_what_differs(run):
    run()
    foreseen = run(image_key="2", check=True)
    done = run(image_key="2")
    assert foreseen == done
    assert [item["kind"] for item in done["objects"] if item["action"] != "unchanged"] == ["Deployment"]
    assert run(image_key="2")["changed"] is False


def test_run_goes_from_one_replica_to_two_and_back(run):
    run(nodes=[])
    for replicas in (2, 1):
        assert run(nodes=[], replicas=replicas)["changed"]
        assert run(nodes=[], replicas=replicas)["changed"] is False


def test_run_takes_back_rights_that_other_settings_needed(run):
    run()
    done = run(store=f"kubernetes:{run.name}")
    changed = {(item["kind"], item["action"]) for item in done["objects"] if item["action"] != "unchanged"}
    assert changed == {
        ("ClusterRole", "removed"),
        ("ClusterRoleBinding", "removed"),
        ("Role", "created"),
        ("RoleBinding", "created"),
        ("Role", "updated"),  # its own, which had the right to the configurations
        ("Deployment", "updated"),
    }
    assert run(store=f"kubernetes:{run.name}")["changed"] is False


def test_account_may_do_what_bootd_asks_for_and_no_more(api, run):
    run(store=f"kubernetes:{run.name}")
    account = api.service_account(run.name, "bootd").client
    assert missing_rules(account, run.name, run.name) == []
    assert missing_rules(account, "", run.name)
    assert missing_configuration_rules(account, run.name) == []
    for path in ("/api/v1/secrets", "/api/v1/namespaces/kube-system/secrets"):
        with pytest.raises(ApiError) as told:
            account.get(path)
        assert told.value.status == 403


def test_account_reads_secrets_of_its_own_namespace_only_where_machines_are_in_all(api, run):
    run(store="kubernetes")
    account = api.service_account(run.name, "bootd").client
    assert missing_rules(account, "", run.name) == []
    assert missing_configuration_rules(account, run.name) == []
    for path in ("/api/v1/secrets", "/api/v1/namespaces/kube-system/secrets"):
        with pytest.raises(ApiError) as told:
            account.get(path)
        assert told.value.status == 403


def test_run_says_what_it_waited_for(run):
    with pytest.raises(NotReady, match=f"Deployment {run.name}/bootd is not ready after 1 s: "):
        run(wait=True, wait_timeout=1)


def test_run_leaves_objects_of_others_alone(client, run):
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": run.name}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bootd", "namespace": run.name}}
    client.request("POST", "/api/v1/namespaces", body=namespace)
    client.request("POST", f"/api/v1/namespaces/{run.name}/serviceaccounts", {"fieldManager": "helm"}, account)
    with pytest.raises(Conflict, match=f"ServiceAccount {run.name}/bootd"):
        run()
    assert run(force=True)["changed"]
    gone = dict(actions(run(state="absent")))
    assert gone["Namespace"] == "kept"
    assert gone["ServiceAccount"] == "removed"
    client.request("DELETE", f"/api/v1/namespaces/{run.name}")


def test_absent_removes_what_was_made(api, client, run):
    run()
    lease = lease_of("bootd", run.name, "node1", 0.0, None)
    daemon = Client(endpoint_from({}, kubeconfig=str(api.kubeconfig)), agent="bootd")
    daemon.request("POST", f"/apis/coordination.k8s.io/v1/namespaces/{run.name}/leases", body=lease)
    foreseen = run(state="absent", check=True)
    done = run(state="absent")
    assert foreseen == done
    assert sorted(actions(done)) == sorted([(kind, "removed") for kind in (*MADE, "Lease")])
    # No controller of this API server finishes what is being deleted.
    (namespace,) = client.get("/api/v1/namespaces", {"fieldSelector": f"metadata.name={run.name}"})["items"]
    assert namespace["metadata"]["deletionTimestamp"]


@pytest.mark.parametrize("kind", ["hardware", "configmaps"])
def test_absent_keeps_a_namespace_in_which_something_is_left(client, run, kind):
    run()
    api_version, body = {
        "hardware": ("tinkerbell.org/v1alpha1", {"kind": "Hardware", "spec": {}}),
        "configmaps": ("v1", {"kind": "ConfigMap"}),
    }[kind]
    # Also one that the module hardware has made: it carries the same label as bootd's own objects.
    labels = {"app.kubernetes.io/managed-by": "baremetal.netboot"}
    document = {"apiVersion": api_version, **body, "metadata": {"name": "other", "labels": labels}}
    client.request("POST", resource_path(api_version, kind, run.name), body=document)
    (gone,) = [item for item in run(state="absent")["objects"] if item["kind"] == "Namespace"]
    assert (gone["action"], gone["reason"]) == ("kept", f"it holds {kind} other")
    assert run(state="absent")["changed"] is False
    client.request("DELETE", resource_path(api_version, kind, run.name, "other"))


def test_absent_finds_nothing_where_nothing_is(run):
    assert run(state="absent")["changed"] is False


def test_run_refuses_what_makes_no_sense_before_anything_is_written(client, run):
    with pytest.raises(ValueError, match="--lease-time is"):
        run(settings={"lease_time": 1})
    assert client.get("/api/v1/namespaces", {"fieldSelector": f"metadata.name={run.name}"})["items"] == []
