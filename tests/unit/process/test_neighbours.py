# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's neighbour table, asked for real in a namespace, and the links that tell where to ask."""

from __future__ import annotations

import os
import subprocess
import sys
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.process.neighbours import Neighbours
from _bootd.process.networks import LINK_SECONDS, Links

PLUGINS = Path(__file__).resolve().parents[3] / "plugins/module_utils"
ASK = """
import sys
from _bootd.process.neighbours import Neighbours
from _bootd.process.networks import Links
print(*(Neighbours(Links()).mac_of(address) or "-" for address in sys.argv[1:]))
"""


def test_links_name_the_interface_of_the_narrowest_network():
    links = Links(lambda: [("eth0", IPv4Network("10.0.0.0/8")), ("eth1", IPv4Network("10.1.0.0/16"))])
    assert [links.interface_of(address) for address in ("10.1.2.3", "10.2.2.3", "192.0.2.1")] == ["eth1", "eth0", ""]
    assert links.networks_of("eth1") == (IPv4Network("10.1.0.0/16"),)


@pytest.mark.parametrize("address", ["2001:db8::5", "", "no address"])
def test_links_have_no_interface_for_what_is_no_ipv4_address(address):
    links = Links(lambda: [("eth0", IPv4Network("0.0.0.0/1"))])
    assert (links.interface_of(address), Neighbours(links).mac_of(address)) == ("", "")


NETWORKS = st.builds(
    lambda address, prefix: IPv4Network((int(address), prefix), strict=False), st.ip_addresses(v=4), st.integers(1, 32)
)


@given(st.lists(st.tuples(st.sampled_from(["eth0", "eth1", "br0"]), NETWORKS), max_size=8), st.ip_addresses(v=4))
def test_links_are_what_ipaddress_says(found, address):
    links = Links(lambda: found)
    for wanted in (address, *(network[0] for _name, network in found)):
        matching = [(network.prefixlen, name) for name, network in found if wanted in network]
        assert links.interface_of(str(wanted)) == (max(matching)[1] if matching else "")
    for name in ("eth0", "eth1", "br0"):
        assert links.networks_of(name) == tuple(network for its, network in found if its == name)


def test_links_are_looked_at_again():
    now, found = [0.0], []
    links = Links(lambda: list(found), lambda: now[0])
    found.append(("eth0", IPv4Network("10.0.0.0/8")))
    now[0] = LINK_SECONDS
    assert links.interface_of("10.0.0.1") == ""
    now[0] += 0.1
    assert links.interface_of("10.0.0.1") == "eth0"


def test_neighbours_of_no_link_are_not_asked_for():
    assert Neighbours(Links(list)).mac_of("127.0.0.1") == ""
    assert Neighbours(Links(lambda: [("no-such-link", IPv4Network("10.0.0.0/8"))])).mac_of("10.0.0.1") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network namespace")
def test_neighbours_are_the_kernels():
    commands = [
        "ip link add host type veth peer name other",
        "ip address add 192.0.2.1/24 dev host",
        "ip link set host up",
        "ip link set other up",
        "ip neighbour add 192.0.2.7 lladdr 02:00:00:00:00:07 dev host nud stale",
        "ip neighbour add 192.0.2.8 dev host nud failed",
        f"{sys.executable} -c '{ASK}' 192.0.2.7 192.0.2.8 192.0.2.9 198.51.100.7",
    ]
    told = subprocess.run(
        ["unshare", "--net", "sh", "-ec", "\n".join(commands)],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.stdout.split(), told.stderr) == (["02:00:00:00:00:07", "-", "-", "-"], "")
