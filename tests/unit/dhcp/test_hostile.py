# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a datagram holds: an answer, or silence that is counted, and never a fault."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.dhcp import options as opt
from _bootd.dhcp.decide import Answer, decide
from _bootd.dhcp.handler import Handler
from _bootd.dhcp.packet import DhcpError, Packet, decode, encode, fit
from _bootd.dhcp.reply import destination
from samples.dhcp_messages import ADDRESS, BIOS, CONTEXT, HTTP_BOOT, IPXE, LINUX, SERVER, UEFI, address, message, nic

SELECTING = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}
RELAYED = {opt.RELAY_AGENT_INFORMATION: b"\1\x09macvlan99\5\4\x0a\x0a\0\x14"}
REAL = [encode(message(opt.DHCPDISCOVER, client | RELAYED)) for client in (UEFI, BIOS, HTTP_BOOT, IPXE, LINUX)] + [
    encode(message(opt.DHCPREQUEST, client | SELECTING)) for client in (UEFI, IPXE, LINUX)
]
MACHINES = [nic(), nic(allow_pxe=False), nic(domain_name="example.org", vlan_id="99"), None]


def survive(data: bytes, machine=MACHINES[0]) -> Packet | None:
    """Do all that the server does with ``data`` but send, and return the reply as a client would read it."""
    try:
        request = decode(data)
    except DhcpError:
        return None
    decision = decide(request, machine, CONTEXT)
    if not isinstance(decision, Answer):
        return None
    try:
        reply, _dropped = fit(decision.reply, opt.uint(request.options.get(opt.MAX_MESSAGE_SIZE), 2))
    except DhcpError:
        # Only what has to be echoed can make a reply too big.
        assert sum(len(request.options.get(code, b"")) for code in (61, 82, 97)) > 200
        return None
    payload = encode(reply)
    assert 300 <= len(payload) <= 1472
    assert destination(request, reply).port in (67, 68)
    return decode(payload)


@given(st.binary(max_size=700), st.sampled_from(MACHINES))
def test_any_bytes(data, machine):
    assert survive(data, machine) is None or data[236:240] == b"\x63\x82\x53\x63"


@given(st.sampled_from(REAL), st.binary(max_size=400), st.sampled_from(MACHINES))
def test_any_options_in_a_good_message(real, options, machine):
    survive(real[:240] + options, machine)


@given(
    st.sampled_from(REAL),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=12),
    st.sampled_from(MACHINES),
)
def test_flipped_bytes(real, changes, machine):
    data = bytearray(real)
    for position, value in changes:
        data[position % len(data)] = value
    survive(bytes(data), machine)


@given(st.sampled_from(REAL), st.binary(min_size=64, max_size=64), st.binary(min_size=128, max_size=128))
def test_any_overloaded_fields(real, sname, file):
    for overload in (1, 2, 3):
        data = real[:44] + sname + file + real[236:240] + bytes((52, 1, overload)) + real[240:]
        survive(data)


@pytest.mark.parametrize("data", REAL)
def test_cut_short_anywhere(data):
    for size in range(len(data)):
        survive(data[:size])


@pytest.mark.parametrize("code", range(1, 255))
def test_every_option_in_every_size(code):
    """A fixed-size option of a wrong size, an empty one and one cut short all count as absent or are dropped."""
    for size, filler in itertools.product([*range(10), 16, 17, 18, 64, 127, 254, 255], (0, 1, 255)):
        if code == opt.MESSAGE_TYPE and size == 1:
            continue
        value = bytes((filler,)) * size
        base = message(opt.DHCPDISCOVER, UEFI | {code: value})
        whole = encode(base)
        reply = survive(whole)
        if code not in (opt.MESSAGE_TYPE, opt.OVERLOAD):
            assert reply is not None
            assert reply.yiaddr == ADDRESS
        start = whole.index(bytes((code, size)), 240)
        for end in range(start, start + size + 2):
            survive(whole[:end])


@pytest.mark.parametrize(
    "code", [opt.VENDOR_SPECIFIC, opt.RELAY_AGENT_INFORMATION, opt.IPXE, opt.USER_CLASS, 121, 124, 125]
)
@pytest.mark.parametrize("value", [bytes(255), b"\1\0" * 127, b"\0\1" * 127, b"\xff" * 255, b"\x08\0" * 120, b"\1\xff"])
def test_steps_of_no_length_end(bench, code, value):
    """Zero-length steps inside an option have hung servers for good."""
    room = bench(nic())
    data = encode(message(opt.DHCPDISCOVER, LINUX | {code: value}))
    assert Handler(room.services).handle(data, "0.0.0.0", "eth0") is not None


def test_one_option_in_thousands_of_parts():
    data = REAL[0][:240] + b"\x0c\1x" * 2900 + b"\xff"
    assert decode(data).options == {12: b"x" * 2900}


@pytest.mark.parametrize("size", range(3))
def test_tiny_datagrams(size):
    for data in itertools.islice(itertools.product(range(256), repeat=size), 70000):
        with pytest.raises(DhcpError):
            decode(bytes(data))


TEXTS = [
    b"",
    b"\0",
    b"\xff" * 255,
    b"\r\n\x1b[2J",
    "名前".encode(),
    b"." * 64,
    b"-",
    b"a" * 64 + b".org",
    b"${net0/mac}",
]


@pytest.mark.parametrize("value", TEXTS)
@pytest.mark.parametrize("code", [opt.HOST_NAME, opt.VENDOR_CLASS, opt.USER_CLASS, opt.MESSAGE, 81])
def test_hostile_text_stays_out_of_the_reply_and_in_one_line_of_the_log(bench, code, value):
    for machine in (nic(), nic(mac="02:00:00:00:00:01")):
        room = bench(machine)
        out = Handler(room.services).handle(encode(message(opt.DHCPDISCOVER, {code: value})), "0.0.0.0", "eth0")
        room.lines()  # each line is one JSON document
        if out is not None:
            assert decode(out.payload).options[opt.HOST_NAME] == b"um790-1"
            assert not {opt.USER_CLASS, opt.MESSAGE, 81} & set(decode(out.payload).options)


@given(
    st.sampled_from([opt.DHCPDISCOVER, opt.DHCPREQUEST, opt.DHCPINFORM]),
    st.sampled_from([UEFI, BIOS, HTTP_BOOT, IPXE, LINUX, {}]),
    st.sampled_from([{}, SELECTING, {opt.REQUESTED_ADDRESS: address("10.10.0.77")}]),
    st.sampled_from(["0.0.0.0", ADDRESS, "10.10.0.77", "255.255.255.255"]),
    st.sampled_from(["0.0.0.0", "10.42.0.166", "192.0.2.7"]),
    st.sampled_from([0, 0x8000]),
)
def test_every_road_and_every_client(kind, client, chosen, ciaddr, giaddr, flags):
    """By unicast, broadcast and relay, from a right and a wrong address: the reservation or a refusal, nothing else."""
    request = message(kind, client | chosen, ciaddr=ciaddr, giaddr=giaddr, flags=flags)
    reply = survive(encode(request))
    if reply is None:
        assert kind != opt.DHCPDISCOVER
        return
    assert (reply.xid, reply.mac, reply.giaddr) == (request.xid, request.mac, giaddr)
    assert reply.yiaddr in ((ADDRESS,) if reply.options.get(51) else ("0.0.0.0",))
    assert reply.options[opt.SERVER_IDENTIFIER] == address(SERVER)
    assert survive(encode(replace(request, mac="02:00:00:00:00:01")), None) is None
