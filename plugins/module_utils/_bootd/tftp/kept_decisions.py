# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Decisions that are kept: who asks for a file in the same words again gets it without their being read again. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ..hardware.model import Nic
from .decide import Decision, Machines, ServeFile, claimed_mac
from .packet import Request

KEPT = 2048  # requests, about a kilobyte each


class Decided(NamedTuple):
    """A request as it was read, and the file that it gets."""

    request: Request
    decision: ServeFile
    mac: str | None  # that the request names
    nic: Nic


class KeptDecisions:
    """What was decided about requests of machines that have an object, and get a file: by the request's octets.

    ``decide`` makes that of the request and of the object, and of nothing else; objects are never changed, but
    replaced. So it holds as long as the object that is found for the request is the one it was made of.
    """

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._kept: dict[bytes, Decided] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, datagram: bytes, source: str, machines: Machines) -> Decided | None:
        """Return what ``datagram`` from the address ``source`` gets, None where that is to be decided."""
        kept = self._kept.get(datagram)
        if kept is None:
            return None
        nic = machines.by_mac(kept.mac) if kept.mac else machines.by_ip(source)
        return kept if nic is kept.nic else None

    def keep(self, datagram: bytes, request: Request, decision: Decision) -> None:
        """Keep what ``decide`` has said of ``request``, which was read of ``datagram``, where it can be kept."""
        if not isinstance(decision, ServeFile) or decision.nic is None:
            return
        if len(self._kept) >= self._limit:
            self._kept.clear()  # those that are asked for again come back
        self._kept[datagram] = Decided(request, decision, claimed_mac(request), decision.nic)
