# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw datagrams at a daemon: ``hostile.py SERVER MACHINES COUNT SEED``, on a host of a lab.

They are those of as many machines, ``mac_of`` each number, for one MAC alone would soon not be read any more. After
each volley it asks for an address as one of ASKING others and goes on when the offer is there, so the daemon is seen
answering all along and most of what is thrown arrives. Prints what it did as one line of JSON.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import sys
import time

from dhcp_message import discover, mac_of, read

VOLLEY = 400
ASKING = 40
PATIENCE = 5.0  # seconds for an offer; asked again each quarter second


def from_another(chance: random.Random, data: bytes, machines: int) -> bytes:
    """Return the DHCP message ``data`` as one of the machines sends it."""
    mac = bytes.fromhex(mac_of(chance.randrange(machines)).replace(":", ""))
    return data[:28] + mac + data[34:]


def corpus() -> list[tuple[int, bytes]]:
    """Return well-formed datagrams and the port each belongs to."""
    mac = mac_of(0)
    firmware = discover(mac, 1, vendor_class=b"PXEClient:Arch:00007:UNDI:003016", arch=7)
    request = firmware.replace(b"\x35\x01\x01", b"\x35\x01\x03")
    relayed = firmware[:24] + socket.inet_aton("10.10.0.99") + firmware[28:-1] + b"\x52\x06\x01\x04eth0\xff"
    read_request = struct.pack("!H", 1) + b"ipxe.efi\0octet\0blksize\x001468\0tsize\x000\0windowsize\x004\0"
    return [
        (67, firmware),
        (67, request),
        (67, relayed),
        (69, read_request),
        (69, struct.pack("!HH", 4, 1)),
        (514, b"<6>um790-1 ipxe: http://10.10.0.2/vmlinuz... ok"),
        (514, b'<34>1 2026-11-22T19:00:00Z host app 1 - [a b="c"] text'),
    ]


def mutate(chance: random.Random, data: bytes) -> bytes:
    """Return ``data`` damaged in one of the ways that find faults in parsers."""
    way = chance.randrange(6)
    if way == 0:
        return chance.randbytes(chance.choice((0, 1, 2, 3, 4, 240, 300, 1400)))
    if way == 1:
        return data[: chance.randrange(len(data) + 1)]
    if way == 2:
        at = chance.randrange(len(data))
        return data[:at] + chance.randbytes(chance.randrange(1, 9)) + data[at:]
    damaged = bytearray(data)
    for _unused in range(chance.randrange(1, 8)):
        # Behind the DHCP header, where the options are, as often as anywhere.
        low = 236 if len(data) > 240 and way in (3, 4) else 0
        damaged[chance.randrange(low, len(data))] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
    return bytes(damaged)


def ask(client: socket.socket, server: str, mac: str, xid: int) -> float:
    """Return the seconds until the daemon offers ``mac`` its address."""
    started = time.monotonic()
    while time.monotonic() < started + PATIENCE:
        client.sendto(discover(mac, xid), (server, 67))
        try:
            while True:
                if read(client.recv(4096))[:2] == (xid, mac):
                    return time.monotonic() - started
        except TimeoutError:
            continue
    raise SystemExit(f"no offer for {PATIENCE} s after {xid} volleys")


def main(server: str, machines: int, count: int, seed: int) -> None:
    """Send ``count`` datagrams."""
    chance = random.Random(seed)
    seeds = corpus()
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.bind(("", 68))
    client.settimeout(0.25)
    thrower = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent, slowest = 0, 0.0
    while sent < count:
        for _unused in range(min(VOLLEY, count - sent)):
            port, data = seeds[chance.randrange(len(seeds))]
            if port == 67:
                data = from_another(chance, data, machines)
            thrower.sendto(mutate(chance, data), (server, port))
            sent += 1
        volley = sent // VOLLEY
        slowest = max(slowest, ask(client, server, mac_of(machines + volley % ASKING), volley + 1_000_000))
    print(json.dumps({"sent": sent, "slowest_answer_seconds": round(slowest, 3)}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
