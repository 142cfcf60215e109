# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo understands, and what it writes."""

from __future__ import annotations

import pytest

from lab import report
from lab.demo import Failed, wishes

MACHINE = {
    "name": "um790-1",
    "namespace": "default",
    "mac": "58:47:ca:71:d8:49",
    "ip": "10.10.0.16",
    "firmware": "uefi",
    "stage": "installed",
    "stages": [{"stage": "known", "at": 98.0}, {"stage": "installed", "at": 125.5}],
    "facts": {"product": "PC"},
    "bytes": {"tftp": 850528, "http": 12},
}
SIGHTING = report.Sighting(MACHINE, powered_on=100.0, booted_from_disk=140.25, console="build/demo/um790-1.serial.log")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ("uefi", 1, "files")),
        ({"FIRMWARE": "bios"}, ("bios", 1, "files")),
        ({"MACHINES": "3"}, ("uefi", 3, "files")),
        ({"STORE": "kubernetes"}, ("uefi", 1, "kubernetes")),
    ],
)
def test_wishes(environ, expected):
    assert wishes(environ) == expected


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"FIRMWARE": "coreboot"}, "FIRMWARE is 'coreboot'"),
        ({"STORE": "etcd"}, "STORE is 'etcd'"),
        ({"MACHINES": "0"}, "MACHINES is '0'"),
        ({"MACHINES": "many"}, "MACHINES is 'many'"),
        ({"MACHINES": "-1"}, "MACHINES is '-1'"),
        ({"MACHINES": "99"}, "MACHINES is '99'"),
    ],
)
def test_wishes_that_make_no_sense(environ, named):
    with pytest.raises(Failed, match=named):
        wishes(environ)


def test_document_has_what_is_promised():
    document = report.document("files:hardware", [SIGHTING])
    assert document["store"] == "files:hardware"
    assert "stand-in" in document["operating_system"]
    (machine,) = document["machines"]
    promised = ("name", "mac", "ip", "firmware", "stages", "facts", "bytes")
    assert {field: machine[field] for field in promised} == {field: MACHINE[field] for field in promised}
    assert (machine["powered_on"], machine["booted_from_disk"]) == (100.0, 140.25)


def test_table_has_the_stages_in_order_by_the_time_since_power_on():
    lines = [line.split() for line in report.table([SIGHTING])]
    assert lines[0] == ["um790-1", "58:47:ca:71:d8:49", "10.10.0.16", "uefi"]
    assert lines[1:5] == [
        ["known", "-2.0", "s"],
        ["power", "on", "0.0", "s"],
        ["installed", "25.5", "s"],
        ["booted", "from", "disk", "40.2", "s"],
    ]
    assert ["product", "PC"] in lines
    assert ["bytes", "from", "bootd", "850528", "by", "TFTP,", "12", "by", "HTTP"] in lines
