# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module bootd_deployment on a real API server, on which no pod ever runs."""

from __future__ import annotations

import base64
import secrets

import pytest

from _bootd.kube.access import missing_rules
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.rollout import NotReady
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes import client_from
from ansible_collections.baremetal.netboot.plugins.modules import bootd_deployment as module

DEPLOYMENTS = "/apis/apps/v1"
KINDS = ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Secret", "Deployment"]


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


def test_run_makes_all_objects_once(client, run):
    foreseen = run(check=True)
    done = run()
    assert foreseen["objects"] == done["objects"]
    assert actions(done) == [(kind, "created") for kind in KINDS]
    again = run()
    assert (again["changed"], again["diff"]) == (False, [])
