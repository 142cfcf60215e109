# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module hardware on a real directory."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.ansible_release import __version__
from ansible.module_utils.testing import patch_module_args
from packaging.version import Version

from ansible_collections.baremetal.netboot.plugins.modules import hardware


def machine(name="um790-1", **spec):
    """Return the object of a machine; its name ends with a number from 1 to 9, which its addresses end with too."""
    number = int(name[-1]) if name[-1:].isdecimal() else 1
    interface = {
        "dhcp": {
            "mac": f"52:54:00:00:00:0{number}",
            "hostname": name,
            "ip": {"address": f"10.10.0.{number}", "netmask": "255.255.255.0"},
        },
        "netboot": {"allowPXE": False},
    }
    spec = {"interfaces": [interface], **spec}
    return {"apiVersion": "tinkerbell.org/v1alpha1", "kind": "Hardware", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def run(capsys, tmp_path):
    """Return a function that runs the module and returns its result."""

    def run_module(*machines, check=False, **options):
        arguments = {"store": f"files:{tmp_path}/hardware", "machines": list(machines), **options}
        with (
            patch_module_args({**arguments, "_ansible_check_mode": check, "_ansible_diff": True}),
            pytest.raises(SystemExit),
        ):
            hardware.main()
        return json.loads(capsys.readouterr().out)

    return run_module


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "hardware"
    path.mkdir()
    return path


def content(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir()}


def test_main_writes_a_file_for_each_machine(run, directory):
    result = run(machine("um790-2"), machine("um790-1"))
    assert result["changed"]
    assert [(item["name"], item["action"]) for item in result["machines"]] == [
        ("um790-1", "created"),
        ("um790-2", "created"),
    ]
    assert sorted(content(directory)) == ["um790-1.yaml", "um790-2.yaml"]
    assert yaml.safe_load((directory / "um790-1.yaml").read_text(encoding="utf-8")) == machine("um790-1")
    assert (directory / "um790-1.yaml").stat().st_mode & 0o777 == 0o640


def test_main_changes_nothing_the_second_time(run, directory):
    run(machine())
    before = os.stat(directory / "um790-1.yaml")
    result = run(machine())
    assert not result["changed"]
    assert result["diff"] == []
    assert result["machines"][0]["action"] == "unchanged"
    after = os.stat(directory / "um790-1.yaml")
    # It has been read, so that the time of that may differ.
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)


def test_main_replaces_a_file_in_one_step(run, directory):
    run(machine())
    path = directory / "um790-1.yaml"
    with path.open(encoding="utf-8") as served:
        before = served.read()
        served.seek(0)
        run(machine(disks=[]))
        # Who has it open goes on reading the whole old file, and no other file appears beside it.
        assert served.read() == before
    assert sorted(content(directory)) == ["um790-1.yaml"]


@pytest.mark.parametrize(
    ("machines", "options"),
    [
        ([machine(disks=[]), machine("um790-3")], {}),
        ([machine("um790-3")], {"prune": True}),
        ([machine(), machine("um790-2")], {"mode": "0600"}),
        ([machine(), machine("um790-2")], {}),
        ([machine("um790-2")], {"state": "absent"}),
    ],
)
def test_main_predicts_in_check_mode(run, directory, machines, options):
    run(machine(), machine("um790-2"))
    (directory / "theirs.yaml").write_text("a: 1\n", encoding="utf-8")
    before = content(directory)
    foreseen = run(*machines, check=True, **options)
    assert content(directory) == before
    assert run(*machines, **options) == foreseen
    assert "theirs.yaml" in content(directory)


def test_main_predicts_where_nothing_is_there_yet(run, tmp_path):
    result = run(machine(), check=True, group="a-group-that-will-be-made")
    assert result["changed"]
    assert not (tmp_path / "hardware").exists()


def test_main_shows_a_diff_without_secrets(run, directory):
    run(machine(userData="token: geheim"))
    result = run(machine(userData="token: geheim2", disks=[]))
    (diff,) = result["diff"]
    assert diff["before_header"] == str(directory / "um790-1.yaml")
    assert "disks: []" in diff["after"]
    assert "disks" not in diff["before"]
    assert "geheim" not in json.dumps(result["diff"])


def test_main_repairs_permissions(run, directory):
    run(machine())
    (directory / "um790-1.yaml").chmod(0o666)
    assert run(machine())["changed"]
    assert (directory / "um790-1.yaml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"store": "files:relative"}, "files:DIR with an absolute path"),
        ({"store": "etcd:here"}, "should be files:DIR"),
        ({"reprovision": True}, "give the machines another netboot_reprovision"),
        (
            {"store": "kubernetes:other", "machines": [machine() | {"metadata": {"name": "a", "namespace": "b"}}]},
            "of b",
        ),
        ({}, "No such file or directory"),
        ({"machines": [machine("a b"), machine("UM")]}, 'machines[1]: UM metadata.name: "UM": should be lower-case'),
    ],
)
def test_main_fails_with_a_sentence(run, options, told):
    result = run(machine(), **options)
    assert result["failed"]
    assert told in result["msg"]


CANARY = "canary-5f3a9e"


@pytest.mark.parametrize(
    ("options", "failed"),
    [
        ({}, False),
        ({"reprovision": True}, True),
        ({"store": "elsewhere"}, True),
        # What Ansible itself finds wrong.
        ({"prune": "perhaps"}, True),
        ({"machine": {}}, True),
        ({"unheard": 1}, True),
    ],
)
@pytest.mark.usefixtures("directory")
def test_main_never_sends_machines_back(run, options, failed):
    """From 2.21 on, ansible-core returns arguments only where it is asked to, as -vvv does."""
    asked = {"_ansible_inject_invocation": True} if Version(__version__) >= Version("2.21") else {}
    secret = machine(userData=CANARY, metadata={"instance": {"userdata": CANARY, "crypted_root_password": CANARY}})
    result = run(secret, check=True, **options, **asked)
    assert (bool(result.get("failed")), CANARY in json.dumps(result)) == (failed, False)
    assert "machines" not in result.get("invocation", {}).get("module_args", {})
