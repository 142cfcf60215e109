# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether a router solicitation is answered."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address

from ..catalog import Nic
from .packet import Solicitation


@dataclass(frozen=True, slots=True)
class Advertise:
    """An advertisement goes to ``nic`` alone, at the link-local address ``to``."""

    nic: Nic
    to: str


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer; ``reason`` is a short fixed word, fit for a counter's label."""

    reason: str


def decide(solicitation: Solicitation, nic: Nic | None) -> Advertise | Silence:
    """Return what ``solicitation`` gets; ``nic`` is the known interface with its MAC.

    Only a known machine is answered, and only by unicast (RFC 4861 section 6.2.6 allows it), so no other host on the
    link ever sees an advertisement of bootd's. One whose netboot is off is answered too: where iPXE is the firmware it
    asks for its script all the same, at every boot.
    """
    if nic is None:
        return Silence("unknown_machine")
    # An advertisement has to come from a link-local address, and would not for another target.
    if not IPv6Address(solicitation.source).is_link_local:
        return Silence("not_link_local")
    return Advertise(nic, solicitation.source)
