# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CRD that is there already is never made less of."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import labelled
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.crd_merge import found, plan
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import (
    REVISION,
    REVISION_ANNOTATION,
    hardware_crd,
)

OURS = labelled(hardware_crd())


def properties(document, *path):
    schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for name in path:
        schema = schema["properties"][name]
    return schema["properties"]


def changed(**how) -> dict:
    """Return our CRD with another revision, other labels, a field more or a field less."""
    document = copy.deepcopy(OURS)
    if "revision" in how:
        document["metadata"]["annotations"] = {REVISION_ANNOTATION: how["revision"]} if how["revision"] else {}
    if "labels" in how:
        document["metadata"]["labels"] = how["labels"]
    if "more" in how:
        properties(document, "spec")[how["more"]] = {"type": "string"}
    if "less" in how:
        del properties(document, "spec")[how["less"]]
    return document


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        (None, ""),
        (OURS, ""),
        (changed(revision=str(REVISION - 1), less="userData"), ""),
        (changed(revision="", less="userData"), ""),
        (changed(revision="x"), ""),
        (changed(labels={}), "it was installed by somebody else"),
        (changed(labels=None), "it was installed by somebody else"),
        (
            changed(labels={"app.kubernetes.io/managed-by": "Helm"}, less="userData"),
            "it was installed by somebody else",
        ),
        (changed(revision=str(REVISION + 1)), f"revision {REVISION + 1}, which is newer than this collection's"),
        (changed(more="added"), "it has what this collection's has not: spec.added"),
    ],
    ids=str,
)
def test_plan_writes_unless_something_would_be_lost(present, reason):
    planned = plan(present, OURS)
    assert planned.write == (reason == "")
    assert reason in planned.reason


def test_plan_keeps_a_field_of_another_type():
    present = copy.deepcopy(OURS)
    properties(present, "spec")["userData"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    assert plan(present, OURS).reason == "it has what this collection's has not: spec.userData"


def test_plan_keeps_a_version_that_ours_does_not_serve():
    present = copy.deepcopy(OURS)
    other = {**copy.deepcopy(OURS["spec"]["versions"][0]), "name": "v1beta1", "storage": False}
    present["spec"]["versions"].append(other)
    assert not plan(present, OURS).write
    other["served"] = False
    assert plan(present, OURS).write


def test_found_tells_whose_it_is_and_what_it_lacks():
    present = changed(labels={"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "tinkerbell-0.1"}, less="disks")
    present["metadata"]["annotations"] = {"controller-gen.kubebuilder.io/version": "v0.8.0"}
    present["metadata"]["managedFields"] = [{"manager": "helm"}, {"manager": "kube-apiserver"}, {"manager": "helm"}]
    del properties(present, "spec", "metadata")["instance"]
    assert found(present, OURS) == {
        "managed_by": "Helm",
        "managers": ["helm", "kube-apiserver"],
        "hints": {"controller-gen.kubebuilder.io/version": "v0.8.0", "helm.sh/chart": "tinkerbell-0.1"},
        "versions": ["v1alpha1"],
        "missing_fields": ["spec.disks", "spec.metadata.instance"],
    }


def test_found_is_empty_where_there_is_none():
    assert found(None, OURS) == {}


def test_found_copes_with_a_definition_that_says_nothing():
    present = {"metadata": {}, "spec": {"versions": [{"name": "v1alpha1", "served": True}]}}
    assert found(present, OURS)["missing_fields"] == ["apiVersion", "kind", "metadata", "spec", "status"]
