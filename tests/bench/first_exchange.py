# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first exchange of each machine costs bootd, and what of it is the journal's writer and the collector's.

    PYTHONPATH=plugins/module_utils:tests python tests/bench/first_exchange.py [--machines 10000] [--rounds 4]

A rack is powered on: each machine asks once, relayed, 64 of them at a time, without sockets; a round later all ask
again. Printed are microseconds of processor time for each exchange: of the answers, of the writer as it keeps the
states, and of the garbage collector, which is part of both, with how often it ran and the longest it took.
``make bench`` has the same with sockets, beside other servers; here a part that has become slower can be told.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import time
from typing import TextIO

from _bootd.dhcp import options as opt
from _bootd.dhcp.batches import BatchHandler
from _bootd.dhcp.packet import Packet, encode
from _bootd.dhcp.transport import Batch
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.process.garbage import loading
from _bootd.process.log import Log
from _bootd.process.metrics import Metrics
from _bootd.process.settings import Settings
from _bootd.runtime.measures import StageMeasures
from _bootd.runtime.services import Services
from _bootd.runtime.stage_log import StageLog
from _bootd.stores.catalog import Catalog
from _bootd.stores.files import FilesStore
from _bootd.stores.journal import Journal
from _bootd.stores.states.directory import StateDir
from _bootd.stores.unknown_machines import UnknownMachines
from servers.dhcp_sides import Wire, arrival

AT_ONCE = 64
PAUSE = 2.0  # seconds after which the writer has kept what is new
RELAY, SERVER = "10.0.0.1", "10.0.0.2"
FIRMWARE = {60: b"PXEClient:Arch:00007:UNDI:003016", 93: b"\0\7", 94: b"\1\3\x10", 55: bytes(range(1, 36))}


def card(number: int) -> Interface:
    """Return the network card of one of many machines of one make."""
    address = f"10.1.{number >> 8}.{number & 255}"
    return Interface(f"58:47:ca:71:{number >> 8:02x}:{number & 255:02x}", address, netboot=Netboot(allow_pxe=True))


def asked(kind: int, card: Interface, xid: int) -> bytes:
    """Return what the firmware asks by a relay (RFC 2131 section 4.1)."""
    own = {97: b"\0" + card.mac.encode()[:16]}
    if kind == opt.DHCPREQUEST:
        own |= {50: opt.from_ipv4(card.address), 54: opt.from_ipv4(SERVER)}
    return encode(Packet(1, xid, card.mac, options={53: bytes((kind,)), **FIRMWARE, **own}, giaddr=RELAY))


class Collections:
    """How often the garbage collector ran, for how long, and for how long at most, in seconds."""

    def __init__(self) -> None:
        self.full, self.all, self.longest = 0, 0.0, 0.0
        gc.callbacks.append(self)

    def __call__(self, phase: str, told: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.thread_time()
            return
        took = time.thread_time() - self._began
        self.full += told["generation"] == 2
        self.all += took
        self.longest = max(self.longest, took)


class Rack:
    """A bootd without sockets, of ``machines`` machines, whose states are kept in ``directory``."""

    def __init__(self, directory: str, machines: int, lines: TextIO) -> None:
        log = Log(stream=lines)
        self.state_dir = StateDir(f"{directory}/state")
        self.state_dir.open()
        store, self.catalog, metrics = FilesStore(directory, self.state_dir, log), Catalog(), Metrics()
        self.journal = Journal(store, log)
        settings = Settings(store=f"files:{directory}", state_dir="x", address=SERVER, boot_files=())
        services = Services(settings, self.catalog, self.journal, UnknownMachines(), metrics, log, b"", list)
        self.journal.follow(StageMeasures(metrics).measure)
        self.journal.follow(StageLog(log).follow)
        with loading():
            self.cards = [card(number) for number in range(machines)]
            store.read(self.catalog)
            for number, item in enumerate(self.cards):
                self.catalog.upsert(Machine(f"node-{number:05}", interfaces=(item,)))
            self.journal.start()
        self.handler, self.wire = BatchHandler(services), Wire()

    def exchanges(self, turn: int) -> float:
        """Have each machine ask for an offer and a lease; return the processor time of the answers, in seconds."""
        spent = 0.0
        for start in range(0, len(self.cards), AT_ONCE):
            for kind in (opt.DHCPDISCOVER, opt.DHCPREQUEST):
                cards = self.cards[start : start + AT_ONCE]
                packets = [asked(kind, item, turn << 20 | start) for item in cards]
                arrivals = [(*arrival(packet, RELAY, addressed=SERVER)[:4], time.time()) for packet in packets]
                began = time.thread_time()
                answers, _times = self.handler.answers_to(Batch(0, arrivals), self.wire)
                spent += time.thread_time() - began
                if len(answers) != len(cards):
                    raise SystemExit(f"{len(cards) - len(answers)} of {len(cards)} got no answer")
        return spent

    def stop(self) -> None:
        """Write what waits."""
        self.journal.stop()
        self.state_dir.close()


def main() -> None:
    """Print a line for each round."""
    parser = argparse.ArgumentParser(description="what the first exchange of each machine costs bootd")
    parser.add_argument("--machines", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, open(os.devnull, "w") as lines:
        rack, collections = Rack(directory, options.machines, lines), Collections()
        print("round  answers  writer  collector  full collections  longest, ms   (us of an exchange)")
        for turn in range(options.rounds):
            full, collected, process, own = collections.full, collections.all, time.process_time(), time.thread_time()
            collections.longest = 0.0
            answers = rack.exchanges(turn)
            time.sleep(PAUSE)
            writer = (time.process_time() - process) - (time.thread_time() - own)
            costs = (answers, writer, collections.all - collected)
            shown = "  ".join(f"{1e6 * cost / options.machines:7.1f}" for cost in costs)
            print(f"{turn:5}  {shown}  {collections.full - full:16}  {1e3 * collections.longest:11.1f}")
        rack.stop()


if __name__ == "__main__":
    main()
