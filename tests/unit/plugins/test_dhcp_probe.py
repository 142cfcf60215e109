# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module says of wrong arguments; what it does is tested on the wire."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import parse_mac
from ansible_collections.baremetal.netboot.plugins.modules.dhcp_probe import (
    ARGUMENTS,
    expected_of,
    random_mac,
    wrong_arguments,
)


def wrong(**given):
    return wrong_arguments({**{name: option.get("default") for name, option in ARGUMENTS.items()}, **given})


def test_defaults_are_fine():
    assert wrong(interface="eth0") == []
    assert wrong(interface="eth0", macs=["5847.CA71.D849"], expect="only", servers=["10.10.0.20"]) == []


def test_all_that_is_wrong_is_told_at_once():
    assert wrong(macs=["um790-1", "58:47:ca:71:d8:49"], servers=["bootd.lab"], kinds=[], timeout=0.0) == [
        "macs has 'um790-1', which is no MAC address",
        "servers has 'bootd.lab', which is no IPv4 address",
        "kinds is empty: it should have some of plain, bios, uefi, uefi-http, arm64, arm64-http, ipxe",
        "timeout is 0.0 and should be more than 0 and at most 120 seconds",
    ]


def test_only_without_servers_is_told():
    (said,) = wrong(expect="only")
    assert "servers does not say which" in said


def test_only_names_its_servers_in_the_same_words():
    assert wrong(expect="only 10.10.0.20") == []
    assert expected_of("only 10.10.0.20, 10.10.0.21", ["10.10.0.22"]) == (
        "only",
        ("10.10.0.20", "10.10.0.21", "10.10.0.22"),
    )
    assert expected_of("none", []) == ("none", ())


@pytest.mark.parametrize("text", ["nobody", "only bootd.lab", "any 10.10.0.20", "none 10.10.0.20", ""])
def test_what_is_no_expectation_is_told_with_those_that_are(text):
    (said,) = wrong(expect=text, servers=["10.10.0.9"])
    assert said.startswith(f"expect is {text!r}")
    assert "only ADDRESS" in said


@pytest.mark.parametrize("_unused", range(20))
def test_random_mac_is_one_host_and_nobodys(_unused):
    mac = random_mac()
    assert parse_mac(mac) == mac
    assert int(mac[:2], 16) & 3 == 2
