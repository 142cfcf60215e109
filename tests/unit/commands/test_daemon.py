# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon, as a process of its own on loopback."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

MODULE_UTILS = Path(__file__).resolve().parents[3] / "plugins/module_utils"
SECONDS = 20
WITH_A_FLAW = """
import sys
from _bootd.daemon import main
from _bootd.syslog.server import SyslogServer

def receive(self, data, source):
    raise SystemExit("surprise")

SyslogServer.receive = receive
sys.exit(main(sys.argv[1:]))
"""


def flags_of(root: Path) -> list[str]:
    (root / "hardware").mkdir()
    flags = {
        "store": f"files:{root / 'hardware'}",
        "state-dir": root / "state",
        "boot-files": root,
        "address": "127.0.0.1",
        "bind": "127.0.0.1",
        "dhcp-mode": "off",
        "http-port": 0,
        "tftp-port": 0,
        "syslog-port": 0,
        "log-format": "json",
    }
    return [f"--{name}={value}" for name, value in flags.items()]


def test_daemon_lives_through_a_hangup_and_ends_cleanly_when_it_is_told_to(tmp_path):
    program = "import sys; from _bootd.daemon import main; sys.exit(main(sys.argv[1:]))"
    argv = [sys.executable, "-c", program, "serve", *flags_of(tmp_path)]
    with subprocess.Popen(argv, env={"PYTHONPATH": str(MODULE_UTILS)}, stdout=subprocess.PIPE, text=True) as process:
        try:
            next(line for line in process.stdout if '"ready"' in line)
            process.send_signal(signal.SIGHUP)
            ignored = json.loads(next(line for line in process.stdout if "SIGHUP" in line))
            process.send_signal(signal.SIGTERM)
            output, _errors = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert (ignored["event"], process.returncode) == ("signal_ignored", 0)
    assert '"stopping"' in output


def test_daemon_with_a_server_that_has_ended_ends_so_that_it_is_started_again(tmp_path):
    argv = [sys.executable, "-c", WITH_A_FLAW, "serve", *flags_of(tmp_path)]
    with subprocess.Popen(
        argv, env={"PYTHONPATH": str(MODULE_UTILS)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            ready = next(line for line in process.stdout if '"ready"' in line)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(b"<13>hello", ("127.0.0.1", json.loads(ready)["syslog"]))
            output, _errors = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode == 1
    (fault,) = (line for line in map(json.loads, output.splitlines()) if line["event"] == "fault")
    assert fault["reason"] == "syslog: its thread has ended: SystemExit: surprise"
