# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where replies go: RFC 2131 section 4.1."""

from __future__ import annotations

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import decide
from _bootd.dhcp.reply import Destination, destination
from samples.dhcp_messages import ADDRESS, CONTEXT, MAC, SERVER, address, message, nic

RELAY = "10.42.0.166"
EVERYBODY = Destination("255.255.255.255", 68)
RIGHT = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}
WRONG = RIGHT | {opt.REQUESTED_ADDRESS: address("10.10.0.77")}


@pytest.mark.parametrize(
    ("kind", "options", "fields", "expected"),
    [
        # A relay is answered at the server port, whatever else is set.
        (opt.DHCPDISCOVER, {}, {"giaddr": RELAY}, Destination(RELAY, 67)),
        (opt.DHCPDISCOVER, {}, {"giaddr": RELAY, "flags": 0x8000}, Destination(RELAY, 67)),
        (opt.DHCPREQUEST, {}, {"giaddr": RELAY, "ciaddr": ADDRESS}, Destination(RELAY, 67)),
        (opt.DHCPREQUEST, WRONG, {"giaddr": RELAY}, Destination(RELAY, 67)),
        # A refusal is for everybody on the wire: the client's address is what is wrong.
        (opt.DHCPREQUEST, WRONG, {}, EVERYBODY),
        (opt.DHCPREQUEST, {}, {"ciaddr": "10.10.0.77"}, EVERYBODY),
        # A client that has its address is reached at it, with or without the broadcast flag.
        (opt.DHCPREQUEST, {}, {"ciaddr": ADDRESS}, Destination(ADDRESS, 68)),
        (opt.DHCPREQUEST, {}, {"ciaddr": ADDRESS, "flags": 0x8000}, Destination(ADDRESS, 68)),
        (opt.DHCPINFORM, {}, {"ciaddr": ADDRESS}, Destination(ADDRESS, 68)),
        # One that has none yet: broadcast if it says so, else straight to its hardware address.
        (opt.DHCPDISCOVER, {}, {"flags": 0x8000}, EVERYBODY),
        (opt.DHCPREQUEST, RIGHT, {"flags": 0x8000}, EVERYBODY),
        (opt.DHCPDISCOVER, {}, {"flags": 0x7FFF}, Destination(ADDRESS, 68, MAC)),
        (opt.DHCPREQUEST, RIGHT, {}, Destination(ADDRESS, 68, MAC)),
    ],
)
def test_destination(kind, options, fields, expected):
    request = message(kind, options, **fields)
    assert destination(request, decide(request, nic(), CONTEXT).reply) == expected
