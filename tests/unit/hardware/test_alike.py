# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Hardware objects say alike is one object, and says what it said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.hardware import alike
from _bootd.hardware.alike import MAX_KEPT, MAX_OCTETS, shared
from _bootd.hardware.model import machine_from_object

_LEAVES = st.one_of(st.sampled_from([1, True, 1.0, 0, False, -0.0, None, "1", "x", "\ud800"]), st.text(max_size=3))
_NODES = st.recursive(
    _LEAVES, lambda more: st.lists(more, max_size=3) | st.dictionaries(st.sampled_from("abc"), more, max_size=3)
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), _NODES, max_size=3), max_size=4))
def test_shared_says_the_same_in_the_same_types_and_order(nodes):
    for node in nodes:
        assert repr(shared(node)) == repr(node)


def test_machines_share_what_they_say_alike():
    def read(name):
        instance = {"id": name, "operating_system": {"distro": "debian", "version": "12"}}
        spec = {"metadata": {"facility": {"facility_code": "onprem"}, "instance": instance}}
        return machine_from_object({"metadata": {"name": name}, "spec": spec}).metadata

    first, second = read("a"), read("b")
    assert (first["instance"]["id"], second["instance"]["id"]) == ("a", "b")
    assert first["facility"] is second["facility"]
    assert first["instance"]["operating_system"] is second["instance"]["operating_system"]


@pytest.mark.parametrize("node", [{"a": object()}, {"a": "x" * MAX_OCTETS}])
def test_what_is_large_or_no_plain_value_is_left_as_it_is(node):
    assert shared(node) is node
    assert shared(dict(node)) is not node


def test_what_is_kept_is_bounded():
    for number in range(3 * MAX_KEPT):
        shared({"id": number})
        assert len(alike._kept) <= MAX_KEPT


def test_nothing_is_looked_through_without_end():
    node = {}
    for _unused in range(100_000):
        node = {"a": node}
    assert shared(node)["a"]["a"]["a"] is node["a"]["a"]["a"]
