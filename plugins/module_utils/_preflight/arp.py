# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP probes (RFC 5227 section 2.1.1): who answers for an address, without a word about whose it shall be.

Of the standard library alone: it runs on hosts on which nothing has been installed yet.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable

ARP = 0x0806
REQUEST, REPLY = 1, 2
BROADCAST, NOBODY = b"\xff" * 6, b"\0" * 6
_HEAD = struct.pack("!HHBB", 1, 0x0800, 6, 4)  # Ethernet and IPv4
_PACKET = struct.Struct("!6sH6s4s6s4s")
ROUNDS, PAUSE = 3, 0.3  # a first packet may be lost while a switch learns
_BURST = 64  # frames between two looks at what came


def probe_frame(mac: str, address: str) -> bytes:
    """Return the frame that asks from ``mac`` who has ``address``; its sender address is 0.0.0.0."""
    own = bytes.fromhex(mac.replace(":", ""))
    body = _PACKET.pack(_HEAD, REQUEST, own, bytes(4), NOBODY, socket.inet_aton(address))
    return BROADCAST + own + struct.pack("!H", ARP) + body


def answer_in(frame: bytes) -> tuple[str, str] | None:
    """Return the address and the MAC that a frame answers with, None where it is no answer."""
    if len(frame) < 14 + _PACKET.size or frame[12:14] != struct.pack("!H", ARP):
        return None
    head, operation, mac, address, _target, _asked = _PACKET.unpack_from(frame, 14)
    if head != _HEAD or operation != REPLY:
        return None
    return socket.inet_ntoa(address), mac.hex(":")


def ask(interface: str, mac: str, addresses: Iterable[str]) -> dict[str, set[str]]:
    """Return the MACs that answer on ``interface`` for each of ``addresses``; raises OSError, as without CAP_NET_RAW.

    Each is asked for up to three times; two hosts that have one address both answer.
    """
    found: dict[str, set[str]] = {address: set() for address in addresses}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as raw:
        raw.bind((interface, ARP))
        for _unused in range(ROUNDS):
            waiting = [address for address, macs in found.items() if not macs]
            for place, address in enumerate(waiting, 1):
                raw.send(probe_frame(mac, address))
                if place % _BURST == 0:
                    _listen(raw, found, 0.01)
            _listen(raw, found, PAUSE)
    return found


def _listen(raw: socket.socket, found: dict[str, set[str]], seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        raw.settimeout(left)
        try:
            answer = answer_in(raw.recv(2048))
        except TimeoutError:
            return
        if answer and answer[0] in found:
            found[answer[0]].add(answer[1])
