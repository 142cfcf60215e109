# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of machines that ask for their scripts at once no more are let in than may be, and the journal says which."""

from __future__ import annotations

import threading

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.hardware.model import Interface, Machine, Netboot, Nic
from _bootd.runtime.admission import admit
from servers.services_in_memory import NOW, ServicesInMemory

HARVESTER = {"instance": {"operating_system": {"distro": "harvester"}}}


def machine(name: str, *after: str) -> Machine:
    number = int.from_bytes(name.encode()[:2], "big")
    interface = Interface(f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}", netboot=Netboot(True))
    waits_for = tuple(f"tink/{item}" for item in after)
    return Machine(name, "tink", (interface,), after=waits_for, metadata=HARVESTER)


A, B = machine("a"), machine("b", "a")


def event(machine: Machine) -> Event:
    return Event(machine.key, machine.interfaces[0].mac, NOW, events.Script(boot="harvester", via="http"))


def test_admit_gives_the_last_place_to_one_of_many_that_ask_at_once():
    machines = [machine(f"{chr(97 + number // 26)}{chr(97 + number % 26)}") for number in range(64)]
    nics = [Nic(item, item.interfaces[0]) for item in machines]
    desk = ServicesInMemory(nics, installs_at_once=3)
    together = threading.Barrier(8)
    told: list[str] = []

    def ask(part: int) -> None:
        together.wait()
        told.extend(admit(desk.services, nic, event(nic.machine)) for nic in nics[part::8])

    threads = [threading.Thread(target=ask, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("") == 3
    assert len(desk.services.journal.busy()) == 3
    stages = [desk.services.journal.state(item.key).stage for item in machines]
    assert (stages.count("script"), stages.count("loading")) == (3, 61)


def test_admit_lets_the_next_one_go_when_a_machine_is_done():
    nics = [Nic(item, item.interfaces[0]) for item in (A, B)]
    services = ServicesInMemory(nics).services
    key, mac = A.key, A.interfaces[0].mac
    assert admit(services, nics[0], event(A)) == ""
    assert admit(services, nics[1], event(B)) == "a (script)"
    assert services.journal.state(B.key).waits_for == "a (script)"
    services.journal.record(Event(key, mac, NOW, events.Report(outcome="succeeded")))
    assert admit(services, nics[1], event(B)) == "a (installed)"
    services.journal.record(Event(key, mac, NOW, events.Ready(where="")))
    assert admit(services, nics[1], event(B)) == ""
    assert services.journal.state(B.key).stage == "script"
