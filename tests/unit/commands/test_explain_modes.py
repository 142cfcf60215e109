# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``bootd explain`` tells of a machine whose address another DHCP server gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.commands.clients import FIRMWARE, IPXE, Client
from _bootd.commands.explain import as_document, as_text, explain, missing_text
from _bootd.commands.snapshot import Snapshot
from _bootd.hardware.model import Machine, Nic
from _bootd.stores.catalog import Catalog
from samples import howto

PATH = "58-47-ca-71-d8-49"
SCRIPT = f"http://10.10.0.20:7080/{PATH}/auto.ipxe"


def snapshot_of(*machines: Machine, **settings: object) -> Snapshot:
    catalog = Catalog()
    catalog.replace(machines)
    return Snapshot(settings=replace(howto.SETTINGS, **settings), catalog=catalog)


def nic_with(**interface: object) -> Nic:
    nic = howto.nic()
    face = replace(nic.interface, **interface)
    return Nic(replace(nic.machine, interfaces=(face,)), face)


def explained(client: Client, nic: Nic | None = None, **settings: object) -> list[str]:
    nic = nic or howto.nic()
    snapshot = snapshot_of(nic.machine, **settings)
    return list(as_text(explain(nic, client, snapshot, 0.0), snapshot))


def steps(lines: list[str]) -> list[str]:
    return [line for place, line in enumerate(lines) if place and not lines[place - 1]]


def test_uefi_beside_another_server_asks_port_4011():
    lines = explained(Client(FIRMWARE, 7), dhcp_mode="proxy")
    assert steps(lines) == [
        "firmware, x64 UEFI: DHCPDISCOVER",
        "firmware: DHCPREQUEST to port 4011",
        f"firmware: TFTP RRQ {PATH}/snponly.efi",
        "iPXE: DHCPDISCOVER",
        f"iPXE: HTTP GET {SCRIPT}",
        "operating system: DHCPDISCOVER",
    ]
    assert "  DHCP mode proxy" in lines
    assert lines.count("  DHCPOFFER without an address, which another DHCP server gives") == 2
    assert "  DHCPACK without an address, which another DHCP server gives" in lines
    assert lines[-1] == "  no reply: another DHCP server gives it its address"


@pytest.mark.parametrize(
    ("arch", "expected"),
    [
        (0, f"firmware: TFTP RRQ {PATH}/undionly.kpxe"),
        (16, f"firmware: HTTP GET http://10.10.0.20:7080/ipxe/{PATH}/snponly.efi"),
    ],
)
def test_who_is_told_by_the_offer_asks_no_other_port(arch, expected):
    assert steps(explained(Client(FIRMWARE, arch), dhcp_mode="proxy"))[1] == expected


def test_ipxe_in_the_card_asks_for_its_script_at_once():
    assert steps(explained(Client(IPXE, 0), dhcp_mode="auto-proxy"))[1] == f"iPXE: HTTP GET {SCRIPT}"


def test_a_machine_needs_no_address_where_others_give_it():
    nic = nic_with(address="", netmask="", gateway="", disable_dhcp=True)
    assert f"firmware: TFTP RRQ {PATH}/snponly.efi" in steps(explained(Client(FIRMWARE, 7), nic, dhcp_mode="proxy"))
    assert f"firmware: TFTP RRQ {PATH}/snponly.efi" not in steps(explained(Client(FIRMWARE, 7), nic))


def test_netboot_off_is_told_on_port_4011():
    nic = nic_with(netboot=replace(howto.nic().interface.netboot, allow_pxe=False))
    lines = explained(Client(FIRMWARE, 7), nic, dhcp_mode="proxy")
    assert steps(lines)[:2] == ["firmware, x64 UEFI: DHCPDISCOVER", "firmware: DHCPREQUEST to port 4011"]
    assert "  no boot file" in lines


def test_off_is_told_with_the_script_that_the_machine_gets():
    lines = explained(Client(FIRMWARE, 7), dhcp_mode="off")
    assert steps(lines)[:2] == ["firmware, x64 UEFI: DHCPDISCOVER", f"iPXE: HTTP GET {SCRIPT}"]
    assert "  no reply: DHCP is off here: another server gives it its address, and says what to load" in lines


def test_the_mode_is_that_of_the_machines_subnet():
    modes = {"10.10.0.0/16": "proxy", "eth7": "off"}
    lines = explained(Client(FIRMWARE, 7), dhcp_modes=modes)
    told = "  DHCP mode proxy, where no other is for an interface or a relay: 10.10.0.0/16=proxy, eth7=off"
    assert told in lines
    snapshot = snapshot_of(howto.nic().machine, dhcp_modes=modes)
    document = as_document(explain(howto.nic(), None, snapshot, 0.0), snapshot)
    assert document["dhcp_mode"] == "proxy"


def test_an_unknown_machine():
    assert list(missing_text("02:00:00:00:00:09", snapshot_of(dhcp_mode="auto-proxy")))[-3:] == [
        "Where the DHCP mode is auto-proxy it boots the script of unknown machines.",
        "bootd records that it asked.",
        "bootd machines --unknown 02:00:00:00:00:09 tells whether it has asked, and what it said of itself.",
    ]
