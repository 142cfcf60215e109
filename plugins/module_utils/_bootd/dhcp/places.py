# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where machines are heard: the interface or the relay by which their messages come.

Anybody who reaches bootd's address can send a DHCPDISCOVER with any MAC. It is answered, for the answer goes to the
machine and tells no secret; but it must not undo an installation, as a DHCPDISCOVER of the machine's own firmware does.
"""

from __future__ import annotations

from ..decisions.events import Detail, Discover
from ..decisions.stages import BUSY
from ..hardware.model import Nic
from ..process.lately import Lately
from .packet import NO_ADDRESS, Packet

MAX_MACHINES = 16384
MAX_PLACES = 4  # of one machine: relays come in pairs


class Heard:
    """The places at which one machine was heard, the ``last`` of them at the end."""

    __slots__ = ("last", "places")

    def __init__(self) -> None:
        self.places: tuple[str, ...] = ()
        self.last = ""

    def note(self, place: str) -> None:
        """Note that the machine, which is not being installed, was heard at ``place``."""
        self.last, known = place, self.places
        if not known or known[-1] != place:
            self.places = (*(other for other in known if other != place), place)[-MAX_PLACES:]


class Places:
    """The places at which each machine was heard lately, ``heard`` by its key. For one thread only."""

    def __init__(self) -> None:
        self.heard = Lately(MAX_MACHINES, Heard)

    def objection(self, place: str, nic: Nic, stage: str) -> str:
        """Return why a message of ``nic`` at ``place`` tells nothing of its machine, which stands at ``stage``; or "".

        While the machine is being installed that is so at any place where it was not heard before. At other times the
        place is one of its own from then on.
        """
        heard = self.heard.of(nic.machine.key)
        known = heard.places
        if known and place not in known and stage in BUSY:
            return f"it was heard {' and '.join(known)} before, and is being installed"
        heard.note(place)
        return ""


def place_of(request: Packet, interface: str, *, broadcast: bool) -> str:
    """Return where ``request`` was heard, for people and for comparison; "" where nothing vouches for a place.

    That is a message that came to bootd's own address and through no relay: it may come from anywhere.
    """
    if request.giaddr != NO_ADDRESS:
        return f"through the relay {request.giaddr}"
    return f"on {interface}" if broadcast else ""


def is_of_lease(detail: Detail, source: str, nic: Nic) -> bool:
    """Return whether ``detail`` is what a client tells its server by unicast from the address that it has.

    RFC 2131 section 4.3.2, RENEWING, and section 4.4.4: a DHCPDISCOVER is no such thing.
    """
    return source == nic.interface.address and not isinstance(detail, Discover)
