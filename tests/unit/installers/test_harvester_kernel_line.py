# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of Harvester's kernel: per version and network, and never twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.installers.harvester.kernel_line import Network, default_arguments, network_arguments, renamed_cards
from _bootd.installers.kernel_boot import merge

MAC = "58:47:ca:71:d8:49"
BARE = Network(MAC)
KNOWN = Network(MAC, "10.10.0.16", "255.255.255.0", "10.10.0.1", ("10.10.0.1", "10.10.0.2"))
TAGGED = Network(MAC, "10.10.0.16", "255.255.255.0", "10.10.0.1", (), "30")
BY_DHCP = ["ip=dhcp", f"BOOTIF={MAC}", "rd.net.dhcp.retry=30"]
BY_DHCP_TAGGED = ["ip=dhcp", f"BOOTIF={MAC}", f"ifname=netboot:{MAC}", "vlan=vlan30:netboot", "rd.net.dhcp.retry=30"]
STATIC = [
    "ip=10.10.0.16::10.10.0.1:255.255.255.0::netboot:off",
    f"BOOTIF={MAC}",
    f"ifname=netboot:{MAC}",
    "nameserver=10.10.0.1",
    "nameserver=10.10.0.2",
]
STATIC_TAGGED = [
    "ip=10.10.0.16::10.10.0.1:255.255.255.0::vlan30:off",
    f"BOOTIF={MAC}",
    f"ifname=netboot:{MAC}",
    "vlan=vlan30:netboot",
]
ROOTFS = "http://10.10.0.2/harvester/v1.8.2/harvester-v1.8.2-rootfs-amd64.squashfs"
KEPT = "http://10.10.0.20:7080/configuration/58-47-ca-71-d8-49/abc"


@pytest.mark.parametrize(
    ("version", "network", "kept", "wanted"),
    [
        ("v1.2.0", KNOWN, True, BY_DHCP),
        ("v1.7.3", KNOWN, True, BY_DHCP),
        ("v1.8.0", KNOWN, True, STATIC),
        ("v1.8.0-rc2", KNOWN, True, STATIC),
        ("v1.9.0", KNOWN, True, STATIC),
        ("master", KNOWN, True, STATIC),
        ("v1.8.0", KNOWN, False, BY_DHCP),
        ("v1.8.0", BARE, True, BY_DHCP),
        ("v1.8.0", Network(MAC, "10.10.0.16", "255.255.255.0"), True, BY_DHCP),
        ("v1.6.1", TAGGED, True, BY_DHCP_TAGGED),
        ("v1.8.0", TAGGED, False, BY_DHCP_TAGGED),
        ("v1.8.0", TAGGED, True, STATIC_TAGGED),
        ("v1.6.1", Network(MAC, vlan_id="0"), True, BY_DHCP),
        ("v1.6.1", Network(MAC, vlan_id="1"), True, BY_DHCP),
    ],
)
def test_network_arguments_by_version_and_network(version, network, kept, wanted):
    assert network_arguments(version, network, [], kept=kept) == wanted


@pytest.mark.parametrize("given", [["ip=dhcp"], ["ip=ens5:dhcp", "debug"]])
def test_network_arguments_leave_it_to_an_ip_by_hand(given):
    assert network_arguments("v1.8.2", KNOWN, given, kept=True) == []


@pytest.mark.parametrize("given", [["BOOTIF=01-02"], ["ifname=a:b"], ["vlan=vlan3:a"], ["bond=bond0:a,b"]])
def test_network_arguments_name_no_card_beside_one_by_hand(given):
    assert network_arguments("v1.8.2", TAGGED, given, kept=True) == ["ip=dhcp", "rd.net.dhcp.retry=30"]


def test_network_arguments_rename_nothing_for_a_configuration_elsewhere():
    given = ["harvester.install.config_url=http://elsewhere/c.yaml"]
    assert network_arguments("v1.8.2", KNOWN, given, kept=True) == BY_DHCP


def test_network_arguments_nameserver_by_hand_stands_alone():
    arguments = network_arguments("v1.8.2", KNOWN, ["nameserver=9.9.9.9"], kept=True)
    assert not [argument for argument in arguments if argument.startswith("nameserver=")]


def test_default_arguments_in_full():
    assert default_arguments("v1.8.2", ROOTFS, KNOWN, [], KEPT) == [
        f"root=live:{ROOTFS}",
        "rd.cos.disable",
        "rd.noverifyssl",
        "net.ifnames=1",
        "console=tty1",
        "harvester.install.automatic=true",
        *STATIC,
        f"harvester.install.config_url={KEPT}",
    ]


def test_default_arguments_config_url_by_hand_is_the_only_one():
    given = ["harvester.install.config_url=http://elsewhere/c.yaml"]
    assert KEPT not in " ".join(default_arguments("v1.8.2", ROOTFS, KNOWN, given, KEPT))


def test_renamed_cards_are_those_of_ifname():
    assert renamed_cards(["ip=dhcp", "ifname=a:1", "ifname=b:2", "ifnames=c"]) == ["a:1", "b:2"]


GIVEN = st.lists(
    st.sampled_from(
        "ip=dhcp ip=ens5:dhcp BOOTIF=x ifname=a:b vlan=v:a rd.net.dhcp.retry=3 console=ttyS0,115200 console=tty1 "
        "debug harvester.install.automatic=true harvester.install.config_url=http://h/c nameserver=9.9.9.9".split()
    ),
    max_size=6,
)


@given(
    version=st.sampled_from(["v1.1.0", "v1.7.0", "v1.8.2", "master"]) | st.text(max_size=8),
    network=st.sampled_from([BARE, KNOWN, TAGGED]),
    given_arguments=GIVEN,
    config_url=st.sampled_from(["", KEPT]),
)
def test_default_arguments_give_nothing_twice(version, network, given_arguments, config_url):
    line = merge(default_arguments(version, ROOTFS, network, given_arguments, config_url), given_arguments)
    assert len(line) == len(set(line))
    by_hand = {argument for argument in given_arguments if argument.startswith("ip=")}
    addresses = [argument for argument in line if argument.startswith("ip=")]
    assert len(addresses) == max(1, len(by_hand))
    assert set(addresses) >= by_hand
    urls = [argument for argument in line if argument.startswith("harvester.install.config_url=")]
    assert len(urls) == bool(config_url or any("config_url" in argument for argument in given_arguments))
