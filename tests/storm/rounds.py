# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One storm: the machines are powered on, and what they and the servers did is written down."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.rig import LOAD_PROCESSOR, SERVER, NotMeasured, Rig, Running
from lab.command import run
from storm.fleet import BOOT_FILE_SIZE, HTTP_PORT, KERNEL_PATH, KERNEL_SIZE, Machine
from storm.servers import Servers

MACHINES = Path(__file__).resolve().parent / "machines"
DEADLINE = 400  # seconds in which all machines have to be done
LOOK = 0.2  # seconds between looks at the memory

Round = dict[str, Any]


def built(directory: Path) -> Path:
    """Compile the program that plays the machines; return its path."""
    program = directory / "machines"
    sources = map(str, sorted(MACHINES.glob("*.c")))
    run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(program), *sources])
    return program


class Memory:
    """The most memory that processes had, together, while a block ran."""

    def __init__(self, servers: Sequence[Running]) -> None:
        self._servers = servers
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look)
        self.most = 0  # bytes

    def __enter__(self) -> Memory:
        self._looking.start()
        return self

    def __exit__(self, *_unused: object) -> None:
        self._ended.set()
        self._looking.join()

    def _look(self) -> None:
        while True:
            self.most = max(self.most, sum(server.resident() for server in self._servers))
            if self._ended.wait(LOOK):
                return


def one_round(
    rig: Rig, servers: Servers, site: Path, machines: Sequence[Machine], program: Path, spread: float
) -> Round:
    """Power all machines on within ``spread`` seconds; return what was seen, as the program's JSON and more."""
    with servers.serving(rig, site, machines) as running:
        table = rig.scratch / "table"
        rows = (
            [machine.mac, machine.address, machine.relay or "-", str(machine.window), *servers.row(machine)]
            for machine in machines
        )
        table.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="ascii")
        argv = ["taskset", "-c", str(LOAD_PROCESSOR), str(program), str(table), "load", SERVER, str(HTTP_PORT)]
        argv += [KERNEL_PATH, str(KERNEL_SIZE), str(BOOT_FILE_SIZE), str(site / "pattern"), str(spread)]
        argv += [str(DEADLINE), servers.kept]
        at_rest = sum(server.resident() for server in running)
        before = [server.cpu_seconds() for server in running]
        with Memory(running) as memory:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        used = [server.cpu_seconds() - earlier for server, earlier in zip(running, before, strict=True)]
        sys.stderr.write(done.stderr)
        if done.returncode:
            raise NotMeasured(f"the machines ended with status {done.returncode}")
        for server in running:
            if server.process.poll() is not None:
                raise NotMeasured(f"{servers.name} has ended: {server.said()}")
    found: Round = json.loads(done.stdout)
    return found | {
        "server_cpu_seconds": round(sum(used), 3),
        "server_bytes_at_rest": at_rest,
        "server_bytes_at_most": memory.most,
    }
