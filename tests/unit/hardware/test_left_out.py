# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects with values that can't be used: they are left out, and validation tells of each; nothing ever raises."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from _bootd.hardware.manifest import Document
from _bootd.hardware.model import is_as_written, is_text, machine_from_object, text_at
from _bootd.validation.objects import check
from samples.changed import DHCP, INSTANCE, NETBOOT, changed, found
from samples.documents import OBJECT, PLAIN, damaged_objects

HALF = "left out: it has half a character (a surrogate alone), which can't be sent"


@pytest.mark.parametrize("value", ["\ud800", "um790-\udfff", "\ud83d \ude00"])
@pytest.mark.parametrize(
    "path",
    [
        *(f"{DHCP}.{name}" for name in ("hostname", "domain_name", "vlan_id", "tftp_server_name", "boot_file_name")),
        f"{NETBOOT}.ipxe.contents",
        f"{NETBOOT}.osie.kernel",
        f"{INSTANCE}.hostname",
        f"{INSTANCE}.userdata",
        "spec.userData",
    ],
)
def test_text_that_can_not_be_sent_is_told_and_left_out(path, value):
    """JSON can write it, and UTF-8 can't: the object's other fields are served."""
    damaged = changed((path, value))
    assert found(damaged)[path] == HALF
    machine = machine_from_object(json.loads(json.dumps(damaged)))
    assert repr(value)[1:-1] not in repr(replace(machine, metadata={}))
    assert machine.interfaces[0].address == "10.10.0.16"


def test_text_that_can_be_sent_is_taken_whatever_it_is():
    assert is_text("\U0001f600 é \0")
    assert not is_text("\ud83d")
    assert text_at({"a": {"b": "\ud800"}}, "a", "b") == ""


@given(damaged_objects())
def test_check_damaged_object_never_raises_and_is_told_where_it_matters(value):
    problems = check([Document(value, "f.yaml"), Document(OBJECT, "g.yaml")])
    for problem in problems:
        assert str(problem).isprintable()
    machine = machine_from_object(value)
    says_hardware = value.get("kind") == "Hardware" and value.get("apiVersion") == OBJECT["apiVersion"]
    if says_hardware and not is_as_written(value, machine):
        assert [p for p in problems if p.file == "f.yaml" and not p.note]


@given(PLAIN)
def test_check_anything_never_raises(value):
    document = {"apiVersion": OBJECT["apiVersion"], "kind": "Hardware", "metadata": value, "spec": value}
    for candidate in (
        value,
        document,
        {**document, "spec": {"interfaces": [value, {"dhcp": value, "netboot": value}]}},
    ):
        check([Document(candidate)])
        if isinstance(candidate, dict):
            is_as_written(candidate, machine_from_object(candidate))


def test_is_as_written_walk_through():
    assert is_as_written(OBJECT, machine_from_object(OBJECT))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{DHCP}.mac", "58:47:CA:71:D8:zz"),
        (f"{DHCP}.ip.address", "fe80::1"),
        (f"{DHCP}.ip.gateway", "x"),
        (f"{DHCP}.lease_time", -5),
        (f"{DHCP}.name_servers", ["x"]),
        (f"{NETBOOT}.allowPXE", "true"),
        (f"{DHCP}.lease_time", 10**400),
        (f"{DHCP}.hostname", "\ud800"),
        (f"{DHCP}.boot_file_name", "x\udfff"),
        (f"{NETBOOT}.ipxe.contents", "#!ipxe\n\ud800"),
        (f"{NETBOOT}.osie.kernelParams", ["quiet", "\ud800"]),
        ("spec.userData", "\ud800"),
    ],
)
def test_is_as_written_tells_what_was_left_out(path, value):
    damaged = changed((path, value))
    assert not is_as_written(damaged, machine_from_object(damaged))
