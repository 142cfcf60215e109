# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that asked a bootd in a cluster and have no object: asked of bootd, or of its pods through the API."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from _bootd.kube.client import MERGE_PATCH, resource_path
from api.processes import environment, inventory, task
from api.site import DHCP_PORT, MAC
from cluster.kube import wait_for
from integration.daemon.dhcp_message import discover
from programs.require import require
from servers.http_site import make_site, serving

STRANGER = "58:47:ca:71:d8:4f"
EVIL = "{{ 6 * 7 }}"
POD_ADDRESS = "10.213.7.1"  # the API server talks to no pod on loopback
LABELS = {"app.kubernetes.io/name": "bootd", "app.kubernetes.io/component": "daemon"}


@pytest.fixture
def env(site, tmp_path):
    return environment(site.api.kubeconfig, tmp_path)


def ask(bootd, mac: str) -> None:
    """Send a DHCPDISCOVER of firmware as a relay on this host forwards it."""
    message = bytearray(discover(mac, 7, vendor_class=f"PXEClient {EVIL}".encode(), arch=7))
    message[24:28] = socket.inet_aton("127.0.0.1")  # giaddr
    struct.pack_into("!H", message, 10, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.sendto(bytes(message), (bootd.address, DHCP_PORT))


@pytest.fixture
def bootd(site):
    found = site.bootd().start()
    ask(found, STRANGER)
    ask(found, MAC)
    wait_for(lambda: STRANGER in found.get("/api/v1/unknown")[1], "bootd has heard the machine")
    return found


def test_hardware_info_asks_bootd(site, env, bootd):
    url = f"http://{bootd.address}:7080"
    result = task("hardware_info", {"store": f"kubernetes:{site.namespace}", "unknown": True, "bootd_url": url}, env)
    (machine,) = result["unknown_machines"]
    assert (machine["mac"], machine["vendor_class"]) == (STRANGER, f"PXEClient {EVIL}")
    assert (machine["arch"], machine["firmware"], machine["relay"]) == (7, "uefi", "127.0.0.1")
    assert [known["interfaces"] for known in result["machines"]] == [[{"mac": MAC, "ip": "10.10.0.16"}]]


def test_inventory_has_a_group_of_them_and_no_template(site, env, bootd, tmp_path):
    path = tmp_path / "site.hardware.yml"
    common = {"plugin": "baremetal.netboot.hardware", "store": f"kubernetes:{site.namespace}"}
    path.write_text(yaml.safe_dump(common), encoding="utf-8")
    assert "netboot_unknown" not in inventory("-i", path, env=env)
    url = {"bootd_url": f"http://{bootd.address}:7080"}
    path.write_text(yaml.safe_dump({**common, **url, "unknown": True}), encoding="utf-8")
    found = inventory("-i", path, env=env)
    assert found["netboot_unknown"] == {"hosts": ["58-47-ca-71-d8-4f"]}
    variables = found["_meta"]["hostvars"]["58-47-ca-71-d8-4f"]
    assert variables["netboot_mac"] == STRANGER
    assert variables["netboot"]["vendor_class"] == f"PXEClient {EVIL}"
    command = [
        "ansible",
        "netboot_unknown",
        "-i",
        path,
        "-m",
        "ansible.builtin.debug",
        "-a",
        "var=netboot.vendor_class",
    ]
    shown = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert f"PXEClient {EVIL}" in shown


def accept(site, env, bootd, directory: Path, *more: str) -> str:
    """Run the playbook that accepts the stranger; return what it says, whether it ends well or not."""
    node = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "hardware_python": sys.executable,
        "bootd_store": f"kubernetes:{site.namespace}",
        "bootd_kubeconfig": str(site.api.kubeconfig),
        "bootd_address": bootd.address,
    }
    group = {
        "netboot_os": "harvester",
        "netboot_os_version": "v1.2.0",
        "netboot_image_url": "http://10.10.0.2/harvester",
    }
    groups = {"netboot_bootstrap": {"hosts": {"node": node}}, "netboot_machines": {"vars": group}}
    (directory / "inventory.json").write_text(json.dumps(groups), encoding="utf-8")
    machine = f"accept_mac={STRANGER} accept_name=um790-2 accept_address=10.10.0.21/24"
    argv = ["ansible-playbook", "-i", directory / "inventory.json", "baremetal.netboot.accept", "-e", machine, *more]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=120).stdout


def test_accepted_into_the_cluster_it_is_known_and_boots_nothing(site, env, bootd, tmp_path):
    assert "changed=1 " in accept(site, env, bootd, tmp_path, "--check")
    assert [item["metadata"]["name"] for item in site.machines()] == ["um790-1"]
    assert "changed=1 " in accept(site, env, bootd, tmp_path)
    (interface,) = site.machine("um790-2")["spec"]["interfaces"]
    assert (interface["dhcp"]["mac"], interface["dhcp"]["ip"]["address"]) == (STRANGER, "10.10.0.21")
    assert (interface["dhcp"]["uefi"], interface["netboot"]["allowPXE"]) == (True, False)
    wait_for(lambda: STRANGER not in bootd.get("/api/v1/unknown")[1], "bootd knows the machine")
    assert "changed=0 " in accept(site, env, bootd, tmp_path)


@pytest.fixture
def pod_address() -> Iterator[str]:
    """An address of this host that is not on loopback's network."""
    require("root", "ip")  # to give this host another address
    command = ["ip", "address", "{}", f"{POD_ADDRESS}/32", "dev", "lo"]
    subprocess.run([word.format("replace") for word in command], check=True)
    yield POD_ADDRESS
    subprocess.run([word.format("delete") for word in command], check=True)


def test_hardware_info_asks_the_pods_through_the_api_server(site, env, tmp_path, pod_address):
    http = make_site(tmp_path, bind=pod_address, http_port=0)
    http.services.unknown.asked_for_file("http", STRANGER, "10.10.0.77", 10.0)
    client, name = site.api.client, f"bootd-{site.namespace}"
    path = resource_path("v1", "pods", "default", name)
    with serving(http) as port:
        ports = [{"name": "http", "containerPort": port}]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": LABELS},
            "spec": {
                "automountServiceAccountToken": False,
                "nodeSelector": {"nowhere": "true"},
                "containers": [{"name": "bootd", "image": "bootd", "ports": ports}],
            },
        }
        site.api.create(pod, "pods")
        try:
            status = {"status": {"phase": "Running", "podIP": pod_address, "podIPs": [{"ip": pod_address}]}}
            client.request("PATCH", f"{path}/status", None, status, MERGE_PATCH)
            result = task("hardware_info", {"store": f"kubernetes:{site.namespace}", "unknown": True}, env)
        finally:
            client.request("DELETE", path, {"gracePeriodSeconds": 0})
    (machine,) = result["unknown_machines"]
    assert (machine["mac"], machine["address"], machine["asked"]["http"]) == (STRANGER, "10.10.0.77", 1)
