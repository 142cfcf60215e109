# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two machines that ask at once for the last place of ``installs_at_once``, each looking before the other is noted."""

from __future__ import annotations

import threading

from _bootd.decisions import events
from _bootd.decisions.events import Event
from _bootd.hardware.model import Interface, Machine, Netboot, Nic
from _bootd.runtime.admission import admit
from servers.services_in_memory import NOW, ServicesInMemory


def nic(name: str, mac: str) -> Nic:
    """Return the interface of a machine that installs Harvester."""
    interface = Interface(mac, netboot=Netboot(True))
    metadata = {"instance": {"operating_system": {"distro": "harvester"}}}
    return Nic(Machine(name, "tink", (interface,), metadata=metadata), interface)


def event(nic: Nic) -> Event:
    return Event(nic.machine.key, nic.interface.mac, NOW, events.Script(boot="harvester", via="http"))


def test_admit_gives_the_last_place_to_one_of_two_that_look_at_once(monkeypatch):
    """While one machine looks who is being installed, another asks: it has to wait until the first is noted."""
    nics = [nic("a", "52:54:00:00:00:0a"), nic("c", "52:54:00:00:00:0c")]
    services = ServicesInMemory(nics, installs_at_once=1).services
    told: dict[str, str] = {}

    def ask(asking: Nic) -> None:
        told[asking.machine.name] = admit(services, asking, event(asking))

    other = threading.Thread(target=ask, args=(nics[1],))
    who_is_busy = services.journal.busy

    def look() -> list[str]:
        seen = who_is_busy()
        if threading.current_thread() is not other and other.ident is None:
            other.start()
            other.join(0.25)  # time to be admitted, where nothing keeps it waiting
        return seen

    monkeypatch.setattr(services.journal, "busy", look)
    ask(nics[0])
    other.join()
    assert told == {"a": "", "c": "its turn (at most 1 at once): a"}
    assert who_is_busy() == ["tink/a"]
