# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole boots against bootd's own decisions, without a socket: what a machine is told, and what stands against it."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import Modes
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.dhcp.proxy import decide_in_mode
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal import intent
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import Where
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.wire import Once
from servers.decided_wire import BOOTD, DecidedWire, other, play, problems
from servers.rehearsal_lab import MAC, URL, hardware


@pytest.mark.parametrize("mode", ["reservation", "proxy"])
@pytest.mark.parametrize("client", ["bios", "uefi", "uefi-http", "ipxe"])
@pytest.mark.parametrize("binary", ["", "shimx64.efi"])
def test_machine_boots_in_each_mode_as_each_client(mode, client, binary):
    wire = DecidedWire(hardware(1, netboot={"ipxe": {"binary": binary}} if binary else {}), mode=mode)
    if mode == "proxy":
        wire.others.append(other("10.10.200.7", siaddr="10.10.0.20"))
    if binary and client == "bios":
        wire.programs[binary] = wire.programs["grubx64.efi"] = b"a program for BIOS"
    if binary and client == "uefi-http":
        wire.programs["grubx64.efi"] += b"HTTP/1.1"
    result = play(wire, client=client)
    assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "boots")


def test_proxy_without_a_server_of_addresses_boots_nobody():
    result = play(DecidedWire(hardware(1), mode="proxy"))
    assert problems(result) == [("um790-1, DHCP as uefi", "network")]
    assert "nobody offers an address, expected one from another DHCP server" in result["problems"][0]["what"]


OF_OFF = Where("eth0", (IPv4Network("10.10.0.0/16"),), Modes("off"))
PATH = MAC.format(1).replace(":", "-")


def without_address():
    """A machine as inventories have it where another server gives the addresses: netboot_disable_dhcp."""
    document = hardware(1)
    document["spec"]["interfaces"][0]["disableDhcp"] = True
    del document["spec"]["interfaces"][0]["dhcp"]["ip"]
    return document


@pytest.mark.parametrize("document", [hardware(1), without_address()], ids=["reserved", "no address"])
@pytest.mark.parametrize("others", [[], [other("10.10.200.7")], [other("10.10.200.7", "evil.efi", "10.10.0.66")]])
def test_where_bootd_s_dhcp_is_off_and_nobody_leads_to_it_its_own_path_is_played(others, document):
    wire = DecidedWire(document, mode="off")
    wire.others += others
    result = play(wire, where=OF_OFF)
    # Firmware has to be told one thing and iPXE another.
    assert problems(result) == [("um790-1, DHCP as uefi", "network"), ("um790-1, DHCP as ipxe", "network")]
    told = result["problems"][0]
    assert "bootd's DHCP is off here" in told["what"] and "snponly.efi from 10.10.0.20" in told["what"]
    assert "docs/beside-a-dhcp-server.md" in told["remedy"] and "bootd_dhcp_mode" in told["remedy"]
    steps = [step["step"] for step in result["machines"]["um790-1"]["steps"]]
    assert steps[1:4] == ["TFTP snponly.efi", "DHCP as ipxe", "HTTP auto.ipxe"]
    assert steps[-1] == "initrd initrd.img"


def test_other_server_that_has_ipxe_load_ipxe_again_is_whose_fault_that_is():
    wire = DecidedWire(without_address(), mode="off")
    wire.others.append(other("10.10.200.7", "snponly.efi", "10.10.0.20"))
    result = play(wire, where=OF_OFF)
    assert problems(result) == [("um790-1, load snponly.efi", "network")]
    assert "user class" in result["problems"][0]["remedy"]


@pytest.mark.parametrize(("client", "file"), [("bios", "snponly.efi"), ("uefi", "missing.efi")])
def test_other_server_that_names_a_program_which_the_machine_can_not_have_is_whose_fault_that_is(client, file):
    wire = DecidedWire(without_address(), mode="off")
    wire.others.append(other("10.10.200.7", file, "10.10.0.20"))
    result = play(wire, client=client, where=OF_OFF)
    assert problems(result) == [(f"um790-1, TFTP {file}", "network")]
    assert "architecture" in result["problems"][0]["remedy"]


@pytest.mark.parametrize(
    ("client", "file", "asked"),
    [
        ("uefi", "snponly.efi", f"{PATH}/snponly.efi"),
        ("uefi-http", f"{URL}/ipxe/snponly.efi", f"{URL}/ipxe/{PATH}/snponly.efi"),
        ("ipxe", f"{URL}/${{mac:hexhyp}}/auto.ipxe", f"{URL}/{PATH}/auto.ipxe"),
        ("ipxe", f"{URL}/auto.ipxe", f"{URL}/{PATH}/auto.ipxe"),
    ],
)
def test_what_another_server_names_is_asked_for_as_the_machine(client, file, asked):
    """bootd knows the machine by its address, which a rehearsal has not: so by the MAC in the name."""
    wire = DecidedWire(hardware(1), mode="off")
    names = []
    wire.program = lambda _server, name, shared: names.append(name) or DecidedWire.program(wire, "", name, shared)
    wire.program_by_http = lambda url, shared: names.append(url) or DecidedWire.program_by_http(wire, url, shared)
    wire.text = lambda url: names.append(url) or DecidedWire.text(wire, url)
    wire.others.append(other("10.10.200.7", file, "10.10.0.20"))
    play(wire, client=client, where=OF_OFF)
    assert names[0] == asked


def test_mode_counts_that_the_machine_s_subnet_or_interface_has():
    networks = (IPv4Network("10.10.0.0/24"),)
    of_subnets = Modes.by_scope("off", {"10.10.0.0/24": "proxy", "10.20.0.0/24": "reservation"})
    of_interface = Modes("off", {"eth0": "auto-proxy"})
    here, there = hardware(1), hardware(2, dhcp={"ip": {"address": "10.20.0.9", "netmask": "255.255.255.0"}})
    for modes, found in ((of_subnets, ["proxy", "reservation"]), (of_interface, ["auto-proxy", "auto-proxy"])):
        where = Where("eth0", networks, modes)
        machines = [intent.intended(document, "auto", [], where) for document in (here, there)]
        assert [machine.mode for machine in machines] == found
        assert [machine.is_here for machine in machines] == [True, False]


def test_machine_of_another_network_is_not_judged_by_the_servers_of_this_one():
    """Who answers behind a router can't be asked from here: what bootd has for the machine is looked at."""
    document = hardware(2, dhcp={"ip": {"address": "10.20.0.9", "netmask": "255.255.255.0"}})
    wire = DecidedWire(document, mode="proxy")
    result = play(wire, where=Where("eth0", (IPv4Network("10.10.0.0/24"),), Modes("proxy")))
    assert (result["problems"], result["machines"]["um790-2"]["verdict"]) == ([], "boots")
    wire = DecidedWire(document, mode="off")
    wire.others.append(other("10.10.0.7", "evil.efi", "10.10.0.66"))
    result = play(wire, where=Where("eth0", (IPv4Network("10.10.0.0/24"),), Modes("off")))
    assert (result["problems"], result["machines"]["um790-2"]["verdict"]) == ([], "boots")
    told = result["machines"]["um790-2"]["steps"][0]
    assert told["verdict"] == "note"
    assert "10.20.0.9 is in no network of this interface" in told["what"]


def test_grub_beside_another_server_needs_its_next_server():
    """GRUB reads the lease alone: https://github.com/rhboot/grub2/pull/87."""
    wire = DecidedWire(hardware(1, netboot={"ipxe": {"binary": "shimx64.efi"}}), mode="proxy")
    wire.others.append(other("10.10.200.7"))
    result = play(wire)
    assert problems(result) == [("um790-1, TFTP grub.cfg", "network")]
    assert "dhcp-boot=,,10.10.0.20" in result["problems"][0]["remedy"]


def test_grub_that_came_by_http_and_has_none_is_a_problem():
    result = play(DecidedWire(hardware(1, netboot={"ipxe": {"binary": "shimx64.efi"}})), client="uefi-http")
    assert "no module for HTTP" in result["problems"][0]["what"]


def test_other_server_has_the_machine_load_from_bootd_where_bootd_gives_no_dhcp():
    wire = DecidedWire(hardware(1), mode="off")
    wire.others.append(other("10.10.200.7", f"{URL}/{MAC.format(1).replace(':', '-')}/auto.ipxe"))
    result = play(wire, client="ipxe")
    assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "boots")
    wire.others[:] = [other("10.10.200.7", "evil.efi", "10.10.0.66")]
    assert ("um790-1, DHCP as uefi", "network") in problems(play(wire))


@pytest.mark.parametrize("file", ["http://[10.10.0.66/evil.efi", "http://\u2100/evil.efi"])
@pytest.mark.parametrize("mode", ["reservation", "off"])
def test_offer_of_a_url_that_is_none_is_a_problem_and_no_fault(file, mode):
    wire = DecidedWire(hardware(1), mode=mode)
    wire.others.append(other("10.10.200.7", file))
    assert ("um790-1, DHCP as uefi", "network") in problems(play(wire))


@pytest.mark.parametrize("stage", ["installed", "ready"])
def test_machine_that_is_installed_boots_its_disk_and_is_no_problem(stage):
    off = hardware(1, netboot={"allowPXE": False})
    result = play(DecidedWire(off, stage=stage), hardware(1))
    assert (result["problems"], result["machines"]["um790-1"]["verdict"]) == ([], "disk")
    result = play(DecidedWire(off), hardware(1))
    assert problems(result) == [("um790-1, DHCP as uefi", "inventory")]


def test_machine_that_waits_has_its_files_looked_at():
    wire = DecidedWire(hardware(1))
    wire.waits_for = "um790-2 (installing)"
    assert play(wire)["machines"]["um790-1"]["verdict"] == "waits"
    del wire.files["initrd.img"]
    assert problems(play(wire)) == [("um790-1, initrd initrd.img", "node")]


def test_name_of_another_program_that_loads_itself_is_a_loop():
    class Looping(DecidedWire):
        def decided(self, request, machine, *, again=False):
            decision = decide_in_mode(request, machine.nic, BOOTD.context, self.mode, to_proxy_port=again)
            return decision.reply

    wire = Looping(hardware(1, netboot={"ipxe": {"binary": "snponly.efi"}}))
    result = play(wire)
    assert "programs load each other in a loop" in result["problems"][0]["what"]


def test_secrets_of_the_object_are_in_no_message():
    document = hardware(1)
    document["spec"]["interfaces"][0]["netboot"]["osie"]["kernelParams"] = ["password=hidden-in-the-inventory"]
    result = play(DecidedWire(hardware(1)), document)
    assert "command line lacks password" in str(result["problems"])
    assert "hidden-in-the-inventory" not in str(result)


def test_secrets_of_a_url_are_in_no_message():
    document = hardware(1)
    url = "http://me:hidden-word@h/live?token=hidden-as-well"
    document["spec"]["interfaces"][0]["netboot"]["osie"]["kernelParams"] = [f"root=live:{url}"]
    result = play(DecidedWire(document))
    assert "http://h/live" in str(result)
    assert "hidden-" not in str(result)


def test_what_a_terminal_would_obey_is_in_no_message():
    wire = DecidedWire(hardware(1))
    wire.others.append(other("10.10.200.7", "evil\x1b[2J\nok"))
    found = play(wire)
    assert "evil\\x1b[2J\\nok" in "".join(found["table"])
    assert all(text.isprintable() for text in (*found["table"], *(item["what"] for item in found["problems"])))


def test_table_has_columns():
    lines = play(DecidedWire(hardware(1)))["table"]
    at = lines[0].index("what")
    assert all(line[at - 2 : at] == "  " and line[at] != " " for line in lines)


def test_object_without_a_card_is_a_problem():
    document = hardware(7)
    del document["spec"]["interfaces"][0]["dhcp"]["mac"]
    assert problems(play(DecidedWire(hardware(1)), document)) == [("um790-7, the object", "inventory")]


def test_fault_in_what_is_done_once_is_everybody_s():
    once = Once()
    for _unused in range(2):
        with pytest.raises(KeyError):
            once.get("x", lambda: {}["x"])
    assert [once.get("y", lambda: 1), once.get("y", lambda: 2)] == [(1, True), (1, False)]


@pytest.mark.parametrize(("seen", "kind"), [("bios", "bios"), ("uefi", "uefi"), ("", "uefi")])
def test_machine_without_an_architecture_boots_as_its_firmware_was_seen(seen, kind):
    document = hardware(1, dhcp={"arch": "", "uefi": None})
    known = [{"name": "um790-1", "mac": MAC.format(1), "firmware": seen}]
    assert intent.intended(document, "auto", known, Where()).kind == kind
