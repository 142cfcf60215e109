# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machine an address is of: who is believed where bootd gives the addresses, and where others do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.decisions.stages import State
from _bootd.hardware.model import Interface, Machine, Netboot, Nic
from _bootd.process.settings import Settings
from _bootd.runtime.heard_addresses import MAX_ADDRESSES, MAX_AGE, HeardAddresses
from _bootd.runtime.origin import BootLookup, Lookup, as_reached, boots_at, is_its_own, mode_at, nic_at, speaks_for
from _bootd.runtime.services import Services
from _bootd.stores.catalog import Catalog

MAC_1, MAC_2, MAC_3 = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
MAC_4, MAC_5 = "02:00:00:00:00:04", "02:00:00:00:00:05"
FOREIGN = "02:00:00:00:00:99"  # of no object
NOW = 1697053442.5


class Neighbours:
    """Stands in for the kernel's table, which only root can fill."""

    def __init__(self, table: dict[str, str]) -> None:
        self.table = table

    def mac_of(self, address: str) -> str:
        return self.table.get(address, "")


def machine(name: str, mac: str, address: str = "") -> Machine:
    return Machine(name, interfaces=(Interface(mac, address, "255.255.255.0"),))


class Journal:
    """The states of machines, by key."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}

    def state(self, key: str) -> State:
        return self.states.get(key, State())


def services(mode: str, neighbours: dict[str, str] | None = None, **settings: object) -> Services:
    catalog = Catalog()
    catalog.replace([machine("one", MAC_1, "10.0.0.1"), machine("two", MAC_2, "10.0.0.2"), machine("three", MAC_3)])
    made = Services(
        settings=Settings("files:x", "x", "10.0.0.20", dhcp_mode=mode, **settings),
        catalog=catalog,
        journal=Journal(),
        unknown=None,
        metrics=None,
        log=None,
        secret=b"",
        problems=list,
        clock=lambda: NOW,
    )
    object.__setattr__(made, "neighbours", Neighbours(neighbours or {}))
    return made


def name_at(room: Services, address: str) -> str | None:
    found = nic_at(room, address)
    return found.machine.name if found is not None else None


def test_where_bootd_gives_addresses_only_a_reserved_one_counts():
    room = services("reservation", {"10.0.0.1": MAC_2, "10.0.0.9": MAC_3})
    room.heard.note(MAC_3, "10.0.0.8", NOW)
    assert [name_at(room, f"10.0.0.{last}") for last in (1, 2, 8, 9)] == ["one", "two", None, None]


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
def test_where_others_give_them_the_neighbour_table_counts_first(mode):
    # The other server gave machine two what the object of machine one has.
    room = services(mode, {"10.0.0.1": MAC_2, "10.0.0.9": MAC_3})
    room.heard.note(MAC_1, "10.0.0.9", NOW)
    assert [name_at(room, f"10.0.0.{last}") for last in (1, 2, 9)] == ["two", "two", "three"]


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
def test_a_neighbour_that_is_no_machine_boots_as_none_and_is_given_no_secret(mode):
    # A bond or a card that the object does not have, or another computer that the other server gave the address.
    room = services(mode, {"10.0.0.1": FOREIGN})
    one = room.catalog.by_mac(MAC_1)
    assert boots_at(room, "10.0.0.1") is None
    assert not is_its_own(room, one, "10.0.0.1")
    assert (name_at(room, "10.0.0.1"), speaks_for(room, one, "10.0.0.1")) == ("one", True)


def test_where_bootd_gives_addresses_a_reserved_one_stays_its_machines():
    room = services("reservation", {"10.0.0.1": FOREIGN})
    one = room.catalog.by_mac(MAC_1)
    assert (boots_at(room, "10.0.0.1"), nic_at(room, "10.0.0.1")) == (one, one)
    assert is_its_own(room, one, "10.0.0.1")


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy", "off"])
def test_a_neighbour_that_is_no_machine_has_not_the_address_that_was_heard_of_one(mode):
    room = services(mode, {"10.9.0.5": FOREIGN})
    room.heard.note(MAC_3, "10.9.0.5", NOW)
    assert (boots_at(room, "10.9.0.5"), nic_at(room, "10.9.0.5")) == (None, None)
    assert not speaks_for(room, room.catalog.by_mac(MAC_3), "10.9.0.5")


def test_who_boots_without_a_mac_is_known_by_what_was_heard_too():
    room = services("proxy", {"10.0.0.9": MAC_3})
    room.heard.note(MAC_3, "10.9.0.5", NOW)
    three = room.catalog.by_mac(MAC_3)
    assert [boots_at(room, address) for address in ("10.0.0.9", "10.9.0.5", "10.9.0.6")] == [three, three, None]


def test_what_was_heard_never_takes_a_reserved_address_from_its_machine():
    room = services("proxy")
    room.heard.note(MAC_3, "10.0.0.2", NOW)
    assert name_at(room, "10.0.0.2") == "two"


def test_what_was_heard_counts_only_for_an_interface_without_an_address():
    room = services("proxy")
    room.heard.note(MAC_3, "10.9.0.5", NOW)
    room.heard.note(MAC_1, "10.9.0.6", NOW)
    assert [name_at(room, "10.9.0.5"), name_at(room, "10.9.0.6")] == ["three", None]


def test_what_was_heard_moves_a_stage_and_opens_no_secret():
    room = services("proxy", {"10.0.0.9": MAC_3})
    room.heard.note(MAC_3, "10.9.0.5", NOW)
    three = room.catalog.by_mac(MAC_3)
    assert [speaks_for(room, three, address) for address in ("10.0.0.9", "10.9.0.5")] == [True, True]
    assert [is_its_own(room, three, address) for address in ("10.0.0.9", "10.9.0.5")] == [True, False]


def test_what_was_heard_ages():
    room = services("proxy")
    room.heard.note(MAC_3, "10.9.0.5", NOW - MAX_AGE)
    room.heard.note(MAC_3, "10.9.0.6", NOW - MAX_AGE - 1)
    assert [name_at(room, "10.9.0.5"), name_at(room, "10.9.0.6")] == ["three", None]


def test_the_last_to_take_an_address_has_it():
    heard = HeardAddresses()
    heard.note(MAC_1, "10.9.0.5", NOW)
    heard.note(MAC_2, "10.9.0.5", NOW)
    assert heard.mac_of("10.9.0.5", NOW) == MAC_2


def test_a_machine_is_reached_at_the_address_that_it_took_last():
    room = services("proxy")
    for address in ("10.9.0.5", "10.9.0.6"):
        room.heard.note(MAC_3, address, NOW)
    room.heard.note(MAC_1, "10.9.0.7", NOW)
    addresses = [
        [interface.address for interface in as_reached(room, room.catalog.by_mac(mac).machine).interfaces]
        for mac in (MAC_1, MAC_3)
    ]
    assert addresses == [["10.0.0.1"], ["10.9.0.6"]]


def test_a_machine_is_reached_by_the_card_that_it_was_installed_through():
    room = services("reservation")
    cards = tuple(Interface(mac, f"10.0.0.{n}", netboot=Netboot(allow_pxe=True)) for n, mac in ((8, MAC_4), (9, MAC_5)))
    item = Machine("four", interfaces=cards)
    assert as_reached(room, item).interfaces == cards
    room.journal.states[item.key] = State("installed", switched_off={MAC_5: ""})
    assert [card.mac for card in as_reached(room, item).interfaces] == [MAC_5, MAC_4]


def test_an_address_that_another_machine_has_taken_since_is_not_a_machines():
    heard = HeardAddresses()
    heard.note(MAC_1, "10.9.0.5", NOW)
    heard.note(MAC_2, "10.9.0.5", NOW)
    assert [heard.address_of(mac, NOW) for mac in (MAC_1, MAC_2)] == ["", "10.9.0.5"]
    assert heard.address_of(MAC_2, NOW + MAX_AGE + 1) == ""


def test_an_address_that_is_forgotten_is_nobodys():
    heard = HeardAddresses()
    for address in ("10.9.0.5", "10.9.0.6"):
        heard.note(MAC_1, address, NOW)
    heard.forget("10.9.0.7")
    assert (heard.mac_of("10.9.0.6", NOW), heard.address_of(MAC_1, NOW)) == (MAC_1, "10.9.0.6")
    heard.forget("10.9.0.6")
    assert (heard.mac_of("10.9.0.6", NOW), heard.address_of(MAC_1, NOW)) == ("", "")


def test_heard_addresses_are_bounded():
    heard = HeardAddresses()
    for number in range(MAX_ADDRESSES + 1):
        heard.note(MAC_1, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", NOW)
    assert heard.mac_of("10.0.0.0", NOW) == ""
    assert heard.mac_of("10.0.0.1", NOW) == MAC_1
    assert heard.address_of(MAC_1, NOW) == "10.0.64.0"


def test_a_network_of_reservations_stays_one_beside_others():
    room = services("off", {"10.0.0.1": MAC_2, "10.9.0.1": MAC_2}, dhcp_modes={"10.0.0.0/24": "reservation"})
    assert [mode_at(room, "10.0.0.1"), mode_at(room, "10.9.0.1")] == ["reservation", "off"]
    assert [name_at(room, "10.0.0.1"), name_at(room, "10.9.0.1")] == ["one", "two"]


def test_no_address_is_nobodys():
    for text in ("", "2001:db8::1", "no address"):
        assert name_at(services("proxy"), text) is None


def test_is_its_own_is_told_of_the_machine_and_not_of_its_interface():
    room = services("proxy", {"10.0.0.9": MAC_3})
    three = room.catalog.by_mac(MAC_3)
    other = Nic(three.machine, replace(three.interface, mac="02:00:00:00:00:33"))
    assert is_its_own(room, other, "10.0.0.9")
    assert not is_its_own(room, room.catalog.by_mac(MAC_1), "10.0.0.9")
    assert not is_its_own(room, other, "10.0.0.10")


def test_a_trusted_proxy_speaks_for_machines_where_neither_table_can_tell():
    room = services("off", trusted_proxies=("192.0.2.0/24",))
    nic = room.catalog.by_mac(MAC_3)
    assert speaks_for(room, nic, "192.0.2.1")
    assert not speaks_for(room, nic, "198.51.100.1")


def test_the_lookup_of_who_boots_has_no_machine_for_an_address_that_another_card_has():
    room = services("proxy", {"10.0.0.1": FOREIGN, "10.0.0.9": MAC_3})
    assert [lookup(room).by_ip("10.0.0.1") for lookup in (Lookup, BootLookup)] == [room.catalog.by_mac(MAC_1), None]
    assert BootLookup(room).by_mac(MAC_3) == BootLookup(room).by_ip("10.0.0.9")


def test_lookup_is_the_catalogs_by_mac_and_knows_more_by_address():
    lookup = Lookup(services("proxy", {"10.0.0.9": MAC_3}))
    assert lookup.by_mac(MAC_3) == lookup.by_ip("10.0.0.9")
    assert lookup.by_ip("10.0.0.10") is None
