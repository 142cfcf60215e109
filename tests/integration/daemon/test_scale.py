# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand machines: how soon they are served, how much memory they take, how soon a change is served."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from integration.daemon.manifests import manifest

HERE = Path(__file__).resolve().parent
MACHINES = 10_000
# Of processor time: how long that takes depends on what else the host does.
FIRST_START_SECONDS = 8.0
RESTART_SECONDS = 2.0
CHANGE_SECONDS = 0.5
RESIDENT = 150 * 1024 * 1024
TRIES = 3


def mac_of(number: int) -> str:
    return f"52:54:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def address_of(number: int) -> str:
    return f"10.10.{100 + number // 250}.{1 + number % 250}"


def ask(lab, mac: str) -> dict:
    """Ask for an address until it is offered; times are of the host's monotonic clock, the same in every namespace."""
    argv = [sys.executable, str(HERE / "ask.py"), "10.10.0.20", mac]
    return json.loads(lab.run("client", argv, timeout=60).stdout)


def best(measure: Callable[[], float], bound: float) -> float:
    """Return the first of three measurements below ``bound``, else the least: a busy host only ever adds to one."""
    seen = []
    for _unused in range(TRIES):
        seen.append(measure())
        if seen[-1] < bound:
            break
    return min(seen)


def test_daemon_ten_thousand_machines(lab, bootd):
    for number in range(MACHINES):
        text = manifest(f"node-{number:05d}", mac_of(number), address_of(number))
        (bootd.manifests / f"node-{number:05d}.yaml").write_text(text, encoding="utf-8")
    changed = bootd.manifests / "node-04711.yaml"
    new_addresses = (f"10.10.200.{number}" for number in range(1, 250))

    def first_start() -> float:
        bootd.stop()
        (bootd.state / "manifests.jsonl").unlink(missing_ok=True)
        return start()

    def restart() -> float:
        bootd.stop()
        return start()

    def start() -> float:
        bootd.start()
        assert ask(lab, mac_of(MACHINES - 1))["address"] == address_of(MACHINES - 1)
        return bootd.processor_seconds()

    def change() -> float:
        address = next(new_addresses)
        text = manifest("node-04711", mac_of(4711), address)
        # Asked until the new address is offered; the clock starts before the file is written.
        written = time.monotonic()
        changed.write_text(text, encoding="utf-8")
        return ask(lab, f"{mac_of(4711)}={address}")["at"] - written

    to_first = best(first_start, FIRST_START_SECONDS)
    again = best(restart, RESTART_SECONDS)
    resident = bootd.resident()
    to_change = best(change, CHANGE_SECONDS)
    print(f"\nfirst answer after {to_first:.2f} s of processor time, after a restart {again:.2f} s")
    print(f"resident {resident / 2**20:.0f} MiB, change served {to_change:.3f} s")
    assert to_first < FIRST_START_SECONDS
    assert again < RESTART_SECONDS
    assert resident < RESIDENT
    assert to_change < CHANGE_SECONDS
