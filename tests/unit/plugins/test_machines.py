# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines as hardware_info and the inventory give them."""

from __future__ import annotations

import json

import pytest
import yaml

from _bootd.decisions.stages import State, Step
from _bootd.hardware.model import STATE_ANNOTATION
from _bootd.stores.states.document import to_json
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.machines import (
    described,
    entry_of,
    named,
    seen_of,
)
from samples import howto

MAC = "58:47:ca:71:d8:49"
INSTALLED = State(
    stage="installed",
    since=1000.0,
    attempt=2,
    steps=(Step("known", 900.0), Step("installed", 1000.0)),
    facts={"product": "UM790 Pro"},
    installs=1,
    switched_off={MAC: ""},
)


def document(state=None, name="um790-1", namespace="tink-system", **meta):
    found = yaml.safe_load(howto.HARDWARE)
    found["metadata"] = {"name": name, "namespace": namespace, **meta}
    if state is not None:
        found["metadata"]["annotations"] = {STATE_ANNOTATION: to_json(state)}
    return found


def test_described_of_a_machine_nothing_was_seen_of():
    machine = described(entry_of(document()))
    told = {name: machine[name] for name in ("stage", "since", "attempt", "installs", "facts", "allow_pxe", "netboot")}
    assert told == {
        "stage": "known",
        "since": 0.0,
        "attempt": 0,
        "installs": 0,
        "facts": {},
        "allow_pxe": True,
        "netboot": True,
    }


def test_described_of_an_installed_machine():
    machine = described(entry_of(document(INSTALLED, labels={"netboot.baremetal/role": "server", "odd": 1})))
    assert (machine["mac"], machine["ip"], machine["hostname"]) == (MAC, "10.10.0.16", "um790-1")
    assert (machine["stage"], machine["attempt"], machine["installs"]) == ("installed", 2, 1)
    assert (machine["os"], machine["os_version"]) == ("harvester", "v1.2.0")
    assert (machine["role"], machine["labels"]) == ("server", {"netboot.baremetal/role": "server"})
    # The object has not been switched yet, which bootd does not wait for.
    assert (machine["allow_pxe"], machine["netboot"]) == (True, False)
    assert machine["reason"] == "netboot is off for um790-1: it is installed"


def test_described_tells_what_is_wrong():
    broken = document()
    broken["spec"]["interfaces"][0]["dhcp"]["ip"]["address"] = "10.10.0.999"
    (problem,) = described(entry_of(broken))["problems"]
    assert problem.startswith("spec.interfaces[0].dhcp.ip.address: ")


def test_described_holds_no_secret():
    secret = document(INSTALLED)
    secret["spec"] |= {"userData": "hunter2", "vendorData": "hunter2"}
    secret["spec"]["metadata"]["instance"]["userdata"] = "password=hunter2"
    assert "hunter2" not in json.dumps(described(entry_of(secret)))


@pytest.mark.parametrize("spec", [None, {}, {"interfaces": None}, {"interfaces": [None]}, []])
def test_described_takes_any_object(spec):
    machine = described(entry_of({**document(), "spec": spec}))
    assert (machine["mac"], machine["ip"], machine["allow_pxe"]) == ("", "", None)


@pytest.mark.parametrize("meta", [None, {}, {"name": ""}, {"name": "a/b", "namespace": "x"}, {"name": 1}])
def test_entry_of_leaves_out_what_has_no_name(meta):
    assert entry_of({**document(), "metadata": meta}) is None


def test_seen_of_ignores_a_state_that_can_not_be_read():
    odd = document(annotations={STATE_ANNOTATION: "{"})
    assert seen_of(entry_of(odd))["stage"] == "known"
    assert "can't be used" in described(entry_of(odd))["problems"][0]


@pytest.mark.parametrize(
    ("names", "found", "missing"),
    [
        (["a"], ["x/a", "y/a"], []),
        (["y/a"], ["y/a"], []),
        (["x/b", "b", "b"], ["x/b"], []),
        (["z/a", "nobody"], [], ["z/a", "nobody"]),
        ([], [], []),
    ],
)
def test_named_finds_machines_with_and_without_namespace(names, found, missing):
    entries = [entry_of(document(name=name, namespace=space)) for space, name in (("x", "a"), ("x", "b"), ("y", "a"))]
    selected, absent = named(entries, names)
    assert ([entry.key for entry in selected], absent) == (found, missing)
