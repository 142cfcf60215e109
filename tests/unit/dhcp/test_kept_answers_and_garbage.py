# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer that is kept leaves nothing for Python's collector, however often it is given; nor do strangers."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import encode
from _bootd.process.datagram_batch import SLOTS
from _bootd.stores.journal import RECENT_EVENTS
from _bootd.stores.unknown_machines import MAX_UNKNOWN
from samples.dhcp_messages import LINUX, SERVER, UEFI, address, message, nic
from servers.dhcp_sides import Side, arrival

MACHINES = 2 * SLOTS


def machine_number(number: int):
    """Return the card of one of MACHINES."""
    mac, given = f"58:47:ca:00:00:{number:02x}", f"10.10.0.{number + 50}"
    card = nic(mac=mac, address=given, hostname=f"m{number}")
    machine = replace(card.machine, name=f"m{number}", interfaces=(card.interface,))
    return replace(card, machine=machine)


@pytest.mark.parametrize("options", [UEFI, LINUX])
@pytest.mark.parametrize("kind", [opt.DHCPDISCOVER, opt.DHCPREQUEST])
def test_kept_answers_leave_nothing_for_the_collector(bench, options, kind):
    cards = [machine_number(number) for number in range(MACHINES)]
    side = Side(bench, *cards, prepares=True)
    asked = []
    for card in cards:
        chosen = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(card.interface.address)}
        more = chosen if kind == opt.DHCPREQUEST else {}
        fields = {"mac": card.interface.mac, "giaddr": "10.10.0.2"}
        asked.append(arrival(encode(message(kind, options | more, **fields))))

    def ask_all(times: int) -> None:
        for _each in range(times):
            side.now += 1.0
            for start in range(0, MACHINES, SLOTS):
                batch = [
                    (xid, secs, int(side.now), 0, rest) for xid, secs, _s, _ns, rest in asked[start : start + SLOTS]
                ]
                assert len(side.ask(batch)) == SLOTS

    looks: list[int] = []

    def count(phase: str, told: dict[str, int]) -> None:
        if phase == "start":
            looks.append(told["generation"])

    ask_all(2)
    made = side.handler.made
    ask_all(RECENT_EVENTS)  # all rings are full
    gc.collect()
    gc.callbacks.append(count)
    try:
        before = len(gc.get_objects(0))
        ask_all(20)
        left = len(gc.get_objects(0)) - before
    finally:
        gc.callbacks.remove(count)
    assert side.handler.made == made, "all were kept"
    assert looks == []
    assert left < MACHINES // 2


def test_strangers_who_come_once_leave_nothing_for_the_collector(bench):
    side = Side(bench, nic(), prepares=True)
    first = encode(message(opt.DHCPDISCOVER, UEFI, mac="02:00:00:00:00:00", giaddr="10.10.0.2"))

    def hear(numbers: range) -> None:
        for number in numbers:
            mac = b"\2\0" + number.to_bytes(4, "big")
            sent = first[:28] + mac + first[34:]
            assert side.ask([arrival(sent, at=side.now)]) == []
            side.now += 0.0001

    hear(range(2 * MAX_UNKNOWN))  # all that is kept of strangers is full
    gc.collect()
    gc.disable()
    try:
        hear(range(2 * MAX_UNKNOWN, 5 * MAX_UNKNOWN))
        assert gc.get_count()[0] < MAX_UNKNOWN
    finally:
        gc.enable()
    assert len(side.services.unknown) > 0
