# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotation that orders machines: what it says, what can't be, and cycles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.hardware.dependencies import PATH, cycle_through
from _bootd.hardware.manifest import Document
from _bootd.hardware.model import AFTER_ANNOTATION, MAX_AFTER, after_names, machine_from_object
from _bootd.validation.objects import check


def hardware(name: str, after: str = "", namespace: str = "tink") -> Document:
    """Return an object with a MAC address of its own."""
    meta = {"name": name, "namespace": namespace}
    if after:
        meta["annotations"] = {AFTER_ANNOTATION: after}
    mac = "52:54:00:" + ":".join(f"{octet:02x}" for octet in (namespace + name).encode()[-3:])
    spec = {"interfaces": [{"dhcp": {"mac": mac}}], "disks": [{"device": "/dev/sda"}]}
    document = {"apiVersion": "tinkerbell.org/v1alpha1", "kind": "Hardware", "metadata": meta, "spec": spec}
    return Document(document)


def told(*documents: Document) -> list[tuple[str, str, bool]]:
    """Return what is said of the order."""
    return [(item.object, item.message, item.note) for item in check(documents) if item.path == PATH]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", ()),
        ("node-1", ("tink/node-1",)),
        (" node-1 ,other/node-2,, node-1", ("tink/node-1", "other/node-2")),
    ],
)
def test_machine_knows_the_keys_of_those_before_it(text, keys):
    assert machine_from_object(hardware("node-9", text).value).after == keys


def test_after_names_are_bounded_and_more_is_told():
    many = ",".join(f"n{number}" for number in range(MAX_AFTER + 1))
    assert len(after_names(many)) == MAX_AFTER
    (problem,) = [message for _object, message, note in told(hardware("node-1", many)) if not note]
    assert "1000 names at most" in problem


@pytest.mark.parametrize("name", ["../etc", "a b", "a/b/c", "/a", "a/", "-a"])
def test_check_names_that_no_machine_can_have(name):
    problems = told(hardware("node-1", f"node-0, {name}"), hardware("node-0"))
    assert [item for item in problems if not item[2]] == [
        ("tink/node-1", f"{name!r} names no machine; should be NAME or NAMESPACE/NAME, separated by commas", False)
    ]


def test_check_a_name_that_is_not_there_is_a_note():
    assert told(hardware("node-1", "node-0")) == [
        ("tink/node-1", "tink/node-0 is not among these objects; while nobody is called so, this machine waits", True)
    ]


def test_check_an_order_that_can_be_is_no_problem():
    assert told(hardware("node-0"), hardware("node-1", "node-0"), hardware("node-2", "node-0,node-1")) == []


def test_check_names_each_cycle_once():
    first = [hardware("node-1", "node-2"), hardware("node-2", "node-3"), hardware("node-3", "node-1")]
    second = [hardware("own", "own")]
    behind = [hardware("node-4", "node-1")]
    problems = told(*first, *second, *behind)
    assert [message for _unused, message, _note in problems] == [
        "tink/node-1, tink/node-2, tink/node-3 wait for each other: none of them would ever boot",
        "tink/own wait for each other: none of them would ever boot",
    ]
    assert not any(note for _object, _message, note in problems)


def test_check_of_a_long_chain_is_quick_enough():
    count = 3000
    chain = [hardware(f"n{number:04}", f"n{number + 1:04}" if number + 1 < count else "") for number in range(count)]
    assert [item for item in check(chain) if item.path == PATH] == []


GRAPHS = st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=4), max_size=9)


@given(GRAPHS, st.integers(0, 8))
def test_cycle_through_is_a_way_back_or_there_is_none(graph, start):
    after = {str(key): [str(name) for name in names] for key, names in graph.items()}
    cycle = cycle_through(str(start), lambda key: after.get(key, ()))
    if cycle:
        assert cycle[0] == str(start)
        for one, other in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            assert other in after[one]
        return
    reached, waiting = set(), list(after.get(str(start), ()))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += after.get(name, ())
    assert str(start) not in reached
