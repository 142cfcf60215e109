# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses of clusters are looked for, wherever the inventory says them."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory_report import machines_report
from ansible_collections.baremetal.netboot.plugins.plugin_utils._preflight_machines import seen_of

VIP = "10.10.0.30"
COMMON = {
    "netboot_network": "10.10.0.0/24",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.8.2",
    "netboot_image_url": "http://10.10.0.20:7080/images",
}
OF_DHCP = {"harvester_config": {"install": {"vip": VIP, "vip_mode": "dhcp", "vip_hw_addr": "02:00:00:00:00:30"}}}


def vips(first, second):
    """Return the addresses that are looked for, of two machines with these variables."""
    hosts = {
        f"um790-{number}": {
            "netboot_mac": f"58:47:ca:71:d8:4{number}",
            "netboot_ip": f"10.10.0.1{number}",
            **COMMON,
            **more,
        }
        for number, more in ((1, first), (2, second))
    }
    hostvars = {**hosts, "bootstrap": {"bootd_address": "10.10.0.20"}}
    return seen_of(machines_report(hosts, hostvars).machines.objects, hostvars, ["bootstrap"])["vips"]


BOTH = [{"address": VIP, "machines": ["um790-1", "um790-2"], "macs": ["58:47:ca:71:d8:41", "58:47:ca:71:d8:42"]}]


@pytest.mark.parametrize(
    ("first", "second", "looked_for"),
    [
        ({"harvester_vip": VIP}, {"harvester_vip": VIP}, BOTH),
        # A machine that says nothing joins the one cluster that there is.
        ({"harvester_vip": VIP}, {}, BOTH),
        ({"harvester_config": {"install": {"vip": VIP}}}, {}, BOTH),
        ({"harvester_config_of_the_rack": {"install": {"vip": VIP}}}, {"harvester_vip": VIP}, BOTH),
        (
            {"netboot_kernel_args": [f"harvester.install.vip={VIP}"]},
            {"netboot_kernel_args": [f"harvester.install.vip={VIP}"]},
            BOTH,
        ),
        # One that a DHCP server gives is asked for with a MAC address that is no card's.
        (OF_DHCP, {}, []),
        ({"harvester_vip": VIP, "harvester_vip_mode": "dhcp"}, {"harvester_vip": VIP}, []),
        ({"harvester_vip": VIP}, {"harvester_vip": "10.10.0.31"}, None),
        ({}, {}, []),
    ],
    ids=str,
)
def test_address_of_a_cluster_is_looked_for_wherever_it_is_said(first, second, looked_for):
    found = vips(first, second)
    if looked_for is None:
        assert [vip["address"] for vip in found] == [VIP, "10.10.0.31"]
    else:
        assert found == looked_for
