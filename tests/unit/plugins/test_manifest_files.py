# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which manifests would be written and removed, and what a diff shows of them."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.baremetal.netboot.plugins.module_utils import _manifest_files as files


def hardware(name="um790-1", **spec):
    return {"apiVersion": "tinkerbell.org/v1alpha1", "kind": "Hardware", "metadata": {"name": name}, "spec": spec}


def actions(changes):
    return {change.file: change.action for change in changes}


def test_changes_write_what_is_not_there_as_it_should_be():
    machines = [hardware("b"), hardware("a", disks=[]), hardware("c")]
    present = {change.file: change.after for change in files.changes(machines[:2], {}, prune=False)}
    assert sorted(present) == ["a.yaml", "b.yaml"]
    machines[0]["spec"]["disks"] = [{"device": "/dev/sda"}]
    changes = files.changes(machines, present, prune=False)
    assert actions(changes) == {"a.yaml": "unchanged", "b.yaml": "updated", "c.yaml": "created"}
    assert yaml.safe_load(changes[1].after) == machines[0]
    assert changes[1].before == present["b.yaml"]


@pytest.mark.parametrize("prune", [False, True])
def test_changes_remove_only_what_was_written_here(prune):
    present = {"old.yaml": files.HEADER + "a: 1\n", "theirs.yaml": "a: 1\n", "um790-1.yaml": "theirs: too\n"}
    found = actions(files.changes([hardware()], present, prune=prune))
    assert found == {"um790-1.yaml": "updated"} | ({"old.yaml": "removed"} if prune else {})


def test_changes_of_no_machines_can_empty_the_store():
    present = {"old.yaml": files.HEADER + "a: 1\n"}
    assert actions(files.changes([], present, prune=True)) == {"old.yaml": "removed"}


def test_removals_are_of_the_named_machines_that_are_there():
    present = {"a.yaml": "", "b.yaml": ""}
    assert actions(files.removals([hardware("b"), hardware("c")], present)) == {"b.yaml": "removed"}


@pytest.mark.parametrize("name", ["", "UM790", "../passwd", "a/b", ".hidden", "a\n", None, 7, {}])
def test_problems_of_a_name_that_is_no_file(name):
    (problem,) = files.problems([hardware(name)])
    assert problem.startswith(f"machines[0].metadata.name is {name!r}")


def test_problems_names_each():
    machines = [hardware(), {"kind": "Pod"}, hardware(), {"kind": "Hardware", "metadata": []}]
    found = files.problems(machines)
    assert [problem.split(" is ")[0] for problem in found] == [
        "machines[1]",
        "machines[2].metadata.name",
        "machines[3].metadata.name",
    ]


SECRETS = ["token: geheim", "#cloud-config\npassword: geheim\n", "\ngeheim: |\n  geheim\n", "geheim"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("field", ["userData", "vendorData"])
def test_without_secrets_hides_user_data_and_nothing_else(field, secret):
    machine = hardware(tags=["a"], **{field: secret}, disks=[{"device": "/dev/sda"}])
    other = hardware(tags=["a"], **{field: secret + "x"}, disks=[{"device": "/dev/sda"}])
    shown, shown_other = (
        files.without_secrets(files.changes([item], {}, prune=False)[0].after) for item in (machine, other)
    )
    assert "geheim" not in shown
    assert shown != shown_other
    data = yaml.safe_load(shown)
    assert data["spec"].pop(field).startswith("(hidden, sha256 ")
    del machine["spec"][field]
    assert data == machine
