# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two DHCP servers without sockets, to ask both the same: one that decides each message anew, and one that does not."""

from __future__ import annotations

import io
from dataclasses import replace
from socket import inet_aton

from _bootd.dhcp.batches import BatchHandler
from _bootd.dhcp.packet import udp_packet
from _bootd.dhcp.transport import CUTS, Batch, Route
from _bootd.hardware.model import Nic
from _bootd.process.datagram_batch import Arrival, arrival_of
from _bootd.process.kernel_queue import PKTINFO
from _bootd.process.log import Log
from samples.dhcp_messages import MAC, SERVER

OTHER = "58:47:ca:71:d8:50"


class Wire:
    """What ``Handler`` asks of a transport, without a socket."""

    generation = 0

    def __init__(self) -> None:
        self.names = {1: "lo", 2: "eth0", 3: "eth1"}

    def interface(self, index: int) -> str:
        return self.names.get(index, "")

    def route(self, to, index: int, interface: str) -> Route:
        return Route(to, index, interface, bool(to.mac), repr((to, index)).encode())

    def packet(self, _slot: int, to, payload: bytes) -> bytes:
        return udp_packet((SERVER, 67), (to.address, to.port), payload)


class Side:
    """A handler, and all that it tells."""

    def __init__(self, bench, *nics: Nic, prepares: bool, **settings: object) -> None:
        self.room = bench(*nics, **settings)
        self.log, self.now, self.active = io.StringIO(), 1000.0, True
        self.services = replace(
            self.room.services,
            log=Log("json", "info", self.log),
            clock=lambda: self.now,
            answers_dhcp=lambda: self.active,
        )
        self.handler = BatchHandler(self.services, monotonic=lambda: self.now)
        self.handler._prepares = self.handler._prepares and prepares
        self.wire = Wire()

    def ask(self, arrivals) -> list[tuple[bytes, Route, bytes]]:
        batch = Batch(0, arrivals)
        answers, times = self.handler.answers_to(batch, self.wire)
        self.handler.tell_of_strangers()
        assert len(answers) == len(times)
        return [
            (payload, way, (packet or self.wire.packet(0, way.to, payload)) if way.is_raw else packet)
            for payload, way, packet in answers
        ]

    def told(self) -> dict[str, object]:
        """Return everything that somebody else can see of what was done."""
        services = self.services
        metrics = services.metrics.render().decode().splitlines()
        machines = services.catalog.machines()
        macs = {MAC, OTHER, "02:00:00:00:00:01", *(face.mac for machine in machines for face in machine.interfaces)}
        return {
            "metrics": [line for line in metrics if line.startswith("bootd_")],
            "states": {machine.key: services.journal.state(machine.key) for machine in machines},
            "events": {machine.key: services.journal.recent(machine.key) for machine in machines},
            "dirty": sorted({*services.journal._writer.dirty, *services.journal._writer.seen_again._since}),
            "packets": {mac: services.recent.of(mac) for mac in macs},
            "unknown": services.unknown.all(),
            "programs": {mac: self.handler._programs[False].told(mac, 0, self.now) for mac in macs},
            "places": {machine.key: places_of(self.handler, machine.key) for machine in machines},
            "log": [line.partition(", ")[2] for line in self.log.getvalue().splitlines()],
        }


def places_of(handler: BatchHandler, key: str) -> tuple[str, ...]:
    """Return the places at which the machine ``key`` was heard."""
    heard = handler._places.heard.find(key)
    return heard.places if heard is not None else ()


def arrival(
    payload: bytes, source: str = "0.0.0.0", index: int = 2, addressed: str = "255.255.255.255", at: float = 999.0
) -> Arrival:
    """Return a message as the transport has it."""
    info = PKTINFO.pack(index, inet_aton(SERVER), inet_aton(addressed))
    return arrival_of(payload, CUTS, inet_aton(source), 68, info, at)
