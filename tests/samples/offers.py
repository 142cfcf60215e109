# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCPOFFERs as clients of the collection hear them, for tests."""

from __future__ import annotations

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import BOOTREPLY, Packet
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer

MAC = "58:47:ca:71:d8:49"
BOOTD, OTHER, THIRD = "10.10.0.20", "10.10.0.1", "10.10.0.2"
ADDRESS, OTHERS_ADDRESS = "10.10.0.16", "10.10.0.207"
PXE, HTTP = {60: b"PXEClient"}, {60: b"HTTPClient"}
DNS = {6: bytes((10, 10, 0, 53))}
LOAD_AT_ONCE = {43: bytes((6, 1, 8, 255))}
NO_PROXY = {175: bytes((176, 1, 1))}


def offer(
    server: str = OTHER,
    address: str = "0.0.0.0",
    file: str = "",
    *,
    kind: str = "uefi",
    seconds: float = 0.01,
    siaddr: str = "0.0.0.0",
    mac: str = MAC,
    options: dict[int, bytes] | None = None,
) -> Answer:
    """Return what ``server`` offers; its MAC and the address it sends from are made of its own address."""
    identity = {53: bytes((opt.DHCPOFFER,)), 54: opt.from_ipv4(server)}
    fields = {"yiaddr": address, "siaddr": siaddr, "file": file.encode(), "options": identity | (options or {})}
    return Answer(mac, kind, seconds, server_mac(server), server, Packet(BOOTREPLY, 1, mac, **fields))


def server_mac(server: str) -> str:
    """Return the MAC that ``offer`` gives ``server``."""
    return "02:00:" + opt.from_ipv4(server).hex(":")
