# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Requests for boot files and scripts that no Hardware object has: of which machine they are, as far as it shows."""

from __future__ import annotations

from .services import Services


def note_unknown(services: Services, protocol: str, mac: str | None, address: str) -> None:
    """Note that an unknown machine asked from ``address``; of one that names no ``mac`` where its link tells it.

    Through a router it does not, but the machine may have been heard to take the address from another DHCP server.
    """
    found = mac or services.neighbours.mac_of(address)
    services.unknown.asked_for_file(protocol, found, address, services.clock())
