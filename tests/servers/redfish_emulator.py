# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sushy-tools' Redfish emulator over machines that are processes, as QEMU's are; run as a program, or started by tests.

The emulator is its authors'. Only the driver below is ours: a machine is on while its process runs, and each start is
written down with the boot override that held then.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

PROGRAM = [sys.executable, "-m", "servers.redfish_emulator"]
TESTS = Path(__file__).resolve().parents[1]
USER, PASSWORD = "admin", "lab of the demo"
_RUNNING = re.compile(rb"Running on https?://[^:]+:([0-9]+)")


@dataclass(frozen=True)
class Wired:
    """A machine at the emulator: ``argv`` is its process. A clean shutdown is SIGTERM, the end of power SIGKILL."""

    name: str
    argv: Sequence[str]

    @property
    def system(self) -> str:
        """Its Id in Redfish."""
        return self.name


def write_configuration(
    directory: Path, machines: Sequence[Wired], address: str, port: int = 0, **more: object
) -> tuple[Path, Path]:
    """Write the emulator's configuration; returns its file and the one that power events are written to.

    It asks for USER and PASSWORD. ``more`` are settings of sushy-tools, without SUSHY_EMULATOR_ before them.
    """
    import bcrypt

    state = directory / "redfish"
    state.mkdir()
    login = state / "htpasswd"
    login.write_text(f"{USER}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n")
    events = state / "events"
    events.touch()
    systems = [
        {"uuid": machine.system, "name": machine.name, "nics": [], "argv": list(machine.argv), "events": str(events)}
        for machine in machines
    ]
    settings = {
        "LISTEN_IP": address,
        "LISTEN_PORT": port,
        "AUTH_FILE": str(login),
        "STATE_DIR": str(state),
        "FAKE_SYSTEMS": systems,
        **more,
    }
    file = state / "emulator.conf"
    file.write_text("".join(f"SUSHY_EMULATOR_{name} = {value!r}\n" for name, value in settings.items()))
    return file, events


@contextmanager
def emulator(directory: Path, machines: Sequence[Wired], **more: object) -> Iterator[tuple[int, Path]]:
    """Run the emulator on loopback; yields its port and the file with the events."""
    configuration, events = write_configuration(directory, machines, "127.0.0.1", **more)
    argv = [*PROGRAM, "--config", str(configuration), "--fake"]
    with subprocess.Popen(argv, cwd=TESTS, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            port = next(int(found[1]) for line in process.stderr if (found := _RUNNING.search(line)))
            with (directory / "emulator.log").open("wb") as log:
                drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
            yield port, events
        finally:
            process.terminate()
            process.wait()
            drain.wait()


def read_events(file: Path) -> list[Mapping[str, object]]:
    """Return the power events so far: name, power ("On" or "Off"), boot, mode, and at, in seconds since the epoch."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def main() -> int:
    """Run sushy-tools' own main with machines that are processes."""
    from sushy_tools.emulator import main as emulator
    from sushy_tools.emulator.resources.systems import fakedriver

    driver = _driver(fakedriver.FakeDriver)

    def leave(*_unused: object) -> None:
        for process in driver.processes.values():
            process.kill()
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    # Their main reaps every child by itself, and would take the ends of machines from the driver.
    emulator.signal = SimpleNamespace(signal=lambda *_unused: None, SIGCHLD=None)
    emulator.fakedriver = SimpleNamespace(FakeDriver=driver)
    return emulator.main()


def _driver(fake: type) -> type:
    """Return the driver: the emulator's own ``fake`` one, but for the power."""

    class ProcessDriver(fake):
        processes: ClassVar[dict[str, subprocess.Popen[bytes]]] = {}

        def get_power_state(self, identity):
            process = self.processes.get(self._get(identity)["uuid"])
            return "On" if process is not None and process.poll() is None else "Off"

        def set_power_state(self, identity, state):
            system = self._get(identity)
            is_on = self.get_power_state(identity) == "On"
            if state in ("On", "ForceOn") and not is_on:
                self._note(system, "On")
                self.processes[system["uuid"]] = subprocess.Popen(system["argv"], stdin=subprocess.DEVNULL)
                # As BMCs do with an override that is to hold once; the emulator would keep it.
                self._update(system, boot_device="None")
            elif state in ("ForceOff", "GracefulShutdown") and is_on:
                self._note(system, "Off")
                self.processes[system["uuid"]].send_signal(signal.SIGKILL if state == "ForceOff" else signal.SIGTERM)

        def _note(self, system, power):
            event = {"name": system["name"], "power": power, "at": time.time()}
            event |= {"boot": self.get_boot_device(system["uuid"]), "mode": self.get_boot_mode(system["uuid"])}
            with Path(system["events"]).open("a") as events:
                events.write(f"{json.dumps(event)}\n")

    return ProcessDriver


if __name__ == "__main__":
    sys.exit(main())
