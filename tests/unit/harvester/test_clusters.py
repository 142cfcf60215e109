# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines with one VIP are one cluster, which one of them creates and the others join."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.clusters import (
    CREATE,
    INSTALL,
    JOIN,
    Place,
    Wish,
    places,
)

A, B = "192.0.2.99", "192.0.2.98"


def test_places_first_creates_and_the_others_wait_for_it():
    found, disputes = places([Wish("n1", vip=A), Wish("n2", vip=A), Wish("n3", vip=A)])
    assert disputes == []
    assert found == {"n1": Place(CREATE, A, "n1"), "n2": Place(JOIN, A, "n1"), "n3": Place(JOIN, A, "n1")}
    assert [place.after for place in found.values()] == [[], ["n1"], ["n1"]]


def test_places_creator_by_name_need_not_be_the_first():
    found, disputes = places([Wish("n1", vip=A), Wish("n2", vip=A, mode=CREATE)])
    assert disputes == []
    assert (found["n1"].mode, found["n2"].mode) == (JOIN, CREATE)


def test_places_join_by_hand_leaves_creating_to_the_next():
    found, _disputes = places([Wish("n1", vip=A, mode=JOIN), Wish("n2", vip=A)])
    assert found["n1"] == Place(JOIN, A, "n2")
    assert found["n2"].mode == CREATE


def test_places_all_join_a_cluster_that_exists():
    found, disputes = places([Wish("n1", vip=A, mode=JOIN), Wish("n2", vip=A, mode=JOIN)])
    assert disputes == []
    assert {place.creator for place in found.values()} == {""}
    assert [place.after for place in found.values()] == [[], []]


def test_places_two_creators_are_told():
    _found, disputes = places([Wish("n1", vip=A, mode=CREATE), Wish("n2", vip=A, mode=CREATE)])
    assert [(dispute.name, dispute.about) for dispute in disputes] == [("n2", "mode")]
    assert "n1 creates this cluster already" in disputes[0].message


def test_places_several_clusters_have_a_creator_each():
    found, disputes = places([Wish("n1", vip=A), Wish("n2", vip=B), Wish("n3", vip=A), Wish("n4", vip=B)])
    assert disputes == []
    assert [place.creator for place in found.values()] == ["n1", "n2", "n1", "n2"]


def test_places_without_vip_belong_to_the_only_cluster():
    found, disputes = places([Wish("n1"), Wish("n2", vip=A)])
    assert disputes == []
    assert found == {"n1": Place(CREATE, A, "n1"), "n2": Place(JOIN, A, "n1")}


def test_places_without_vip_between_two_clusters_are_told():
    found, disputes = places([Wish("n1", vip=A), Wish("n2", vip=B), Wish("n3")])
    assert [(dispute.name, dispute.about) for dispute in disputes] == [("n3", "vip")]
    assert found["n3"].mode == JOIN


def test_places_creator_elsewhere_is_named_with_its_namespace():
    found, _disputes = places([Wish("n1", "lab", vip=A), Wish("n2", "default", vip=A)])
    assert found["n2"].after == ["lab/n1"]


def test_places_install_mode_is_in_no_cluster():
    found, disputes = places([Wish("n1", mode=INSTALL), Wish("n2", vip=A)])
    assert disputes == []
    assert found == {"n1": Place(INSTALL), "n2": Place(CREATE, A, "n2")}


@pytest.mark.parametrize("wishes", [[], [Wish("n1")]])
def test_places_of_few(wishes):
    found, disputes = places(wishes)
    assert disputes == []
    assert [place.mode for place in found.values()] == [CREATE] * len(wishes)


@given(
    st.lists(
        st.tuples(st.sampled_from(["", CREATE, JOIN, INSTALL]), st.sampled_from(["", A, B])), min_size=1, max_size=8
    )
)
def test_places_never_more_than_one_creator_without_a_word(choices):
    wishes = [Wish(f"n{number}", mode=mode, vip=vip) for number, (mode, vip) in enumerate(choices)]
    found, disputes = places(wishes)
    assert list(found) == [wish.name for wish in wishes]
    told = {dispute.name for dispute in disputes}
    for vip in {place.vip for place in found.values()}:
        creators = [
            name for name, place in found.items() if place.vip == vip and place.mode == CREATE and name not in told
        ]
        assert len(creators) <= 1
    assert all(name not in place.after for name, place in found.items())
