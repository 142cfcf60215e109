# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that give ports away, as programs that make them write them."""

from __future__ import annotations

import json

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.port_rules import (
    Rule,
    look,
    nft_rules_in,
    rules_in,
)

# As CNI's portmap writes it, with iptables.
PORTMAP = r"""
*nat
:PREROUTING ACCEPT [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-DN-0ab - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \"cbr0\"" -m multiport --dports 80,7080 -j CNI-DN-0ab
-A CNI-DN-0ab -s 10.42.0.0/24 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-0ab -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.42.0.8:80
-A CNI-DN-0ab -p tcp -m tcp --dport 7080 -j DNAT --to-destination 10.42.0.8:7080
-A PREROUTING -d 192.0.2.9/32 -p udp -m udp --dport 69 -j DNAT --to-destination 10.1.1.1
-A PREROUTING ! -p udp --dport 514 -j REDIRECT --to-ports 5514
-A POSTROUTING -s 10.42.0.0/24 -j MASQUERADE
COMMIT
"""
NEEDED = {("tcp", 7080): "http", ("udp", 69): "tftp", ("udp", 514): "syslog"}


def test_portmap_takes_a_port():
    found = rules_in(PORTMAP, "10.10.0.20")
    assert {(rule.protocol, rule.port) for rule in found} == {("tcp", 80), ("tcp", 7080)}
    problems = look("bootstrap", NEEDED, found).problems
    assert problems
    assert {problem.who for problem in problems} == {"node"}
    assert all(problem.what.startswith("TCP port 7080 (http) is redirected to 10.42.0.8:") for problem in problems)


def test_rule_for_another_address_counts_there_only():
    assert Rule("udp", 69, "10.1.1.1") in rules_in(PORTMAP, "192.0.2.9")


def test_no_rule_is_no_problem():
    assert look("bootstrap", NEEDED, rules_in("*nat\nCOMMIT\n", "10.10.0.20")).problems == []


def test_rules_of_nftables():
    match = {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 69}
    rule = {"chain": "prerouting", "comment": "tftp", "expr": [{"match": match}, {"dnat": {"addr": "10.1.1.1"}}]}
    unequal = {**rule, "expr": [{"match": {**match, "op": "!="}}, {"redirect": {"port": 1}}]}
    document = json.dumps({"nftables": [{"metainfo": {}}, {"rule": rule}, {"rule": unequal}, {"chain": {}}]})
    assert nft_rules_in(document) == [Rule("udp", 69, "10.1.1.1", "tftp")]
    assert nft_rules_in("no JSON") == []
