# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of one machine's boot, read out of bootd's log and the machine's console. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

SAID = re.compile(r"^\[[\d.]+\] report: (.*?)\r?$", re.MULTILINE)
LEASE = re.compile(r"lease from (\S+)")
ADDRESS = re.compile(r"address (\S+) of \S+ (\S+), name")
FIRMWARE, PROCESSOR = re.compile(r"firmware (\S+)"), re.compile(r"processor (\S+)")
KERNEL = re.compile(r"kernel (.+)")


@dataclass(frozen=True, slots=True)
class Seen:
    """One boot.

    ``fetched`` is what bootd sent whole, in order, each file with TFTP or HTTP. ``address`` and ``leased_by``, the
    address of a DHCP server, are the booted system's own, as are ``firmware``, ``processor`` and what its kernel says
    of Secure Boot. ``acks`` are the addresses that bootd leased. ``vias`` are where DHCP messages came from that the
    machine sent to everybody: a relay, or 0.0.0.0 for the machine itself.
    """

    fetched: tuple[tuple[str, str], ...]
    address: str
    mac: str
    leased_by: str
    firmware: str
    processor: str
    secure_boot: tuple[str, ...]
    acks: tuple[str, ...]
    vias: tuple[str, ...]


def seen(lines: Sequence[Mapping[str, object]], console: str) -> Seen:
    """Read the ``lines`` of bootd's log, and the serial port's; what is missing there is ""."""
    said = "\n".join(SAID.findall(console))
    address = _first(ADDRESS, said)
    return Seen(
        fetched=tuple(_fetched(lines)),
        address=address,
        mac=_first(ADDRESS, said, 2),
        leased_by=_first(LEASE, said),
        firmware=_first(FIRMWARE, said),
        processor=_first(PROCESSOR, said),
        secure_boot=tuple(KERNEL.findall(said)),
        acks=tuple(str(line["address"]) for line in lines if _is_ack(line) and "address" in line),
        # From its own address it asks one server: a proxy's port 4011.
        vias=tuple(sorted({str(line["via"]) for line in lines if line["event"] == "recv"} - {address})),
    )


def _first(pattern: re.Pattern[str], text: str, group: int = 1) -> str:
    found = pattern.search(text)
    return found[group] if found else ""


def _is_ack(line: Mapping[str, object]) -> bool:
    return line["event"] == "send" and line["type"] == "DHCPACK"


def _fetched(lines: Iterable[Mapping[str, object]]) -> Iterable[tuple[str, str]]:
    for line in lines:
        path = urlsplit(str(line.get("uri", ""))).path
        if "phone-home" in path.split("/") or path.startswith("/api/"):
            continue  # what iPXE and GRUB tell, by asking for it, and whoever looks at the machine
        if line["event"] == "get" and line.get("status") == "complete":
            yield _name(line), "TFTP"
        # A HEAD fetches nothing.
        if line["event"] == "http" and (line.get("method"), line["status"]) == ("GET", 200):
            yield _name(line), "HTTP"


def _name(line: Mapping[str, object]) -> str:
    """The file's name; a MAC address at its end, as in GRUB's, is that of any machine."""
    name = urlsplit(str(line["uri"])).path.rpartition("/")[2]
    return re.sub(r"[0-9a-f]{2}(-[0-9a-f]{2}){5}$", "MAC", name)
