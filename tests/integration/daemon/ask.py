# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a daemon for an address: ``ask.py SERVER MAC[=ADDRESS]`` prints which was offered first, and when.

With ADDRESS it asks until that address is offered. Gives up after 20 seconds.
"""

from __future__ import annotations

import json
import socket
import sys
import time

from dhcp_message import discover, read


def main(server: str, wanted: str) -> None:
    """Ask each 20 ms."""
    mac, _unused, address = wanted.partition("=")
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.bind(("", 68))
    client.settimeout(0.02)
    end = time.monotonic() + 20
    xid = 1
    while time.monotonic() < end:
        client.sendto(discover(mac, xid), (server, 67))
        try:
            _unused, whose, offered = read(client.recv(4096))
        except TimeoutError:
            continue
        if whose == mac and address in ("", offered):
            print(json.dumps({"address": offered, "at": time.monotonic()}))
            return
        time.sleep(0.02)
    raise SystemExit(f"{mac} was not offered {address or 'any address'} in 20 s")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
