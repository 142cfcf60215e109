# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""hardware_info over a real API server, and over files that hold the same."""

from __future__ import annotations

import json

import pytest

from _bootd.kube.client import resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.objects import from_cluster, from_files
from api.processes import environment, task
from api.site import GROUP_VERSION, MAC, MACHINE, report
from cluster.kube import wait_for

SECRET = "correct horse battery staple"
LABELS = {
    "a": {"rack": "b12", "role": "server"},
    "b": {"rack": "b13", "netboot.baremetal/role": "agent"},
    "c": {"rack": "", "spare": "yes"},
    "d": {},
}


@pytest.fixture
def env(site, tmp_path):
    return environment(site.api.kubeconfig, tmp_path)


@pytest.fixture
def labelled(site):
    """Return the site with a machine for each of LABELS, beside the one it has."""
    for number, (name, labels) in enumerate(LABELS.items(), 0x50):
        document = site.document(name, f"58:47:ca:71:d8:{number:x}", f"10.10.0.{number}")
        document["metadata"]["labels"] = labels
        site.apply(document)
    return site


def names(result):
    return [machine["name"] for machine in result["machines"]]


def test_installed_machine_is_told_with_its_state(site, env):
    document = site.document()
    document["spec"]["userData"] = SECRET
    document["metadata"]["labels"] = {"netboot.baremetal/role": "server"}
    site.apply(document)
    bootd = site.bootd().start()
    assert report(bootd, site, "started") == 200
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.state().get("stage") == "installed", "the object says installed")
    result = task("hardware_info", {"store": f"kubernetes:{site.namespace}"}, env)
    (machine,) = result["machines"]
    told = {name: machine[name] for name in ("name", "namespace", "mac", "ip", "stage", "installs", "os_version")}
    assert told == {
        "name": MACHINE,
        "namespace": site.namespace,
        "mac": MAC,
        "ip": "10.10.0.16",
        "stage": "installed",
        "installs": 1,
        "os_version": "v1.2.0",
    }
    assert (machine["allow_pxe"], machine["netboot"], machine["role"]) == (False, False, "server")
    assert machine["since"] == site.state()["since"]
    assert SECRET not in json.dumps(result)
    assert (result["changed"], result["missing"], "resources" in result) == (False, [], False)
    # What bootd's own API says of the machine is in it, word for word.
    assert json.loads(bootd.get(f"/api/v1/machines/{MACHINE}")[1]).items() <= machine.items()


def test_objects_are_given_where_asked_for(site, env):
    result = task("hardware_info", {"store": f"kubernetes:{site.namespace}", "resources": True}, env)
    (resource,) = result["resources"]
    assert resource["spec"] == site.machine()["spec"]
    assert (resource["apiVersion"], resource["kind"]) == (GROUP_VERSION, "Hardware")


@pytest.mark.parametrize("every", [False, True], ids=["one namespace", "all"])
def test_names_select(labelled, env, every):
    namespace = labelled.namespace
    store = "kubernetes" if every else f"kubernetes:{namespace}"
    result = task("hardware_info", {"store": store, "names": [f"{namespace}/c", "a", "nobody"]}, env)
    assert (names(result), result["missing"]) == (["a", "c"], ["nobody"])
    one = task("hardware_info", {"store": store, "names": f"{namespace}/b"}, env)
    assert (names(one), one["missing"]) == (["b"], [])


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("rack=b12", "a"),
        ("rack", "abc"),
        ("!rack", "d"),
        ("rack!=b12", "bcd"),
        ("rack in (b12, b13)", "ab"),
        ("rack notin (b12,b13),rack", "c"),
        ("rack=", "c"),
        ("rack in (),rack", "c"),
        ("netboot.baremetal/role==agent", "b"),
        ("rack=b13, netboot.baremetal/role=agent", "b"),
        ("rack=b12,spare", ""),
        ("", "abcd"),
    ],
)
def test_labels_select_the_same_in_files(labelled, tmp_path, selector, expected):
    items = labelled.api.client.get(resource_path(GROUP_VERSION, "hardware", labelled.namespace))["items"]
    (tmp_path / "all.json").write_text(json.dumps({"kind": "HardwareList", "items": items}), encoding="utf-8")
    found = from_cluster(labelled.api.client, labelled.namespace, selector=selector)
    assert [entry.live.machine.name for entry in found.entries if entry.live.machine.name in LABELS] == [*expected]
    files = from_files(str(tmp_path), selector=selector)
    assert [entry.key for entry in files.entries] == [entry.key for entry in found.entries]


def test_pages_are_put_together(labelled, monkeypatch):
    monkeypatch.setattr("ansible_collections.baremetal.netboot.plugins.module_utils._hardware.objects.PAGE", 2)
    found = from_cluster(labelled.api.client, labelled.namespace)
    assert [entry.live.machine.name for entry in found.entries] == [*LABELS, MACHINE]


def test_refusal_and_absence_are_told(site, env, tmp_path):
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x", "namespace": site.namespace}}
    site.api.create(account, "serviceaccounts")
    nobody = site.api.service_account(site.namespace, "x").kubeconfig(tmp_path)
    refused = task("hardware_info", {"kubeconfig": str(nobody)}, env)
    assert "cannot list resource" in refused["msg"]
    away = task("hardware_info", {"host": "http://127.0.0.1:1"}, env)
    assert "Connection refused" in away["msg"]
    wrong = task("hardware_info", {"store": "kubernets"}, env)
    assert "should be kubernetes, kubernetes:NAMESPACE or files:DIR" in wrong["msg"]
