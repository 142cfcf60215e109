# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example in Harvester's documentation is accepted by the version whose page it is on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.check import check
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.configuration import merge

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("v*/*.yml"))
PATCH = {"v1.1": "v1.1.3", "v1.3": "v1.3.2", "v1.5": "v1.5.2", "v1.8": "v1.8.2"}
# An example of one key stands in a configuration that is whole otherwise.
WHOLE: dict[str, dict[str, Any]] = {
    "create": {
        "scheme_version": 1,
        "token": "token",
        "os": {"password": "password"},
        "install": {
            "mode": "create",
            "management_interface": {"interfaces": [{"hwAddr": "52:54:00:00:00:01"}], "method": "dhcp"},
            "device": "/dev/sda",
            "iso_url": "http://192.0.2.10/harvester.iso",
            "vip": "192.0.2.99",
            "vip_mode": "static",
        },
    },
    "join": {
        "scheme_version": 1,
        "server_url": "https://192.0.2.99:443",
        "token": "token",
        "os": {"password": "password"},
        "install": {
            "mode": "join",
            "management_interface": {"interfaces": [{"hwAddr": "52:54:00:00:00:02"}], "method": "dhcp"},
            "device": "/dev/sda",
            "iso_url": "http://192.0.2.10/harvester.iso",
        },
    },
}


def examples() -> list[Any]:
    found = []
    for path in EXAMPLES:
        version = path.parent.name
        for example in yaml.safe_load(path.read_text(encoding="utf-8")):
            found.append(pytest.param(version, example, id=f"{version}-{example['of']}"))
    return found


def is_whole(example: dict[str, Any]) -> bool:
    return "device" in example["content"].get("install", {})


@pytest.mark.parametrize(("version", "example"), examples())
@pytest.mark.parametrize("patch", [True, False])
def test_check_accepts_the_example(version, example, patch):
    document = merge(WHOLE[example["mode"]], example["content"])
    problems = check(document, PATCH[version] if patch else version)
    assert [str(problem) for problem in problems if not problem.note] == []


@pytest.mark.parametrize(("version", "example"), [item for item in examples() if is_whole(item.values[1])])
def test_check_accepts_the_whole_example_as_it_is_spelt(version, example):
    assert [str(problem) for problem in check(example["content"], version) if not problem.note] == []


def test_examples_are_of_four_versions():
    assert {path.parent.name for path in EXAMPLES} == set(PATCH)
    assert len(examples()) > 120
