# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which manifests would be written and removed, and what a diff shows of them."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware import yaml_reader, yaml_writer
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import manifest_files as files


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


def shown(present: str, machine: dict) -> tuple[str, str]:
    """What a diff shows of the file before and after ``machine`` is written to it."""
    (change,) = files.changes([machine], {"um790-1.yaml": present}, prune=False)
    return files.without_secrets(change)


@pytest.mark.parametrize("library", [True, False])
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("field", ["userData", "vendorData"])
def test_without_secrets_hides_user_data_and_nothing_else(monkeypatch, field, secret, library):
    if not library:
        monkeypatch.setattr(yaml_reader, "HAS_YAML", False)
        monkeypatch.setattr(yaml_writer, "HAS_YAML", False)
    machine = hardware(tags=["a"], **{field: secret}, disks=[{"device": "/dev/sda"}])
    other = hardware(tags=["a"], **{field: secret + "x"}, disks=[{"device": "/dev/sda"}])
    (written,) = files.changes([machine], {}, prune=False)
    before, after = shown(written.after, other)
    assert "geheim" not in before + after
    del machine["spec"][field]
    for text, word in ((before, "(hidden)"), (after, "(hidden, another)")):
        assert text.startswith(files.HEADER)
        data = yaml.safe_load(text)
        assert data["spec"].pop(field) == word
        assert data == machine


@pytest.mark.parametrize(
    ("present", "told"),
    [
        ("geheim: [", "(not shown: it can't be read, and may hold secrets)\n"),
        ("kind: Hardware\nspec: {userData: geheim\n", "(not shown: it can't be read, and may hold secrets)\n"),
        ("a: !geheim b\n", "(not shown: it can't be read, and may hold secrets)\n"),
        ("geheim\n", "(not shown: no Hardware object)\n"),
        ("kind: Secret\ndata: {a: geheim}\n", "(not shown: no Hardware object)\n"),
        ("kind: Secret\ndata: geheim\n---\nkind: Hardware\nspec: {userData: geheim, a: 1}\n", "a: 1"),
        ("kind: HardwareList\nitems: [{kind: Hardware, spec: {userData: geheim, a: 1}}]\n", "a: 1"),
        ("", ""),
    ],
)
def test_without_secrets_shows_nothing_of_what_it_does_not_know(present, told):
    before, _after = shown(present, hardware())
    assert told in before
    assert "geheim" not in before


def test_file_in_another_layout_stays_as_it_is():
    (written,) = files.changes([hardware(a=[1, True])], {}, prune=False)
    again = files.HEADER + yaml.safe_dump(yaml.safe_load(written.after), default_flow_style=True, sort_keys=False)
    assert again != written.after
    (change,) = files.changes([hardware(a=[1, True])], {"um790-1.yaml": again}, prune=False)
    assert change.action == "unchanged"


@pytest.mark.parametrize("other", [{"a": [True, 1]}, {"a": [1, True], "b": None}, {"a": ["1", True]}])
def test_file_that_says_something_else_is_written(other):
    (written,) = files.changes([hardware(a=[1, True])], {}, prune=False)
    (change,) = files.changes([hardware(**other)], {"um790-1.yaml": written.after}, prune=False)
    assert change.action == "updated"


def test_file_of_somebody_else_that_says_the_same_becomes_ours():
    (written,) = files.changes([hardware()], {}, prune=False)
    (change,) = files.changes([hardware()], {"um790-1.yaml": written.after.removeprefix(files.HEADER)}, prune=False)
    assert change.action == "updated"
