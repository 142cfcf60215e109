# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin over a real API server, by ansible-inventory and ansible."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from _bootd.kube.client import resource_path
from api.processes import PROGRAMS, environment, inventory
from api.site import GROUP_VERSION, MAC, MACHINE, report
from cluster.kube import wait_for

TEMPLATE = "{{ 6 * 7 }}"


class Inventory:
    """A configuration of the plugin for a test's namespace, and what it gives."""

    def __init__(self, site, directory: Path) -> None:
        self.site, self.path = site, directory / "site.hardware.yml"
        self.env = environment(site.api.kubeconfig, directory)
        self.write()

    def write(self, **options: Any) -> None:
        """Write the configuration."""
        common = {"plugin": "baremetal.netboot.hardware", "store": f"kubernetes:{self.site.namespace}"}
        self.path.write_text(yaml.safe_dump(common | options), encoding="utf-8")

    def read(self, *argv: str) -> dict[str, Any]:
        """Return ansible-inventory's list."""
        return inventory("-i", self.path, *argv, env=self.env)

    def groups(self) -> dict[str, list[str]]:
        """Return the hosts of each group that has any."""
        return {name: value["hosts"] for name, value in self.read().items() if "hosts" in value}

    def fails(self) -> str:
        """Return what ansible-inventory says where it must fail."""
        argv = [PROGRAMS / "ansible-inventory", "--list", "-i", self.path]
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        return " ".join(done.stderr.split())


@pytest.fixture
def hosts(site, tmp_path):
    return Inventory(site, tmp_path)


def label(site, **labels: str) -> None:
    document = site.document()
    document["metadata"]["labels"] = labels
    site.apply(document)


def test_installed_machine_is_a_host_of_its_groups(site, hosts):
    label(site, **{"netboot.baremetal/role": "control-plane"})
    assert hosts.groups()["netboot_stage_known"] == [MACHINE]
    bootd = site.bootd().start()
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.state().get("stage") == "installed", "the object says installed")
    assert hosts.groups() == {
        "netboot_stage_installed": [MACHINE],
        "netboot_version_v1_2_0": [MACHINE],
        "netboot_role_control_plane": [MACHINE],
    }
    variables = hosts.read()["_meta"]["hostvars"][MACHINE]
    assert variables["ansible_host"] == variables["netboot_ip"] == "10.10.0.16"
    assert variables["netboot_mac"] == MAC
    assert json.loads(bootd.get(f"/api/v1/machines/{MACHINE}")[1]).items() <= variables["netboot"].items()


def test_configuration_composes(site, hosts):
    label(site, rack="b12", tier="gold")
    hosts.write(
        compose={"ansible_user": "'rancher'", "rack": "netboot_labels.rack"},
        groups={"bootable": "netboot.netboot", "installed": "netboot.stage == 'installed'"},
        keyed_groups=[{"key": "netboot_labels.rack", "prefix": "rack"}],
        role_label="tier",
        strict=True,
    )
    variables = hosts.read()["_meta"]["hostvars"][MACHINE]
    assert (variables["ansible_user"], variables["rack"]) == ("rancher", "b12")
    assert set(hosts.groups()) == {
        "netboot_stage_known",
        "netboot_version_v1_2_0",
        "netboot_role_gold",
        "bootable",
        "rack_b12",
    }


def test_labels_select(site, hosts):
    label(site, rack="b12")
    other = site.document("um790-2", "58:47:ca:71:d8:4a", "10.10.0.17")
    site.apply(other)
    hosts.write(label_selectors=["rack in (b12, b13)"])
    assert list(hosts.read()["_meta"]["hostvars"]) == [MACHINE]
    hosts.write(label_selector="!rack")
    assert list(hosts.read()["_meta"]["hostvars"]) == ["um790-2"]


def test_machines_of_one_name_are_told_apart(site, hosts):
    label(site, pair=site.namespace)
    other = f"{site.namespace}-b"
    site.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}}, "namespaces")
    document = site.document(mac="58:47:ca:71:d8:4a", address="10.10.0.17")
    document["metadata"] = {"name": MACHINE, "namespace": other, "labels": {"pair": site.namespace}}
    site.api.create(document, "hardware")
    try:
        hosts.write(store="kubernetes", label_selectors=[f"pair={site.namespace}"])
        found = hosts.read()["_meta"]["hostvars"]
        assert {name: variables["ansible_host"] for name, variables in found.items()} == {
            f"{MACHINE}.{site.namespace}": "10.10.0.16",
            f"{MACHINE}.{other}": "10.10.0.17",
        }
    finally:
        site.api.client.request("DELETE", resource_path(GROUP_VERSION, "hardware", other, MACHINE))


def test_objects_hold_no_templates(site, hosts):
    document = site.document()
    document["spec"]["interfaces"][0]["dhcp"]["hostname"] = TEMPLATE
    document["spec"]["metadata"]["instance"]["operating_system"]["version"] = TEMPLATE
    site.apply(document)
    hosts.write(compose={"copied": "netboot_hostname"}, keyed_groups=[{"key": "netboot_hostname", "prefix": "name"}])
    argv = [PROGRAMS / "ansible", "-i", hosts.path, MACHINE, "-m", "ansible.builtin.debug", "-a"]
    asked = {"msg": "{{ [netboot_hostname, netboot_os_version, copied] }}"}
    done = subprocess.run([*argv, json.dumps(asked)], env=hosts.env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.partition(" => ")[2])["msg"] == [TEMPLATE] * 3
    assert done.stderr == ""
    assert [group for group in hosts.groups() if group.startswith("name")] == ["name____6___7___"]


def test_cache_answers_until_it_is_flushed(site, hosts, tmp_path):
    options = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(tmp_path / "cache"),
        "cache_timeout": 3600,
        "compose": {"copied": "netboot_hostname"},
    }
    document = site.document()
    document["spec"]["interfaces"][0]["dhcp"]["hostname"] = TEMPLATE
    document["spec"]["userData"] = "correct horse battery staple"
    site.apply(document)
    hosts.write(**options)
    before = hosts.read()
    site.apply(site.document("um790-2", "58:47:ca:71:d8:4a", "10.10.0.17"))
    assert hosts.read() == before
    assert before["_meta"]["hostvars"][MACHINE]["copied"] == TEMPLATE
    (kept,) = (tmp_path / "cache").iterdir()
    assert "battery" not in kept.read_text(encoding="utf-8")
    assert list(hosts.read("--flush-cache")["_meta"]["hostvars"]) == [MACHINE, "um790-2"]
    site.apply(site.document("um790-3", "58:47:ca:71:d8:4b", "10.10.0.18"))
    # Another configuration is another question.
    hosts.write(**options, label_selectors=["!rack"])
    assert list(hosts.read()["_meta"]["hostvars"]) == [MACHINE, "um790-2", "um790-3"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"host": "http://127.0.0.1:1", "kubeconfig": ""}, "Connection refused"),
        ({"kubeconfig": "/nowhere"}, "no way to a Kubernetes API server: /nowhere"),
        ({"store": "kubernetes:"}, "should be kubernetes, kubernetes:NAMESPACE or files:DIR"),
        ({"store": "files:/nowhere"}, "No such file or directory: '/nowhere'"),
        ({"label_selectors": ["a b"]}, "unable to parse requirement"),
    ],
)
def test_what_is_wrong_is_told(hosts, options, told):
    hosts.write(**options)
    if "host" in options:
        del hosts.env["K8S_AUTH_KUBECONFIG"]
    assert told in hosts.fails()


def test_files_are_read_too(site, hosts, tmp_path):
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "a.yaml").write_text(yaml.safe_dump(site.document()), encoding="utf-8")
    hosts.write(store=f"files:{manifests}")
    assert set(hosts.groups()) == {"netboot_version_v1_2_0"}
    hosts.write(store=f"files:{manifests}", state_dir=str(tmp_path / "state"))
    assert set(hosts.groups()) == {"netboot_version_v1_2_0", "netboot_stage_known"}
