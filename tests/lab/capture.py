# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes over a machine's cable while it boots: tcpdump writes it down, and here it is read as steps of a boot."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .network import LISTENS_WITHIN, Lab

# Of TCP only what opens, ends or asks: the octets of files would make the capture as large as they are.
FILTER = "udp or icmp6 or (tcp and tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-push) != 0)"
SNAP = 700  # octets kept of a packet: the options of a DHCP message are in them
_MESSAGES = ("", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM")
_TFTP = {1: "RRQ", 3: "DATA", 4: "ACK", 5: "ERROR", 6: "OACK"}
_IPV4, _IPV6, _TCP, _UDP, _ICMPV6 = 0x0800, 0x86DD, 6, 17, 58
_SOLICITATION, _ADVERTISEMENT = 133, 134
_DHCP_PORTS = {67, 68, 4011}


@dataclass(frozen=True, slots=True)
class Step:
    """One packet that says how far a boot is.

    ``at`` is in seconds since the epoch. ``what`` is a DHCP message's type, RRQ, OACK, ERROR or GET, POST, SYN, RS
    (router solicitation), RA (advertisement). ``detail`` is the file, the path, or who asks by DHCP: "iPXE" or the
    vendor class. ``source`` and ``target`` are MAC addresses.
    """

    at: float
    what: str
    detail: str
    source: str
    target: str


class Capture:
    """tcpdump on an interface of a host of the lab, from when this returns."""

    def __init__(self, lab: Lab, host: str, interface: str, file: Path, what: str = FILTER) -> None:
        """Write the packets that match ``what`` to ``file``."""
        self.file = file
        argv = ["tcpdump", "--immediate-mode", "-U", "-n", "-s", str(SNAP), "-i", interface, "-w", str(file), what]
        said = file.with_suffix(".tcpdump")
        with said.open("wb") as errors:
            self._process = lab.popen(host, argv, stderr=errors)
        end = time.monotonic() + LISTENS_WITHIN
        while b"listening on" not in said.read_bytes():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"tcpdump on {interface} of {host}: {said.read_text()}")
            time.sleep(0.01)

    def end(self) -> list[Step]:
        """End it; return the steps that were seen."""
        self._process.terminate()
        self._process.wait(LISTENS_WITHIN)
        return list(steps(packets(self.file.read_bytes())))


def packets(pcap: bytes) -> Iterator[tuple[float, bytes]]:
    """Yield time and octets of each packet of a file that tcpdump wrote on this host."""
    if pcap[:4] != struct.pack("=I", 0xA1B2C3D4):
        raise ValueError("not a capture in microseconds and this host's byte order")
    place = 24
    while place + 16 <= len(pcap):
        seconds, micros, kept, _length = struct.unpack_from("=IIII", pcap, place)
        yield seconds + micros / 1e6, pcap[place + 16 : place + 16 + kept]
        place += 16 + kept


def steps(captured: Iterable[tuple[float, bytes]]) -> Iterator[Step]:
    """Yield the steps among Ethernet frames; TFTP's blocks are none."""
    for at, frame in captured:
        if len(frame) < 54:
            continue
        kind = int.from_bytes(frame[12:14], "big")
        found = _of_ipv4(frame[14:]) if kind == _IPV4 else _of_ipv6(frame[14:]) if kind == _IPV6 else None
        if found:
            yield Step(at, *found, frame[6:12].hex(":"), frame[:6].hex(":"))


def _of_ipv6(packet: bytes) -> tuple[str, str] | None:
    if packet[6] != _ICMPV6:
        return None
    name = {_SOLICITATION: "RS", _ADVERTISEMENT: "RA"}.get(packet[40])
    return (name, "") if name else None


def _of_ipv4(packet: bytes) -> tuple[str, str] | None:
    length = (packet[0] & 15) * 4
    payload = packet[length:]
    source, target = struct.unpack_from("!HH", payload)
    if packet[9] == _UDP:
        return _of_dhcp(payload[8:]) if {source, target} & _DHCP_PORTS else _of_tftp(payload[8:], target)
    if packet[9] != _TCP:
        return None
    flags, words = payload[13], payload[(payload[12] >> 4) * 4 :]
    if flags & 2:
        return None if flags & 16 else ("SYN", str(target))
    method, _space, rest = words.partition(b" ")
    if method in (b"GET", b"HEAD", b"POST"):
        return method.decode(), rest.partition(b" ")[0].decode(errors="replace")
    return None


def _of_tftp(payload: bytes, port: int) -> tuple[str, str] | None:
    name = _TFTP.get(int.from_bytes(payload[:2], "big"), "")
    if name == "RRQ" and port == 69:
        words = payload[2:].split(b"\0")
        options = b" ".join(words[2:-1]).decode(errors="replace")
        return name, f"{words[0].decode(errors='replace')} {options}".strip()
    if name == "ERROR":
        return name, payload[4:].partition(b"\0")[0].decode(errors="replace")
    return (name, "") if name == "OACK" else None


def _of_dhcp(payload: bytes) -> tuple[str, str] | None:
    options = dict(_options(payload[240:]))
    if 53 not in options:
        return None
    if payload[0] == 2:
        who = ""
    else:
        who = "iPXE" if options.get(77) == b"iPXE" else options.get(60, b"").decode(errors="replace")
    return _MESSAGES[min(options[53][0], 8)], who


def _options(octets: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 1 < len(octets) and octets[place] != 255:
        if not octets[place]:
            place += 1
            continue
        yield octets[place], octets[place + 2 : place + 2 + octets[place + 1]]
        place += 2 + octets[place + 1]


def own_wait(taken: Iterable[Step], mac: str) -> float:
    """Return the seconds from the first DISCOVER of the iPXE that boots to the request for its script.

    An iPXE that first loads another is not counted. ValueError where no script was asked for.
    """
    began = None
    for step in taken:
        if step.source != mac:
            continue
        if step.what == "RRQ":
            began = None
        elif began is None and (step.what, step.detail) == ("DISCOVER", "iPXE"):
            began = step.at
        elif began is not None and step.what == "GET" and step.detail.partition("?")[0].endswith(".ipxe"):
            return step.at - began
    raise ValueError("iPXE asked for no script")
