# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects are brought about, and removed, as a real API server has it."""

from __future__ import annotations

import secrets

import pytest
import yaml

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import MERGE_PATCH
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import (
    apply,
    get,
    patch,
    remove,
    result_of,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.conflicts import Conflict
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import path_of
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import LABEL, client_from

OTHERS = {"fieldManager": "somebody-else"}


@pytest.fixture
def client(api):
    made = client_from({"kubeconfig": str(api.kubeconfig)})
    yield made
    made.close()


@pytest.fixture
def namespace(client):
    name = f"apply-{secrets.token_hex(3)}"
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    client.request("POST", "/api/v1/namespaces", body=document)
    yield name
    client.request("DELETE", f"/api/v1/namespaces/{name}")


def config_map(namespace, name="x", **data):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data or {"a": "1"},
    }


def deployment(namespace, image="registry.invalid/x:1"):
    labels = {"app": "x"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": image}]}},
        },
    }


def actions(outcomes):
    return [outcome.action for outcome in outcomes]


def version_of(client, document):
    return client.get(path_of(document))["metadata"]["resourceVersion"]


def test_apply_creates_once_and_then_writes_nothing(client, namespace):
    documents = [deployment(namespace), config_map(namespace)]
    foreseen = result_of(apply(client, documents, check=True))
    assert [get(client, path_of(document)) for document in documents] == [None, None]
    done = result_of(apply(client, documents))
    assert foreseen == done
    assert [item["action"] for item in done["objects"]] == ["created", "created"]
    assert [item["kind"] for item in done["objects"]] == ["ConfigMap", "Deployment"]
    versions = [version_of(client, document) for document in documents]
    assert result_of(apply(client, documents)) == {
        "changed": False,
        "objects": [{**item, "action": "unchanged"} for item in done["objects"]],
        "diff": [],
    }
    assert [version_of(client, document) for document in documents] == versions


def test_apply_foresees_what_would_differ_and_then_makes_it_so(client, namespace):
    apply(client, [config_map(namespace, a="1", b="2")])
    wanted = [config_map(namespace, a="1", b="3")]
    foreseen = result_of(apply(client, wanted, check=True))
    assert client.get(path_of(wanted[0]))["data"] == {"a": "1", "b": "2"}
    assert result_of(apply(client, wanted)) == foreseen
    (diff,) = foreseen["diff"]
    assert yaml.safe_load(diff["before"]) == {"data": {"b": "2"}}
    assert yaml.safe_load(diff["after"]) == {"data": {"b": "3"}}
    assert client.get(path_of(wanted[0]))["data"] == {"a": "1", "b": "3"}


def test_apply_removes_fields_that_are_not_wanted_any_more(client, namespace):
    apply(client, [config_map(namespace, a="1", b="2")])
    assert actions(apply(client, [config_map(namespace, a="1")])) == ["updated"]
    assert client.get(path_of(config_map(namespace)))["data"] == {"a": "1"}


def test_apply_leaves_fields_of_others_alone(client, namespace):
    document = config_map(namespace, a="1")
    apply(client, [document])
    client.request("PATCH", path_of(document), OTHERS, {"data": {"theirs": "x"}}, MERGE_PATCH)
    assert actions(apply(client, [document])) == ["unchanged"]
    assert actions(apply(client, [config_map(namespace, a="2")])) == ["updated"]
    assert client.get(path_of(document))["data"] == {"a": "2", "theirs": "x"}


def test_apply_takes_fields_of_our_own_objects_back(client, namespace):
    document = config_map(namespace, a="1")
    apply(client, [document])
    client.request("PATCH", path_of(document), OTHERS, {"data": {"a": "x"}}, MERGE_PATCH)
    assert actions(apply(client, [document])) == ["updated"]
    assert client.get(path_of(document))["data"] == {"a": "1"}


def test_apply_refuses_objects_of_others_and_names_what_they_have_set(client, namespace):
    document = config_map(namespace, a="1")
    client.request("POST", path_of(document).rpartition("/")[0], OTHERS, config_map(namespace, a="2"))
    with pytest.raises(Conflict, match=rf"ConfigMap {namespace}/x: others have set \.data\.a \(by somebody-else\)"):
        apply(client, [document])
    with pytest.raises(Conflict, match="is there already and not ours"):
        apply(client, [config_map(namespace, b="1")], check=True)
    assert actions(apply(client, [document], force=True)) == ["updated"]
    assert actions(apply(client, [document])) == ["unchanged"]
    assert client.get(path_of(document))["data"] == {"a": "1"}


def test_patch_without_force_names_managers_on_objects_that_are_shared(client, namespace):
    document = config_map(namespace, a="1")
    client.request("POST", path_of(document).rpartition("/")[0], OTHERS, config_map(namespace, a="2"))
    with pytest.raises(Conflict, match=r"\.data\.a \(by somebody-else\)"):
        patch(client, path_of(document), document)
    assert patch(client, path_of(document), config_map(namespace, b="1"))["data"] == {"a": "2", "b": "1"}


def test_apply_foresees_objects_of_a_namespace_that_is_not_there(client):
    name = f"apply-{secrets.token_hex(3)}"
    new = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    documents = [config_map(name), new]
    foreseen = apply(client, documents, check=True)
    assert actions(foreseen) == ["created", "created"]
    assert [outcome.document["kind"] for outcome in foreseen] == ["Namespace", "ConfigMap"]
    assert get(client, path_of(new)) is None
    try:
        assert actions(apply(client, documents)) == ["created", "created"]
    finally:
        assert actions(remove(client, documents)) == ["removed", "removed"]


def test_apply_fails_where_the_namespace_is_really_missing(client):
    with pytest.raises(ApiError, match='namespaces "nowhere" not found'):
        apply(client, [config_map("nowhere")])


def test_apply_uses_namespaces_of_others_and_never_removes_them(client, namespace):
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    (made, used) = reversed(apply(client, [document, config_map(namespace)]))
    assert (used.action, used.reason, made.action) == ("kept", "it is there already, and not ours", "created")
    assert "labels" not in client.get(path_of(document))["metadata"]
    assert actions(remove(client, [document, config_map(namespace)])) == ["removed", "kept"]
    assert get(client, path_of(document))


def test_remove_leaves_objects_of_others_and_names_them(client, namespace):
    ours, theirs = config_map(namespace, "ours"), config_map(namespace, "theirs")
    apply(client, [ours])
    client.request("POST", path_of(theirs).rpartition("/")[0], OTHERS, theirs)
    foreseen = result_of(remove(client, [ours, theirs], check=True))
    assert get(client, path_of(ours))
    done = result_of(remove(client, [ours, theirs]))
    assert done == foreseen
    assert {item["name"]: (item["action"], item.get("reason")) for item in done["objects"]} == {
        "ours": ("removed", None),
        "theirs": ("kept", "it is not ours"),
    }
    assert get(client, path_of(ours)) is None
    assert get(client, path_of(theirs))
    assert result_of(remove(client, [ours]))["changed"] is False


def test_apply_hides_secrets_and_sees_them_change(client, namespace):
    def secret(value):
        return {**config_map(namespace), "kind": "Secret", "data": {"password": value}}

    apply(client, [secret("aHVudGVyMg==")])
    assert actions(apply(client, [secret("aHVudGVyMg==")])) == ["unchanged"]
    told = result_of(apply(client, [secret("aHVudGVyMw==")]))
    assert told["changed"]
    assert "aHVud" not in str(told)


def test_apply_gives_back_what_somebody_else_has_made_just_then(client, namespace):
    """The look finds nothing, and the patch an object without a field of ours, so that there is no conflict."""
    document = config_map(namespace, a="1")
    client.request("POST", path_of(document).rpartition("/")[0], OTHERS, config_map(namespace, theirs="x"))

    class TooEarly:
        """The client, for which at its first look nothing is there yet."""

        looked = False
        request = client.request

        def get(self, *arguments):
            if not self.looked:
                self.looked = True
                raise ApiError(404, "NotFound", "not found")
            return client.get(*arguments)

    with pytest.raises(Conflict, match="is there already and not ours"):
        apply(TooEarly(), [document])
    found = client.get(path_of(document))
    assert found["data"] == {"theirs": "x"}
    assert LABEL not in found["metadata"].get("labels", {})
