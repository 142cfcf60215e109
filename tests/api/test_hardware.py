# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module hardware on a real API server, beside others who write to the same objects."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args

from _bootd.hardware.model import REPROVISION_ANNOTATION
from ansible_collections.baremetal.netboot.plugins.modules import hardware
from api.site import MACHINE, report
from cluster.kube import wait_for

SECOND = ("um790-2", "58:47:ca:71:d8:4a", "10.10.0.17")


@pytest.fixture
def run(capsys, site):
    """Return a function that runs the module and returns its result."""

    def run_module(*machines, check=False, **options):
        options = {"store": f"kubernetes:{site.namespace}", "machines": list(machines), **options}
        arguments = {
            **options,
            "kubeconfig": str(site.api.kubeconfig),
            "_ansible_check_mode": check,
            "_ansible_diff": True,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            hardware.main()
        return json.loads(capsys.readouterr().out)

    return run_module


def actions(result) -> dict[str, str]:
    assert "msg" not in result, result["msg"]
    return {item["name"]: item["action"] for item in result["machines"]}


def test_run_twice_and_foreseen(run, site):
    machines = [site.document(*SECOND), site.document("um790-3", "58:47:ca:71:d8:4b", "10.10.0.18")]
    foreseen = run(*machines, check=True)
    assert actions(foreseen) == {"um790-2": "created", "um790-3": "created"}
    assert [item["metadata"]["name"] for item in site.machines()] == [MACHINE]
    done = run(*machines)
    assert (actions(done), done["diff"]) == (actions(foreseen), foreseen["diff"])
    again = run(*machines)
    assert not again["changed"]
    assert again["diff"] == []


def test_change_is_shown_foreseen_and_made(run, site):
    run(site.document(*SECOND))
    document = site.document(*SECOND)
    document["spec"]["interfaces"][0]["dhcp"]["hostname"] = "renamed"
    foreseen = run(document, check=True)
    done = run(document)
    assert actions(done) == actions(foreseen) == {"um790-2": "updated"}
    assert done["diff"] == foreseen["diff"]
    assert "renamed" in done["diff"][0]["after"]
    assert site.machine("um790-2")["spec"]["interfaces"][0]["dhcp"]["hostname"] == "renamed"


def test_fields_of_others_survive(run, site):
    run(site.document(*SECOND))
    site.api.kubectl("-n", site.namespace, "label", "hardware", "um790-2", "rack=b12")
    document = site.document(*SECOND)
    document["spec"]["interfaces"][0]["dhcp"]["hostname"] = "renamed"
    assert actions(run(document)) == {"um790-2": "updated"}
    assert site.machine("um790-2")["metadata"]["labels"]["rack"] == "b12"


def test_conflict_is_named_and_forced(run, site):
    document = site.document()
    document["spec"]["interfaces"][0]["dhcp"]["hostname"] = "renamed"
    refused = run(document)
    assert refused["failed"]
    assert f"{site.namespace}/{MACHINE}: others have set .spec.interfaces (by kubectl)" in refused["msg"]
    assert actions(run(document, force=True)) == {MACHINE: "updated"}
    assert actions(run(document)) == {MACHINE: "unchanged"}


def test_prune_and_absent(run, site):
    run(site.document(*SECOND))
    third = site.document("um790-3", "58:47:ca:71:d8:4b", "10.10.0.18")
    foreseen = run(third, prune=True, check=True)
    assert actions(foreseen) == {"um790-2": "removed", "um790-3": "created"}
    assert actions(run(third, prune=True)) == actions(foreseen)
    assert [item["metadata"]["name"] for item in site.machines()] == [MACHINE, "um790-3"]
    gone = {"metadata": {"name": "um790-3"}}
    assert actions(run(gone, state="absent", check=True)) == {"um790-3": "removed"}
    assert actions(run(gone, state="absent")) == {"um790-3": "removed"}
    assert not run(gone, state="absent")["changed"]
    assert [item["metadata"]["name"] for item in site.machines()] == [MACHINE]


def test_invalid_machines_are_all_told_and_nothing_is_written(run, site):
    bad = site.document("um790-3", "nonsense", "10.10.0.18")
    result = run(site.document(*SECOND), bad)
    assert result["failed"]
    assert "spec.interfaces[0].dhcp.mac" in result["msg"]
    assert [item["metadata"]["name"] for item in site.machines()] == [MACHINE]


def test_installed_machine_is_installed_again_only_when_asked(run, site):
    site.delete(MACHINE)
    run(site.document())
    bootd = site.bootd().start()
    assert report(bootd, site, "succeeded") == 200
    wait_for(lambda: site.allow_pxe() is False, "bootd has switched netboot off")
    assert not run(site.document())["changed"]
    renamed = site.document()
    renamed["spec"]["interfaces"][0]["dhcp"]["hostname"] = "renamed"
    assert actions(run(renamed)) == {MACHINE: "updated"}
    assert site.allow_pxe() is False
    assert not run(renamed)["changed"]
    foreseen = run(renamed, check=True, reprovision=True)
    assert actions(foreseen) == {MACHINE: "updated"}
    assert actions(run(renamed, reprovision=True)) == {MACHINE: "updated"}
    assert site.allow_pxe() is True
    wait_for(lambda: site.state().get("stage") == "known", "bootd has it wait for another installation")
    assert not run(renamed, reprovision=True)["changed"]
    # What asked for this installation stays: were it to go, that would ask for the next one.
    assert site.machine()["metadata"]["annotations"][REPROVISION_ANNOTATION]
    assert report(bootd, site, "succeeded", installs=1) == 200
    wait_for(lambda: site.allow_pxe() is False, "bootd has switched netboot off again")
    assert not run(renamed)["changed"]
    assert site.state()["stage"] == "installed"


def test_cluster_without_the_crd_is_told(capsys, bare_api):
    machine = {"metadata": {"name": "um790-1"}}
    options = {"store": "kubernetes", "machine": machine, "state": "absent", "kubeconfig": str(bare_api.kubeconfig)}
    with patch_module_args(options), pytest.raises(SystemExit):
        hardware.main()
    assert "baremetal.netboot.hardware_crd" in json.loads(capsys.readouterr().out)["msg"]
