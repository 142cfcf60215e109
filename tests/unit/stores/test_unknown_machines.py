# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of machines that asked and are unknown: what is kept of each, and of whom, however many there are."""

from __future__ import annotations

from dataclasses import astuple
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.dhcp.sighting import MAX_READ
from _bootd.process.masking import MASK
from _bootd.stores import unknown_machines
from _bootd.stores.unknown_machines import CAME_BACK, DHCP, MAX_TEXT, MAX_UNKNOWN, PROTOCOLS, UnknownMachines
from samples.dhcp_messages import sighting

PATIENCE = 10.0  # seconds
MAC = "52:54:00:aa:00:01"
UUID = bytes((0, *range(16)))
CIRCUIT = bytes((1, 4)) + b"ge-1"
FIRMWARE = sighting(
    vendor_class=b"PXEClient:Arch:00007", uuid=UUID, relay="10.0.0.1", relay_information=CIRCUIT, interface="eth1"
)
LAPTOP = sighting("os", None, vendor_class=b"MSFT 5.0", hostname=b"laptop\0")


def made_up(number):
    return f"02:00:{number >> 24 & 255:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def flood(table, count, now, client="firmware", start=0):
    for number in range(start, start + count):
        table.record(made_up(number), sighting(client), now)


def only(table):
    (entry,) = table.all()
    return entry


def test_record_counts_and_keeps_what_firmware_said_when_its_system_asks():
    table = UnknownMachines()
    assert table.record(MAC, FIRMWARE, 1.0)
    assert not table.record(MAC, LAPTOP, 2.0)
    entry = only(table)
    assert (entry.count, entry.first, entry.last) == (2, 1.0, 2.0)
    assert (entry.client, entry.vendor_class, entry.arch) == ("firmware", "PXEClient:Arch:00007", 7)
    assert entry.uuid == "03020100-0504-0706-0809-0a0b0c0d0e0f"
    assert (entry.hostname, entry.relay, entry.circuit_id, entry.interface) == ("laptop", "", "", "")


def test_record_takes_what_firmware_says_over_what_a_system_said():
    table = UnknownMachines()
    table.record(MAC, LAPTOP, 1.0)
    assert not only(table).wants_to_boot
    table.record(MAC, FIRMWARE, 2.0)
    entry = only(table)
    assert (entry.client, entry.vendor_class, entry.arch) == ("firmware", "PXEClient:Arch:00007", 7)
    assert entry.wants_to_boot


def test_ipxe_is_told_by_its_user_class():
    table = UnknownMachines()
    table.record(MAC, FIRMWARE, 1.0)
    table.record(MAC, sighting("ipxe", user_class=b"iPXE"), 2.0)
    assert (only(table).client, only(table).user_class) == ("ipxe", "iPXE")


def test_a_file_leaves_the_way_the_machine_was_heard_by():
    table = UnknownMachines()
    table.record(MAC, FIRMWARE, 1.0)
    table.asked_for_file("tftp", MAC, "10.10.0.77", 2.0)
    entry = only(table)
    assert (entry.relay, entry.interface, entry.address) == ("10.0.0.1", "eth1", "10.10.0.77")
    assert entry.asked == {"dhcp": 1, "tftp": 1, "http": 0}


def test_a_file_by_address_is_of_who_took_the_address():
    table = UnknownMachines()
    table.record(MAC, sighting(address="10.10.0.77"), 1.0)
    table.asked_for_file("http", "", "10.10.0.77", 2.0)
    table.asked_for_file("http", "", "10.10.0.78", 2.0)
    assert only(table).asked["http"] == 1
    table.forget(MAC)
    table.asked_for_file("http", "", "10.10.0.77", 3.0)
    assert table.all() == []


def test_who_asks_for_a_file_wants_to_boot():
    table = UnknownMachines()
    table.asked_for_file("http", MAC, "10.10.0.77", 1.0)
    assert only(table).wants_to_boot


@given(
    st.binary(max_size=MAX_READ),
    st.sampled_from(["vendor_class", "user_class", "hostname", "relay_information", "uuid"]),
)
def test_texts_are_short_and_move_no_cursor(value, name):
    table = UnknownMachines()
    table.record(MAC, sighting(**{name: value}), 1.0)
    for text in filter(lambda kept: isinstance(kept, str), astuple(only(table))):
        assert len(text) <= MAX_TEXT
        assert text.isprintable()


def test_texts_hold_no_secret_and_no_escape():
    table = UnknownMachines()
    table.record(MAC, sighting(vendor_class=b"password=hunter2", hostname=b"\x1b[2Jx\n{{ y }}"), 1.0)
    entry = only(table)
    assert entry.vendor_class == f"password={MASK}"
    assert entry.hostname == "\\x1b[2Jx\\n{{ y }}"


@pytest.mark.parametrize("client", ["firmware", "os"])
def test_a_flood_is_bounded_and_the_last_are_kept(client):
    table = UnknownMachines()
    flood(table, 3 * MAX_UNKNOWN, 1.0, client)
    assert len(table) == {"firmware": MAX_UNKNOWN // 4, "os": MAX_UNKNOWN // 8}[client]
    assert made_up(3 * MAX_UNKNOWN - 1) in {entry.mac for entry in table.all()}


@pytest.mark.parametrize("client", ["firmware", "ipxe", "os"])
def test_a_flood_of_made_up_macs_leaves_machines_that_came_back(client):
    table = UnknownMachines()
    table.record(MAC, FIRMWARE, 1.0)
    table.record(MAC, FIRMWARE, 1.0 + CAME_BACK)
    flood(table, 10 * MAX_UNKNOWN, 4.0, client)
    entry = next(entry for entry in table.all() if entry.mac == MAC)
    assert (entry.first, entry.count) == (1.0, 2)


def test_phones_that_come_back_take_no_room_of_machines_that_boot():
    table = UnknownMachines()
    table.record(MAC, FIRMWARE, 1.0)
    for now in (2.0, 10.0):
        flood(table, 2 * MAX_UNKNOWN, now, "os")
    assert MAC in {entry.mac for entry in table.all()}


def test_machines_that_first_ask_in_a_flood_have_a_place_when_they_ask_again():
    table = UnknownMachines()
    real = [f"52:54:00:aa:00:{number:02x}" for number in range(20)]
    for mac in real:
        assert table.record(mac, FIRMWARE, 100.5)
    flood(table, 2 * MAX_UNKNOWN, 101.0)
    assert not set(real) & {entry.mac for entry in table.all()}
    # Known yet, and not worth another line; but for the few whose hash is that of one of the flood.
    again = [mac for mac in real if not table.record(mac, FIRMWARE, 104.5)]
    assert len(again) >= 15
    flood(table, 2 * MAX_UNKNOWN, 105.0, start=10_000)
    first = {entry.mac: entry.first for entry in table.all()}
    assert [first.get(mac) for mac in again] == [100.0] * len(again)


def test_who_was_pushed_out_long_ago_is_new():
    table = UnknownMachines()
    table.record(MAC, FIRMWARE, 100.0)
    flood(table, 2 * MAX_UNKNOWN, 101.0)
    assert table.record(MAC, FIRMWARE, 1000.0)
    assert only_of(table, MAC).first == 1000.0


def only_of(table, mac):
    return next(entry for entry in table.all() if entry.mac == mac)


steps = st.tuples(
    st.integers(0, 30), st.sampled_from(PROTOCOLS), st.sampled_from(["os", "firmware"]), st.integers(0, 20)
)


@given(st.lists(steps), st.integers(1, 20))
def test_the_bound_holds_and_nobody_is_listed_twice(asked, limit):
    table = UnknownMachines(limit)
    for number, protocol, client, now in asked:
        if protocol == DHCP:
            table.record(made_up(number), sighting(client, address=f"10.0.0.{number % 7}"), float(now))
        else:
            table.asked_for_file(protocol, made_up(number), f"10.0.0.{number % 5}", float(now))
        if number % 11 == 0:
            table.forget(made_up(number))
    listed = [entry.mac for entry in table.all()]
    assert len(listed) == len(set(listed)) == len(table) <= max(limit, 4)
    assert set(table._macs.values()) <= set(listed)


def test_who_looks_at_the_list_holds_up_no_reply(monkeypatch):
    """A DHCP reply waits for ``record``: the texts are made while others may go on."""
    table, told = UnknownMachines(), unknown_machines._told
    table.record(MAC, FIRMWARE, 1.0)

    def heard_meanwhile(entry):
        other = Thread(target=table.record, args=(MAC, LAPTOP, 9.0), daemon=True)
        other.start()
        other.join(PATIENCE)
        assert not other.is_alive(), "record waits for who makes the texts"
        return told(entry)

    monkeypatch.setattr(unknown_machines, "_told", heard_meanwhile)
    entry = only(table)
    assert (entry.last, entry.count, entry.hostname) == (1.0, 1, ""), "and they are of one moment"
    monkeypatch.undo()
    assert (only(table).last, only(table).count) == (9.0, 2)


def test_macs_are_those_of_all():
    table = UnknownMachines()
    table.record(MAC, FIRMWARE, 1.0)
    flood(table, 3, 2.0, "os")
    assert sorted(table.macs()) == sorted(entry.mac for entry in table.all())
    table.forget(MAC)
    assert MAC not in table.macs()
