# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running bootd: the program itself, started as a user starts it, on a host of a lab."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.network import Lab

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = "10.10.0.20"
READY_SECONDS = 90  # it takes two on an idle host
LINE_SECONDS = 60


class Loopback:
    """The host that runs the tests, in the place of a lab: for what is not about packets."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **environment}

    def popen(self, _host: str, argv: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        """Start a program."""
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, env=self._environment, **more)

    def run(self, _host: str, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        return subprocess.run(argv, env=self._environment, capture_output=True, text=True, check=True)


class Bootd:
    """``bin/bootd serve`` on ``host`` of ``lab``, its log in ``directory``, with a line for each packet."""

    def __init__(
        self, lab: Lab | Loopback, host: str, directory: Path, *, address: str = ADDRESS, more: tuple[str, ...] = ()
    ):
        self.lab, self.host, self.directory, self.address = lab, host, directory, address
        self.manifests, self.state = directory / "manifests", directory / "state"
        self.boot_files = directory / "boot"
        self.log = directory / "bootd.log"
        for path in (self.manifests, self.boot_files):
            path.mkdir(parents=True, exist_ok=True)
        self._argv = [
            str(ROOT / "bin/bootd"),
            "serve",
            *("--store", f"files:{self.manifests}", "--state-dir", str(self.state), "--interface", "eth0"),
            *("--address", address, "--boot-files", str(self.boot_files)),
            *("--log-level", "debug", *more),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Bootd:
        """Start, and return once the log says ready."""
        seen = len(self.lines("ready"))
        with self.log.open("ab") as log:
            self.process = self.lab.popen(self.host, self._argv, stdout=log, stderr=log)
        end = time.monotonic() + READY_SECONDS
        while len(self.lines("ready")) == seen:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"bootd is not ready:\n{self.log.read_text(encoding='utf-8')[-4000:]}")
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        """End with SIGTERM and return the exit status."""
        if self.process is None:
            return 0
        self.process.terminate()
        return self.process.wait(20)

    def kill(self) -> None:
        """End at once, as by a power cut."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def lines(self, event: str = "") -> list[dict]:
        """Return the log's lines about ``event``, or all of them."""
        if not self.log.exists():
            return []
        whole = (line for line in self.log.read_text(encoding="utf-8").splitlines() if line.startswith("{"))
        return [line for line in map(json.loads, whole) if not event or line["event"] == event]

    def line(self, event: str) -> dict:
        """Return the log's last line about ``event``, once there is one: a packet leaves before its line is written."""
        end = time.monotonic() + LINE_SECONDS
        while not (found := self.lines(event)):
            if time.monotonic() > end:
                raise AssertionError(f"no line about {event}:\n{self.log.read_text(encoding='utf-8')[-4000:]}")
            time.sleep(0.02)
        return found[-1]

    def resident(self) -> int:
        """Return the resident memory, in bytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("bootd has ended")

    def processor_seconds(self) -> float:
        """Return the processor time of bootd's process since it began, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str, host: str | None = None) -> tuple[int, str]:
        """Return status and body of a GET by curl from ``host``, by default the one bootd is on."""
        argv = ["curl", "-sS", "--max-time", "60", "-w", "\n%{http_code}", f"http://{self.address}:7080{path}"]
        body, _unused, status = self.lab.run(host or self.host, argv).stdout.rpartition("\n")
        return int(status), body
