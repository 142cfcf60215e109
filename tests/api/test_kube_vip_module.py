# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kube_vip on a real API server. Its image is not run here."""

from __future__ import annotations

import base64
import secrets

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import client_from
from ansible_collections.baremetal.netboot.plugins.modules import kube_vip as module

PASSWORD = "hunter2"
BGP = {"peers": [{"address": "10.10.0.2", "asn": 65000}]}
BGP_WITH_PASSWORD = {"peers": [{"address": "10.10.0.2", "asn": 65000, "password": PASSWORD}]}


@pytest.fixture
def client(api):
    made = client_from({"kubeconfig": str(api.kubeconfig)})
    yield made
    made.close()


@pytest.fixture
def run(client):
    """Return a function that runs the module on objects of a name and a namespace of their own."""
    name = f"vip-{secrets.token_hex(3)}"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    client.request("POST", "/api/v1/namespaces", body=namespace)
    given = {key: option.get("default") for key, option in module.ARGUMENTS.items()}

    def run_module(*, check=False, **options):
        own = {"name": name, "namespace": name, "address": "10.10.0.20", "node_selector": {"no-such": "node"}}
        return module.run(client, {**given, **own, **options}, check=check)

    run_module.name = name
    yield run_module
    run_module(state="absent")
    client.request("DELETE", f"/api/v1/namespaces/{name}")


def daemon_set(client, name):
    return client.get(f"/apis/apps/v1/namespaces/{name}/daemonsets/{name}-ds")


def env_of(client, name):
    (container,) = daemon_set(client, name)["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


def test_run_makes_all_objects_once(client, run):
    foreseen = run(check=True)
    done = run()
    assert foreseen["objects"] == done["objects"]
    assert [(item["kind"], item["action"]) for item in done["objects"]] == [
        ("ServiceAccount", "created"),
        ("ClusterRole", "created"),
        ("ClusterRoleBinding", "created"),
        ("DaemonSet", "created"),
    ]
    again = run()
    assert (again["changed"], again["diff"]) == (False, [])
    # What the API server kept is what was asked for.
    (container,) = daemon_set(client, run.name)["spec"]["template"]["spec"]["containers"]
    assert container["securityContext"]["capabilities"] == {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}
    assert env_of(client, run.name)["address"] == "10.10.0.20"


def test_run_changes_only_what_differs(client, run):
    run()
    foreseen = run(address="10.10.0.21", check=True)
    assert env_of(client, run.name)["address"] == "10.10.0.20"
    done = run(address="10.10.0.21")
    assert done == foreseen
    assert [item["kind"] for item in done["objects"] if item["action"] != "unchanged"] == ["DaemonSet"]
    (diff,) = done["diff"]
    assert '10.10.0.20"' in diff["before"]
    assert "vip_arp" not in diff["before"] + diff["after"]
    assert env_of(client, run.name)["address"] == "10.10.0.21"


def test_run_goes_from_one_mode_to_the_other_and_back(client, run):
    run(interface="eth0", services=True)
    arp = env_of(client, run.name)
    run(mode="bgp", bgp=BGP)
    bgp = env_of(client, run.name)
    assert (bgp["vip_arp"], bgp["vip_interface"]) == ("false", "lo")
    assert {"vip_leaderelection", "svc_enable"} & set(bgp) == set()
    router = run(mode="bgp", bgp={**BGP, "router_id": "10.10.0.1"})
    assert [item["kind"] for item in router["objects"] if item["action"] == "updated"] == ["DaemonSet"]
    assert run(mode="bgp", bgp=BGP)["changed"]
    assert env_of(client, run.name) == bgp
    removed = run(interface="eth0", services=True)["objects"][-1]
    assert (removed["kind"], removed["action"]) == ("Secret", "removed")
    assert env_of(client, run.name) == arp


def test_run_keeps_passwords_in_a_secret(client, run):
    run(mode="bgp", bgp=BGP)
    template = daemon_set(client, run.name)["spec"]["template"]
    told = run(mode="bgp", bgp=BGP_WITH_PASSWORD)
    secret = client.get(f"/api/v1/namespaces/{run.name}/secrets/{run.name}-bgp")["data"]["bgp_peers"]
    assert base64.b64decode(secret).decode() == f"10.10.0.2:65000:{PASSWORD}:false"
    assert PASSWORD not in str(told) + str(daemon_set(client, run.name))
    assert secret not in str(told)
    assert daemon_set(client, run.name)["spec"]["template"] != template
    assert run(mode="bgp", bgp=BGP_WITH_PASSWORD)["changed"] is False


def test_run_removes_what_it_made(run):
    run(mode="bgp", bgp=BGP_WITH_PASSWORD)
    foreseen = run(state="absent", check=True)
    done = run(state="absent")
    assert done == foreseen
    assert [item["kind"] for item in done["objects"]] == [
        "DaemonSet",
        "Secret",
        "ClusterRoleBinding",
        "ClusterRole",
        "ServiceAccount",
    ]
    assert {item["action"] for item in done["objects"]} == {"removed"}
    assert run(state="absent")["changed"] is False


def test_run_leaves_a_kube_vip_of_others_alone(client, run):
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": []}
    role["metadata"] = {"name": f"system:{run.name}-role"}
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    client.request("POST", path, {"fieldManager": "helm"}, role)
    try:
        for check in (True, False):
            with pytest.raises(Conflict, match=f"ClusterRole system:{run.name}-role"):
                run(check=check)
        assert not client.get(f"{path}/system:{run.name}-role")["rules"]
        kept = {item["kind"]: item["action"] for item in run(state="absent")["objects"]}
        assert kept["ClusterRole"] == "kept"
        assert run(force=True)["changed"]
        assert client.get(f"{path}/system:{run.name}-role")["rules"]
    finally:
        run(state="absent")


def test_run_refuses_what_makes_no_sense_before_anything_is_written(run):
    with pytest.raises(ValueError, match=r"address is '10.10.0' but should be .*\nnamespace is 'a_b' but") as told:
        run(address="10.10.0", namespace="a_b")
    assert len(str(told.value).splitlines()) == 2
