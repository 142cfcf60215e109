# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bootd would refuse to start with is told by the check of an inventory, before anything is changed."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.plugin_utils._bootd_variables import bootd_findings
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import lines_of

MODES = "reservation, proxy, auto-proxy, off"
NO_SUBNET = "does not begin with a subnet such as 10.20.0.0/24"
SCRIPT = "#!ipxe\nshell\n"


def told(**variables):
    return lines_of(bootd_findings("bootstrap", variables))


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"bootd_dhcp_modes": {}, "bootd_arch_map": {}, "bootd_unknown_script": ""},
        {"bootd_dhcp_modes": {"eth1": "proxy", "10.0.0.0/24": "off"}},
        {"bootd_interface": "eth1", "bootd_dhcp_modes": {"eth1": False, "10.0.0.0/24": False}},
        {"bootd_arch_map": {7: "snponly.efi", "11": ""}},
        {"bootd_dhcp_mode": "auto-proxy", "bootd_unknown_script": SCRIPT},
        {"bootd_dhcp_modes": {"eth1": "auto-proxy"}, "bootd_unknown_script": SCRIPT},
        {"bootd_settings": {"dhcp_mode": "auto-proxy"}, "bootd_unknown_script": SCRIPT},
        # A template that can't be worked out yet.
        {"bootd_dhcp_mode": None, "bootd_unknown_script": SCRIPT},
        # The role's own specification tells of these.
        {"bootd_dhcp_modes": "eth1=proxy", "bootd_arch_map": ["x"], "bootd_unknown_script": ["x"]},
    ],
)
def test_what_bootd_takes_has_nothing_to_tell(variables):
    assert told(**variables) == []


def test_every_mode_that_is_wrong_is_told():
    assert told(bootd_dhcp_modes={"eth1": "prox", "10.0.0.1/24": "off", "eth2": None}) == [
        f"bootstrap bootd_dhcp_modes: 'eth1=prox' should have a mode of {MODES}",
        f"bootstrap bootd_dhcp_modes: '10.0.0.1/24=off' {NO_SUBNET}: 10.0.0.1/24 has host bits set",
        f"bootstrap bootd_dhcp_modes: 'eth2=None' should have a mode of {MODES}",
    ]


def test_mode_of_an_interface_that_bootd_does_not_answer_on_is_told():
    modes = {"eth0": "proxy", "eth1": False, "10.0.0.0/8": "off"}
    line = "bootstrap bootd_dhcp_modes: eth1=off: bootd answers on bootd_interface eth0 only"
    assert told(bootd_interface="eth0", bootd_dhcp_modes=modes) == [
        f"{line}; leave bootd_interface out, or name subnets"
    ]
    assert told(bootd_dhcp_modes=modes) == []


def test_every_architecture_that_is_none_is_told():
    assert told(bootd_arch_map={"x": "snponly.efi", 7: "../ipxe.efi", 9: "ipxe.efi"}) == [
        "bootstrap bootd_arch_map: 'x=snponly.efi' is not ARCHITECTURE=FILE, such as 7=ipxe.efi",
        "bootstrap bootd_arch_map: '../ipxe.efi' is no name of a file below the boot-file directory",
    ]
    assert told(bootd_arch_map={7: "a.efi", "7": "b.efi"}) == [
        "bootstrap bootd_arch_map: architecture 7 is given twice"
    ]


@pytest.mark.parametrize("mode", ["reservation", "auto-proxy"])
@pytest.mark.parametrize("script", ["echo hello", "/etc/bootd/unknown.ipxe", "\n#!ipxe\n"])
def test_script_of_unknown_machines_is_told(mode, script):
    line = "bootstrap bootd_unknown_script: its first line is not #!ipxe"
    assert line in told(bootd_dhcp_mode=mode, bootd_unknown_script=script)


def test_script_that_nobody_would_get_is_told():
    assert told(bootd_dhcp_mode="proxy", bootd_unknown_script=SCRIPT) == [
        "bootstrap bootd_unknown_script: goes with the mode auto-proxy: other modes boot no unknown machine"
    ]


def test_every_problem_at_once():
    assert len(told(bootd_dhcp_modes={"a": "x"}, bootd_arch_map={"x": ""}, bootd_unknown_script="x")) == 3
