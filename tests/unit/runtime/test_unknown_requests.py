# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a request is that no Hardware object has: by the MAC in it, the link it came by, or what was heard before."""

from __future__ import annotations

import pytest

from _bootd.runtime.unknown_requests import note_unknown
from samples.dhcp_messages import sighting
from servers.services_in_memory import ServicesInMemory

NAMED, NEIGHBOUR, HEARD = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"


class Links:
    """The kernel's neighbour table, for tests."""

    def mac_of(self, address: str) -> str:
        return NEIGHBOUR if address == "10.10.0.2" else ""


@pytest.mark.parametrize(
    ("mac", "address", "whose"),
    [
        (NAMED, "10.10.0.2", NAMED),
        (None, "10.10.0.2", NEIGHBOUR),
        (None, "10.20.0.3", HEARD),
        (None, "10.20.0.4", None),
    ],
)
def test_whose_a_request_is(mac, address, whose):
    services = ServicesInMemory([]).services
    object.__setattr__(services, "neighbours", Links())
    services.unknown.record(HEARD, sighting(address="10.20.0.3"), 1.0)
    note_unknown(services, "http", mac, address)
    asked = {entry.mac: entry.asked["http"] for entry in services.unknown.all() if entry.asked["http"]}
    assert asked == ({} if whose is None else {whose: 1})
