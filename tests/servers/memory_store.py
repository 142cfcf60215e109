# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store in memory, for tests of what stands on stores. It keeps the contract that every store keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from _bootd.decisions.stages import State
from _bootd.hardware.model import Machine
from _bootd.stores.base import StoreError, StoreProblem
from _bootd.stores.catalog import Catalog
from _bootd.stores.switches import as_served, clash_problems


class MemoryStore:
    """Holds ``machines`` and ``states``. ``refuses`` is why nothing can be written now, "" where it can."""

    def __init__(self, states: Mapping[str, State] | None = None) -> None:
        self.states = dict(states or {})
        self.machines: dict[str, Machine] = {}
        self.unreadable: set[str] = set()
        self.refuses = ""
        self.gone = False
        self._switched: dict[str, State] = {}
        self._catalog = Catalog()
        self._on_change: Callable[[], None] | None = None

    def start(self, catalog: Catalog, on_change: Callable[[], None]) -> None:
        if self.gone:
            raise StoreError("the store is gone")
        self._catalog, self._on_change = catalog, on_change
        self._switched = dict(self.load_states())
        catalog.replace(self._as_served(machine) for machine in self.machines.values())

    def stop(self) -> None:
        self._on_change = None

    def load_states(self) -> Mapping[str, State]:
        return {key: state for key, state in self.states.items() if key not in self.unreadable}

    def changed_states(self) -> Mapping[str, State]:
        return {}

    def save(self, states: Mapping[str, State]) -> None:
        for key, state in states.items():
            self._switched[key] = state
            if key in self.machines:
                self._catalog.upsert(self._as_served(self.machines[key]))
        if self.refuses:
            raise StoreError(self.refuses)
        self.states |= states

    def problems(self) -> list[StoreProblem]:
        lost = [StoreProblem(key, "the state can't be read") for key in sorted(self.unreadable)]
        return lost + list(clash_problems(self._catalog.clashes()))

    def put(self, machine: Machine) -> None:
        """Write a machine, as a user of the store does."""
        self.machines[machine.key] = machine
        self._changed()

    def delete(self, key: str) -> None:
        """Delete a machine, as a user of the store does."""
        del self.machines[key]
        self._changed()

    def _changed(self) -> None:
        if self._on_change is not None:
            self._catalog.replace(self._as_served(machine) for machine in self.machines.values())
            self._on_change()

    def _as_served(self, machine: Machine) -> Machine:
        if machine.key in self.unreadable:
            return as_served(machine, {interface.mac: machine.reprovision for interface in machine.interfaces})
        state = self._switched.get(machine.key, State())
        return as_served(machine, state.switched_off, by_hand=bool(state.switched_by))
