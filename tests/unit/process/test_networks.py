# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that grow and shrink with the machines, and those of this host."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.process.networks import NetworkSet, connected_networks, is_ipv4, local_networks

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ROUTES = (
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"  # default via 192.0.2.1
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"  # 192.0.2.0/24
    "br0\t00000A0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"  # 10.10.0.0/16
    "eth0\t0000080A\t010200C0\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0\n"  # 10.8.0.0/16 via 192.0.2.1
    "ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"  # default, without a gateway
)


def test_set_has_the_networks_of_interfaces():
    networks = NetworkSet()
    networks.add("10.10.0.16", "255.255.255.0")
    assert "10.10.0.200" in networks
    assert "10.10.1.1" not in networks


def test_set_keeps_what_another_interface_has_too():
    networks = NetworkSet()
    networks.add("10.10.0.16", "255.255.255.0")
    networks.add("10.10.0.17", "255.255.255.0")
    networks.discard("10.10.0.16", "255.255.255.0")
    assert "10.10.0.1" in networks
    networks.discard("10.10.0.17", "255.255.255.0")
    assert "10.10.0.1" not in networks


@pytest.mark.parametrize("netmask", ["", "0.0.0.0", "128.0.0.0", "254.0.0.0"])
def test_set_takes_no_half_of_the_internet(netmask):
    networks = NetworkSet()
    networks.add("10.10.0.16", netmask)
    assert "10.10.0.16" not in networks
    networks.discard("10.10.0.16", netmask)


@given(st.lists(st.tuples(st.ip_addresses(v=4), st.integers(8, 32)), max_size=6), st.ip_addresses(v=4))
def test_set_is_what_ipaddress_says(interfaces, address):
    networks = NetworkSet()
    known = [IPv4Network((int(own), prefix), strict=False) for own, prefix in interfaces]
    for (own, _prefix), network in zip(interfaces, known, strict=True):
        networks.add(str(own), str(network.netmask))
    for asked in (address, *(own for own, _prefix in interfaces)):
        assert (str(asked) in networks) == any(IPv4Address(asked) in network for network in known)
    for (own, _prefix), network in zip(interfaces, known, strict=True):
        networks.discard(str(own), str(network.netmask))
    assert not any(str(own) in networks for own, _prefix in interfaces)


def test_set_that_was_given_all_has_all():
    assert "203.0.113.1" in NetworkSet([IPv4Network("0.0.0.0/0")])


def test_local_networks_are_those_without_a_gateway(tmp_path):
    table = tmp_path / "route"
    table.write_text(HEAD + ROUTES)
    assert [str(network) for network in local_networks(str(table))] == ["127.0.0.0/8", "192.0.2.0/24", "10.10.0.0/16"]


def test_routes_to_one_host_are_no_networks(tmp_path):
    # As Calico has one for each pod.
    table = tmp_path / "route"
    pods = "".join(f"cali{n}\t{n:02X}01F40A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n" for n in range(250))
    table.write_text(HEAD + pods)
    assert connected_networks(str(table)) == []
    table.write_text(HEAD + pods + ROUTES)
    assert [name for name, _network in connected_networks(str(table))] == ["eth0", "br0"]


@pytest.mark.parametrize(
    ("text", "expected"), [("10.0.0.1", True), ("2001:db8::1", False), ("", False), ("10.1", False), ("a name", False)]
)
def test_is_ipv4(text, expected):
    assert is_ipv4(text) is expected


@given(st.one_of(st.ip_addresses().map(str), st.text("0123456789./ \0\u0663\ud800", max_size=16)))
def test_is_ipv4_allows_what_the_standard_library_does(text):
    try:
        expected = bool(IPv4Address(text))
    except ValueError:
        expected = False
    assert is_ipv4(text) is expected


def test_local_networks_without_a_table(tmp_path):
    assert [str(network) for network in local_networks(str(tmp_path / "none"))] == ["127.0.0.0/8"]


def test_local_networks_of_this_host_can_be_read():
    assert IPv4Network("127.0.0.0/8") in local_networks()
