# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module boot_configuration on a real directory."""

from __future__ import annotations

import json
import os
import stat

import pytest
import yaml
from ansible.module_utils.ansible_release import __version__
from ansible.module_utils.testing import patch_module_args
from packaging.version import Version

from _bootd.configurations import document
from _bootd.configurations.base import Configuration
from _bootd.configurations.directory import ConfigDirectory
from _bootd.hardware.model import Machine
from _bootd.process.log import Log
from _bootd.stores.catalog import Catalog
from ansible_collections.baremetal.netboot.plugins.module_utils._configurations import files as _configurations_files
from ansible_collections.baremetal.netboot.plugins.modules import boot_configuration
from programs.require import require

CANARY = "canary-5f3a9e"


def configuration(name="um790-1", **content):
    content = {"scheme_version": 1, "os": {"hostname": name, "password": f"$6${CANARY}"}, **content}
    return {"name": name, "namespace": "tink-system", "content": content}


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "configurations"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def run(capsys, directory):
    """Return a function that runs the module and returns its result."""

    def run_module(*configurations, check=False, **options):
        arguments = {"store": f"files:{directory}", "configurations": list(configurations), **options}
        with (
            patch_module_args({**arguments, "_ansible_check_mode": check, "_ansible_diff": True}),
            pytest.raises(SystemExit),
        ):
            boot_configuration.main()
        output = capsys.readouterr()
        assert CANARY not in output.out + output.err
        return json.loads(output.out)

    return run_module


def actions(result) -> list[tuple[str, str]]:
    assert "msg" not in result, result["msg"]
    return [(item["name"], item["action"]) for item in result["configurations"]]


def kept(directory, name="um790-1") -> dict:
    return yaml.safe_load((directory / f"{name}.yaml").read_text(encoding="utf-8"))


def test_run_writes_what_bootd_delivers(run, directory):
    done = run(configuration(token=CANARY))
    assert actions(done) == [("um790-1", "created")]
    assert done["configurations"][0]["path"] == f"{directory}/um790-1.yaml"
    assert stat.S_IMODE((directory / "um790-1.yaml").stat().st_mode) == 0o600
    catalog = Catalog()
    catalog.replace([Machine("um790-1", "tink-system")])
    found = ConfigDirectory(str(directory), catalog, Log()).get("tink-system/um790-1", document.read)
    assert found.document == configuration(token=CANARY)["content"]


def test_run_is_foreseen_and_then_done_once(run, directory):
    machines = [configuration(), configuration("um790-2")]
    foreseen = run(*machines, check=True)
    assert os.listdir(directory) == []
    done = run(*machines)
    assert (actions(done), done["diff"]) == (actions(foreseen), foreseen["diff"])
    again = run(*machines)
    assert (again["changed"], again["diff"]) == (False, [])


def test_run_shows_which_secret_changes(run, directory):
    run(configuration(token="old"))
    (diff,) = run(configuration(token=CANARY))["diff"]
    assert diff["before_header"] == f"um790-1, {directory}/um790-1.yaml"
    rest = 'scheme_version: 1\nos:\n  hostname: um790-1\n  password: "(hidden)"\n'
    assert diff["before"] == f'{rest}token: "(hidden)"\n'
    assert diff["after"] == f'{rest}token: "(hidden, another)"\n'


def test_run_shows_what_will_be_done_before_it_is(run):
    """Whoever looks before going sees what the machines are to be, and the words of names are not blanked."""
    install = {
        "mode": "create",
        "vip": "10.10.0.10",
        "device": "/dev/nvme0n1",
        "webhooks": [{"url": f"http://{CANARY}"}],
    }
    (diff,) = run(configuration(token=CANARY, install=install), check=True)["diff"]
    assert yaml.safe_load(diff["after"])["install"] == {**install, "webhooks": [{"url": "(hidden)"}]}


def test_run_prunes_only_what_it_wrote(run, directory):
    (directory / "by-hand.yaml").write_text("token: x\n", encoding="utf-8")
    run(configuration(), configuration("um790-2"))
    done = run(configuration("um790-2"), prune=True)
    assert actions(done) == [("um790-1", "removed"), ("um790-2", "unchanged")]
    assert sorted(os.listdir(directory)) == ["by-hand.yaml", "um790-2.yaml"]


def test_run_removes_by_name(run, directory):
    run(configuration(), configuration("um790-2"))
    done = run({"name": "um790-1"}, {"name": "um790-3"}, state="absent")
    assert actions(done) == [("um790-1", "removed")]
    assert os.listdir(directory) == ["um790-2.yaml"]


def test_run_puts_permissions_right(run, directory):
    run(configuration())
    (directory / "um790-1.yaml").chmod(0o644)
    assert actions(run(configuration(), check=True)) == [("um790-1", "updated")]
    assert actions(run(configuration())) == [("um790-1", "updated")]
    assert stat.S_IMODE((directory / "um790-1.yaml").stat().st_mode) == 0o600
    assert actions(run(configuration())) == [("um790-1", "unchanged")]


def test_run_gives_files_to_the_owner_of_the_directory(run, directory):
    require("root")
    os.chown(directory, 12345, 23456)
    run(configuration(), cluster="lab")
    for name in ("um790-1.yaml", ".cluster-lab"):
        status = (directory / name).stat()
        assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 23456, 0o600)


def test_file_is_never_readable_by_others(run, monkeypatch):
    """Also not for the moment in which it is new."""
    seen = []
    rename = os.rename
    monkeypatch.setattr(os, "rename", lambda old, new: (seen.append(os.stat(old).st_mode & 0o077), rename(old, new)))
    before = os.umask(0)
    try:
        run(configuration())
    finally:
        os.umask(before)
    assert seen == [0]


def test_run_makes_a_token_once_for_a_cluster(run, directory):
    foreseen = run(configuration(), configuration("um790-2"), cluster="lab", check=True)
    assert foreseen["clusters"] == [{"name": "lab", "action": "created"}]
    assert os.listdir(directory) == []
    first = run(configuration(), configuration("um790-2"), cluster="lab")
    assert first["clusters"] == [{"name": "lab", "action": "created"}]
    token = kept(directory)["token"]
    assert (
        token == kept(directory, "um790-2")["token"] == (directory / ".cluster-lab").read_text(encoding="utf-8").strip()
    )
    assert len(token) == 64
    assert token.isalnum()
    again = run(configuration(), configuration("um790-2"), configuration("um790-3"), cluster="lab")
    assert again["clusters"] == [{"name": "lab", "action": "unchanged"}]
    assert actions(again)[-1] == ("um790-3", "created")
    assert kept(directory, "um790-3")["token"] == token
    assert token not in json.dumps([foreseen, first, again])
    run(configuration("um790-4"), cluster="another")
    assert kept(directory, "um790-4")["token"] != token


def test_run_makes_a_token_for_each_cluster(run, directory):
    """The one that a configuration names wins over the option, and a word of one doesn't blank the result."""
    machines = [configuration("a"), {**configuration("b"), "cluster": "10-10-0-30"}, configuration("c")]
    done = run(*machines, cluster="lab")
    assert done["clusters"] == [{"name": "10-10-0-30", "action": "created"}, {"name": "lab", "action": "created"}]
    assert kept(directory, "a")["token"] == kept(directory, "c")["token"] != kept(directory, "b")["token"]
    assert sorted(os.listdir(directory)) == [".cluster-10-10-0-30", ".cluster-lab", "a.yaml", "b.yaml", "c.yaml"]
    again = run(*machines, {**configuration("d"), "cluster": "another"}, cluster="lab")
    assert [item["action"] for item in again["clusters"]] == ["unchanged", "created", "unchanged"]
    assert [name for name, action in actions(again) if action != "unchanged"] == ["d"]


def test_run_without_any_cluster_writes_what_it_was_given(run, directory):
    done = run(configuration(), {**configuration("um790-2"), "cluster": "lab"})
    assert "token" not in kept(directory)
    assert len(kept(directory, "um790-2")["token"]) == 64
    assert done["clusters"] == [{"name": "lab", "action": "created"}]


def test_token_of_the_user_wins(run, directory):
    done = run(configuration(token=CANARY), cluster="lab")
    assert kept(directory)["token"] == CANARY
    assert "clusters" not in done
    assert os.listdir(directory) == ["um790-1.yaml"]


def test_token_stays_when_configurations_go(run, directory):
    run(configuration(), cluster="lab")
    run(configuration(), cluster="lab", state="absent")
    assert os.listdir(directory) == [".cluster-lab"]


def test_all_that_is_wrong_is_told_at_once_and_nothing_written(run, directory):
    done = run(configuration("A"), configuration(), {**configuration("b"), "content": [CANARY]}, cluster="../x")
    assert done["failed"] is True
    assert [line.split(" ")[0] for line in done["msg"].splitlines()] == [
        "configurations[0].name",
        "configurations[2].content",
        "cluster",
    ]
    assert os.listdir(directory) == []


@pytest.mark.parametrize("store", ["files:relative", "directory:/x", "kubernetes:", "kubernetes:A_b", "kubernetesque"])
def test_store_that_is_none(run, store):
    assert "but should be kubernetes, kubernetes:NAMESPACE, or files:DIR" in run(configuration(), store=store)["msg"]


def test_directory_that_is_missing(run, tmp_path):
    store = f"files:{tmp_path}/none"
    assert "No such file" in run(configuration(), store=store)["msg"]
    assert actions(run(configuration(), store=store, check=True)) == [("um790-1", "created")]


def test_arguments_come_back_without_configurations(run):
    # From 2.21 on, ansible-core returns arguments only where it is asked to; before, it knew no such option.
    asked = {"_ansible_inject_invocation": True} if Version(__version__) >= Version("2.21") else {}
    for done in (run(configuration(token=CANARY), **asked), run(configuration("A", token=CANARY), **asked)):
        arguments = done["invocation"]["module_args"]
        assert arguments["configurations"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
        assert arguments["state"] == "present"


def test_words_of_a_configuration_do_not_blank_the_result(run):
    done = run(configuration(mode="created", role="configurations", number=1, text="um790"))
    assert actions(done) == [("um790-1", "created")]


def test_log_of_the_host_has_no_configuration(run, monkeypatch):
    logged = []
    monkeypatch.setattr(boot_configuration.AnsibleModule, "log", lambda _self, message, **_more: logged.append(message))
    run(configuration(token=CANARY))
    assert logged
    assert CANARY not in "".join(logged)


def test_failed_write_leaves_nothing_behind(run, directory, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_configurations_files.os, "fsync", full)
    assert "No space left" in run(configuration())["msg"]
    assert os.listdir(directory) == []


TEXT = f"#kickstart\r\nrootpw: {CANARY}\n\\\n  last line without an end"


def test_text_is_delivered_to_the_octet(run, directory):
    done = run({"name": "um790-1", "content": TEXT}, cluster="lab")
    assert actions(done) == [("um790-1", "created")]
    assert "clusters" not in done
    assert done["configurations"][0]["path"] == f"{directory}/um790-1.cfg"
    assert done["diff"][0]["after"] == "configuration: (hidden)\n"
    assert actions(run({"name": "um790-1", "content": TEXT})) == [("um790-1", "unchanged")]
    catalog = Catalog()
    catalog.replace([Machine("um790-1", "tink-system")])
    found = ConfigDirectory(str(directory), catalog, Log()).get("tink-system/um790-1", Configuration)
    assert found == Configuration(TEXT)


def test_text_takes_the_place_of_a_mapping_and_the_other_way_round(run, directory):
    text = {"name": "um790-1", "content": TEXT}
    run(configuration())
    assert actions(run(text, check=True)) == [("um790-1", "updated")]
    assert os.listdir(directory) == ["um790-1.yaml"]
    assert actions(run(text)) == [("um790-1", "updated")]
    assert os.listdir(directory) == ["um790-1.cfg"]
    run(configuration())
    assert os.listdir(directory) == ["um790-1.yaml"]


def test_two_of_one_machine_become_one_again(run, directory):
    run(configuration())
    (directory / "um790-1.cfg").write_text("by hand\n", encoding="utf-8")
    assert actions(run(configuration())) == [("um790-1", "updated")]
    assert os.listdir(directory) == ["um790-1.yaml"]
    (directory / "um790-1.cfg").write_text("by hand\n", encoding="utf-8")
    assert actions(run({"name": "um790-1"}, state="absent")) == [("um790-1", "removed")]
    assert os.listdir(directory) == []
