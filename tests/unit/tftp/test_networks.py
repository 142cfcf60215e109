# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sources TFTP answers: machines, their networks, the host's own, and those that a setting names."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from _bootd.hardware.model import Interface, Machine
from _bootd.stores.catalog import Catalog
from _bootd.tftp.networks import LOOK_SECONDS, ServedNetworks
from servers.services_in_memory import ServicesInMemory


@pytest.fixture
def catalog():
    catalog = Catalog()
    interfaces = (
        Interface("02:00:00:00:00:01", "10.10.0.16", "255.255.255.0"),
        Interface("02:00:00:00:00:02", "203.0.113.7"),
    )
    catalog.upsert(Machine("one", interfaces=interfaces))
    return catalog


@pytest.mark.parametrize(
    ("source", "served"),
    [
        ("10.10.0.16", True),
        ("10.10.0.250", True),  # a relay, or an address translation, beside a machine
        ("10.10.1.16", False),
        ("203.0.113.7", True),
        ("203.0.113.8", False),  # its object gives no netmask
        ("192.0.2.9", True),
        ("198.51.100.1", True),
        ("8.8.8.8", False),
    ],
)
def test_served(catalog, source, served):
    networks = ServedNetworks(catalog, ("198.51.100.0/28",), lambda: [IPv4Network("192.0.2.0/24")])
    assert (source in networks) is served


def test_served_follows_the_catalog(catalog):
    networks = ServedNetworks(catalog, (), list)
    catalog.remove("default/one")
    assert "10.10.0.16" not in networks
    catalog.replace([Machine("two", interfaces=(Interface("02:00:00:00:00:03", "10.20.0.1", "255.255.0.0"),))])
    assert "10.20.9.9" in networks


def test_served_everybody_where_a_setting_says_so(catalog):
    assert "8.8.8.8" in ServedNetworks(catalog, ("0.0.0.0/0",), list)


def test_served_are_those_whose_word_is_taken_for_a_machine():
    desk = ServicesInMemory([], tftp_networks=("198.51.100.0/24",), trusted_proxies=("203.0.113.5/32", "2001:db8::/32"))
    networks = ServedNetworks.of(desk.services)
    assert [address in networks for address in ("198.51.100.1", "203.0.113.5", "203.0.113.6")] == [True, True, False]


def test_served_looks_at_the_hosts_networks_again_but_not_at_each_request(catalog):
    now, looks, local = [0.0], [], []

    def look():
        looks.append(now[0])
        return local

    networks = ServedNetworks(catalog, (), look, lambda: now[0])
    local.append(IPv4Network("192.0.2.0/24"))
    for at in (0.0, LOOK_SECONDS - 0.1):
        now[0] = at
        assert "192.0.2.9" not in networks
    now[0] = LOOK_SECONDS
    assert "192.0.2.9" in networks
    for _unused in range(100):
        assert "8.8.8.8" not in networks
    assert looks == [0.0, LOOK_SECONDS]
