# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wake-on-LAN as it is on the wire: AMD's white paper "Magic Packet Technology", publication 20213."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._power.base import PowerError
from ansible_collections.baremetal.netboot.plugins.module_utils._power.wol import WakeOnLan
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import read
from ansible_collections.baremetal.netboot.plugins.modules import machine_power
from servers.module_run import run_module

MAC = "58:47:ca:71:d8:49"
# Six octets of ones, then the address of the card sixteen times.
MAGIC = bytes.fromhex("ff" * 6 + "5847ca71d849" * 16)


@pytest.fixture
def card():
    """A socket in the place of a network that has a card which sleeps."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
        yield one


def words(card, **more):
    return {"type": "wol", "broadcast": "127.0.0.1", "port": card.getsockname()[1], **more}


@pytest.mark.parametrize("mac", [MAC, MAC.upper().replace(":", "-"), "5847.ca71.d849"])
def test_magic_packet_goes_to_the_broadcast_address(card, mac):
    WakeOnLan(read(words(card, interface="127.0.0.1")), mac).on()
    packet, source = card.recvfrom(512)
    assert packet == MAGIC
    assert source[0] == "127.0.0.1"


def test_module_sends_it_each_time_and_not_in_check_mode(card, capsys):
    machine = {"name": "um790-2", "mac": MAC, "bmc": words(card)}
    foreseen = run_module(machine_power, capsys, {"machines": [machine], "state": "network_boot"}, check=True)
    assert foreseen["changed"]
    for _run in range(2):
        found = run_module(machine_power, capsys, {"machines": [machine], "state": "network_boot"})
        assert found["changed"]
        assert found["machines"]["um790-2"]["after"] == "unknown"
        assert card.recv(512) == MAGIC
    card.setblocking(False)
    with pytest.raises(BlockingIOError):
        card.recv(512)


def test_packet_that_can_not_be_sent_is_told():
    with pytest.raises(PowerError, match=r"could not be sent to 10\.10\.0\.255"):
        WakeOnLan(read({"type": "wol", "broadcast": "10.10.0.255", "interface": "192.0.2.77"}), MAC).on()
