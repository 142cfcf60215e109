# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who has an IPv4 address on a link: ARP probes as RFC 5227 has them, which change nothing in anybody's ARP cache.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from ansible_collections.baremetal.netboot.plugins.module_utils._clients.layer2 import BROADCAST_MAC, Link

try:
    from scapy.layers.l2 import ARP, Ether
except ImportError:
    pass  # Link says so

PACE = 250.0  # probes a second
_REPLY = 2
# tcpdump -dd 'arp'
_ARP = ((0x28, 0, 0, 12), (0x15, 0, 1, 0x0806), (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0))


def who_has(interface: str, addresses: Sequence[str], *, timeout: float = 1.0) -> dict[str, list[str]]:
    """Return the MACs that answer for each of ``addresses`` on ``interface``, in the order in which they did.

    Two MACs for one address are two hosts that have it. An address that nobody has is waited for ``timeout`` seconds;
    each is asked for twice. An address of this very host is not answered: it does not hear itself. Raises ClientProblem
    of ``layer2``.
    """
    found: dict[str, list[str]] = {address: [] for address in addresses}
    with Link(interface, _ARP) as link:
        for _round in range(2):
            due = time.monotonic()
            for address in found:
                # The sender's address is 0.0.0.0: this asks, and claims nothing (RFC 5227 section 2.1.1).
                probe = ARP(op="who-has", hwsrc=link.mac, psrc="0.0.0.0", hwdst="00:00:00:00:00:00", pdst=address)
                link.send(Ether(src=link.mac, dst=BROADCAST_MAC) / probe)
                due += 1 / PACE
                _listen(link, found, due)
            _listen(link, found, due + timeout / 2)
    return found


def _listen(link: Link, found: dict[str, list[str]], until: float) -> None:
    for frame, _when in link.hear(until):
        # Behind a VLAN's tag it is another link's.
        reply = frame.payload
        if not isinstance(reply, ARP) or reply.op != _REPLY or reply.hwsrc == link.mac:
            continue
        holders = found.get(reply.psrc, [reply.hwsrc])
        if reply.hwsrc not in holders:
            holders.append(reply.hwsrc)
