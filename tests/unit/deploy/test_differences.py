# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diffs show what differs, and no secrets."""

from __future__ import annotations

import copy

import pytest
import yaml
from hypothesis import given

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.differences import diff_of, visible
from samples.documents import PLAIN

BOOKKEEPING = {
    "creationTimestamp": "2026-11-22T23:00:00Z",
    "generation": 3,
    "managedFields": [{"manager": "kubectl"}],
    "resourceVersion": "12",
    "selfLink": "/x",
    "uid": "1-2-3",
}


def thing(kind="ConfigMap", meta=None, **more):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "n", **(meta or {})}, **more}


def changes(before, after):
    """Return what a diff shows, read again, None for nothing."""
    diff = diff_of(before, after)
    return yaml.safe_load(diff["before"]), yaml.safe_load(diff["after"])


@pytest.mark.parametrize("key", sorted(BOOKKEEPING))
def test_visible_leaves_bookkeeping_out(key):
    assert visible(thing(meta={key: BOOKKEEPING[key]})) == thing()


def test_visible_leaves_status_and_copies_out():
    annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "deployment.kubernetes.io/revision": "3",
        "deprecated.daemonset.template.generation": "2",
    }
    assert visible(thing(meta={"annotations": annotations}, status={"ready": 1})) == thing()
    kept = visible(thing(meta={"annotations": {**annotations, "mine": "1"}}))
    assert kept["metadata"]["annotations"] == {"mine": "1"}


def test_visible_changes_nothing_itself():
    document = thing(meta={**BOOKKEEPING, "annotations": {"a": "b"}}, status={})
    before = copy.deepcopy(document)
    visible(document)
    assert document == before


def test_diff_of_names_the_object():
    assert diff_of(None, thing())["after_header"] == diff_of(thing(), None)["before_header"] == "ConfigMap n/x"


def test_diff_of_something_new_shows_all_of_it():
    assert changes(None, thing(data={"a": "1"})) == (None, thing(data={"a": "1"}))
    assert changes(thing(data={"a": "1"}), None) == (thing(data={"a": "1"}), None)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ({"b": 2}, {"b": 3})),
        ({"a": 1}, {"a": 1, "b": {"c": 2}}, ({}, {"b": {"c": 2}})),
        ({"a": [1, 2]}, {"a": [2, 1]}, ({"a": [1, 2]}, {"a": [2, 1]})),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C"}]},
            ({"env": [{"name": "B", "value": "2"}]}, {"env": [{"name": "B", "value": "3"}, {"name": "C"}]}),
        ),
        (
            {"env": [{"name": "A"}, {"name": "B"}]},
            {"env": [{"name": "B"}, {"name": "A"}]},
            ({"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "B"}, {"name": "A"}]}),
        ),
        ({"a": [{"name": "A"}]}, {"a": []}, ({"a": [{"name": "A"}]}, {"a": []})),
        ({"a": [{"name": "A"}, {"name": "A"}]}, {"a": [{"name": "A"}]}, None),
    ],
)
def test_diff_of_shows_only_what_differs(before, after, shown):
    left, right = shown or (before, after)
    assert changes(thing(spec=before), thing(spec=after)) == ({"spec": left}, {"spec": right})


def test_diff_of_secrets_hides_values_and_tells_which_change():
    before = thing("Secret", data={"same": "c2VjcmV0", "other": "c2VjcmV0", "gone": "c2VjcmV0"})
    after = thing("Secret", data={"same": "c2VjcmV0", "other": "c2VjcmV1", "new": "c2VjcmV1"})
    assert changes(before, after) == (
        {"data": {"other": "(hidden)", "gone": "(hidden)"}},
        {"data": {"other": "(hidden, another)", "new": "(hidden)"}},
    )
    assert "c2Vjcm" not in str(diff_of(None, after)) + str(diff_of(before, None))


@pytest.mark.parametrize(
    "spec",
    [
        {"userData": "hunter2"},
        {"vendorData": "hunter2"},
        {"metadata": {"instance": {"userdata": "hunter2"}}},
        {"metadata": {"instance": {"crypted_root_password": "hunter2"}}},
    ],
)
def test_diff_of_hardware_hides_what_may_hold_passwords(spec):
    other = yaml.safe_load(str(spec).replace("hunter2", "hunter3"))
    for pair in ((None, spec), (spec, None), (spec, other), ({}, spec)):
        told = diff_of(*(thing("Hardware", spec=each) if each is not None else None for each in pair))
        assert "hunter" not in str(told)
        assert "(hidden" in told["before"] + told["after"]


@given(PLAIN, PLAIN)
def test_diff_of_shows_something_exactly_where_there_is_a_difference(before, after):
    diff = diff_of(thing(spec=before), thing(spec=after))
    # A list of a mapping has the fields of 1 and True alike, and so has Python.
    assert (diff["before"] or diff["after"]) if before != after else not (diff["before"] or diff["after"])
