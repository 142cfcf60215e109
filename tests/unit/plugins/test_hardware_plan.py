# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to become of objects that a cluster has, and that others have a say in."""

from __future__ import annotations

import copy
import json

import pytest
import yaml

from _bootd.hardware.model import REPROVISION_ANNOTATION, STATE_ANNOTATION
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import plan
from samples import howto

MAC = "58:47:ca:71:d8:49"
KEY = ("tink-system", "um790-1")


@pytest.fixture
def machine():
    document = yaml.safe_load(howto.HARDWARE)
    document["metadata"] = {"name": KEY[1]}
    return document


def live_of(machine, *, installed=False, asked="", given_up=()):
    """Return the object as the API has it after this module has written it, and bootd perhaps."""
    live = copy.deepcopy(plan.wanted_object(machine, KEY, None, ""))
    annotations = live["metadata"].setdefault("annotations", {})
    if asked:
        annotations[REPROVISION_ANNOTATION] = asked
    if installed:
        live["spec"]["interfaces"][0]["netboot"]["allowPXE"] = False
        annotations[STATE_ANNOTATION] = json.dumps({"version": 1, "stage": "installed", "switchedOff": {MAC: asked}})
    fields = {"f:spec": {"f:interfaces": {}, **{f"f:{name}": {} for name in given_up}}}
    entry = {"manager": "baremetal.netboot", "operation": "Apply", "fieldsV1": fields}
    live["metadata"] |= {"resourceVersion": "7", "uid": "u", "managedFields": [entry]}
    return live


def step(machine, live, reprovision=""):
    return plan.step(machine, KEY, live, reprovision)


def allow_pxe(step) -> bool:
    return step.wanted["spec"]["interfaces"][0]["netboot"]["allowPXE"]


def test_step_creates_what_is_not_there(machine):
    made = step(machine, None)
    assert made.action == "created"
    assert made.wanted["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "baremetal.netboot"}
    assert (made.wanted["metadata"]["namespace"], made.wanted["metadata"]["name"]) == KEY


def test_step_leaves_the_machine_it_was_given_as_it_is(machine):
    before = copy.deepcopy(machine)
    step(machine, live_of(machine, installed=True), "now")
    assert machine == before


def test_step_is_unchanged_where_all_is_there(machine):
    live = live_of(machine)
    live["metadata"]["labels"]["rack"] = "b12"
    live["spec"]["bmcRef"] = {"name": "somebody's"}
    assert step(machine, live).action == "unchanged"


@pytest.mark.parametrize("value", [False, True])
def test_step_knows_what_the_crd_sets_by_itself(machine, value):
    live = live_of(machine)
    live["spec"]["interfaces"][0]["disableDhcp"] = value
    assert step(machine, live).action == ("updated" if value else "unchanged")


def test_step_takes_a_field_out_of_a_list(machine):
    live = live_of(machine)
    del machine["spec"]["interfaces"][0]["dhcp"]["hostname"]
    assert step(machine, live).action == "updated"


@pytest.mark.parametrize("path", [("spec", "userData"), ("metadata", "labels", "rack")])
def test_step_updates_what_differs(machine, path):
    live = live_of(machine)
    inner = machine
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
    inner[path[-1]] = "new"
    assert step(machine, live).action == "updated"


def test_step_tells_true_from_one(machine):
    live = live_of(machine)
    live["spec"]["interfaces"][0]["dhcp"]["uefi"] = True
    machine["spec"]["interfaces"][0]["dhcp"]["uefi"] = 1
    machine["spec"]["userData"] = live["spec"]["userData"] = "x"
    assert plan._holds(True, 1) is False


def test_step_takes_away_what_was_given_up(machine):
    live = live_of(machine, given_up=["userData"])
    live["spec"]["userData"] = "gone"
    assert step(machine, live).action == "updated"


def test_step_leaves_an_installed_machine_off(machine):
    live = live_of(machine, installed=True)
    assert step(machine, live).action == "unchanged"
    machine["spec"]["interfaces"][0]["dhcp"]["hostname"] = "renamed"
    assert step(machine, live).action == "updated"
    assert allow_pxe(step(machine, live)) is False


def test_step_reprovisions_an_installed_machine(machine):
    again = step(machine, live_of(machine, installed=True), "today")
    assert again.action == "updated"
    assert allow_pxe(again) is True
    assert again.wanted["metadata"]["annotations"] == {REPROVISION_ANNOTATION: "today"}


def test_step_reprovisions_only_what_was_installed(machine):
    assert step(machine, live_of(machine), "today").action == "unchanged"


def test_step_keeps_the_value_that_asked_for_the_last_installation(machine):
    live = live_of(machine, installed=True, asked="yesterday")
    assert step(machine, live).action == "unchanged"
    assert step(machine, live).wanted["metadata"]["annotations"] == {REPROVISION_ANNOTATION: "yesterday"}


def test_step_with_a_new_value_in_the_inventory_installs_again(machine):
    live = live_of(machine, installed=True)
    machine["metadata"]["annotations"] = {REPROVISION_ANNOTATION: "second"}
    again = step(machine, live)
    assert (again.action, allow_pxe(again)) == ("updated", True)


def test_step_with_netboot_off_by_its_owner_is_what_the_owner_says(machine):
    live = live_of(machine)
    live["spec"]["interfaces"][0]["netboot"]["allowPXE"] = False
    assert allow_pxe(step(machine, live)) is True


@pytest.mark.parametrize("annotation", ["", "{", "[]", '{"switchedOff": []}', "[" * 100_000])
def test_switched_off_by_a_state_that_can_not_be_read(machine, annotation):
    live = live_of(machine, installed=True)
    live["metadata"]["annotations"][STATE_ANNOTATION] = annotation
    assert plan.switched_off(live) == set()


def test_steps_prune_only_our_own(machine):
    ours, theirs = live_of(machine), live_of(machine)
    theirs["metadata"]["labels"] = {}
    live = {("a", "ours"): ours, ("a", "theirs"): theirs}
    found = plan.steps([machine], live, "a", prune=True, reprovision="")
    assert [(item.key[1], item.action) for item in found] == [("ours", "removed"), ("um790-1", "created")]
    assert [item.action for item in plan.steps([], live, "a", prune=False, reprovision="")] == []


def test_problems_tells_all_of_them(machine):
    other = copy.deepcopy(machine)
    other["metadata"]["name"] = "um790-2"
    other["spec"]["interfaces"][0]["dhcp"]["ip"]["gateway"] = "192.168.1.1"
    told = "\n".join(plan.problems([machine, other, {"kind": "Pod", "apiVersion": "v1"}]))
    assert "machines[1]" in told
    assert "spec.interfaces[0].dhcp.ip.gateway" in told
    assert "58:47:ca:71:d8:49" in told
    assert "machines[2]: kind: 'Pod': should be Hardware" in told


def test_foreign_leaves_out_bootd_and_ourselves():
    causes = [(".spec.interfaces", "bootd"), (".spec.userData", "kubectl"), (".spec.disks", "baremetal.netboot")]
    assert plan.foreign(causes) == [(".spec.userData", "kubectl")]
