# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether a router solicitation is answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address

from ..decisions.events import Discover, Event, Lease
from ..hardware.model import Nic
from .packet import Solicitation

IPXE_SECONDS = 60.0  # after its request for an address; iPXE gives IPv6 up after 16


@dataclass(frozen=True, slots=True)
class Advertise:
    """An advertisement goes to ``nic`` alone, at the link-local address ``to``."""

    nic: Nic
    to: str


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer; ``reason`` is a short fixed word, fit for a counter's label."""

    reason: str


def decide(solicitation: Solicitation, nic: Nic | None, seen: Iterable[Event], now: float) -> Advertise | Silence:
    """Return what ``solicitation`` gets; ``nic`` is the known interface with its MAC, ``seen`` its machine's events.

    Only a machine that is in iPXE is answered, and only by unicast (RFC 4861 section 6.2.6 allows it): no operating
    system and no other host on the link ever sees an advertisement of bootd's. Whether netboot is on does not matter:
    where iPXE is the firmware it asks for its script at every boot.
    """
    if nic is None:
        return Silence("unknown_machine")
    if not _is_in_ipxe(nic.interface.mac, seen, now):
        return Silence("not_in_ipxe")
    # An advertisement has to come from a link-local address, and would not for another target.
    if not IPv6Address(solicitation.source).is_link_local:
        return Silence("not_link_local")
    return Advertise(nic, solicitation.source)


def _is_in_ipxe(mac: str, seen: Iterable[Event], now: float) -> bool:
    """Return whether iPXE was what asked for an address last, and just now: it solicits routers meanwhile."""
    asked = [
        (event.at, event.detail.client)
        for event in seen
        if isinstance(event.detail, Discover | Lease) and event.mac == mac
    ]
    return bool(asked) and asked[-1][1] == "ipxe" and now - asked[-1][0] < IPXE_SECONDS
