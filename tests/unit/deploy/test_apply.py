# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to others is neither overwritten nor removed; what the API makes of a patch is in tests/api."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import apply, remove
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import FIELD_MANAGER

LABEL = "app.kubernetes.io/managed-by"
OURS = {LABEL: "baremetal.netboot"}
# Whatever an object of somebody else may say of whose it is.
FOREIGN = [None, {}, {"app": "x"}, {LABEL: "Helm"}, {LABEL: ""}, {"managed-by": "baremetal.netboot"}]
CONFIG_MAPS = "/api/v1/namespaces/n/configmaps"
CONFLICT = ApiError(
    409,
    "Conflict",
    "Apply failed with 1 conflict",
    {"causes": [{"reason": "FieldManagerConflict", "field": ".data.a", "message": 'conflict with "kubectl-edit"'}]},
)


def config_map(name: str = "x", **data: str) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "n"},
        "data": data or {"a": "1"},
    }


def namespace() -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}


def present(document: dict, labels: dict | None, uid: str = "u-1") -> dict:
    """Return ``document`` as it is in the cluster, with other ``labels`` and other data."""
    meta = {**document["metadata"], "uid": uid, "resourceVersion": "7"}
    return {**document, "metadata": meta if labels is None else {**meta, "labels": labels}, "data": {"a": "theirs"}}


class Cluster:
    """A client that finds ``objects`` by their paths, and writes down what it is asked to change.

    A patch without ``force`` is refused with ``refusal``; any other answers with what was sent.
    """

    def __init__(self, objects: dict[str, dict], refusal: ApiError | None = None) -> None:
        self.objects, self.refusal = objects, refusal
        self.changes: list[tuple[str, str]] = []  # what would have changed something
        self.bodies: list[dict] = []

    def get(self, path, _query=None):
        if path not in self.objects:
            raise ApiError(404, "NotFound", "not found")
        return self.objects[path]

    def request(self, method, path, query=None, body=None, _content_type=None):
        if not (query or {}).get("dryRun"):
            self.changes.append((method, path))
            self.bodies.append(body)
        if method == "PATCH" and query["force"] == "false" and self.refusal is not None:
            raise self.refusal
        return body


@pytest.mark.parametrize("labels", FOREIGN)
@pytest.mark.parametrize("check", [False, True])
def test_apply_overwrites_no_object_of_somebody_else(labels, check):
    cluster = Cluster({f"{CONFIG_MAPS}/x": present(config_map(), labels)})
    with pytest.raises(Conflict, match=r"ConfigMap n/x is there already and not ours: it has no label .*; force"):
        apply(cluster, [config_map()], check=check)
    assert cluster.changes == []


def test_apply_names_the_fields_that_would_change_hands():
    cluster = Cluster({f"{CONFIG_MAPS}/x": present(config_map(), {})}, CONFLICT)
    with pytest.raises(Conflict, match=r"others have set \.data\.a \(by kubectl-edit\)"):
        apply(cluster, [config_map()])
    assert cluster.changes == []


def test_apply_stops_before_what_comes_after_an_object_of_somebody_else():
    cluster = Cluster({f"{CONFIG_MAPS}/x": present(config_map(), {})})
    with pytest.raises(Conflict):
        apply(cluster, [config_map("x"), config_map("y")])
    assert cluster.changes == []


def test_apply_takes_over_only_by_force_and_says_that_it_is_ours():
    cluster = Cluster({f"{CONFIG_MAPS}/x": present(config_map(), {LABEL: "Helm"})})
    (outcome,) = apply(cluster, [config_map()], force=True)
    assert (outcome.action, cluster.changes) == ("updated", [("PATCH", f"{CONFIG_MAPS}/x")])
    assert cluster.bodies[0]["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "baremetal.netboot"}


def test_apply_uses_a_namespace_of_somebody_else_as_it_is():
    cluster = Cluster({"/api/v1/namespaces/n": present(namespace(), {"team": "a"})})
    outcomes = apply(cluster, [config_map(), namespace()])
    assert [(outcome.document["kind"], outcome.action) for outcome in outcomes] == [
        ("Namespace", "kept"),
        ("ConfigMap", "created"),
    ]
    assert cluster.changes == [("PATCH", f"{CONFIG_MAPS}/x")]


def test_apply_takes_nothing_from_what_somebody_else_makes_just_then():
    """Between the look and the patch; so the patch that creates has no force."""
    cluster = Cluster({}, CONFLICT)
    with pytest.raises(Conflict, match="kubectl-edit"):
        apply(cluster, [config_map()])


class Race(Cluster):
    """A cluster in which somebody else makes ``theirs`` between our look and our patch, which has no field of it."""

    def __init__(self, path: str, theirs: dict) -> None:
        super().__init__({})
        self.path, self.theirs = path, theirs

    def request(self, method, path, query=None, body=None, _content_type=None):
        answer = super().request(method, path, query, body)
        if method == "PATCH" and path == self.path and not self.objects:
            # What the API makes of both: our label is on their object now, and their manager is beside ours.
            self.objects[path] = self.theirs
            managers = [{"manager": "helm", "operation": "Update"}, {"manager": FIELD_MANAGER, "operation": "Apply"}]
            return {**self.theirs, "metadata": {**body["metadata"], "managedFields": managers}}
        return answer


@pytest.mark.parametrize("check", [False, True])
def test_apply_gives_back_what_somebody_else_has_made_just_then(check):
    """Without a conflict the patch goes through, and the label would say that their object is ours, to be removed."""
    cluster = Race(f"{CONFIG_MAPS}/x", present(config_map(), {LABEL: "Helm"}))
    with pytest.raises(Conflict, match="ConfigMap n/x is there already and not ours"):
        apply(cluster, [config_map()], check=check)
    if not check:
        # To apply nothing takes away what nobody but we has set.
        assert cluster.bodies[-1] == {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "x", "namespace": "n"},
        }
    assert len(cluster.changes) == (0 if check else 2)


def test_apply_gives_back_a_namespace_and_uses_it():
    cluster = Race("/api/v1/namespaces/n", present(namespace(), {"team": "a"}))
    (outcome,) = apply(cluster, [namespace()])
    assert (outcome.action, outcome.reason) == ("kept", "it is there already, and not ours")
    assert cluster.bodies[-1]["metadata"] == {"name": "n"}


def test_apply_keeps_what_it_has_made_itself():
    class Api(Cluster):
        def request(self, *arguments):
            body = super().request(*arguments)
            return {**body, "metadata": {**body["metadata"], "managedFields": [{"manager": FIELD_MANAGER}]}}

    cluster = Api({})
    assert [outcome.action for outcome in apply(cluster, [config_map()])] == ["created"]
    assert len(cluster.changes) == 1


@pytest.mark.parametrize("labels", FOREIGN)
def test_remove_leaves_what_is_not_ours(labels):
    cluster = Cluster({f"{CONFIG_MAPS}/x": present(config_map(), labels)})
    (outcome,) = remove(cluster, [config_map()])
    assert (outcome.action, outcome.reason, outcome.changed) == ("kept", "it is not ours", False)
    assert cluster.changes == []


def test_remove_removes_the_object_that_was_seen_and_no_other():
    """The uid is a precondition: what has come in its place may be somebody else's."""
    cluster = Cluster({f"{CONFIG_MAPS}/x": present(config_map(), OURS, "u-9")})
    (outcome,) = remove(cluster, [config_map()])
    assert (outcome.action, cluster.changes) == ("removed", [("DELETE", f"{CONFIG_MAPS}/x")])
    assert cluster.bodies[0]["preconditions"] == {"uid": "u-9"}


def test_remove_goes_on_with_ours_beside_what_is_not():
    theirs, ours = present(config_map("theirs"), {}), present(config_map("ours"), OURS)
    cluster = Cluster({f"{CONFIG_MAPS}/theirs": theirs, f"{CONFIG_MAPS}/ours": ours})
    wanted = [config_map("ours"), config_map("theirs"), config_map("gone")]
    found = {outcome.document["metadata"]["name"]: outcome.action for outcome in remove(cluster, wanted)}
    assert found == {"ours": "removed", "theirs": "kept", "gone": "unchanged"}
    assert cluster.changes == [("DELETE", f"{CONFIG_MAPS}/ours")]


def test_check_changes_nothing_that_is_ours_either():
    cluster = Cluster({f"{CONFIG_MAPS}/x": present(config_map(), OURS)})
    assert [outcome.action for outcome in apply(cluster, [config_map(), config_map("y")], check=True)] == [
        "updated",
        "created",
    ]
    assert [outcome.action for outcome in remove(cluster, [config_map()], check=True)] == ["removed"]
    assert cluster.changes == []
