# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object in a cluster as it is served, and the patches that bootd makes of it."""

from __future__ import annotations

import json

import pytest
import yaml

from _bootd.decisions.stages import State
from _bootd.hardware.model import REPROVISION_ANNOTATION, STATE_ANNOTATION
from _bootd.stores.live_object import as_served, is_earlier, is_newer, live_object_from, patch_of
from _bootd.stores.states.document import to_json
from samples import howto

MAC = "58:47:ca:71:d8:49"
POINTER = "/metadata/annotations/netboot.baremetal~1state"
NOW = 1_000_000.0
INSTALLED = State(stage="installed", installs=1, last_at=9.0, switched_off={MAC: ""})


def live(*, allow=True, state=None, asked="", mac=MAC, **meta):
    """Return the LiveObject of the HOWTO's object, with the state annotation ``state`` where there is one."""
    document = yaml.safe_load(howto.HARDWARE)
    document["spec"]["interfaces"][0]["dhcp"]["mac"] = mac
    document["spec"]["interfaces"][0]["netboot"]["allowPXE"] = allow
    annotations = {REPROVISION_ANNOTATION: asked} if asked else {}
    if state is not None:
        annotations[STATE_ANNOTATION] = to_json(state) if isinstance(state, State) else state
    document["metadata"] |= {
        "resourceVersion": "7",
        "uid": "u",
        **({"annotations": annotations} if annotations else {}),
    }
    document["metadata"] |= {"managedFields": [{"manager": "somebody"}], **meta}
    return live_object_from(document)


def served(live, kept):
    netboot = as_served(live, kept).interfaces[0].netboot
    return netboot.allow_pxe, netboot.switched_off


def switches(patch):
    return [(item["path"], item["value"]) for item in patch if item["op"] == "replace"]


@pytest.mark.parametrize(
    ("given", "kept", "expected"),
    [
        ({}, None, (True, False)),
        ({"allow": False}, None, (False, False)),
        # bootd's switch holds before it is in the object, and in it.
        ({}, INSTALLED, (False, True)),
        ({"allow": False, "state": INSTALLED}, INSTALLED, (False, True)),
        # Somebody has written true again.
        ({"state": INSTALLED}, INSTALLED, (False, True)),
        # Asked for another installation: the switch is given back.
        ({"allow": False, "state": INSTALLED, "asked": "2"}, INSTALLED, (True, False)),
        ({"allow": False, "state": INSTALLED, "asked": "2"}, State(), (True, False)),
        # The owner's own false is nobody else's.
        ({"allow": False, "asked": "2"}, State(), (False, False)),
        ({"allow": None}, INSTALLED, (None, False)),
    ],
)
def test_as_served(given, kept, expected):
    assert served(live(**given), kept) == expected


def test_other_cards_of_an_installed_machine_are_served_off_and_left_alone_in_the_object():
    document = yaml.safe_load(howto.HARDWARE)
    first = document["spec"]["interfaces"][0]
    other = {**first, "dhcp": {**first["dhcp"], "mac": "58:47:ca:71:d8:50", "ip": {"address": "10.10.0.17"}}}
    document["spec"]["interfaces"].append(other)
    document["metadata"] |= {"resourceVersion": "7", "uid": "u"}
    found = live_object_from(document)
    cards = as_served(found, INSTALLED).interfaces
    assert [(card.netboot.allow_pxe, card.netboot.switched_off) for card in cards] == [(False, True)] * 2
    assert switches(patch_of(found, INSTALLED)) == [("/spec/interfaces/0/netboot/allowPXE", False)]


def test_patch_of_switches_and_says_so_at_once():
    patch = patch_of(live(state=State(stage="kernel")), INSTALLED)
    place = "/spec/interfaces/0"
    assert patch == [
        {"op": "test", "path": f"{place}/dhcp/mac", "value": MAC},
        {"op": "test", "path": f"{place}/netboot/allowPXE", "value": True},
        {"op": "replace", "path": f"{place}/netboot/allowPXE", "value": False},
        {"op": "add", "path": POINTER, "value": to_json(INSTALLED)},
    ]


def test_patch_of_tests_the_mac_as_it_is_written():
    patch = patch_of(live(mac="58-47-CA-71-D8-49"), INSTALLED)
    assert {"op": "test", "path": "/spec/interfaces/0/dhcp/mac", "value": "58-47-CA-71-D8-49"} in patch


def test_patch_of_an_object_without_annotations_tests_that_there_are_none():
    patch = patch_of(live(), State(stage="script"))
    assert patch[0] == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    assert patch[-1]["path"] == "/metadata/annotations"


def test_patch_of_nothing_to_do():
    assert patch_of(live(allow=False, state=INSTALLED), INSTALLED) == []


def test_patch_of_gives_back_what_was_switched_off():
    again = State(installs=1)
    assert switches(patch_of(live(allow=False, state=INSTALLED, asked="2"), again)) == [
        ("/spec/interfaces/0/netboot/allowPXE", True)
    ]


@pytest.mark.parametrize("state", ["", "{", "[]", "[" * 100_000, '{"version": 1}', '{"version": 2, "stage": "known"}'])
def test_live_from_an_annotation_that_can_not_be_used(state):
    found = live(state=state)
    assert found.state is None
    assert [problem.where for problem in found.problems] == (["Hardware tink-system/um790-1"] if state else [])
    assert served(found, None) == (True, False)


@pytest.mark.parametrize(
    "document", [{}, {"metadata": None}, {"metadata": {"name": "../x"}}, {"metadata": {"name": ""}}]
)
def test_live_from_an_object_without_a_usable_name(document):
    assert live_object_from(document) is None


def test_live_from_keeps_no_managed_fields():
    assert b"managedFields" not in live().raw
    assert json.loads(live().raw)["kind"] == "Hardware"


def test_is_newer():
    assert is_newer(live(state=INSTALLED), None, NOW)
    assert is_newer(live(state=INSTALLED), State(last_at=8.0), NOW)
    assert not is_newer(live(state=INSTALLED), INSTALLED, NOW)
    assert not is_newer(live(), None, NOW)


@pytest.mark.parametrize(
    ("theirs", "ours", "newer"),
    [
        (NOW + 299, NOW, True),
        (NOW + 301, NOW, False),  # a clock that was wrong
        (253_402_300_799.0, 1.0, False),
        (NOW, NOW + 301, True),  # ours was
        (NOW + 999, NOW + 301, False),
    ],
)
def test_is_newer_takes_no_time_in_the_future_for_one(theirs, ours, newer):
    assert is_newer(live(state=State(last_at=theirs)), State(last_at=ours), NOW) is newer


def test_is_newer_goes_by_installations_where_a_clock_was_wrong():
    assert is_newer(live(state=State(installs=2, last_at=NOW * 2)), State(installs=1, last_at=9.0), NOW)
    assert not is_newer(live(state=State(installs=1, last_at=9.0)), State(installs=2, last_at=NOW * 2), NOW)


@pytest.mark.parametrize(
    ("version", "known", "expected"), [("9", "10", True), ("10", "9", False), ("", "9", False), ("a", "b", False)]
)
def test_is_earlier(version, known, expected):
    assert is_earlier(version, known) is expected


@pytest.mark.parametrize("huge", [10**400, -(10**400), float("inf"), float("nan"), 2**64, "9" * 5000])
def test_live_object_with_numbers_that_nothing_can_hold_is_one_machine_all_the_same(huge):
    found = yaml.safe_load(howto.HARDWARE)
    found["metadata"] |= {"uid": huge, "generation": huge, "annotations": {STATE_ANNOTATION: f'{{"version": {huge}}}'}}
    found["spec"]["interfaces"][0]["dhcp"] |= {"lease_time": huge, "vlan_id": huge, "uefi": huge}
    found["spec"]["metadata"]["instance"] |= {"id": huge, "ips": [{"family": huge, "address": huge}]}
    live = live_object_from(found)
    assert (live.machine.interfaces[0].mac, live.machine.interfaces[0].address) == (MAC, "10.10.0.16")
    assert as_served(live, None).name == live.machine.name
    assert live.problems
