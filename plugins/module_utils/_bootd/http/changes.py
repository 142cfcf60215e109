# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What has changed of what the API shows, numbered: so whoever knows a number can be told all that came after it.

Nothing is kept for anybody: a change is a number beside the name of what changed, and the document is made when it is
sent. So one who is slow gets the newest document of a machine, once, however often that changed meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from ..hardware.model import Machine
from ..runtime.services import Services
from . import status

MACHINE, REMOVED, UNKNOWN, HEALTH = "machine", "removed", "unknown", "health"
RESET, COMPLETE = "reset", "complete"  # around everything
MAX_REMOVED = 1024  # names of machines that are gone; who has missed more begins anew


@dataclass(frozen=True, slots=True)
class Change:
    """Something that has changed: what ``kind`` it is of, for machines with their ``key``, and the change's number."""

    number: int
    kind: str
    key: str = ""


class Changes:
    """The changes of ``services``, for one thread; ``look`` finds what has changed since the last look.

    Numbers rise, also over a restart of bootd: they begin with its time.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._number = self._first = int(services.clock() * 1000)
        self._numbers: dict[tuple[str, str], int] = {}  # by kind and key, the last change at the end
        self._served: dict[str, Machine] = {}
        self._version = -1  # of the catalog
        self._revision = 0  # of the journal
        self._encoded: dict[str, bytes] = {}  # documents of machines as they were at the last look
        self._others: dict[str, status.Document] = {}  # the documents of UNKNOWN and HEALTH

    @property
    def number(self) -> int:
        """Return the number of the last change."""
        return self._number

    def look(self) -> None:
        """Number what has changed since the last look."""
        self._encoded.clear()
        catalog = self._services.catalog
        if catalog.version != self._version:
            self._version = catalog.version
            served = catalog.by_key()
            for key in [key for key in self._served if key not in served]:
                self._note(REMOVED, key)
                self._numbers.pop((MACHINE, key), None)
            for key, machine in served.items():
                if self._served.get(key) is not machine:
                    self._note(MACHINE, key)
                    self._numbers.pop((REMOVED, key), None)
            self._served = served
            self._forget_removed()
        keys, self._revision = self._services.journal.changed_since(self._revision)
        for key in reversed(keys):
            if key in self._served:
                self._note(MACHINE, key)

    def put(self, kind: str, document: status.Document) -> None:
        """Take ``document`` for the one of ``kind``, UNKNOWN or HEALTH.

        It is a change where anything in it is another than before, but for ``now``, the time that it was made.
        """
        before = self._others.get(kind)
        self._others[kind] = document
        if before is None or {**before, "now": None} != {**document, "now": None}:
            self._note(kind, "")

    def since(self, number: int) -> list[Change]:
        """Return what has changed after ``number``, in that order; where that is not known, everything.

        That is between a RESET and a COMPLETE. So it is for a number of before bootd was started, and for one that
        nobody was ever told.
        """
        if not self._first <= number <= self._number:
            every = [Change(at, kind, key) for (kind, key), at in self._numbers.items() if kind != REMOVED]
            return [Change(self._first, RESET), *every, Change(self._number, COMPLETE)]
        found = []
        for (kind, key), at in reversed(self._numbers.items()):
            if at <= number:
                break
            found.append(Change(at, kind, key))
        return found[::-1]

    def message(self, change: Change) -> bytes:
        """Return the server-sent event of ``change`` as things are now, b"" where there is nothing to tell any more."""
        if change.kind == MACHINE:
            data = self._machine(change.key)
        elif change.kind in (UNKNOWN, HEALTH):
            data = _encode(self._others[change.kind])
        else:
            namespace, _slash, name = change.key.partition("/")
            data = _encode({"namespace": namespace, "name": name} if change.kind == REMOVED else {})
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (change.number, change.kind.encode(), data) if data else b""

    def _machine(self, key: str) -> bytes:
        machine = self._served.get(key)
        if machine is None:
            return b""
        if key not in self._encoded:
            document = status.machine_document(machine, self._services.journal.state(key))
            self._encoded[key] = _encode(document)
        return self._encoded[key]

    def _note(self, kind: str, key: str) -> None:
        self._number += 1
        self._numbers.pop((kind, key), None)
        self._numbers[kind, key] = self._number

    def _forget_removed(self) -> None:
        gone = [place for place in self._numbers if place[0] == REMOVED]
        for place in gone[: len(gone) - MAX_REMOVED]:
            self._first = self._numbers.pop(place)  # who knows no later one has to begin anew


def _encode(document: status.Document) -> bytes:
    return json.dumps(document, separators=(",", ":"), default=str).encode("ascii")


def in_pieces(changes: list[Change], size: int) -> Iterator[list[Change]]:
    """Yield ``changes`` in lists of at most ``size``."""
    for start in range(0, len(changes), size):
        yield changes[start : start + size]
