# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one DHCPOFFER costs two checkouts, so closely compared that a busy machine does not matter.

    PYTHONPATH=tests python tests/bench/dhcp_reply.py CHECKOUT CHECKOUT [--rounds 30] [--batch 25]

Both are loaded into one process, since bootd's package runs under any name, and answer the same DISCOVERs in turn.
Counted is the processor time of the thread from the datagram in the socket to the answer in the relay's. What
``make bench`` measures is a whole daemon, and differs by a tenth from run to run where others use the processors.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import io
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from integration.daemon.dhcp_message import discover, mac_of

ON = "127.0.0.1"
MACHINES = 250


def relayed(number: int) -> bytes:
    """Return the DISCOVER of a firmware as a relay on loopback passes it on (RFC 2131 section 4.1)."""
    data = bytearray(discover(mac_of(number), number, vendor_class=b"PXEClient:Arch:00007:UNDI:003016", arch=7))
    data[3], data[24:28] = 1, socket.inet_aton(ON)  # hops, giaddr
    return bytes(data)


class Side:
    """One checkout's DHCP server, imported as ``package``, and the relay that asks it."""

    def __init__(self, package: str) -> None:
        self._package = package
        model, catalog = self._module("hardware.model"), self._module("stores.catalog").Catalog()
        for number in range(MACHINES):
            card = model.Interface(mac_of(number), f"10.10.0.{number + 1}", netboot=model.Netboot(allow_pxe=True))
            catalog.upsert(model.Machine(f"node-{number}", interfaces=(card,)))
        self.relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.relay.bind((ON, 0))
        self.relay.settimeout(5)
        server = self._module("dhcp.server").DhcpServer(self._services(catalog), relay_port=self.relay.getsockname()[1])
        server.open()
        self.server = server
        self.transport = server._loop._source
        self.costs: list[float] = []

    def _module(self, name: str) -> Any:
        return importlib.import_module(f"{self._package}.{name}")

    def _services(self, catalog: Any) -> Any:
        log = self._module("process.log").Log("json", "info", io.StringIO())
        settings = {"store": "files:x", "state_dir": "x", "address": ON, "bind": ON, "dhcp_port": 0, "boot_files": ()}
        journal, metrics = self._module("stores.journal").Journal(None, log), self._module("process.metrics").Metrics()
        if hasattr(journal, "follow"):
            journal.follow(self._module("runtime.measures").StageMeasures(metrics).measure)
        return self._module("runtime.services").Services(
            settings=self._module("process.settings").Settings(**settings),
            catalog=catalog,
            journal=journal,
            unknown=self._module("stores.unknown_machines").UnknownMachines(),
            metrics=metrics,
            log=log,
            secret=b"",
            problems=list,
        )

    def ask(self, packets: list[bytes]) -> None:
        """Ask with all of ``packets`` at once, and keep what an answer cost in nanoseconds."""
        for packet in packets:
            self.relay.sendto(packet, (ON, self.server.port))
        began = time.thread_time_ns()
        while (heard := self.transport.receive()) is not None:
            self.server._answer(self.transport, heard)
        self.costs.append((time.thread_time_ns() - began) / len(packets))
        for _unused in packets:
            self.relay.recv(4096)


def main() -> None:
    """Print what an OFFER costs each checkout."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkouts", nargs=2, type=Path)
    parser.add_argument("--rounds", type=int, default=30, help="at most 60: no machine may ask more often at once")
    parser.add_argument("--batch", type=int, default=25, help="so many ask at once")
    options = parser.parse_args()
    packets = [relayed(number) for number in range(MACHINES)]
    with tempfile.TemporaryDirectory() as scratch:
        sys.path.insert(0, scratch)
        for name, checkout in zip("ab", options.checkouts, strict=True):
            Path(scratch, name).symlink_to(checkout.resolve() / "plugins/module_utils/_bootd")
        one, two = Side("a"), Side("b")
        gc.disable()
        for number in range(options.rounds):
            first, second = (one, two) if number % 2 else (two, one)
            for start in range(0, MACHINES, options.batch):
                for side in (first, second):
                    side.ask(packets[start : start + options.batch])
    for checkout, side in zip(options.checkouts, (one, two), strict=True):
        costs = sorted(side.costs)
        # The slower half met others on the processor.
        alone = costs[len(costs) // 10] / 1000
        quick = statistics.mean(costs[: len(costs) // 2]) / 1000
        print(f"{checkout}: an OFFER costs {quick:.1f} us, {alone:.1f} where it was left alone")


if __name__ == "__main__":
    main()
