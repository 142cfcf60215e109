# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module says of wrong arguments; what it does is tested on the wire."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.mac import parse_mac
from ansible_collections.baremetal.netboot.plugins.modules.dhcp_probe import ARGUMENTS, random_mac, wrong_arguments


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


@pytest.mark.parametrize("_unused", range(20))
def test_random_mac_is_one_host_and_nobodys(_unused):
    mac = random_mac()
    assert parse_mac(mac) == mac
    assert int(mac[:2], 16) & 3 == 2
