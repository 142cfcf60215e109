# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Refusals of unknown machines that are kept, so that those of one make are not each read anew. Pure.

Nothing of a stranger's message decides about its refusal but what others of its make send as well. Its own are the MAC,
``xid``, ``secs``, and the values of options that name it, its client or the port of its switch: nobody reads these
before a person looks.
"""

from __future__ import annotations

from operator import attrgetter, itemgetter

from ..process.datagram_batch import REST_AT
from . import options as opt
from .makes import OWN, OWN_OF_RELAY
from .prepared import MAC_AT, MAX_REFUSALS, Kept, Refusal
from .sighting import MAX_READ, Sighting

_OPTIONS_AT = REST_AT + 234  # in what an Arrival has of a message: without xid and secs (RFC 2131 section 2)
_MAX_SIZES = 256  # of messages
_MAX_LAYOUTS = 4  # of messages of one size
_FIELDS = Sighting._fields
# Of a stranger's own options those that a Sighting has, by its fields; nothing at all is read of the others.
_TOLD = {
    opt.HOST_NAME: _FIELDS.index("hostname"),
    opt.CLIENT_UUID: _FIELDS.index("uuid"),
    opt.RELAY_AGENT_INFORMATION: _FIELDS.index("relay_information"),
}
_OWN = tuple(code for code in OWN if code != opt.REQUESTED_ADDRESS)  # that may be the address which the sender has


class _Layout:
    """Where in messages of one size the sender's own values are.

    ``told`` are the fields of a Sighting of those that it has, with their places; ``shared_of`` returns all else.
    """

    __slots__ = ("places", "shared_of", "told")

    def __init__(self, octets: bytes, said: Sighting) -> None:
        """Take the layout of a message that says ``said``. What is in pieces there (RFC 3396) is not its own."""
        found = opt.spans(octets, _OPTIONS_AT)
        cuts, told = [MAC_AT], []
        for code in (*_OWN, opt.RELAY_AGENT_INFORMATION):
            pieces, field = found.get(code, []), _TOLD.get(code)
            if len(pieces) != 1 or (field is not None and octets[pieces[0]][:MAX_READ] != said[field]):
                continue
            if field is not None:
                told.append((field, pieces[0]))
            if code != opt.RELAY_AGENT_INFORMATION:
                cuts.append(pieces[0])
                continue
            inside = opt.spans(octets[: pieces[0].stop], pieces[0].start)
            cuts += [inside[part][0] for part in OWN_OF_RELAY if len(inside.get(part, [])) == 1]
        cuts.sort(key=attrgetter("start"))
        starts, stops = [0, *[cut.stop for cut in cuts]], [*[cut.start for cut in cuts], len(octets)]
        self.told = tuple(told)
        self.places = tuple(zip(starts, stops, strict=True))
        self.shared_of = itemgetter(*map(slice, starts, stops))

    def said_in(self, octets: bytes, said: Sighting) -> Sighting:
        """Return what the message of ``octets`` says, where another of this layout says ``said``."""
        values = list(said)
        for field, place in self.told:
            values[field] = octets[place]
        return Sighting._make(values)


class Refusals:
    """The MAX_REFUSALS made last, by all of a message that they depend on. For one thread only."""

    def __init__(self) -> None:
        self._kept = Kept[Refusal](MAX_REFUSALS)
        self._layouts: dict[int, tuple[tuple[bytes, _Layout], ...]] = {}  # with their numbers, by a message's size
        self._next = 0

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._layouts.clear()

    def find(self, octets: bytes) -> tuple[Refusal, Sighting] | None:
        """Return the refusal of a message, and what that says of its sender; None where none is kept.

        ``octets`` are the last ones of its Arrival.
        """
        for number, layout in self._layouts.get(len(octets), ()):
            # The codes and lengths of all options are among what is shared: so the values are at the same places.
            refusal = self._kept.find(b"".join((number, *layout.shared_of(octets))))
            if refusal is not None:
                return refusal, layout.said_in(octets, refusal.said)
        return None

    def keep(self, octets: bytes, refusal: Refusal) -> None:
        """Keep what was done with the message of ``octets`` for others of its make."""
        number, layout = self._numbered(len(octets), _Layout(octets, refusal.said))
        self._kept.keep(b"".join((number, *layout.shared_of(octets))), refusal)

    def _numbered(self, size: int, layout: _Layout) -> tuple[bytes, _Layout]:
        """Return ``layout``, of messages of this ``size``, with its number, which no other ever had."""
        layouts = self._layouts.get(size, ())
        for known in layouts:
            if (known[1].places, known[1].told) == (layout.places, layout.told):
                return known
        if len(self._layouts) >= _MAX_SIZES:
            self._layouts.clear()
        self._next += 1
        numbered = self._next.to_bytes(8, "big"), layout
        self._layouts[size] = (numbered, *layouts[: _MAX_LAYOUTS - 1])
        return numbered
