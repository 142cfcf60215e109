# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real senders of syslog against the daemon: util-linux logger in both RFCs' forms, and iPXE's form."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.daemon.manifests import manifest
from integration.daemon.running import Bootd
from lab.network import Lab
from programs.require import require

NODE, MACHINE, STRANGER = "node", "machine", "stranger"
KERNEL = "http://10.10.0.2/harvester/v1.2.0/harvester-v1.2.0-vmlinuz-amd64"
PATIENCE = 60.0  # seconds
SEND = "import socket, sys; socket.socket(type=socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), ('10.10.0.20', 514))"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    require("root", "ip", "nsenter", "logger", "curl")
    with Lab() as network:
        network.host(NODE, "10.10.0.20/16")
        network.host(MACHINE, "10.10.0.16/16")
        network.host(STRANGER, "10.10.0.99/16")
        yield network


@pytest.fixture
def bootd(lab: Lab, tmp_path: Path) -> Iterator[Bootd]:
    daemon = Bootd(lab, NODE, tmp_path)
    text = manifest("um790-1", "58:47:ca:71:d8:49", "10.10.0.16")
    (daemon.manifests / "um790-1.yaml").write_text(text, encoding="utf-8")
    try:
        yield daemon.start()
    finally:
        daemon.stop()


def logged(bootd: Bootd, text: str) -> dict:
    """Return the syslog line about ``text``, waiting for it: the sender does not learn when it was read."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for line in bootd.lines("syslog"):
            if text in line["msg"]:
                return line
        time.sleep(0.02)
    raise AssertionError(f"no syslog line with {text!r} in {bootd.lines('syslog')}")


def send(lab: Lab, host: str, datagram: str) -> None:
    lab.run(host, [sys.executable, "-c", SEND, datagram])


@pytest.mark.parametrize("form", ["--rfc3164", "--rfc5424"])
def test_logger_line_is_tied_to_the_machine_by_its_address(lab, bootd, form):
    words = ["-t", "installer", "-p", "daemon.warning", f"disk written, {form}"]
    lab.run(MACHINE, ["logger", "--udp", "--server", "10.10.0.20", "--port", "514", form, *words])
    line = logged(bootd, "disk written")
    assert line["machine"] == "um790-1"
    assert line["host"] == "10.10.0.16"
    assert (line["facility"], line["severity"], line["app-name"]) == ("daemon", "WARNING", "installer")
    assert line["msg"] == f"disk written, {form}"


def test_ipxe_lines_tell_the_journal_what_was_loaded_and_what_failed(lab, bootd):
    send(lab, MACHINE, f"<6>um790-1 ipxe: {KERNEL}... ok")
    logged(bootd, "... ok")
    send(lab, MACHINE, f"<6>um790-1 ipxe: {KERNEL}... Connection timed out (http://ipxe.org/4c126035)")
    logged(bootd, "timed out")
    status, body = bootd.get("/api/v1/machines/um790-1")
    assert status == 200
    assert KERNEL in body
    assert "https://ipxe.org/4c126035" in body


def test_strangers_lines_are_counted_and_not_logged(lab, bootd):
    send(lab, STRANGER, "<6>ipxe: from nowhere")
    send(lab, MACHINE, "<6>ipxe: after it")
    logged(bootd, "after it")
    assert not [line for line in bootd.lines("syslog") if "nowhere" in line["msg"]]
    status, metrics = bootd.get("/metrics")
    assert status == 200
    assert 'bootd_syslog_messages_total{outcome="unknown"} 1.0' in metrics
