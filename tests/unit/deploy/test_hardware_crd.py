# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our Hardware CRD knows what Tinkerbell's does."""

from __future__ import annotations

import re

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.hardware_crd import hardware_crd
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.schema import fields_of
from samples.hardware_fields import ADDED_BY_V0_25, V0_8, fields

CRD = hardware_crd()
VERSION = CRD["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]
OURS = dict(fields_of(SCHEMA))


def at(path: str) -> dict:
    """Return the schema of the field at ``path``."""
    found = SCHEMA
    for step in re.findall(r"[^.\[\]{}]+|\[\]|\{\}", path):
        if step == "[]":
            found = found["items"]
        elif step == "{}":
            found = found["additionalProperties"]
        else:
            found = found["properties"][step]
    return found


@pytest.mark.parametrize("table", [V0_8, ADDED_BY_V0_25], ids=["v0.8", "v0.25"])
def test_hardware_crd_has_each_field_of_tinkerbell_with_its_type(table):
    theirs = fields(table)
    assert len(theirs) > 100
    assert {path: OURS.get(path) for path in theirs} == theirs


def test_hardware_crd_has_no_field_of_its_own():
    """What bootd needs beyond Tinkerbell's is an annotation, so that either CRD will do."""
    assert set(OURS) - set(fields(V0_8)) - set(fields(ADDED_BY_V0_25)) == set()


def test_hardware_crd_is_known_by_tinkerbells_names():
    assert CRD["metadata"]["name"] == "hardware.tinkerbell.org"
    assert CRD["spec"]["group"] == "tinkerbell.org"
    assert CRD["spec"]["scope"] == "Namespaced"
    assert CRD["spec"]["names"] == {
        "categories": ["tinkerbell"],
        "kind": "Hardware",
        "listKind": "HardwareList",
        "plural": "hardware",
        "shortNames": ["hw"],
        "singular": "hardware",
    }
    served = [(version["name"], version["served"], version["storage"]) for version in CRD["spec"]["versions"]]
    assert served == [("v1alpha1", True, True)]
    assert VERSION["subresources"] == {"status": {}}


@pytest.mark.parametrize(
    ("path", "keyword", "value"),
    [
        ("spec.bmcRef", "required", ["kind", "name"]),
        ("spec.bmcRef", "x-kubernetes-map-type", "atomic"),
        ("spec.auto.enrollmentEnabled", "default", False),
        ("spec.interfaces[].disableDhcp", "default", False),
        ("spec.interfaces[].dhcp.classless_static_routes[]", "required", ["destination_descriptor", "router"]),
        ("spec.interfaces[].netboot.rpi", "required", ["serialNum"]),
        ("spec.resources{}", "x-kubernetes-int-or-string", True),
    ],
)
def test_hardware_crd_asks_what_tinkerbells_asks(path, keyword, value):
    assert at(path)[keyword] == value


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        ("spec.interfaces[].dhcp.mac", ["58:47:ca:71:d8:49"], ["58:47:CA:71:D8:49", "58-47-ca-71-d8-49", ""]),
        ("spec.interfaces[].dhcp.vlan_id", ["0", "1", "999", "4096", "10,95"], ["4097", "-1", "a", ""]),
        (
            "spec.interfaces[].dhcp.classless_static_routes[].destination_descriptor",
            ["10.0.0.0/8", "0.0.0.0/0", "192.168.1.1/32"],
            ["10.0.0.0", "10.0.0.0/33", "256.0.0.0/8", "10.0.0/8"],
        ),
        (
            "spec.interfaces[].dhcp.classless_static_routes[].router",
            ["10.0.0.1", "255.255.255.255"],
            ["10.0.0.256", "10.0.0", "10.0.0.1/8", ""],
        ),
        ("spec.resources{}", ["1", "500m", "16Gi", "1.5", "-2k", "1e3", ".5"], ["", "16GiB", "1 Gi", "x"]),
    ],
)
def test_hardware_crd_takes_what_tinkerbells_takes(path, good, bad):
    pattern = re.compile(at(path)["pattern"])
    assert [text for text in good if not pattern.search(text)] == []
    assert [text for text in bad if pattern.search(text)] == []


def test_hardware_crd_columns_are_fields():
    columns = [column["jsonPath"] for column in VERSION["additionalPrinterColumns"]]
    known = {"." + path.replace("[]", "[0]") for path in OURS} | {".metadata.creationTimestamp"}
    assert set(columns) <= known
    assert [column["name"] for column in VERSION["additionalPrinterColumns"] if not column.get("priority")] == [
        "State",
        "MAC",
        "IP",
        "PXE",
        "Age",
    ]


def test_hardware_crd_is_made_anew_each_time():
    hardware_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].clear()
    assert hardware_crd() == CRD
