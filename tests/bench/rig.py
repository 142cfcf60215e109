# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where servers are measured: two hosts with a cable between them, a processor for each, and what a server costs.

The server's host has the address SERVER, the other one the relays' and, without having them set up one by one, those of
all machines, whose networks the server reaches through the first relay. The rig is made inside namespaces that
``bench.run`` is alone in, so that nothing of it is left when that ends, however it does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.command import run

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / "load"
# Peers are packages of the system, one of them in Python: bootd runs by the same one, where `make` has prepared it.
_SYSTEM_PYTHON = ROOT / "build/bench-venv/bin/python"
PYTHON = str(_SYSTEM_PYTHON) if _SYSTEM_PYTHON.exists() else sys.executable
SERVER = "198.18.0.1"
RELAYS = ("198.18.0.2", "198.18.0.3", "198.18.0.4", "198.18.0.5")
MACHINE_NETWORKS = ("198.18.64.0/18", "198.18.128.0/17")
SERVER_PROCESSOR, LOAD_PROCESSOR = 0, 1
STARTS_WITHIN = 60.0  # seconds
ENDS_WITHIN = 20.0  # seconds
FAULTS = ("another next server", "other octets than the file's", "another content")  # as load generators name them
SAMPLES = 0.2  # seconds between two looks at the memory

Figures = dict[str, Any]


class NotMeasured(Exception):
    """A server did not start, or a load could not be made; the message says what and why."""


def mac_of(number: int) -> str:
    """Return the MAC of a machine, as load.h has it."""
    return f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def address_of(number: int) -> str:
    """Return the address of a machine, as load.h has it."""
    return f"198.18.{100 + number // 250}.{1 + number % 250}"


@dataclass(frozen=True)
class Program:
    """What starts a server."""

    argv: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Running:
    """A server that runs, all its processes in a cgroup of its own."""

    def __init__(self, process: subprocess.Popen[bytes], group: Path, log: Path) -> None:
        self.process, self._group, self._log = process, group, log

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes and threads, ended ones too."""
        for line in (self._group / "cpu.stat").read_text(encoding="ascii").splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
        raise NotMeasured(f"{self._group}/cpu.stat has no usage_usec")

    def resident(self) -> int:
        """Return the resident memory of its processes, in octets."""
        total = 0
        for pid in (self._group / "cgroup.procs").read_text(encoding="ascii").split():
            try:
                status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
            except OSError:
                continue  # it has ended meanwhile
            total += sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
        return total

    def said(self) -> str:
        """Return the end of its log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def stop(self) -> float:
        """End it and all its processes; returns how many seconds it took from SIGTERM."""
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            pass
        took = time.monotonic() - began
        # Some leave their workers, and some do not end.
        (self._group / "cgroup.kill").write_text("1", encoding="ascii")
        self.process.wait(ENDS_WITHIN)
        return took


class Rig:
    """Two hosts and what runs on them; ``scratch`` takes what servers write, on a disk as theirs would be."""

    def __init__(self, scratch: Path, build: Path) -> None:
        self.scratch, self._build = scratch, build
        # Named after the checkout, so that the next run finds those of one that was killed.
        self._groups = _cgroup2() / f"netboot-bench-{zlib.crc32(bytes(ROOT)):08x}"
        self._count = 0

    def __enter__(self) -> Rig:
        self._clear_groups()
        self._groups.mkdir()
        run(["ip", "netns", "add", "server"])
        run(["ip", "link", "add", "load", "type", "veth", "peer", "name", "eth0", "netns", "server"])
        run(["ip", "-n", "server", "address", "add", f"{SERVER}/15", "dev", "eth0"])
        for relay in RELAYS:
            run(["ip", "address", "add", f"{relay}/15", "dev", "load"])
        for host, interface in ((["-n", "server"], "eth0"), ([], "load")):
            run(["ip", *host, "link", "set", "lo", "up"])
            run(["ip", *host, "link", "set", interface, "up"])
        for network in MACHINE_NETWORKS:
            run(["ip", "-n", "server", "route", "add", network, "via", RELAYS[0]])
            run(["ip", "route", "add", "local", network, "dev", "load"])
        return self

    def __exit__(self, *_unused: object) -> None:
        run(["ip", "netns", "delete", "server"])
        self._clear_groups()

    def _clear_groups(self) -> None:
        """End whatever is in the rig's cgroups, and remove them."""
        if not self._groups.exists():
            return
        groups = [group for group in self._groups.iterdir() if group.is_dir()]
        for group in groups:
            (group / "cgroup.kill").write_text("1", encoding="ascii")
        end = time.monotonic() + ENDS_WITHIN
        for group in [*groups, self._groups]:
            while True:
                try:
                    group.rmdir()
                    break
                except OSError:  # what was killed has not ended yet
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.05)

    def directory(self, name: str) -> Path:
        """Make a directory that is new, for what a server is given and what it writes."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.scratch))

    @contextmanager
    def server(self, program: Program, ready: Callable[[], object]) -> Iterator[Running]:
        """Run a server on its host and processor while the block runs, from when ``ready`` no longer raises."""
        self._count += 1
        group, log = self._groups / str(self._count), self.scratch / f"server-{self._count}.log"
        group.mkdir()
        inside = ["nsenter", "--net=/run/netns/server", "--", "taskset", "-c", str(SERVER_PROCESSOR)]
        inside += ["sh", "-c", f'echo 0 >{group}/cgroup.procs && exec "$@"', "server", *program.argv]
        with log.open("wb") as output:
            process = subprocess.Popen(
                inside,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **program.environment},
                start_new_session=True,
            )
        running = Running(process, group, log)
        try:
            self._wait(program, running, ready)
            yield running
        finally:
            running.stop()

    def _wait(self, program: Program, running: Running, ready: Callable[[], object]) -> None:
        end = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                ready()
                return
            except NotMeasured as error:
                status = running.process.poll()
                if status is not None or time.monotonic() > end:
                    fault = "does not answer" if status is None else f"has ended with exit status {status}"
                    last = (running.said().strip().splitlines() or [str(error)])[-1]
                    raise NotMeasured(f"{program.argv[0]} {fault}: {last}") from None
            time.sleep(0.05)

    def program(self, name: str) -> str:
        """Return the path of the load generator ``name``, built of its source where that is newer."""
        source, built = SOURCES / f"{name}.c", self._build / name
        newest = max(path.stat().st_mtime for path in SOURCES.iterdir())
        if not built.exists() or built.stat().st_mtime < newest:
            self._build.mkdir(parents=True, exist_ok=True)
            run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", str(built), str(source), "-lpthread"])
        return str(built)

    def load(self, name: str, *arguments: str, running: Running | None = None, patience: float = 60.0) -> Figures:
        """Run a load generator to its end; returns what it found.

        With ``running`` also what that server took for it: ``cpu_seconds`` from the line "go" on, ``per_cpu_second``
        of what is done, ``resident`` octets at most.
        """
        argv = ["taskset", "-c", str(LOAD_PROCESSOR), self.program(name), *arguments]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            timer = threading.Timer(patience, process.send_signal, [signal.SIGKILL])
            timer.start()
            try:
                return _watched(process, running)
            finally:
                timer.cancel()
                process.kill()

    def notices(self, name: str, *arguments: str) -> None:
        """Hold that a load generator that is told to expect something else than it gets says so."""
        try:
            said = str(self.load(name, *arguments).get("complaints"))
        except NotMeasured as error:
            said = str(error)
        if not any(fault in said for fault in FAULTS):
            raise NotMeasured(f"{name} has noticed no wrong answer where all were wrong: {said}")


@dataclass(frozen=True)
class Setting:
    """What all suites are measured in: ``site`` is what bootd serves, and a measurement takes ``seconds``."""

    rig: Rig
    site: Path
    machines: int
    seconds: float


def _watched(process: subprocess.Popen[str], running: Running | None) -> Figures:
    assert process.stdout is not None and process.stderr is not None
    before = most = 0.0
    line, found = "", ""
    ended = threading.Event()
    peaks = [0]

    def look() -> None:
        while running is not None and not ended.wait(SAMPLES):
            peaks.append(running.resident())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for line in process.stdout:
            if line.strip() == "go":
                before = running.cpu_seconds() if running else 0.0
            else:
                found = line
        most = running.cpu_seconds() if running else 0.0
        if running is not None:
            peaks.append(running.resident())
    finally:
        ended.set()
        looking.join()
    complaints = process.stderr.read()
    if process.wait() != 0 or not found:
        raise NotMeasured(f"the load came to nothing: {complaints.strip() or found.strip() or 'no answer'}")
    figures: Figures = json.loads(found)
    if complaints:
        figures["complaints"] = complaints.strip().splitlines()
    if running is not None:
        used = most - before
        figures["cpu_seconds"] = round(used, 4)
        figures["per_cpu_second"] = round(figures["done"] / used, 1) if used > 0 else None
        figures["resident"] = max(peaks)
    return figures


def _cgroup2() -> Path:
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _device, point, kind, *_rest = line.split()
        if kind == "cgroup2":
            return Path(point)
    raise NotMeasured("no cgroup2 is mounted: what a server costs can't be counted")
