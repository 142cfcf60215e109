# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody is taken for somebody else because of what he writes into a header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.http.caller import client_address, identify, networks
from _bootd.stores.catalog import Catalog
from servers.http_site import ADDRESS, MAC, STRANGER, machine

PROXIES = networks(["10.0.0.0/8", "fd00::/8"])
PROXY, CLIENT = "10.0.0.1", "192.0.2.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (CLIENT, "", CLIENT),
        (CLIENT, "10.10.0.16", CLIENT),  # a stranger says so
        (PROXY, "", PROXY),
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"10.10.0.16, {CLIENT}", CLIENT),  # the client wrote the first, the proxy the last
        (PROXY, f"10.10.0.16,{CLIENT},10.0.0.2", CLIENT),  # two proxies
        (PROXY, "10.10.0.16", "10.10.0.16"),
        (PROXY, "10.0.0.3, 10.0.0.2", "10.0.0.3"),  # proxies only
        (PROXY, f"{CLIENT}, unknown", PROXY),
        (PROXY, f"{CLIENT}:1234", PROXY),
        (PROXY, ",", PROXY),
        (f"::ffff:{PROXY}", CLIENT, CLIENT),
        (PROXY, f"::ffff:{CLIENT}", CLIENT),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("fe80::1%eth0", "", "fe80::1%eth0"),
        ("", CLIENT, ""),
    ],
)
def test_client_address(peer, forwarded, client):
    assert client_address(peer, forwarded, PROXIES) == client


@given(st.lists(st.ip_addresses().map(str)).map(", ".join), st.ip_addresses(v=4).map(str))
def test_client_address_without_trusted_proxies(forwarded, peer):
    assert client_address(peer, forwarded, ()) == peer


@given(st.text(max_size=40))
def test_client_address_ignores_what_a_client_wrote(spoofed):
    assert client_address(PROXY, f"{spoofed}, {CLIENT}", PROXIES) == CLIENT


@given(st.text(max_size=40), st.text(max_size=40))
def test_client_address_survives_anything(peer, forwarded):
    assert isinstance(client_address(peer, forwarded, PROXIES), str)


def test_networks_refuses_what_is_none():
    with pytest.raises(ValueError, match="everybody"):
        networks(["everybody"])


@pytest.mark.parametrize(
    ("mac", "address", "name", "known"),
    [
        (MAC, STRANGER, MAC, True),
        (None, ADDRESS, ADDRESS, True),
        (None, STRANGER, STRANGER, False),
        ("52:54:00:00:00:99", ADDRESS, "52:54:00:00:00:99", False),  # the path counts, not the address
    ],
)
def test_identify(mac, address, name, known):
    catalog = Catalog()
    catalog.upsert(machine())
    found = identify(catalog, mac, address)
    assert (found.name, found.nic is not None) == (name, known)
