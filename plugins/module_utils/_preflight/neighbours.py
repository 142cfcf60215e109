# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has the addresses that machines and clusters are to have? Pure; ``arp`` asks them.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.interface import Link
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import (
    NETWORK,
    Check,
    Problem,
    some,
)


@dataclass(frozen=True)
class Claim:
    """An address, whose it is to be, as in "the VIP of um790-1", and the ``macs`` that may answer for it."""

    address: str
    of: str
    macs: frozenset[str] = frozenset()


def claims_on(link: Link, claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims that can be asked for on ``link``: those within its networks."""
    networks = [own.network for own in link.addresses]
    return [claim for claim in claims if any(IPv4Address(claim.address) in network for network in networks)]


def look(link: Link, claims: Collection[Claim], answers: Mapping[str, Collection[str]]) -> Check:
    """Return whose addresses others have; ``answers`` are the MACs that answered for each address, in small letters.

    A machine that is on already answers for its own address, and a cluster that is there by one of its machines.
    """
    problems = []
    for claim in claims:
        strangers = sorted(set(answers.get(claim.address, ())) - claim.macs - {link.mac})
        if strangers:
            what = f"{claim.address}, {claim.of}, is answered for by {', '.join(strangers)}"
            remedy = (
                "take the address from that host, or use another; a further card of the machine belongs in its Hardware"
            )
            problems.append(Problem(what, f"the network of {link.name}", remedy, NETWORK))
    asked = some(claim.address for claim in claims)
    return Check("addresses", f"ARP for {asked} on {link.name}" if claims else "", problems)
