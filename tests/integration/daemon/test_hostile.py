# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A million hostile datagrams: the daemon goes on answering, and does not grow."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from integration.daemon.dhcp_message import mac_of
from integration.daemon.manifests import manifest

MACHINES = 100  # that the datagrams are made of, each of which may ask ten times a second
ASKING = 40
HERE = Path(__file__).resolve().parent
COUNT = int(os.environ.get("BOOTD_TEST_HOSTILE_DATAGRAMS", "850000"))
WARM_UP = 150_000
MAY_GROW = 4 * 1024 * 1024  # bytes; what has a bound, as machines, packets and answers, fills up in the warm-up


def throw(lab, count: int, seed: int) -> dict:
    argv = [sys.executable, str(HERE / "hostile.py"), "10.10.0.20", str(MACHINES), str(count), str(seed)]
    return json.loads(lab.run("client", argv, timeout=600).stdout)


def test_daemon_hostile_datagrams_leave_it_answering_and_flat(lab, bootd):
    texts = (
        manifest(f"m{number:04d}", mac_of(number), f"10.10.{100 + number // 250}.{1 + number % 250}")
        for number in range(MACHINES + ASKING)
    )
    (bootd.manifests / "machines.yaml").write_text("---\n".join(texts), encoding="utf-8")
    (bootd.manifests / "um790-1.yaml").unlink()
    bootd.start()
    throw(lab, WARM_UP, seed=1)
    before = bootd.resident()
    report = throw(lab, COUNT, seed=2)
    grown = bootd.resident() - before
    print(f"\n{report}, grown by {grown / 1024:.0f} KiB")
    assert report["sent"] == COUNT
    assert grown <= MAY_GROW
    assert bootd.lines("fault") == []
    assert bootd.get("/readyz")[0] == 200
    assert bootd.stop() == 0
