# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo-harvester` takes for right and for wrong."""

from __future__ import annotations

import copy

import pytest

from lab import story

REPORTED = "the installer reported a failure"
UNASKED = "the kernel was loaded, and the configuration was never asked for"


def machine(stage, begun=None, error=""):
    stages = [] if begun is None else [{"stage": "kernel", "at": begun}]
    if stage == "ready":
        stages.append({"stage": "ready", "at": 50.0})
    return {"stage": stage, "stages": stages, "error": error}


@pytest.fixture
def first():
    machines = {
        "node-1": machine("ready", 10.0),
        "node-2": machine("failed", 60.0, REPORTED),
        "node-3": machine("failed", 61.0, UNASKED),
    }
    return {"status": 2, "said": f"node-2 failed {REPORTED}\nnode-3 failed {UNASKED}", "machines": machines}


@pytest.fixture
def second(first):
    machines = {"node-1": first["machines"]["node-1"], "node-2": machine("ready"), "node-3": machine("ready")}
    return {"status": 0, "said": "The cluster is at https://10.10.0.30", "machines": machines}


def test_runs_that_go_as_they_have_to(first, second):
    assert story.after_the_first(first) == []
    assert story.after_the_second(second, first) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": 0}, "the playbook succeeded"),
        ({"said": ""}, "did not tell the reason"),
        ({"machines": {}}, "node-1: is unknown"),
        ({"node-1": machine("failed", 10.0, "no disk")}, "node-1: is failed and has to be ready; no disk"),
        ({"node-2": machine("failed", 60.0, "no answer")}, "which does not say"),
        ({"node-3": machine("failed", 49.0, UNASKED)}, "node-3: began at 49.0, and node-1 was ready at 50.0"),
    ],
)
def test_after_the_first_tells_what_is_wrong(first, change, told):
    machines = {**first["machines"], **{name: value for name, value in change.items() if name.startswith("node-")}}
    assert told in "\n".join(story.after_the_first({**first, "machines": machines, **change}))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": 2}, "the playbook failed with 2"),
        ({"said": "https://10.10.0.31"}, "did not tell the cluster's URL"),
    ],
)
def test_after_the_second_tells_what_is_wrong(first, second, change, told):
    assert told in "\n".join(story.after_the_second({**second, **change}, first))


def test_after_the_second_sees_a_second_installation(first, second):
    again = copy.deepcopy(second)
    again["machines"]["node-1"]["stages"][0]["at"] = 99.0
    assert "node-1: was installed already" in "\n".join(story.after_the_second(again, first))


def test_told_in_names_the_text_and_not_the_secret():
    assert story.told_in({"a.log": "x geheim y", "b.log": "x"}, ["geheim"]) == ["a.log has a secret in it"]
