# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""BMCs as a cluster has them: a Machine of Tinkerbell and its Secret, of a real API server, lead to sushy-tools."""

from __future__ import annotations

import json

import pytest

from ansible_collections.baremetal.netboot.plugins.modules import machine_power
from servers.module_run import run_module
from servers.redfish_emulator import PASSWORD, USER, Wired, emulator, read_events

# As Tinkerbell's own, as far as it is read here.
MACHINE_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "machines.bmc.tinkerbell.org"},
    "spec": {
        "group": "bmc.tinkerbell.org",
        "names": {"kind": "Machine", "listKind": "MachineList", "plural": "machines", "singular": "machine"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    }
                },
            }
        ],
    },
}
SERVER = Wired("um790-1", ["sleep", "600"])


@pytest.fixture
def events(site, tmp_path):
    """The file with the emulator's power events; the site has its Machine and Secret."""
    site.api.install_crd(MACHINE_CRD)
    with emulator(tmp_path, [SERVER]) as (port, events):
        connection = {
            "host": "http://127.0.0.1",
            "insecureTLS": True,
            "authSecretRef": {"name": "bmc-login", "namespace": site.namespace},
            "providerOptions": {"redfish": {"port": port}},
        }
        machine = {
            "apiVersion": "bmc.tinkerbell.org/v1alpha1",
            "kind": "Machine",
            "metadata": {"name": "um790-1-bmc", "namespace": site.namespace},
            "spec": {"connection": connection},
        }
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "bmc-login", "namespace": site.namespace},
            "stringData": {"username": USER, "password": PASSWORD},
        }
        for document in (machine, secret):
            site.api.kubectl("apply", "-f", "-", text=json.dumps(document))
        yield events


def powered(site, capsys, reference="um790-1-bmc"):
    machines = [{"name": "um790-1", "bmc_ref": reference, "namespace": site.namespace, "stage": "known"}]
    arguments = {"machines": machines, "state": "network_boot", "kubeconfig": str(site.api.kubeconfig)}
    return run_module(machine_power, capsys, arguments)


def test_machine_of_the_cluster_is_booted_from_the_network(site, events, capsys):
    found = powered(site, capsys)
    assert found["machines"]["um790-1"]["steps"] == ["eject", "boot_once", "switch_on"], found
    assert [(event["power"], event["boot"], event["mode"]) for event in read_events(events)] == [("On", "Pxe", "UEFI")]
    assert PASSWORD not in json.dumps(found)


def test_reference_to_nothing_is_told_and_nothing_is_done(site, events, capsys):
    found = powered(site, capsys, "um790-9-bmc")
    assert found["failed"]
    assert f"um790-1: machines {site.namespace}/um790-9-bmc: " in found["msg"]
    assert "404" in found["msg"]
    assert read_events(events) == []
