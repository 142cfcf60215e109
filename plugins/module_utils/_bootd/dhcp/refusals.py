# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Refusals of unknown machines that are kept, so that those of one make are not each read anew. Pure.

Nothing of a stranger's message decides about its refusal but what others of its make send as well. Its own are the MAC,
``xid``, ``secs``, and the UUID (option 97), which PXE firmware has to send (RFC 4578 section 2.3), and
nobody reads before a person looks.
"""

from __future__ import annotations

from typing import NamedTuple

from ..process.datagram_batch import REST_AT
from . import options as opt
from .prepared import MAC_AT, MAX_REFUSALS, Kept, Refusal
from .sighting import MAX_READ, Sighting

_OPTIONS_AT = REST_AT + 234  # in what an Arrival has of a message: without xid and secs (RFC 2131 section 2)
_MAX_SIZES = 256  # of messages
_MAX_PLACES = 4  # of the UUID in messages of one size


class _Place(NamedTuple):
    """Where the UUID stands."""

    start: int
    stop: int


class Refusals:
    """The MAX_REFUSALS made last, by all of a message that they depend on. For one thread only."""

    def __init__(self) -> None:
        self._kept = Kept[Refusal](MAX_REFUSALS)
        self._places: dict[int, tuple[_Place, ...]] = {}  # by the size of a message

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._places.clear()

    def find(self, octets: bytes) -> tuple[Refusal, Sighting] | None:
        """Return the refusal of a message, and what that says of its sender; None where none is kept.

        ``octets`` are the last ones of its Arrival.
        """
        for place in self._places.get(len(octets), ()):
            refusal = self._kept.find(_key(octets, place))
            if refusal is not None:
                said, uuid = refusal.said, octets[place.start : place.stop]
                return refusal, said._replace(uuid=uuid) if uuid and uuid != said.uuid else said
        return None

    def keep(self, octets: bytes, refusal: Refusal) -> None:
        """Keep what was done with the message of ``octets`` for others of its make."""
        size = len(octets)
        place = _place_of(octets, refusal.said.uuid)
        places = self._places.get(size, ())
        if place not in places:
            if len(self._places) >= _MAX_SIZES:
                self._places.clear()
            self._places[size] = (place, *places[: _MAX_PLACES - 1])
        self._kept.keep(_key(octets, place), refusal)


def _place_of(octets: bytes, uuid: bytes) -> _Place:
    """Return where ``uuid`` alone is read from; at the end, and nothing, where it is in pieces (RFC 3396) or none."""
    found = opt.spans(octets, _OPTIONS_AT).get(opt.CLIENT_UUID, [])
    start = stop = len(octets)
    if len(found) == 1 and octets[found[0]][:MAX_READ] == uuid:
        start, stop = found[0].start, found[0].stop
    return _Place(start, stop)


def _key(octets: bytes, place: _Place) -> bytes:
    """Return what is the same in all messages of a make.

    What stands before the UUID is among it, with its code and length (RFC 2132 section 2): so that of each is at
    ``place``.
    """
    start, stop = place
    return b"".join((octets[: MAC_AT.start], octets[MAC_AT.stop : start], octets[stop:]))
