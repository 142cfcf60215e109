# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What is remembered of whoever was heard lately, at next to no cost for those that are heard again and again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lately(Generic[T]):
    """An object, as ``make`` makes them, for each of those heard lately: at least of the ``most`` heard last.

    And of twice as many at most; ``turn`` forgets before there are so many. Whoever holds an object of ``of`` may use
    it as long as ``era`` is the same: those that are forgotten are so with a new one. For one thread only.
    """

    def __init__(self, most: int, make: Callable[[], T]) -> None:
        self._most, self._make = most, make
        self._newest: dict[Hashable, T] = {}
        self._before: dict[Hashable, T] = {}
        self.era = 0

    def of(self, who: Hashable) -> T:
        """Return the object for ``who``, who is heard just now."""
        found = self._newest.get(who)
        if found is None:
            if len(self._newest) >= self._most:
                self.turn()
            found = self._before.pop(who, None)
            if found is None:
                found = self._make()
            self._newest[who] = found
        return found

    def turn(self) -> None:
        """Begin a new era: those are forgotten that were not heard in the one that ends."""
        self._before, self._newest = self._newest, {}
        self.era += 1

    def find(self, who: Hashable) -> T | None:
        """Return the object for ``who``, None where there is none; that is not to be heard."""
        found = self._newest.get(who)
        return found if found is not None else self._before.get(who)

    def __len__(self) -> int:
        return len(self._newest) + len(self._before)
