# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""wait_for_phone_home over the Hardware objects of a real API server."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from _bootd.decisions.stages import State, Step
from _bootd.hardware.model import STATE_ANNOTATION
from _bootd.kube.client import MERGE_PATCH, Client, resource_path
from _bootd.kube.connect import endpoint_from
from _bootd.stores.states.document import to_json
from ansible_collections.baremetal.netboot.plugins.action import wait_for_phone_home as action
from ansible_collections.baremetal.netboot.plugins.plugin_utils._bars import Bars
from ansible_collections.baremetal.netboot.plugins.plugin_utils._cluster_source import Cluster
from api.processes import environment, finish_task, start_task, task
from api.site import ADDRESS, GROUP_VERSION, MACHINE, ask, report
from cluster.kube import wait_for

BOOT = ("known", "offered", "loading", "script", "kernel", "installing", "installed")


@pytest.fixture
def env(site, tmp_path):
    return environment(site.api.kubeconfig, tmp_path)


def write_state(site, stage: str, name: str = MACHINE, **more: Any) -> None:
    """Write a machine's state as bootd does, at ``stage`` since now."""
    now = time.time()
    steps = tuple(Step(step, now) for step in BOOT[: BOOT.index(stage) + 1]) if stage in BOOT else ()
    state = State(stage=stage, since=now, attempt=1, steps=steps, last=f"test {stage}", last_at=now, **more)
    body = {"metadata": {"annotations": {STATE_ANNOTATION: to_json(state)}}}
    path = resource_path(GROUP_VERSION, "hardware", site.namespace, name)
    site.api.client.request("PATCH", path, body=body, content_type=MERGE_PATCH)


def until_shown(process, text: str) -> list[str]:
    """Return the lines a task shows up to the one with ``text``."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"{text!r} was not shown, but {lines} and {process.stderr.read()}")


def options(site, **more: Any) -> dict[str, Any]:
    return {"store": f"kubernetes:{site.namespace}", "machines": [MACHINE], "timeout": 60, **more}


def test_wait_follows_an_installation(site, env):
    site.apply(site.document(address=ADDRESS), force=True)
    bootd = site.bootd().start()
    process = start_task("wait_for_phone_home", options(site), env)
    assert ask(bootd, "/58-47-ca-71-d8-49/auto.ipxe", ADDRESS)[0] == 200
    shown = until_shown(process, "script")
    assert report(bootd, site, "started") == 200
    shown += until_shown(process, "installing")
    assert report(bootd, site, "succeeded") == 200
    lines, result = finish_task(process)
    assert any(f"{MACHINE}: installed" in line for line in (*shown, *lines))
    assert (result["changed"], result.get("failed", False)) == (False, False)
    assert result["machines"] == {MACHINE: json.loads(bootd.get(f"/api/v1/machines/{MACHINE}")[1])}


def test_wait_outlives_the_api(own_site, tmp_path):
    site = own_site
    process = start_task("wait_for_phone_home", options(site), environment(site.api.kubeconfig, tmp_path))
    write_state(site, "script")
    until_shown(process, f"{MACHINE}: script")
    site.api.kill()
    until_shown(process, "no answer from the Kubernetes API at https://")
    time.sleep(3)
    site.api.start()
    until_shown(process, "the Kubernetes API answers again after")
    write_state(site, "installed")
    lines, result = finish_task(process)
    assert any(f"{MACHINE}: installed" in line for line in lines)
    assert result["machines"][MACHINE]["stage"] == "installed"


def test_wait_begins_while_the_api_is_away(own_site, tmp_path):
    site = own_site
    write_state(site, "installed")
    site.api.kill()
    process = start_task("wait_for_phone_home", options(site), environment(site.api.kubeconfig, tmp_path))
    until_shown(process, "Connection refused; asking again")
    site.api.start()
    assert finish_task(process)[1]["machines"][MACHINE]["stage"] == "installed"


def test_wait_tells_of_each_machine_that_did_not_arrive(site, env):
    site.apply(site.document("um790-2", "58:47:ca:71:d8:4a", "10.10.0.17"))
    site.apply(site.document("um790-3", "58:47:ca:71:d8:4b", "10.10.0.18"))
    write_state(site, "installing")
    write_state(site, "installed", "um790-3")
    machines = [MACHINE, "um790-2", "um790-3", "um790-4"]
    result = task("wait_for_phone_home", options(site, machines=machines, timeout=2), env)
    first, *others = result["msg"].splitlines()
    assert first.startswith("3 of 4 machines did not reach the stage installed within 2.")
    assert others[0].startswith(f"{MACHINE}: installing for ") and others[0].endswith("ago: test installing")
    assert others[1] == "um790-2: known; no request from 58:47:ca:71:d8:4a has come"
    assert others[2].startswith("um790-4: there is no Hardware object of that name, the nearest is ")
    assert sorted(result["machines"]) == machines[:3]


def test_wait_ends_with_a_failure_where_asked_to(site, env):
    site.apply(site.document("um790-2", "58:47:ca:71:d8:4a", "10.10.0.17"))
    machines = [MACHINE, "um790-2"]
    process = start_task("wait_for_phone_home", options(site, machines=machines, stage="ready", fail_fast=True), env)
    write_state(site, "offered")
    until_shown(process, "offered")
    write_state(site, "failed", error="disk full")
    lines, result = finish_task(process, 20)
    assert any(f"{MACHINE}: FAILED: disk full" in line for line in lines)
    assert "2 of 2 machines did not reach the stage ready" in result["msg"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"url": "http://127.0.0.1:1"}, "exactly one of url and store is required"),
        ({"store": None}, "exactly one of url and store is required"),
        ({"store": "files:/etc/bootd/hardware"}, "give its url instead of its store"),
        ({"store": "kubernetes:"}, "should be kubernetes, kubernetes:NAMESPACE"),
        ({"kubeconfig": "/nowhere"}, "no way to a Kubernetes API server: /nowhere"),
    ],
)
def test_wait_refuses_options_that_can_not_be(site, env, more, told):
    result = task("wait_for_phone_home", options(site, **more), env)
    assert told in result["msg"]


def test_wait_that_may_not_list_fails_at_once(site, env, tmp_path):
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x", "namespace": site.namespace}}
    site.api.create(account, "serviceaccounts")
    kubeconfig = site.api.service_account(site.namespace, "x").kubeconfig(tmp_path)
    began = time.monotonic()
    result = task("wait_for_phone_home", options(site, kubeconfig=str(kubeconfig)), env)
    assert 'cannot list resource "hardware"' in result["msg"]
    assert time.monotonic() - began < 20


class CountingClient(Client):
    """Remembers what it was asked."""

    def __init__(self, kubeconfig) -> None:
        super().__init__(endpoint_from({}, kubeconfig=str(kubeconfig)), connections=2)
        self.asked: list[str] = []

    def get(self, path, query=None):
        self.asked.append("list")
        return super().get(path, query)

    def watch(self, path, query, seconds):
        self.asked.append("watch")
        return super().watch(path, query, seconds)


def test_many_machines_are_one_list_and_one_watch(site, monkeypatch):
    """A hundred machines go through their stages, and the wait asks twice."""
    names = [f"m{number}" for number in range(100)]
    for number, name in enumerate(names):
        site.apply(site.document(name, f"58:47:ca:71:00:{number:02x}", f"10.10.1.{number}"))
    client = CountingClient(site.api.kubeconfig)
    source = Cluster(client, site.namespace)
    shown: list[str] = []
    monkeypatch.setattr(action.display, "display", shown.append)
    options = {"machines": names, "stage": "installed", "timeout": 60, "fail_fast": False}

    def boot_all() -> None:
        for stage in ("offered", "installing", "installed"):
            for name in names:
                write_state(site, stage, name)

    boots = threading.Thread(target=boot_all)
    boots.start()
    result = action.waited(options, source, Bars(wanted=False))
    boots.join()
    assert client.asked == ["list", "watch"]
    assert {machine["stage"] for machine in result["machines"].values()} == {"installed"}
    assert len([line for line in shown if ": installed" in line]) == 100


def test_change_is_heard_of_at_once(site, record_property):
    source = Cluster(CountingClient(site.api.kubeconfig), site.namespace)
    source.start()
    try:
        took = []
        for stage in BOOT[1:]:
            began = time.monotonic()
            write_state(site, stage)
            wait_for(lambda stage=stage: source.look().machines[0]["stage"] == stage, f"the watch tells of {stage}")
            took.append(time.monotonic() - began)
        record_property("heard_after_ms", [round(seconds * 1000, 1) for seconds in took])
        assert max(took) < 2
        site.api.kubectl("-n", site.namespace, "delete", "hardware", MACHINE)
        wait_for(lambda: source.look().machines == [], "the watch tells that it is gone")
    finally:
        source.stop()
