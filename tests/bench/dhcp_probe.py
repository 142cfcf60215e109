# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a daemon for addresses again and again: ``dhcp_probe.py SERVER MAC...`` prints how long each answer took.

In seconds, a line each; -1 for one that did not come within a second. The machines ask in turn, so that none of them
asks oftener than one that boots. Ends with SIGTERM.
"""

from __future__ import annotations

import itertools
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration/daemon"))

from dhcp_message import discover, read

PATIENCE = 1.0
PAUSE = 0.01


class Ended(Exception):
    """Somebody has seen enough."""


def end(*_unused: object) -> None:
    raise Ended


def ask(client: socket.socket, server: str, mac: str, xid: int) -> float:
    """Return the seconds until the offer came."""
    began = time.monotonic()
    client.sendto(discover(mac, xid), (server, 67))
    try:
        while read(client.recv(4096))[0] != xid:
            pass
    except TimeoutError:
        return -1.0
    return time.monotonic() - began


def main(server: str, macs: list[str]) -> None:
    """Ask until ended, and print what was measured."""
    signal.signal(signal.SIGTERM, end)
    times = []
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind(("", 68))
            client.settimeout(PATIENCE)
            for mac in itertools.cycle(macs):
                times.append(ask(client, server, mac, len(times) + 1))
                time.sleep(PAUSE)
    except Ended:
        print("\n".join(f"{item:.6f}" for item in times))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
