# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BMCs of a lab's machines: sushy-tools' Redfish emulator, which starts and ends their QEMU."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from servers.redfish_emulator import PROGRAM, TESTS, Wired, read_events, write_configuration

from .machine import Machine
from .network import Lab

HOST, ADDRESS, PORT = "bmc", "10.10.0.3", 8000


class Bmcs:
    """One host that answers for all machines; it asks for the login that the emulator has."""

    def __init__(self, lab: Lab, directory: Path, machines: Sequence[Machine]) -> None:
        """Plug it in and start it; the machines are off."""
        lab.host(HOST, f"{ADDRESS}/24")
        wired = [Wired(machine.name, machine.command()) for machine in machines]
        configuration, self._events = write_configuration(directory, wired, ADDRESS, PORT)
        with (directory / "redfish.log").open("wb") as log:
            argv = [*PROGRAM, "--config", str(configuration), "--fake"]
            environment = {**os.environ, "PYTHONPATH": str(TESTS)}
            emulator = lab.popen(HOST, argv, stdout=log, stderr=subprocess.STDOUT, cwd=TESTS, env=environment)
        lab.wait_for_port(HOST, PORT, emulator)

    def events(self, name: str) -> list[Mapping[str, object]]:
        """What was done to the power of a machine, oldest first."""
        return [event for event in read_events(self._events) if event["name"] == name]
