# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with the bootstrap node and a client on it, and Hardware to serve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.daemon.manifests import manifest
from integration.daemon.running import Bootd
from lab.network import Lab
from programs.require import require

NODE, CLIENT = "node", "client"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    require("root", "ip", "nsenter", "curl")
    with Lab() as network:
        network.host(NODE, "10.10.0.20/16")
        network.host(CLIENT, "10.10.0.16/16")
        yield network


@pytest.fixture
def bootd(lab: Lab, tmp_path: Path) -> Iterator[Bootd]:
    """bootd, not started, with one machine: um790-1, 58:47:ca:71:d8:49, 10.10.0.16."""
    daemon = Bootd(lab, NODE, tmp_path)
    text = manifest("um790-1", "58:47:ca:71:d8:49", "10.10.0.16")
    (daemon.manifests / "um790-1.yaml").write_text(text, encoding="utf-8")
    (daemon.boot_files / "ipxe.efi").write_bytes(bytes(range(256)) * 4000)
    try:
        yield daemon
    finally:
        daemon.stop()
