# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks on a node make of what was gathered there."""

from __future__ import annotations

from ipaddress import IPv4Interface

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight import (
    clock,
    disk,
    interface,
    neighbours,
    node,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.disk import Need
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.interface import Link
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.neighbours import Claim

ETH0 = Link("eth0", "02:00:00:00:00:20", up=True, carrier=True, addresses=(IPv4Interface("10.10.0.20/24"),))
ETH1 = Link("eth1", "02:00:00:00:00:21", up=True, carrier=True, addresses=(IPv4Interface("192.0.2.20/24"),))
LO = Link("lo", "00:00:00:00:00:00", up=True, carrier=True, addresses=(IPv4Interface("127.0.0.1/8"),))
MAC = "58:47:ca:71:d8:49"


def looked(links, name="eth0", address="10.10.0.20", *, virtual=False):
    return interface.look([LO, *links], name, address, "bootstrap", virtual=virtual)


def test_interface_that_is_right_is_told_in_a_line():
    check = looked([ETH0, ETH1])
    assert check.problems == []
    assert check.looked_at == "eth0 is up and has 10.10.0.20/24"


def test_interface_that_is_not_there_is_told_with_those_that_are():
    (problem,) = looked([ETH0], "eth9").problems
    assert problem.what == "there is no network interface eth9"
    assert problem.remedy == "name one that is there: eth0 10.10.0.20/24"
    assert problem.who == "inventory"


@pytest.mark.parametrize(
    ("link", "what"),
    [
        (Link("eth0", "", up=False, carrier=True, addresses=ETH0.addresses), "eth0 is down"),
        (Link("eth0", "", up=True, carrier=False, addresses=ETH0.addresses), "eth0 has no link"),
    ],
)
def test_interface_that_hears_nobody_is_for_the_node(link, what):
    (problem,) = looked([link]).problems
    assert (problem.what, problem.who) == (what, "node")


def test_address_that_is_nowhere_is_told_with_those_that_are_there():
    (problem,) = looked([ETH0], address="10.10.0.21").problems
    assert problem.what == "no interface has bootd's address 10.10.0.21"
    assert "10.10.0.20 on eth0" in problem.remedy
    # kube-vip will put it there.
    assert looked([ETH0], address="10.10.0.21", virtual=True).problems == []


def test_address_on_another_interface_is_told_with_its_name():
    (problem,) = looked([ETH0, ETH1], address="192.0.2.20").problems
    assert problem.remedy == "should this be eth1?"


def test_links_are_read_of_what_ip_prints():
    printed = [
        {"ifname": "eth0", "address": ETH0.mac, "flags": ["UP", "LOWER_UP"]},
        {"ifname": "eth1", "address": ETH1.mac, "flags": ["NO-CARRIER", "UP"]},
    ]
    printed[0]["addr_info"] = [
        {"family": "inet", "local": "10.10.0.20", "prefixlen": 24},
        {"family": "inet6", "local": "fe80::1", "prefixlen": 64},
    ]
    assert interface.links_from(printed) == [ETH0, Link("eth1", ETH1.mac, up=True, carrier=False)]


def test_address_of_somebody_else_is_told_with_the_mac_that_answers():
    claims = [Claim("10.10.0.30", "the VIP of um790-1", frozenset([MAC]))]
    (problem,) = neighbours.look(ETH0, claims, {"10.10.0.30": {"02:00:00:00:00:66", MAC}}).problems
    assert problem.what == "10.10.0.30, the VIP of um790-1, is answered for by 02:00:00:00:00:66"
    assert problem.who == "network"


@pytest.mark.parametrize("answers", [set(), {MAC}, {ETH0.mac}])
def test_machine_that_is_on_and_answers_for_its_own_address_is_nobody_else(answers):
    claims = [Claim("10.10.0.16", "the address of um790-1", frozenset([MAC]))]
    assert neighbours.look(ETH0, claims, {"10.10.0.16": answers}).problems == []


@pytest.mark.parametrize(
    ("virtual", "answers", "bootd", "problems"),
    [
        (True, set(), False, 0),  # kube-vip is yet to put it there
        (True, {"02:00:00:00:00:66"}, True, 0),  # and has put it on another node
        (True, {"02:00:00:00:00:66"}, False, 1),
        (True, {ETH0.mac}, False, 0),
        (False, {"02:00:00:00:00:66"}, True, 1),
    ],
)
def test_address_of_bootd_itself_is_looked_for_also_where_it_is_a_virtual_one(
    monkeypatch, virtual, answers, bootd, problems
):
    asked = []
    monkeypatch.setattr(node.arp, "ask", lambda _link, _mac, addresses: dict.fromkeys(addresses, answers))
    monkeypatch.setattr(node.urls, "is_bootd", lambda url: asked.append(url) or bootd)
    params = {
        "address": "10.10.0.30",
        "virtual_address": virtual,
        "machines": [],
        "vips": [],
        "ports": [{"name": "http", "protocol": "tcp", "port": 7081}],
    }
    check = node._addresses(ETH0, node._claims(params), params)
    assert len(check.problems) == problems
    assert asked == (["http://10.10.0.30:7081/api/v1"] if virtual and answers else [])


def test_only_what_is_on_the_network_is_asked_for():
    claims = [Claim("10.10.0.16", "a"), Claim("10.20.0.16", "b")]
    assert neighbours.claims_on(ETH0, claims) == claims[:1]


@pytest.mark.parametrize(
    ("told", "skew"),
    [
        (1000.0, 0.0),  # in between: it may agree
        (1002.0, 0.0),
        (1007.0, 4.0),
        (991.0, -8.0),  # a Date header of 991 may have been 991.99
    ],
)
def test_skew_is_what_is_sure(told, skew):
    assert clock.Reading("other", told, 1000.0, 1003.0, precision=1.0).skew() == skew


def test_clock_is_told_by_its_side():
    ahead, behind = (clock.Reading("it", told, 1000.0, 1000.0) for told in (1090.0, 910.0))
    checked = clock.look("bootstrap", [ahead, behind], 5, "node")
    assert [problem.what for problem in checked.problems] == [
        "the clock of bootstrap is 90 s behind that of it",
        "the clock of bootstrap is 90 s ahead of that of it",
    ]


@pytest.mark.parametrize("header", ["", "no date", "Mon, 30 Nov 2026 12:00:00"])
def test_date_that_can_not_be_read_says_nothing(header):
    assert clock.date_reading("it", header, 0, 0) is None


def test_date_header_is_read():
    reading = clock.date_reading("it", "Thu, 01 Jan 1970 00:01:00 GMT", 60.5, 60.6)
    assert (reading.told, reading.skew()) == (60.0, 0.0)


def test_room_is_looked_at_for_all_that_goes_to_one_file_system():
    needs = [Need("/srv/images", "Harvester v1.8.2", 6_000, 1, 10_000), Need("/var/lib", "states", 5_000, 1, 10_000)]
    (problem,) = disk.look("bootstrap", [*needs, Need("/opt", "libraries", 10, 2, 20)]).problems
    assert problem.what.startswith("11.00 kB are needed")
    assert problem.where == "bootstrap /srv/images, /var/lib"
    assert disk.look("bootstrap", needs[:1]).problems == []
