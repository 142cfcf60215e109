# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog: look-ups, replacement and clashes."""

from __future__ import annotations

import pytest

from _bootd.hardware.model import Interface, Machine
from _bootd.stores.catalog import Catalog


def machine(name: str, mac: str = "52:54:00:00:00:01", address: str = "192.0.2.1", created: str = "") -> Machine:
    return Machine(name=name, interfaces=(Interface(mac=mac, address=address),), created=created)


def test_by_mac_finds_machine_and_interface():
    catalog = Catalog()
    catalog.upsert(machine("a"))
    nic = catalog.by_mac("52:54:00:00:00:01")
    assert (nic.machine.name, nic.interface.address) == ("a", "192.0.2.1")
    assert catalog.by_ip("192.0.2.1") is not None
    assert catalog.by_mac("52:54:00:00:00:02") is None


def test_upsert_moves_a_machine_to_its_new_mac():
    catalog = Catalog()
    catalog.upsert(machine("a"))
    catalog.upsert(machine("a", mac="52:54:00:00:00:09", address="192.0.2.9"))
    assert catalog.by_mac("52:54:00:00:00:01") is None
    assert catalog.by_ip("192.0.2.1") is None
    assert catalog.by_mac("52:54:00:00:00:09").machine.name == "a"
    assert len(catalog) == 1


def test_clash_serves_the_older_object_and_names_both():
    catalog = Catalog()
    catalog.upsert(machine("young", created="2026-02-01T00:00:00Z"))
    catalog.upsert(machine("old", created="2026-01-01T00:00:00Z"))
    assert catalog.by_mac("52:54:00:00:00:01").machine.name == "old"
    clashes = catalog.clashes()
    assert [(clash.field, clash.value) for clash in clashes] == [
        ("mac", "52:54:00:00:00:01"),
        ("address", "192.0.2.1"),
    ]
    assert [nic.machine.name for nic in clashes[0].claimants] == ["old", "young"]


def test_removing_the_older_of_a_clash_serves_the_other():
    catalog = Catalog()
    catalog.upsert(machine("a"))
    catalog.upsert(machine("b"))
    catalog.remove("default/a")
    assert catalog.by_mac("52:54:00:00:00:01").machine.name == "b"
    assert catalog.clashes() == []


def test_replace_forgets_what_is_gone_and_keeps_what_stays():
    catalog = Catalog()
    stays = machine("stays")
    catalog.replace([stays, machine("goes", mac="52:54:00:00:00:02", address="192.0.2.2")])
    kept = catalog.by_mac("52:54:00:00:00:01")
    catalog.replace([stays])
    assert catalog.by_mac("52:54:00:00:00:01") is kept
    assert catalog.by_mac("52:54:00:00:00:02") is None
    assert [item.name for item in catalog.machines()] == ["stays"]


@pytest.mark.parametrize("key", ["default/a", "other/a"])
def test_remove_of_an_unknown_key_changes_nothing(key):
    catalog = Catalog()
    catalog.remove(key)
    assert len(catalog) == 0


class Watched(dict):
    """An index that notes what a look-up of ``mac`` finds after each step of a writer."""

    def __init__(self, mac: str) -> None:
        super().__init__()
        self.mac, self.found = mac, []

    def _look(self) -> None:
        nics = self.get(self.mac)
        self.found.append(nics[0].machine.name if nics else None)

    def __setitem__(self, key, value) -> None:
        super().__setitem__(key, value)
        self._look()

    def pop(self, *arguments):
        value = super().pop(*arguments)
        self._look()
        return value


def test_a_machine_is_known_at_every_step_of_its_change():
    """Whoever looks takes no lock, and a machine that is unknown for a moment is not answered."""
    catalog = Catalog()
    watched = catalog._by_mac = Watched("52:54:00:00:00:01")
    catalog.upsert(machine("a"))
    catalog.upsert(machine("a", address="192.0.2.2"))
    catalog.replace([machine("a", address="192.0.2.3")])
    catalog.replace([machine("b")])
    assert set(watched.found) == {"a", "b"}
    assert catalog.by_ip("192.0.2.2") is None
    assert catalog.clashes() == []
    catalog.remove("default/b")
    assert watched.found[-1] is None


def test_the_same_object_again_changes_nothing():
    """bootd's own notes in a cluster's objects come back as such."""
    catalog, same = Catalog(), machine("a")
    catalog.upsert(same)
    before, version = catalog.by_mac("52:54:00:00:00:01"), catalog.version
    catalog.upsert(same)
    catalog.replace([same])
    assert catalog.by_mac("52:54:00:00:00:01") is before
    assert catalog.version == version
