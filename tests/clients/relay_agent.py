#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DHCP relay agent that stands for the server, as switches with "server identifier override" do (RFC 5107).

ISC dhcrelay 4.4.3 sends the circuit id (RFC 3046) and link selection (RFC 3527). No relay of Debian 12 sends a remote
id and a server identifier override beside them, so this one does. Being the clients' "server", it also hears their
renewals.

    relay_agent.py INTERFACE ADDRESS UPLINK SERVER

relays between clients on INTERFACE, where it has ADDRESS, and SERVER, to which its address is UPLINK. It says
"relaying" once it hears, and ends where option 82 does not come back as it was sent.
"""

from __future__ import annotations

import select
import socket
import sys

CIRCUIT_ID, REMOTE_ID, LINK_SELECTION, SERVER_ID_OVERRIDE = 1, 2, 5, 11
OPTIONS = 240  # where they begin in a message
RELAY_AGENT_INFORMATION, PAD, END = 82, 0, 255
SERVER_PORT, CLIENT_PORT = 67, 68
GIADDR, HOPS, OP = slice(24, 28), 3, 0
NOBODY = bytes(4)


def main(interface: str, address: str, uplink: str, server: str) -> None:
    """Relay until the process is ended."""
    clients = udp_socket(interface.encode())
    servers = udp_socket(b"", uplink)
    information = relay_agent_information(interface, socket.inet_aton(address))
    print("relaying", flush=True)
    while True:
        ready, _write, _error = select.select([clients, servers], [], [])
        for heard in ready:
            message, source = heard.recvfrom(9000)
            if heard is clients and message[OP] == 1 and message[GIADDR] == NOBODY:
                servers.sendto(to_server(message, socket.inet_aton(uplink), information), (server, SERVER_PORT))
            elif heard is servers and message[OP] == 2 and source[0] == server:
                clients.sendto(to_client(message, information), ("255.255.255.255", CLIENT_PORT))


def udp_socket(interface: bytes, address: str = "") -> socket.socket:
    """Return a socket on the port of servers and relays, on one interface or for one address only."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if interface:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface)
    made.bind((address, SERVER_PORT))
    return made


def relay_agent_information(interface: str, address: bytes) -> bytes:
    """Return option 82 as this relay sends it."""
    parts = {
        CIRCUIT_ID: interface.encode(),
        REMOTE_ID: b"\0\6\xaa\xbb\xcc\xdd\xee\xff",  # as Cisco's: a type, a length, the switch's MAC
        LINK_SELECTION: address,
        SERVER_ID_OVERRIDE: address,
    }
    body = b"".join(bytes((code, len(value))) + value for code, value in parts.items())
    return bytes((RELAY_AGENT_INFORMATION, len(body))) + body


def to_server(message: bytes, giaddr: bytes, information: bytes) -> bytes:
    """Return a client's message as it is forwarded: with the relay's address, and option 82 as the last one."""
    end = end_of_options(message)
    return (
        message[:HOPS] + bytes((message[HOPS] + 1,)) + message[4:24] + giaddr + message[28:end] + information + b"\xff"
    )


def to_client(message: bytes, information: bytes) -> bytes:
    """Return the server's answer without option 82, which has to be the relay's own, octet for octet."""
    end = end_of_options(message)
    if not message[:end].endswith(information):
        raise ValueError(f"option 82 did not come back: {message[OPTIONS:end].hex()}")
    return (message[: end - len(information)] + b"\xff").ljust(300, b"\0")


def end_of_options(message: bytes) -> int:
    """Return where the end option is."""
    place = OPTIONS
    while message[place] != END:
        place += 1 if message[place] == PAD else 2 + message[place + 1]
    return place


if __name__ == "__main__":
    main(*sys.argv[1:])
