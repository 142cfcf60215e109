# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which places are a machine's own."""

from __future__ import annotations

from _bootd.dhcp.places import MAX_PLACES, Places, place_of
from samples.dhcp_messages import message, nic


def test_place_is_named_for_people():
    assert place_of(message(1), "eth0", broadcast=True) == "on eth0"
    assert place_of(message(1, giaddr="10.10.0.2"), "eth0", broadcast=False) == "through the relay 10.10.0.2"
    assert place_of(message(1), "eth0", broadcast=False) == ""


def test_places_heard_before_are_the_machines_own_while_it_is_installed():
    places = Places()
    for place in ("on eth0", "on eth1"):
        assert places.objection(place, nic(), "offered") == ""
    for stage in ("script", "kernel", "installing"):
        assert places.objection("on eth1", nic(), stage) == ""
        said = places.objection("on eth2", nic(), stage)
        assert said == "it was heard on eth0 and on eth1 before, and is being installed"


def test_places_of_a_machine_that_a_restarted_bootd_has_not_heard_yet():
    places = Places()
    assert places.objection("on eth0", nic(), "installing") == ""
    assert places.objection("on eth2", nic(), "installing") != ""


def test_places_that_others_make_up_do_not_push_out_one_that_is_in_use():
    places = Places()
    places.objection("on eth0", nic(), "offered")
    for number in range(MAX_PLACES - 1):
        places.objection(f"on made-up{number}", nic(), "offered")
    places.objection("on eth0", nic(), "loading")
    places.objection("on another", nic(), "loading")
    assert places.objection("on eth0", nic(), "installing") == ""
