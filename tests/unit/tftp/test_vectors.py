# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TFTP's opcodes, errors and options, each by octets that an RFC prints or a real client sent."""

from __future__ import annotations

import inspect
import re

import pytest

from _bootd.tftp.packet import (
    Ack,
    Data,
    Error,
    ErrorCode,
    Limits,
    Oack,
    Opcode,
    Packet,
    Request,
    encode,
    negotiate,
    parse,
)
from samples.tftp_requests import EDK2, REQUESTS

# Opcode -> where its form is from, a packet of it, and its octets.
PACKETS: dict[Opcode, tuple[str, Packet, bytes]] = {
    Opcode.RRQ: ("RFC 1350 figure 5-1; tftp-hpa's request", Request("snponly.efi"), b"\0\1snponly.efi\0octet\0"),
    Opcode.WRQ: ("RFC 1350 figure 5-1", Request("f", "netascii", write=True), b"\0\2f\0netascii\0"),
    Opcode.DATA: ("RFC 1350 figure 5-2", Data(258, b"x"), b"\0\3\1\2x"),
    Opcode.ACK: ("RFC 1350 figure 5-3", Ack(258), b"\0\4\1\2"),
    Opcode.ERROR: ("RFC 1350 figure 5-4", Error(1, "x"), b"\0\5\0\1x\0"),
    Opcode.OACK: (
        "RFC 2347, Examples",
        Oack((("blksize", "1432"),)),
        b"\0\6blksize\x001432\0",
    ),
}
# RFC 1350, "Error Codes" in its appendix; 8 is RFC 2347's.
ERRORS = {
    ErrorCode.UNDEFINED: 0,  # Not defined, see error message
    ErrorCode.NOT_FOUND: 1,  # File not found
    ErrorCode.ACCESS_VIOLATION: 2,  # Access violation
    ErrorCode.DISK_FULL: 3,  # Disk full or allocation exceeded
    ErrorCode.ILLEGAL_OPERATION: 4,  # Illegal TFTP operation
    ErrorCode.UNKNOWN_TID: 5,  # Unknown transfer ID
    ErrorCode.FILE_EXISTS: 6,  # File already exists
    ErrorCode.NO_SUCH_USER: 7,  # No such user
    ErrorCode.OPTION_NEGOTIATION: 8,  # Terminate transfer due to option negotiation
}
# The requests that the RFCs of the options print as examples.
EXAMPLES: dict[str, tuple[bytes, tuple[tuple[str, str], ...]]] = {
    "RFC 2348, Blocksize Option Example": (b"\0\1foobar\0octet\0blksize\x001428\0", (("blksize", "1428"),)),
    "RFC 2349, Timeout Interval Option": (b"\0\1foobar\0octet\0timeout\x001\0", (("timeout", "1"),)),
    "RFC 2349, Transfer Size Option, which is 0 in a read request": (
        b"\0\1foobar\0octet\0tsize\x000\0",
        (("tsize", "0"),),
    ),
    "RFC 7440 section 3": (b"\0\1foobar\0octet\0windowsize\x0016\0", (("windowsize", "16"),)),
}
OPTIONS = ("blksize", "timeout", "tsize", "windowsize")  # that bootd negotiates


@pytest.mark.parametrize("opcode", Opcode)
def test_packet_of_each_opcode(opcode):
    _source, packet, octets = PACKETS[opcode]
    assert encode(packet) == octets
    assert parse(octets) == packet
    assert octets[:2] == opcode.to_bytes(2, "big")


def test_error_codes():
    assert {code: int(code) for code in ErrorCode} == ERRORS


@pytest.mark.parametrize("source", EXAMPLES)
def test_option_as_its_rfc_prints_it(source):
    octets, options = EXAMPLES[source]
    assert parse(octets) == Request("foobar", "octet", options)
    answer = {"blksize": "1428", "timeout": "1", "tsize": "673312", "windowsize": "16"}
    ((name, _value),) = options
    assert negotiate(options, 673312, Limits()).oack == ((name, answer[name]),)


@pytest.mark.parametrize("client", REQUESTS)
def test_request_of_a_real_client(client):
    octets, options = REQUESTS[client]
    assert parse(octets) == Request(EDK2 if client.startswith("edk2") else "snponly.efi", "octet", options)
    taken = dict(negotiate(options, 1000, Limits()).oack)
    assert list(taken) == [name for name, _value in options if name in OPTIONS]
    assert taken.items() >= {item for item in options if item[0] in OPTIONS and item[0] != "tsize"}
    assert taken.get("tsize", "1000") == "1000"


def test_every_option_that_is_negotiated_was_asked_for_by_a_real_client_and_printed_in_an_rfc():
    assert set(re.findall(r'granted\["(\w+)"\] = ', inspect.getsource(negotiate))) == set(OPTIONS)
    for known in (REQUESTS, EXAMPLES):
        assert {name for _octets, options in known.values() for name, _value in options} >= set(OPTIONS)
