# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which DHCP mode a request meets, by the relay's network, the interface, the reservation, or none of them."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.modes import Modes, parse_modes
from _bootd.process.settings import Settings


def modes(default: str, text: str = "") -> Modes:
    return Modes.of(Settings("files:x", "x", "10.10.0.20", dhcp_mode=default, dhcp_modes=parse_modes(text)))


MIXED = modes("reservation", "eth1=off, 10.20.0.0/16=proxy, 10.20.30.0/24=auto-proxy")
OWN = (IPv4Network("10.20.30.0/24"),)


@pytest.mark.parametrize(
    ("relay", "interface", "own", "reserved", "expected"),
    [
        ("", "eth0", (), "", "reservation"),
        ("", "eth1", (), "", "off"),
        # A relay's network before the interface that the relay is behind, and the longest prefix of several.
        ("10.20.1.1", "eth1", (), "", "proxy"),
        ("10.20.30.1", "eth1", (), "", "auto-proxy"),
        ("192.0.2.1", "eth1", (), "", "off"),
        ("192.0.2.1", "eth0", OWN, "", "reservation"),
        # The interface before its own networks, and those before the reservation's.
        ("", "eth1", OWN, "", "off"),
        ("", "eth0", OWN, "10.20.1.7", "auto-proxy"),
        ("", "eth0", (IPv4Network("192.0.2.0/24"),), "10.20.1.7", "proxy"),
        ("192.0.2.1", "eth0", (), "10.20.1.7", "proxy"),
        ("", "eth0", (IPv4Network("10.20.30.9/32"),), "", "auto-proxy"),
    ],
)
def test_of_request(relay, interface, own, reserved, expected):
    assert MIXED.of_request(relay, interface, own, reserved) == expected


@pytest.mark.parametrize(
    ("address", "interface", "expected"),
    [
        ("10.20.30.5", "eth1", "off"),  # on a link the interface comes first, as it does for DHCP
        ("10.20.30.5", "eth0", "auto-proxy"),
        ("10.20.30.5", "", "auto-proxy"),
        ("192.0.2.5", "eth1", "off"),
        ("192.0.2.5", "", "reservation"),
    ],
)
def test_of_address(address, interface, expected):
    assert MIXED.of_address(address, interface) == expected


TEN, TWENTY = IPv4Network("10.10.0.0/24"), IPv4Network("10.20.0.0/24")


@pytest.mark.parametrize("own", [(TEN, TWENTY), (TWENTY, TEN)])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.10.0.0/24=reservation,10.20.0.0/24=off", "off"),
        ("10.10.0.0/24=proxy,10.20.0.0/24=off", "off"),
        ("10.10.0.0/24=off,10.20.0.0/24=proxy", "proxy"),
        ("10.10.0.0/24=off", "auto-proxy"),
    ],
)
def test_of_several_networks_of_an_interface_it_is_that_of_the_reservation(own, text, expected):
    assert modes("auto-proxy", text).of_request("", "eth1", own, "10.20.0.5") == expected


@pytest.mark.parametrize("mode", ["off", "reservation"])
def test_port_4011_goes_by_the_interface_where_port_67_does(mode):
    found = modes("reservation", f"eth1=proxy,10.0.0.0/8={mode}")
    assert found.of_request("", "eth1", (TEN,)) == "proxy"
    assert found.of_request("10.10.0.77", "eth1", (TEN,)) == "proxy"
    assert found.of_address("10.10.0.77", "eth1") == "proxy"
    assert found.of_request("10.10.9.77", "eth1", (TEN,)) == mode, "it asks through a router"


SCOPES = ["eth0", "eth1", "10.0.0.0/8", "10.10.0.0/16", "10.10.0.0/24", "10.20.0.0/24", "10.20.0.4/30", "192.0.2.0/24"]
SETTINGS = st.dictionaries(st.sampled_from(SCOPES), st.sampled_from(["reservation", "proxy", "auto-proxy", "off"]))


@given(SETTINGS, st.permutations([TEN, TWENTY]), st.sampled_from([TEN, TWENTY]), st.integers(1, 254))
def test_a_machine_on_the_link_meets_one_mode_by_whatever_it_asks(settings, own, network, host):
    found = modes("reservation", ",".join(f"{scope}={mode}" for scope, mode in settings.items()))
    address = str(network[host])
    told = [
        found.of_request("", "eth1", own, address),
        found.of_request(address, "eth1", own),  # on port 4011, or through a relay that stands on the link
        found.of_address(address, "eth1"),
    ]
    assert len(set(told)) == 1, told


def test_used_is_every_mode_that_a_request_may_meet():
    assert MIXED.used == {"reservation", "off", "proxy", "auto-proxy"}
    assert modes("off", "10.0.0.0/8=off").used == {"off"}


def test_parse_modes_tells_every_entry_that_is_wrong():
    with pytest.raises(ValueError, match="proxies") as error:
        parse_modes("eth0=proxies,10.20.0.1/24=proxy,=off,eth1=off,eth1=proxy,eth/1=off,averyveryverylongname=off,eth2")
    told = str(error.value).split("; ")
    assert [entry.split("' ")[0].strip("'") for entry in told] == [
        "eth0=proxies",
        "10.20.0.1/24=proxy",
        "=off",
        "eth1=proxy",
        "eth/1=off",
        "averyveryverylongname=off",
        "eth2",
    ]
    assert "reservation, proxy, auto-proxy, off" in told[0]
    assert "has host bits set" in told[1]
    assert "given twice" in told[3]


def test_parse_modes_takes_vlans_and_nothing():
    assert parse_modes("") == {}
    assert parse_modes(" eth0.100 = off ,") == {"eth0.100": "off"}
