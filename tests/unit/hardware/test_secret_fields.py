# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list says what is secret in a Hardware object; check, both diffs and the log go by it."""

from __future__ import annotations

import copy
import io
import json

import pytest
from hypothesis import given

from _bootd.hardware.fields import HARDWARE, Named
from _bootd.hardware.manifest import Document
from _bootd.hardware.secret_fields import ANOTHER, HIDDEN, LAST_APPLIED, SECRET_FIELDS, hidden, is_secret
from _bootd.process.log import Log
from _bootd.stores.catalog import Catalog
from _bootd.stores.files import FilesStore
from _bootd.stores.states.directory import StateDir
from _bootd.validation.objects import check_document
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.differences import diff_of
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware import manifest_files as _manifest_files
from samples.documents import OBJECT, PLAIN

CANARY = "canary-5f3a"
SHOWN = (
    "spec.interfaces[0].netboot.ipxe.url",
    "spec.metadata.instance.ipxe_script_url",
    "spec.metadata.instance.ssh_keys[0]",
)


def paths(shape, path=""):
    """The paths of all fields of the table that hold a value."""
    if isinstance(shape, dict):
        for name, child in shape.items():
            yield from paths(child, f"{path}.{name}" if path else name)
    elif isinstance(shape, list) and not isinstance(shape[0], type):
        yield from paths(shape[0], f"{path}[]")
    elif not isinstance(shape, Named):
        yield path


def with_value(field: str, value: object) -> dict:
    """The walk-through's object with ``value`` in a field."""
    document = copy.deepcopy(OBJECT)
    node, steps = document, field.split(".")
    for step in steps[:-1]:
        name = step.removesuffix("[]")
        below = node.get(name)
        if step.endswith("[]"):
            below = below or [{}]
            node[name] = below
            node = below[0]
        else:
            node[name] = below or {}
            node = node[name]
    node[steps[-1]] = value
    return document


def secrets() -> list[tuple[str, object, object]]:
    return [(field, CANARY, f"{CANARY}-2") for field in SECRET_FIELDS] + [
        ("spec.interfaces[].netboot.osie.kernelParams", ["quiet", CANARY], ["quiet", f"{CANARY}-2"]),
        ("spec.userdata", CANARY, f"{CANARY}-2"),
        ("spec.user_data", CANARY, f"{CANARY}-2"),
        ("spec.userData", {"password": CANARY}, {"password": f"{CANARY}-2"}),
        ("spec.interfaces[].netboot.osie.kernel_params", [CANARY], []),
        ("spec.metadata.instance.userData", CANARY, 5),
        ("spec.interfaces[].netboot.ipxe", CANARY, f"{CANARY}-2"),
        ("spec.metadata.instance", CANARY, f"{CANARY}-2"),
    ]


def test_list_names_fields_that_there_are():
    assert set(SECRET_FIELDS) <= set(paths(HARDWARE))


def test_nothing_else_of_the_table_is_hidden():
    assert {path for path in paths(HARDWARE) if is_secret(path)} == set(SECRET_FIELDS)
    assert not any(map(is_secret, SHOWN))


def test_labels_may_be_named_as_they_like():
    document = {"metadata": {"labels": {"config": "a", "userdata": "b"}}, "spec": {"resources": {"cpu": 4}}}
    assert hidden(document) == document
    assert not is_secret("metadata.labels.config")


@pytest.mark.parametrize(("field", "value", "_other"), secrets())
def test_hidden_shows_everything_else(field, value, _other):
    document = with_value(field, value)
    before = copy.deepcopy(document)
    shown = hidden(document)
    assert CANARY not in json.dumps(shown)
    assert document == before
    assert {**shown["spec"], "interfaces": 0, "metadata": 0}.keys() == {
        **document["spec"],
        "interfaces": 0,
        "metadata": 0,
    }.keys()
    assert shown["metadata"] == document["metadata"]


def test_hidden_without_secrets_is_the_object():
    plain = copy.deepcopy(OBJECT)
    plain["spec"]["metadata"]["instance"].pop("userdata")
    assert hidden(plain) == plain


def test_hidden_tells_what_has_changed():
    before = {"spec": {"userData": "a", "vendorData": "b", "tinkVersion": 1}}
    after = {"spec": {"userData": "c", "vendorData": "b", "tinkVersion": 2}}
    assert hidden(after, before) == {"spec": {"userData": ANOTHER, "vendorData": HIDDEN, "tinkVersion": 2}}
    assert hidden(after, {"spec": []}) == {"spec": {"userData": HIDDEN, "vendorData": HIDDEN, "tinkVersion": 2}}


@given(PLAIN, PLAIN)
def test_hidden_takes_anything(value, before):
    document = {"kind": "Hardware", "metadata": value, "spec": value}
    hidden(document, {"metadata": before, "spec": before})
    hidden(document, before)


@pytest.mark.parametrize(("field", "value", "other"), secrets())
def test_diffs_of_files_and_of_a_cluster_hide_it_and_tell_of_the_change(field, value, other):
    before, after = with_value(field, value), with_value(field, other)
    (change,) = _manifest_files.changes([before], {}, prune=False)
    (changed,) = _manifest_files.changes([after], {change.file: change.after}, prune=False)
    of_files = _manifest_files.without_secrets(changed)
    of_cluster = diff_of(before, after)
    for first, second in (of_files, (of_cluster["before"], of_cluster["after"])):
        assert first != second
        assert CANARY not in first + second
        assert HIDDEN in first
        assert "(hidden" in second or not isinstance(other, str)


def test_copy_that_kubectl_leaves_is_hidden_too():
    document = copy.deepcopy(OBJECT)
    document["metadata"]["annotations"] = {LAST_APPLIED: CANARY, "a": "b"}
    assert hidden(document)["metadata"]["annotations"] == {LAST_APPLIED: HIDDEN, "a": "b"}
    (change,) = _manifest_files.changes([document], {}, prune=False)
    assert CANARY not in "".join(_manifest_files.without_secrets(change))


@pytest.mark.parametrize(("field", "value", "_other"), secrets())
@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}, lambda value: value])
def test_check_shows_none(field, value, _other, wrap):
    found = check_document(Document(with_value(field, wrap(value))))
    assert not [problem for problem in found if CANARY in str(problem)]


@pytest.mark.parametrize("field", SECRET_FIELDS)
def test_number_in_its_place_is_not_shown_either(field):
    problems = [str(problem) for problem in check_document(Document(with_value(field, 8675309)))]
    assert problems
    assert not [problem for problem in problems if "8675309" in problem]


@pytest.mark.parametrize(("field", "value", "_other"), secrets())
def test_problems_that_a_store_tells_show_none(tmp_path, field, value, _other):
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "a.yaml").write_text(json.dumps(with_value(field, [[value], 5])))
    log = io.StringIO()
    with StateDir(str(tmp_path / "state")) as state_dir:
        store = FilesStore(str(manifests), state_dir, Log(level="debug", stream=log))
        store.read(Catalog())
        assert CANARY not in log.getvalue() + str(store.problems())
