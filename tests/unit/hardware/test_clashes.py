# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation of several objects: what two of them can't both have is told of the later one, and names the other."""

from __future__ import annotations

import copy

import pytest

from _bootd.hardware.manifest import Document, read_manifest
from _bootd.validation.objects import check
from samples import howto
from samples.changed import DHCP, changed
from samples.documents import OBJECT


def three_copies() -> list[Document]:
    """The published mistake: three machines, each with the first one's MAC and host name."""
    text = "---\n".join(
        howto.HARDWARE.replace("name: um790-1\n  n", f"name: um790-{n}\n  n").replace("10.10.0.16", f"10.10.0.1{n + 5}")
        for n in (1, 2, 3)
    )
    return read_manifest(text.encode(), "hardware.yaml").documents


def test_check_copied_objects_name_both_places():
    problems = check(three_copies())
    assert [(p.object, p.path) for p in problems] == [
        ("tink-system/um790-2", f"{DHCP}.mac"),
        ("tink-system/um790-2", f"{DHCP}.hostname"),
        ("tink-system/um790-3", f"{DHCP}.mac"),
        ("tink-system/um790-3", f"{DHCP}.hostname"),
    ]
    assert all(f"tink-system/um790-1 {p.path} (hardware.yaml:1)" in p.message and not p.note for p in problems)


@pytest.mark.parametrize(
    ("path", "value", "kind"),
    [
        (f"{DHCP}.mac", "58:47:CA:71:D8:49", "MAC address"),
        (f"{DHCP}.ip.address", "10.10.0.16", "IP address"),
        (f"{DHCP}.hostname", "UM790-1", "host name"),
        ("metadata.name", "um790-1", "namespace and name"),
    ],
)
def test_check_clash_across_files(path, value, kind):
    other = changed(
        ("metadata.name", "other"),
        (f"{DHCP}.mac", "58:47:ca:71:d8:50"),
        (f"{DHCP}.ip.address", "10.10.0.17"),
        (f"{DHCP}.hostname", "other"),
        (path, value),
    )
    problems = [p for p in check([Document(OBJECT, "a.yaml"), Document(other, "b.yaml")]) if "same" in p.message]
    assert [(p.file, p.path) for p in problems] == [("b.yaml", path)]
    assert kind in problems[0].message and "a.yaml" in problems[0].message


def test_check_same_name_in_another_namespace_is_no_clash():
    other = changed(("metadata.namespace", "other"), (f"{DHCP}.mac", "58:47:ca:71:d8:50"))
    other["spec"]["interfaces"][0]["dhcp"] |= {"hostname": "other", "ip": {"address": "10.10.0.17"}}
    assert not [p for p in check([Document(OBJECT), Document(other)]) if "same" in p.message]


def test_check_clash_within_one_object():
    value = copy.deepcopy(OBJECT)
    value["spec"]["interfaces"].append(copy.deepcopy(value["spec"]["interfaces"][0]))
    assert {p.path for p in check([Document(value)])} == {
        f"spec.interfaces[1].dhcp.{name}" for name in ("mac", "ip.address", "hostname")
    }
