# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange of the walk-through's log: same machine, same relay, same answers."""

from __future__ import annotations

from base64 import b64decode

import pytest

from _bootd.dhcp import options as opt
from _bootd.dhcp.handler import Handler
from _bootd.dhcp.packet import decode, encode
from samples import howto
from samples.dhcp_messages import ADDRESS, BIOS, HTTP_BOOT, IPXE, LINUX, MAC, PATH, SERVER, UEFI, address, message

RELAY = "10.42.0.166"
OPTION_82 = b64decode("AQltYWN2bGFuOTkFBAoKABQ=")
SCRIPT = "http://10.10.0.20:7080/58-47-ca-71-d8-49/auto.ipxe"
TINKERBELL = IPXE | {opt.USER_CLASS: b"Tinkerbell"}
SELECTING = {opt.SERVER_IDENTIFIER: address(SERVER), opt.REQUESTED_ADDRESS: address(ADDRESS)}
STAGES = [(UEFI, f"{PATH}/snponly.efi"), (TINKERBELL, SCRIPT), (LINUX, None)]


def exchange(room, kind, options):
    request = message(kind, options | {opt.RELAY_AGENT_INFORMATION: OPTION_82}, giaddr=RELAY)
    return Handler(room.services).handle(encode(request), RELAY, "eth0")


@pytest.mark.parametrize(
    ("kind", "extra", "sent"), [(opt.DHCPDISCOVER, {}, "DHCPOFFER"), (opt.DHCPREQUEST, SELECTING, "DHCPACK")]
)
@pytest.mark.parametrize(("client", "filename"), STAGES)
def test_walk_through_log_lines(bench, client, filename, kind, extra, sent):
    room = bench(howto.nic())
    exchange(room, kind, client | extra)
    (received,), (line,) = room.lines("recv"), room.lines("send")
    assert (received["mac"], received["via"], received["option(82)"]) == (MAC, RELAY, "AQltYWN2bGFuOTkFBAoKABQ=")
    assert received["circuitID"] == "macvlan99"  # the log has "macvlan": Boots cut two characters off
    assert received["link_selection"] == SERVER
    assert (line["type"], line["address"], line["via"]) == (sent, ADDRESS, RELAY)
    assert line["option(82)"] == "AQltYWN2bGFuOTkFBAoKABQ="
    assert line.get("filename") == filename
    assert line.get("next_server") == (SERVER if filename else None)


@pytest.mark.parametrize(("client", "_filename"), STAGES)
def test_walk_through_reply_ends_with_option_82_byte_for_byte(bench, client, _filename):
    out = exchange(bench(howto.nic()), opt.DHCPDISCOVER, client)
    assert (out.to.address, out.to.port) == (RELAY, 67)
    assert out.payload.rstrip(b"\0").endswith(bytes((82, 17)) + OPTION_82 + b"\xff")
    assert len(out.payload) >= 300


def test_walk_through_lease(bench):
    reply = decode(exchange(bench(howto.nic()), opt.DHCPDISCOVER, UEFI).payload)
    assert (reply.yiaddr, reply.siaddr, reply.file) == (ADDRESS, SERVER, f"{PATH}/snponly.efi".encode())
    assert reply.options[opt.SERVER_IDENTIFIER] == address(SERVER)
    assert reply.options[opt.LEASE_TIME] == (86400).to_bytes(4, "big")
    assert reply.options[opt.SUBNET_MASK] == address("255.255.255.0")
    assert reply.options[opt.ROUTER] == reply.options[opt.DOMAIN_NAME_SERVER] == address("10.10.0.1")
    assert reply.options[opt.HOST_NAME] == b"um790-1"
    assert not {opt.LOG_SERVER, opt.IPXE} & set(reply.options)


def test_walk_through_tinkerbells_ipxe(bench):
    reply = decode(exchange(bench(howto.nic()), opt.DHCPDISCOVER, TINKERBELL).payload)
    assert reply.options[opt.LOG_SERVER] == address(SERVER)
    assert opt.sub_options(reply.options[opt.IPXE]) == {opt.IPXE_NO_PXEDHCP: b"\1"}


def test_walk_through_on_port_80_names_no_port(bench):
    room = bench(howto.nic(), http_port=80)
    exchange(room, opt.DHCPDISCOVER, TINKERBELL)
    assert room.lines("send")[0]["filename"] == "http://10.10.0.20/58-47-ca-71-d8-49/auto.ipxe"


@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE, TINKERBELL, LINUX])
def test_walk_through_machine_gets_the_same_address_whoever_asks(bench, client):
    assert decode(exchange(bench(howto.nic()), opt.DHCPDISCOVER, client).payload).yiaddr == ADDRESS
