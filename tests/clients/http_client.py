# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the HTTP server that sends any octets and reads what comes, as slowly as a test wants."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager

from clients.http_smuggling import post
from servers.http_site import machine, make_site

BIG = 64 * 1024 * 1024
PATIENCE = 10.0
RESET = b"(reset)"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: bootd\r\n\r\n"
FETCH = b"GET /images/big HTTP/1.1\r\nHost: bootd\r\n\r\n"
PHONE_HOME = post(b"Content-Type: application/json", b"Content-Length: 2", body=b"{}").replace(b"/a", b"/phone-home")


def site_with(root, **settings):
    site = make_site(root, machine(address="127.0.0.1"), bind="127.0.0.1", http_port=0, **settings)
    with open(root / "images/big", "wb") as big:
        big.write(os.urandom(1024 * 1024))
        big.truncate(BIG)
    return site


def connect(port: int, buffer: int = 0, source: str = "127.0.0.1") -> socket.socket:
    client = socket.socket()
    client.bind((source, 0))
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(PATIENCE)
    try:
        client.connect(("127.0.0.1", port))
    except OSError:
        client.close()
        raise
    return client


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the server closes the connection, and RESET where it does so rudely."""
    pieces = []
    try:
        while piece := client.recv(1 << 20):
            pieces.append(piece)
    except ConnectionResetError:
        pieces.append(RESET)
    return b"".join(pieces)


def read_reply(client: socket.socket) -> tuple[int, bytes]:
    """Return status and body of one response, and take no octet of the next one."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = client.recv(1)
        assert octet, f"closed after {head!r}"
        head += octet
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    content = bytearray()
    while len(content) < length:
        piece = client.recv(min(length - len(content), 1 << 20))
        assert piece, f"closed after {len(content)} of {length} octets"
        content += piece
    return int(head.split(b" ")[1]), bytes(content)


def ask(port: int, request: bytes, source: str = "127.0.0.1") -> tuple[int, bytes]:
    with connect(port, source=source) as client:
        client.sendall(request)
        return read_reply(client)


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.01)
    return True


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def clients(port: int, count: int, octets: bytes = b"", buffer: int = 0):
    with ExitStack() as stack:
        opened = [stack.enter_context(connect(port, buffer)) for _unused in range(count)]
        for client in opened:
            client.sendall(octets)
        yield opened
