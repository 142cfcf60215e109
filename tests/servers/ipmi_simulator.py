# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenIPMI's ipmi_sim: a BMC that speaks IPMI over LAN, whose machine is a process.

The BMC is its authors'. As it wants, a program, which is this file, stands for the chassis: it is asked for and told
its power and its boot device.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

USER, PASSWORD = "admin", "geheim-im-BMC"
ADDRESS = "127.0.0.1"
_LAN = """
name "lab"
set_working_mc 0x20
chassis_control "{chassis}"
startlan 1
  addr {address} {port}
  priv_limit admin
  allowed_auths_admin none md2 md5 straight
  guid a123456789abcdefa123456789abcdef
endlan
user 2 true "{user}" "{password}" admin 10 none md2 md5 straight
"""
# One management controller, which is a chassis: device support 0x9f (IPMI 2.0, section 20.1).
_CONTROLLER = """
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
"""


@contextmanager
def simulator(directory: Path, argv: Sequence[str], by_network: Sequence[str] = ()) -> Iterator[tuple[int, Path]]:
    """Run the simulator on loopback; yields its port, and the file with what the chassis was told, a line for each.

    The machine is on while the process of ``argv`` runs, with ``by_network`` where that is what it was told to boot by;
    a shutdown is SIGTERM, the end of power SIGKILL.
    """
    port, told = _free_port(), directory / "told"
    told.touch()
    (directory / "machine").write_text(json.dumps([list(argv), list(by_network)]))
    chassis = directory / "chassis"
    chassis.write_text(f'#!/bin/sh\nexec {sys.executable} -S {Path(__file__).resolve()} {directory} "$@"\n')
    chassis.chmod(0o700)
    lan = _LAN.format(chassis=chassis, address=ADDRESS, port=port, user=USER, password=PASSWORD)
    (directory / "lan.conf").write_text(lan)
    (directory / "controller.emu").write_text(_CONTROLLER)
    state = directory / "state"
    state.mkdir()
    program = ["ipmi_sim", "-n", "-c", directory / "lan.conf", "-f", directory / "controller.emu", "-s", state]
    with (directory / "ipmi_sim.log").open("wb") as log, subprocess.Popen(program, stdout=log, stderr=log) as process:
        try:
            _wait_for(port)
            yield port, told
        finally:
            process.terminate()
            process.wait()
            _end(directory, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((ADDRESS, 0))
        return one.getsockname()[1]


def _wait_for(port: int) -> None:
    """Return once it answers a presence ping (IPMI 2.0, section 13.2.3: RMCP, class ASF)."""
    ping = bytes.fromhex("0600ff06000011be80000000")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(0.1)
        one.connect((ADDRESS, port))
        for _attempt in range(100):
            try:
                one.send(ping)
                one.recv(64)
                return
            except (ConnectionRefusedError, TimeoutError):
                time.sleep(0.05)
    raise AssertionError("ipmi_sim does not answer")


def _main(directory: Path, verb: str, words: Sequence[str]) -> None:
    """Answer the simulator: ``get NAME...`` or ``set NAME VALUE...``."""
    boot = directory / "boot"
    if verb == "get":
        found = {"power": int(_process(directory) > 0), "boot": boot.read_text() if boot.exists() else "none"}
        for name in words:
            print(f"{name}:{found.get(name, 0)}")
    if verb == "set":
        with (directory / "told").open("a") as told:
            told.write(" ".join(words) + "\n")
        for name, value in zip(words[::2], words[1::2], strict=True):
            _set(directory, name, value, boot)


def _set(directory: Path, name: str, value: str, boot: Path) -> None:
    if name == "boot":
        boot.write_text(value)
    elif name == "shutdown":
        _end(directory, signal.SIGTERM)
    elif name == "power" and value == "0":
        _end(directory, signal.SIGKILL)
    elif name == "power" and not _process(directory):
        argv, by_network = json.loads((directory / "machine").read_text())
        with open(os.devnull, "r+b") as nothing:
            machine = subprocess.Popen(
                argv + (by_network if boot.exists() and boot.read_text() == "pxe" else []),
                stdin=nothing,
                stdout=nothing,
                stderr=nothing,
                start_new_session=True,
            )
        (directory / "pid").write_text(str(machine.pid))


def _process(directory: Path) -> int:
    """Return the process that is the machine, 0 where it is off."""
    file = directory / "pid"
    pid = int(file.read_text()) if file.exists() else 0
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return 0
    return 0 if state == "Z" else pid


def _end(directory: Path, number: signal.Signals) -> None:
    pid = _process(directory)
    if pid:
        os.kill(pid, number)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
