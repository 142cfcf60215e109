# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What bootd needs of a store: Hardware into a catalog, machine states written down and read back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..decisions.stages import State
from .catalog import Catalog


class StoreError(Exception):
    """The store can't be used, or could not keep what it was given; the message says what to do."""


@dataclass(frozen=True, slots=True)
class StoreProblem:
    """Something in the store that is not served as written; ``where`` is a file, document or object."""

    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many machine states wait to be kept, and for how many seconds the oldest of them has."""

    states: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, since: Collection[float], now: float) -> Backlog:
        """Return the backlog of states that wait ``since`` then, on the clock that says ``now``."""
        return cls(len(since), max(0.0, now - min(since, default=now)))


class Store(Protocol):
    """A place where Hardware lives and state is written. One contract test holds for every implementation."""

    def read(self, catalog: Catalog) -> None:
        """Load everything into ``catalog`` once, without following changes; raises StoreError as ``start`` does."""

    def start(self, catalog: Catalog, on_change: Callable[[], None]) -> None:
        """Load everything into ``catalog``, keep it current from then on, call ``on_change`` after each change.

        Returns when the first load is served. Raises StoreError where the store can't be used at all.
        """

    def stop(self) -> None:
        """Stop following changes and release the store; no error where it was never started."""

    def load_states(self) -> Mapping[str, State]:
        """Return the last state kept of each machine, by machine key. What can't be read is left out, as a problem."""

    def changed_states(self) -> Mapping[str, State]:
        """Return the states that others than this daemon have written since the last call; often none."""

    def save(self, states: Mapping[str, State]) -> None:
        """Keep ``states``, by machine key, before returning: all of them, or none and raise StoreError.

        ``switched_off`` takes effect with it, also where it can't be kept: the objects then show ``allowPXE`` false.
        """

    def backlog(self) -> Backlog:
        """Return what is kept here and has not reached the API of the cluster; nothing where there is no cluster."""

    def problems(self) -> list[StoreProblem]:
        """Return what is wrong with the store now; empty where all is well."""
