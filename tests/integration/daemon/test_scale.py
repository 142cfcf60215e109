# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand machines: how soon they are served, how much memory they take, how soon a change is served."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from integration.daemon.manifests import manifest

HERE = Path(__file__).resolve().parent
MACHINES = 10_000
START_SECONDS = 3.0
CHANGE_SECONDS = 0.5
RESIDENT = 150 * 1024 * 1024


def mac_of(number: int) -> str:
    return f"52:54:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def address_of(number: int) -> str:
    return f"10.10.{100 + number // 250}.{1 + number % 250}"


def ask(lab, mac: str) -> dict:
    """Ask for an address until it is offered; times are of the host's monotonic clock, the same in every namespace."""
    argv = [sys.executable, str(HERE / "ask.py"), "10.10.0.20", mac]
    return json.loads(lab.run("client", argv, timeout=60).stdout)


def test_daemon_ten_thousand_machines(lab, bootd):
    for number in range(MACHINES):
        text = manifest(f"node-{number:05d}", mac_of(number), address_of(number))
        (bootd.manifests / f"node-{number:05d}.yaml").write_text(text, encoding="utf-8")
    started = time.monotonic()
    bootd.start()
    first = ask(lab, mac_of(MACHINES - 1))
    resident = bootd.resident()
    assert first["address"] == address_of(MACHINES - 1)

    changed = bootd.manifests / "node-04711.yaml"
    text = manifest("node-04711", mac_of(4711), "10.10.200.200")
    # Asked all along by a client that waits for the new address; the clock starts when the file is written.
    written = time.monotonic()
    changed.write_text(text, encoding="utf-8")
    second = ask(lab, f"{mac_of(4711)}=10.10.200.200")
    to_first, to_change = first["at"] - started, second["at"] - written
    print(f"\nfirst answer {to_first:.2f} s, resident {resident / 2**20:.0f} MiB, change served {to_change:.3f} s")
    assert to_first < START_SECONDS
    assert resident < RESIDENT
    assert to_change < CHANGE_SECONDS
