# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""DHCPDISCOVERs at layer 2, of many clients at once, and every DHCPOFFER that comes back. No lease is ever taken.

Frames are sent from the interface's own MAC, whatever client they speak for: with the client's, switches would send
what is meant for a machine that runs to this host, or shut its port.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp import options as opt
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.packet import (
    BOOTREPLY,
    DhcpError,
    Packet,
    decode,
    encode,
    udp_packet,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.answers import Answer
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.kinds import KINDS
from ansible_collections.baremetal.netboot.plugins.module_utils._clients.layer2 import (
    BROADCAST_MAC,
    ClientProblem,
    Link,
    address_of,
)

try:
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
except ImportError:
    pass  # Link says so

__all__ = ["Answer", "ClientProblem", "Discovery", "exchange", "exchange_all"]

SERVER_PORT, CLIENT_PORT = 67, 68
PACE = 250.0  # DHCPDISCOVERs a second: a rack that is powered on, and no more than a home router bears
TRIES = 2  # times that each is sent: one may be lost, and some servers answer only who has waited
_WAITED = 10  # seconds that the second one says it has waited (secs): more than ISC's min-secs or Kea's partners want
_MAX_ANSWERS = 10_000  # that are kept: a flood of offers ends the wait, not the memory
_IPV4, _UDP = 0x0800, 17

# tcpdump -dd 'ip and udp src port 67': EtherType, protocol, no later fragment, source port.
_FROM_A_SERVER = (
    (0x28, 0, 0, 12),
    (0x15, 0, 8, _IPV4),
    (0x30, 0, 0, 23),
    (0x15, 0, 6, _UDP),
    (0x28, 0, 0, 20),
    (0x45, 4, 0, 0x1FFF),
    (0xB1, 0, 0, 14),
    (0x48, 0, 0, 14),
    (0x15, 0, 1, SERVER_PORT),
    (0x06, 0, 0, 0x40000),
    (0x06, 0, 0, 0),
)


@dataclass(frozen=True, slots=True)
class Discovery:
    """One client that asks: its MAC, the name of its kind (``kinds.KINDS``), and its transaction.

    ``relay`` is the giaddr of a relay that it asks through: an address of this host, since the answer goes there.
    ``extra`` are options beside those of its kind, code and value.
    """

    mac: str
    kind: str
    xid: int = field(default_factory=lambda: secrets.randbits(32))
    relay: str = ""
    extra: tuple[tuple[int, bytes], ...] = ()

    def message(self) -> Packet:
        """Return its DHCPDISCOVER."""
        return KINDS[self.kind].discover(self.mac, self.xid, relay=self.relay, extra=self.extra)


def exchange(
    interface: str,
    mac: str,
    kind: str,
    *,
    timeout: float,
    xid: int | None = None,
    relay: str | None = None,
    extra: Iterable[tuple[int, bytes]] = (),
    enough: Callable[[Answer], bool] | None = None,
) -> list[Answer]:
    """Return what is offered on ``interface`` to a client of ``kind`` with ``mac`` within ``timeout`` seconds.

    In the order in which it came; see exchange_all.
    """
    number = secrets.randbits(32) if xid is None else xid
    asking = Discovery(mac, kind, number, relay or "", tuple(extra))
    return exchange_all(interface, [asking], timeout=timeout, enough=enough)[0]


def exchange_all(
    interface: str,
    discoveries: Sequence[Discovery],
    *,
    timeout: float,
    enough: Callable[[Answer], bool] | None = None,
    pace: float = PACE,
    tries: int = TRIES,
) -> list[list[Answer]]:
    """Send all ``discoveries`` on ``interface``, ``pace`` of them a second, and return the answers to each, in order.

    Ends ``timeout`` seconds after the first round of them has been sent; later rounds lie within that time. With
    ``enough`` it ends as soon as each has an answer for which that is true. A server's second answer to the same
    question is left out. Raises ClientProblem, also where scapy is missing.
    """
    heard = Heard(discoveries, enough)
    with Link(interface, _FROM_A_SERVER) as link, _SameHost(interface) as same_host:
        end = time.monotonic() + len(discoveries) / pace + timeout
        for attempt in range(tries):
            due = time.monotonic()
            for place, asking in enumerate(discoveries):
                if heard.all or due > end:
                    break
                if not heard.wants(place):
                    continue
                heard.sent(asking)
                message = asking.message()
                payload = encode(replace(message, secs=_WAITED) if attempt else message)
                packet = udp_packet(("0.0.0.0", CLIENT_PORT), ("255.255.255.255", SERVER_PORT), payload)
                link.send(Ether(src=link.mac, dst=BROADCAST_MAC, type=_IPV4) / packet)
                same_host.send(payload)
                due += 1 / pace
                _listen(link, heard, due)
            _listen(link, heard, end if attempt == tries - 1 else min(due + timeout / tries, end))
    return heard.answers


def _listen(link: Link, heard: Heard, until: float) -> None:
    if heard.all:
        return
    for frame, when in link.hear(until):
        heard.take(frame, when)
        if heard.all:
            return


class Heard:
    """The answers so far."""

    def __init__(self, discoveries: Sequence[Discovery], enough: Callable[[Answer], bool] | None) -> None:
        self._enough = enough
        self._places = {(asking.xid, asking.mac): place for place, asking in enumerate(discoveries)}
        self._kinds = [asking.kind for asking in discoveries]
        self._sent: dict[tuple[int, str], float] = {}
        self._known: set[tuple[int, str, str]] = set()
        self._wanted = set(range(len(discoveries)))
        self.answers: list[list[Answer]] = [[] for _unused in discoveries]

    @property
    def all(self) -> bool:
        """Whether nothing more is waited for."""
        return (self._enough is not None and not self._wanted) or len(self._known) >= _MAX_ANSWERS

    def wants(self, place: int) -> bool:
        """Return whether more answers to this question are waited for."""
        return self._enough is None or place in self._wanted

    def sent(self, asking: Discovery) -> None:
        """Note that the question is sent now, unless it was before."""
        self._sent.setdefault((asking.xid, asking.mac), time.monotonic())

    def take(self, frame: Ether, when: float) -> None:
        """Keep the answer in ``frame``, which came at ``when``, if there is one."""
        # In promiscuous mode frames of other VLANs are heard too: their tag stands between.
        if not isinstance(frame.payload, IP) or not isinstance(frame.payload.payload, UDP):
            return
        try:
            message = decode(bytes(frame.payload.payload.payload))
        except DhcpError:
            return
        key = (message.xid, message.mac)
        if message.op != BOOTREPLY or message.message_type != opt.DHCPOFFER or key not in self._sent:
            return
        place = self._places[key]
        seconds = when - self._sent[key]
        answer = Answer(message.mac, self._kinds[place], seconds, frame.src, frame.payload.src, message)
        if (place, answer.server_mac, answer.server) in self._known:
            return
        self._known.add((place, answer.server_mac, answer.server))
        self.answers[place].append(answer)
        if self._enough is not None and self._enough(answer):
            self._wanted.discard(place)


class _SameHost:
    """Brings a message to a server on this very host, which hears no frame that this host sends.

    By a datagram to an address of the interface: nobody else gets it.
    """

    def __init__(self, interface: str) -> None:
        self._address = address_of(interface)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # Servers that are bound to the interface take only what is of it.
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())

    def __enter__(self) -> _SameHost:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._udp.close()

    def send(self, payload: bytes) -> None:
        """Send ``payload``; where nobody listens, nothing happens."""
        if self._address:
            try:
                self._udp.sendto(payload, (self._address, SERVER_PORT))
            except OSError:
                pass  # "connection refused" of the one before
