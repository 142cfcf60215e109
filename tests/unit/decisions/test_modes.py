# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which DHCP mode a request meets, by the relay's network, the interface, the reservation, or none of them."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

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
    [("10.20.30.5", "eth1", "auto-proxy"), ("192.0.2.5", "eth1", "off"), ("192.0.2.5", "", "reservation")],
)
def test_of_address(address, interface, expected):
    assert MIXED.of_address(address, interface) == expected


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
