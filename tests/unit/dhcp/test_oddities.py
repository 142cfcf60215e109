# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that are not as they say: what each row of the table changes, and that no program is sent in a circle."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from _bootd.decisions.boot import Program
from _bootd.decisions.boot_chains import names_ipxe
from _bootd.decisions.events import BootFile, Event, Script
from _bootd.decisions.oddities import ODDITIES, oddity_of
from _bootd.dhcp import options as opt
from _bootd.dhcp.handler import Handler
from _bootd.dhcp.packet import Packet, decode, encode, identify
from _bootd.dhcp.programs_told import MAX_MACHINES, SECONDS, ProgramsTold, Told
from _bootd.dhcp.reply import BootOffer, boot_offer
from _bootd.hardware.model import Machine, Netboot, Nic
from samples.dhcp_messages import BIOS, CONTEXT, HTTP_BOOT, IPXE, MAC, PATH, SCRIPT, UEFI, message, nic

PI_MAC = "dc:a6:32:01:02:03"
# As the boot ROM of a Raspberry Pi 4 asks: https://github.com/raspberrypi/firmware/issues/1928.
PI = {opt.VENDOR_CLASS: b"PXEClient:Arch:00000:UNDI:002001", opt.CLIENT_ARCHITECTURE: b"\0\0"}
# An iPXE ROM for BIOS without HTTP, as VirtualBox has one: TFTP (21), DNS (23) and PXE (33) are all that it lists.
ROM = BIOS | {opt.USER_CLASS: b"iPXE", opt.IPXE: bytes((21, 1, 1, 23, 1, 1, 33, 1, 1))}
GPXE = BIOS | {opt.USER_CLASS: b"gPXE", opt.IPXE: bytes((19, 1, 1, 21, 1, 1))}
UNDIONLY = f"{PATH}/undionly.kpxe"
SCRIPT_BY_TFTP = f"{PATH}/autoexec.ipxe"


def offer(options: dict[int, bytes], where: Nic | None = None, **context: object) -> BootOffer:
    asked = identify(message(opt.DHCPDISCOVER, options))
    return boot_offer(where or nic(), asked, replace(CONTEXT, **context))


def test_each_row_has_a_source_that_can_be_looked_up_and_changes_something():
    for row in ODDITIES:
        assert row.source.startswith("https://")
        assert row.programs <= {program.name for program in Program}
        assert row.arch is not None or row.program_first


@pytest.mark.parametrize("program", [program for program in Program if program.name not in ("GPXE", "IPXE_BY_TFTP")])
@pytest.mark.parametrize("arches", [(), (0,), (7,), (9,), (11,), (16,)])
def test_a_machine_that_is_as_it_says_is_none(program, arches):
    assert oddity_of(program.name, arches, "58:47:ca:71:d8:49") is None


# A Raspberry Pi says that it is a PC.


def pi() -> Nic:
    return nic(mac=PI_MAC)


def test_raspberry_pi_is_given_no_program_of_pcs():
    got = offer(PI, pi())
    assert (got.file, got.reason) == ("", "there is no network boot program for Raspberry Pi boot ROM")
    assert offer(PI, pi(), arch_map={41: "start4.elf"}).file == "dc-a6-32-01-02-03/start4.elf"


def test_uefi_of_a_raspberry_pi_says_what_it_is():
    arm = UEFI | {opt.CLIENT_ARCHITECTURE: b"\0\x0b"}
    assert offer(arm, pi()).file == "dc-a6-32-01-02-03/ipxe-arm64.efi"


# iPXE that can't do what its script asks for is given one that can: once.


@pytest.mark.parametrize(("rom", "reason"), [(ROM, "iPXE that lists no HTTP"), (GPXE, "gPXE")])
def test_ipxe_that_can_not_is_given_a_program(rom, reason):
    got = offer(rom)
    assert (got.file, got.reason) == (UNDIONLY, f"{reason} loads undionly.kpxe")
    # Where that comes back unable, another one would do no better.
    assert offer(rom, has_program=True).file == SCRIPT_BY_TFTP


def test_ipxe_for_which_the_object_names_another_is_given_that():
    where = nic(netboot=Netboot(allow_pxe=True, ipxe_binary="ipxe.efi"))
    got = offer(IPXE, where)
    assert got.file == f"{PATH}/ipxe.efi"
    assert got.reason == "iPXE, for which netboot.ipxe.binary names another, loads ipxe.efi"
    assert offer(IPXE, where, has_program=True).file == SCRIPT


@pytest.mark.parametrize("rom", [ROM, GPXE])
def test_where_netboot_is_off_nobody_is_given_a_program(rom):
    assert offer(rom, nic(allow_pxe=False)).file == SCRIPT_BY_TFTP


class Boot:
    """A machine whose programs ask one after the other, each in transactions of its own."""

    def __init__(self, room: object) -> None:
        self.room = room
        self.handler = Handler(room.services)
        self.xid = 0

    def load(self) -> None:
        """Note that the machine was sent the program that it was told to load."""
        services = self.room.services
        sent = BootFile("undionly.kpxe", "tftp", 70000)
        services.journal.record(Event("default/um790-1", nic().interface.mac, services.clock(), sent))

    def ask(self, options: dict[int, bytes], *, retries: int = 1) -> str:
        """Ask for an address, each message ``retries`` times; return what the last reply names."""
        self.xid += 1
        told = {self._send(kind, options) for kind in (opt.DHCPDISCOVER, opt.DHCPREQUEST) for _try in range(retries)}
        assert len(told) == 1, "the answers of one transaction differ"
        return told.pop()

    def _send(self, kind: int, options: dict[int, bytes]) -> str:
        chosen = {opt.REQUESTED_ADDRESS: bytes((10, 10, 0, 16))} if kind == opt.DHCPREQUEST else {}
        out = self.handler.handle(encode(message(kind, options | chosen, xid=self.xid)), "0.0.0.0", "eth0")
        return decode(out.payload).file.decode()


def test_program_that_comes_back_unable_is_not_sent_again(bench):
    boot = Boot(bench(nic()))
    assert boot.ask(ROM) == UNDIONLY
    boot.load()
    for _again in range(5):
        assert boot.ask(ROM) == SCRIPT_BY_TFTP


@pytest.mark.parametrize("rom", [ROM, GPXE])
def test_program_that_is_able_gets_its_script(bench, rom):
    boot = Boot(bench(nic()))
    assert [boot.ask(rom), boot.ask(IPXE)] == [UNDIONLY, SCRIPT]


def test_rom_that_was_told_and_was_sent_nothing_is_told_again(bench):
    boot = Boot(bench(nic()))
    # TFTP failed, or the machine was reset: it is still the ROM that asks.
    assert [boot.ask(ROM) for _again in range(3)] == [UNDIONLY] * 3


def test_gpxe_is_never_what_was_told(bench):
    boot = Boot(bench(nic()))
    for _again in range(3):
        assert boot.ask(GPXE) == UNDIONLY
        boot.load()


def test_file_that_was_sent_before_it_was_told_does_not_count(bench):
    room = bench(nic())
    now = [1000.0]
    room.services = replace(room.services, clock=lambda: now[0])
    boot = Boot(room)
    boot.load()
    now[0] += 5.0
    assert [boot.ask(ROM), boot.ask(ROM)] == [UNDIONLY, UNDIONLY]
    now[0] += 5.0
    boot.load()
    assert boot.ask(ROM) == SCRIPT_BY_TFTP


# The object itself names the file, and another server has it.


@pytest.mark.parametrize("client", [UEFI, HTTP_BOOT])
@pytest.mark.parametrize("name", ["snponly.efi", "own.efi"])
def test_ipxe_that_the_object_names_is_not_sent_in_a_circle(bench, client, name):
    boot = Boot(bench(nic(tftp_server_name="10.10.0.5", boot_file_name=name)))
    assert [boot.ask(client), boot.ask(IPXE), boot.ask(IPXE)] == [name, SCRIPT, SCRIPT]
    assert [boot.ask(client), boot.ask(ROM)] == [name, SCRIPT_BY_TFTP]


def test_ipxe_in_a_rom_loads_the_ipxe_that_the_object_names_once(bench):
    boot = Boot(bench(nic(tftp_server_name="10.10.0.5", boot_file_name="boot/undionly.kpxe")))
    assert [boot.ask(IPXE), boot.ask(IPXE)] == ["boot/undionly.kpxe", SCRIPT]
    boot = Boot(bench(nic(tftp_server_name="10.10.0.5", boot_file_name="boot/undionly.kpxe")))
    assert [boot.ask(ROM), boot.ask(ROM)] == ["boot/undionly.kpxe", SCRIPT_BY_TFTP]


@pytest.mark.parametrize("name", ["pxelinux.0", "bootmgfw.efi", "http://10.10.0.5/menu.php", "own.ipxe"])
def test_what_the_object_names_that_is_no_ipxe_is_named_to_the_rom_each_time(bench, name):
    """A ROM that was reset must not be given the installer that its object does not ask for."""
    boot = Boot(bench(nic(tftp_server_name="10.10.0.5", boot_file_name=name)))
    assert [boot.ask(IPXE), boot.ask(IPXE), boot.ask(GPXE)] == [name] * 3


def test_ipxe_by_its_names():
    ours = ("ipxe.efi", "a/snponly.efi", "http://h/undionly.kpxe", "UNDIONLY.0", "ipxe-arm64.efi", "8086100e.kkpxe")
    assert all(names_ipxe(name) for name in ours)
    others = ("pxelinux.0", "lpxelinux.0", "gpxelinux.0", "grubx64.efi", "ipxe/pxelinux.0", "boot.ipxe?a=b", "")
    assert not any(names_ipxe(name) for name in others)


def test_messages_that_are_sent_again_get_the_same_answer(bench):
    boot = Boot(bench(nic()))
    # As two relays forward each, or a client asks that was not answered in time.
    told = boot.ask(ROM, retries=4)
    boot.load()
    assert [told, boot.ask(ROM, retries=4)] == [UNDIONLY, SCRIPT_BY_TFTP]


def test_program_that_firmware_loaded_is_not_loaded_again_by_itself(bench):
    boot = Boot(bench(nic(netboot=Netboot(allow_pxe=True, ipxe_binary="undionly.kpxe"))))
    assert [boot.ask(BIOS), boot.ask(IPXE), boot.ask(IPXE)] == [UNDIONLY, SCRIPT, SCRIPT]
    assert [boot.ask(BIOS), boot.ask(ROM)] == [UNDIONLY, SCRIPT_BY_TFTP]


def test_two_machines_do_not_count_for_each_other(bench):
    other = replace(nic(mac="58:47:ca:71:d8:4a", address="10.10.0.17").machine, name="um790-2")
    room = bench(nic(), Nic(other, other.interfaces[0]))
    boot = Boot(room)
    assert boot.ask(ROM) == UNDIONLY
    out = boot.handler.handle(encode(message(opt.DHCPDISCOVER, ROM, xid=99, mac="58:47:ca:71:d8:4a")), "0.0.0.0", "")
    assert decode(out.payload).file.decode() == "58-47-ca-71-d8-4a/undionly.kpxe"


def asked_by(mac: str = MAC, xid: int = 1) -> Packet:
    return message(opt.DHCPDISCOVER, ROM, mac=mac, xid=xid)


def test_programs_told_for_a_while():
    told = ProgramsTold()
    assert told.told(MAC, 2, 100.0) is None
    told.note(asked_by(), UNDIONLY, 100.0)
    told.note(asked_by(xid=3), SCRIPT, 100.0)
    told.note(asked_by(xid=3), "", 100.0)
    assert told.told(MAC, 2, 101.0) == Told(Program.IPXE_BY_TFTP, 1, 100.0)
    assert told.told(MAC, 1, 101.0) is None, "the same transaction"
    assert told.told(MAC, 2, 100.0 + SECONDS) is None
    assert told.told(MAC, 2, 99.0) is None, "the clock was set back"
    assert told.told(PI_MAC, 2, 101.0) is None


def test_machine_that_boots_anew_after_its_script_is_given_the_program_again(bench):
    room = bench(nic())
    boot = Boot(room)
    assert boot.ask(ROM) == UNDIONLY
    boot.load()
    assert boot.ask(ROM) == SCRIPT_BY_TFTP
    room.services.journal.record(
        Event("default/um790-1", nic().interface.mac, room.services.clock(), Script("x", "tftp"))
    )
    assert boot.ask(ROM) == UNDIONLY


@pytest.mark.parametrize("given_again", [True, False])
def test_programs_told_counts_a_script_that_was_only_given_again(bench, given_again):
    services = bench(nic()).services
    now = services.clock()
    told, script = ProgramsTold(), services.journal.repeated("default/um790-1", MAC, Script("x", "tftp"))
    services.journal.record_given(script, now - 2.0)
    told.note(asked_by(), UNDIONLY, now - 1.0)
    services.journal.record(Event("default/um790-1", MAC, now - 0.5, BootFile(UNDIONLY, "tftp", 1)))
    if given_again:
        services.journal.record_given(script, now)
    assert told.has_program(Program.IPXE_BY_TFTP, 2, nic(), services) is not given_again


def test_programs_told_is_bounded():
    told = ProgramsTold()
    for number in range(2 * MAX_MACHINES + 1):
        told.note(asked_by(str(number)), UNDIONLY, 0.0)
    assert told.told(str(MAX_MACHINES - 1), 2, 1.0) is None
    assert told.told(str(MAX_MACHINES), 2, 1.0) is not None
    assert len(told.last) == MAX_MACHINES + 1


# Firmware that trips over a colon: https://github.com/tinkerbell/tinkerbell/pull/306, and iPXE itself over one in a
# relative name: https://github.com/ipxe/ipxe/issues/554.


@pytest.mark.parametrize("allow_pxe", [True, False])
@pytest.mark.parametrize("client", [UEFI, BIOS, HTTP_BOOT, IPXE, ROM, GPXE])
def test_no_name_has_a_colon_and_no_url_but_before_its_port(client, allow_pxe):
    got = offer(client, nic(allow_pxe=allow_pxe))
    assert ":" not in re.sub(r"^https?://[0-9.]+:[0-9]+/", "", got.file)
    # Firmware that takes no port in a URL is served on port 80, where nothing is left.
    short = offer(client, nic(allow_pxe=allow_pxe), http_base="http://10.10.0.20").file
    assert ":" not in short.removeprefix("http:")


# A machine with several cards boots from any of them.


def test_machine_boots_from_its_second_card_as_from_its_first():
    first = nic(allow_pxe=False, mac="58:47:ca:71:d8:48", address="10.10.0.15").interface
    second = nic().interface
    machine = Machine("um790-1", interfaces=(first, second))
    assert offer(UEFI, Nic(machine, second)).file == f"{PATH}/snponly.efi"
    assert offer(IPXE, Nic(machine, second)).file == SCRIPT
    off = offer(IPXE, Nic(machine, first))
    assert (off.netboot, off.file) == (False, "http://10.10.0.20:7080/58-47-ca-71-d8-48/auto.ipxe")
