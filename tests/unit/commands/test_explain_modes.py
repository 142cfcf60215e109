# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``bootd explain`` tells of a machine whose address another DHCP server gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.commands.boot_steps import silence_for_people
from _bootd.commands.clients import CLIENTS, FIRMWARE, IPXE, Client
from _bootd.commands.explain import as_document, as_text, explain, missing_text
from _bootd.commands.snapshot import Snapshot
from _bootd.dhcp.decide import Silence
from _bootd.dhcp.proxy import decide_in_mode
from _bootd.dhcp.reply import context_from
from _bootd.hardware.local_boot import parse_local_boot
from _bootd.hardware.model import Machine, Netboot, Nic
from _bootd.process.settings import DHCP_MODES
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
    assert list(missing_text("02:00:00:00:00:09", snapshot_of(dhcp_mode="auto-proxy")))[-2:] == [
        "Where the DHCP mode is auto-proxy it boots the script of unknown machines.",
        "bootd records that it asked.",
    ]


LEFT_ALONE = "  no reply: disableDhcp is true and allowPXE is not, so bootd leaves it to the other server"
IN_RESERVATION = (
    "  no reply: disableDhcp of the object is true, and the mode is reservation: in proxy it would be told what to boot"
)


@pytest.mark.parametrize(
    ("mode", "allow_pxe", "line"),
    [
        ("reservation", True, IN_RESERVATION),
        ("reservation", False, LEFT_ALONE),
        ("proxy", False, LEFT_ALONE),
        ("auto-proxy", None, LEFT_ALONE),
    ],
)
def test_a_machine_that_is_another_server_s_is_told_to_be_in_words(mode, allow_pxe, line):
    nic = nic_with(disable_dhcp=True, netboot=Netboot(allow_pxe=allow_pxe))
    assert explained(Client(FIRMWARE, 7), nic, dhcp_mode=mode).count(line) >= 1


def silences(mode: str) -> set[tuple[str, str]]:
    """The reasons why the clients of ``bootd explain`` get no reply in ``mode``, and what people are told."""
    found = set()
    clients = [Client(kind, 7 if arch is None else arch) for kind, arch in CLIENTS.values()]
    nics = [
        replace_way(nic_with(address=address, disable_dhcp=disabled, netboot=Netboot(allow_pxe=allow_pxe)), way)
        for address in ("10.10.0.16", "", "224.0.0.1")
        for disabled in (True, False)
        for allow_pxe in (True, False, None)
        for way in ("", "lease")
    ]
    context = context_from(replace(howto.SETTINGS, dhcp_mode=mode))
    for nic in nics:
        mac = nic.interface.mac
        for client in clients:
            for request, to_proxy_port in (
                (client.discover(mac), False),
                (client.proxy_request(mac, "192.0.2.2"), True),
            ):
                answer = decide_in_mode(request, nic, context, mode, to_proxy_port=to_proxy_port)
                if isinstance(answer, Silence):
                    found.add((answer.reason, silence_for_people(answer, nic, mode)))
    return found


def replace_way(nic: Nic, way: str) -> Nic:
    machine = replace(nic.machine, local_boot=parse_local_boot(way)) if way else nic.machine
    return Nic(machine, nic.interface)


def test_every_silence_has_words():
    found = set().union(*map(silences, DHCP_MODES))
    assert {reason for reason, _words in found} == {
        "dhcp_disabled",
        "lease_only",
        "no_reservation",
        "not_a_boot_client",
        "not_here",
    }
    assert [reason for reason, words in found if "_" in words or words == reason] == []
