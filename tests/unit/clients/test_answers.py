# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An offer as data: one of dnsmasq, as it was captured, and octets that mean nothing."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import decode
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer, named_options
from samples import dnsmasq_offers
from samples.offers import BOOTD, OTHER, offer


def test_offer_of_dnsmasq_is_read():
    message = decode(dnsmasq_offers.LEASE.payload)
    answer = Answer(message.mac, "plain", 0.25, "02:00:00:00:00:20", "10.10.0.20", message)
    assert (answer.server, answer.address, answer.siaddr) == ("10.10.0.20", "10.10.0.50", "10.10.0.20")
    assert (answer.file, answer.sname) == ("snponly.efi", "tftp.lab.example")
    options = answer.options
    assert options["dhcp_message_type"] == "DHCPOFFER"
    assert options["subnet_mask"] == "255.255.255.0"
    assert options["domain_name_server"] == ["10.10.0.53", "10.10.0.54"]
    assert options["ip_address_lease_time"] == 3600
    assert options["domain_name"] == "lab.example"
    assert options["bootfile_name"] == "snponly.efi"
    assert options["classless_static_route"] == "100a140a0a00fe000a0a0001"


def test_server_is_who_it_says_it_is_and_else_where_it_came_from():
    assert offer(BOOTD).server == BOOTD
    assert offer(OTHER, options={54: b"\1"}).server == OTHER


def test_nothing_is_empty():
    answer = offer()
    assert (answer.address, answer.siaddr, answer.file, answer.sname) == ("", "", "", "")


def test_name_that_a_terminal_would_obey_is_escaped():
    """Else whoever answers DHCP writes lines of its own into the reports that people read."""
    answer = offer(options={67: b"x\x1b[2J\nok      dhcp", 66: b"\x9b2J\r"})
    assert (answer.file, answer.sname) == ("x\\x1b[2J\\nok      dhcp", "\ufffd2J\\r")


def test_option_67_comes_before_the_header():
    assert offer(file="header").file == "header"
    assert offer(file="header", options={67: b"option\0"}).file == "option"


def test_value_of_the_wrong_form_is_hexadecimal():
    assert named_options({1: b"\xff", 3: b"", 12: b"\xff\xfe", 15: b"a\nb", 53: b"\x63", 224: b"\1\2"}) == {
        "subnet_mask": "ff",
        "router": "",
        "host_name": "fffe",
        "domain_name": "610a62",
        "dhcp_message_type": "63",
        "option_224": "0102",
    }


@given(st.dictionaries(st.integers(1, 254), st.binary(max_size=40)))
def test_any_options_can_be_shown(options):
    named = named_options(options)
    assert len(named) == len(options)
    assert json.loads(json.dumps(named)) == named
