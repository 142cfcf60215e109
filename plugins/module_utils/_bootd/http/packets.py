# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The last packets of a machine in plain words: what was asked, what was answered and why. Pure; shows no secret."""

from __future__ import annotations

from typing import Any

from ..hardware.model import Machine
from ..process.masking import MASK, mask
from ..runtime.recent_packets import ANSWERED, Entry, RecentPackets
from .middleware import masked_path

NO_ADDRESS = "0.0.0.0"
_ENDS = {
    "aborted": "then the client ended it",
    "timeout": "then the client said nothing any more",
    "failed": "then it failed",
}


def packets_document(machine: Machine, recent: RecentPackets) -> list[dict[str, Any]]:
    """Return the last packets of all interfaces of ``machine``, oldest first."""
    found = [(entry, interface.mac) for interface in machine.interfaces for entry in recent.of(interface.mac)]
    return [packet_document(entry, mac) for entry, mac in sorted(found, key=lambda item: item[0][0])]


def unknown_packets_document(mac: str, recent: RecentPackets) -> dict[str, Any]:
    """Return ``{"packets": [...]}``: the same of a MAC address that no machine has."""
    return {"packets": [packet_document(entry, mac) for entry in recent.of(mac)]}


def packet_document(entry: Entry, mac: str) -> dict[str, Any]:
    """Return one packet of ``mac`` and its answer, "" where it got none; ``why`` is "" where nothing is to be said."""
    at, via, outcome, _what, _detail = entry
    asked, answered, why = _WORDS[via](entry)
    told = answered if outcome == ANSWERED else ""
    return {"at": at, "mac": mac, "via": via, "asked": asked, "answered": mask(told), "why": mask(why)}


def _dhcp(entry: Entry) -> tuple[str, str, str]:
    kind, address, client, filename, reason, relay, interface = entry[4]
    asked = f"{entry[3]}{f' by {client}' if client else ''}"
    asked += f", through the relay {relay}" if relay != NO_ADDRESS else ""
    asked += f", on {interface}" if interface else ""
    if kind == "DHCPNAK":
        return asked, str(kind), str(reason)
    of = f"of {address}" if address != NO_ADDRESS else "without an address"
    return asked, f"{kind} {of}, {f'file {filename}' if filename else 'no boot file'}", str(reason).replace("_", " ")


def _tftp(entry: Entry) -> tuple[str, str, str]:
    client, operation, status, sent, size, reason = entry[4]
    asked = f"{operation} {_name(entry[3])}, from {client}"
    if status == "complete":
        return asked, f"{sent} octets", str(reason)
    return asked, f"{sent} of {size} octets, {_ENDS[status]}" if status in _ENDS else str(status), str(reason)


def _http(entry: Entry) -> tuple[str, str, str]:
    client, method, query, status, sent, why = entry[4]
    path = masked_path(entry[3].encode("latin-1", "replace").decode("utf-8", "replace"))
    asked = f"{method} {path}{f'?{mask(str(query))}' if query else ''}, from {client}"
    return asked, f"{status}, {sent} octets", str(why)


def _name(asked: str) -> str:
    """Return the name of a file as it was asked for, tidied only where it has a token."""
    path = masked_path(asked)
    return path[1:] if MASK in path else mask(asked)


_WORDS = {"dhcp": _dhcp, "tftp": _tftp, "http": _http}
