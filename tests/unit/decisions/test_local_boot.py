# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to the disk: what each word of the annotation makes of what firmware, iPXE, TFTP and HTTP are told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from _bootd.decisions.boot import (
    Asked,
    BootContext,
    BootFile,
    Decision,
    Program,
    Refusal,
    Script,
    Wait,
    Wants,
    decide,
    decide_script,
)
from _bootd.decisions.boot_programs import wanted_programs
from _bootd.dhcp import options as opt
from _bootd.dhcp.packet import identify
from _bootd.dhcp.reply import BootOffer, boot_offer
from _bootd.hardware.local_boot import PATH as ANNOTATION
from _bootd.hardware.local_boot import How, LocalBoot, parse_local_boot
from _bootd.hardware.manifest import Document
from _bootd.hardware.model import Nic, is_as_written, machine_from_object
from _bootd.ipxe.render import render
from _bootd.stores.catalog import Catalog
from _bootd.tftp import decide as tftp
from _bootd.tftp.packet import ErrorCode, Request
from _bootd.validation.objects import check_document
from samples import howto
from samples.dhcp_messages import CONTEXT, HTTP_BOOT, IPXE, PATH, SCRIPT, UEFI, message, nic

OFF = "netboot is off for um790-1: netboot.allowPXE is false"
FILE = f"{PATH}/snponly.efi"
URL = f"http://10.10.0.20:7080/ipxe/{FILE}"
BOOT = BootContext("http://10.10.0.20:7080")
WORDS = ["menu", "exit", "sanboot", "sanboot:0x81", "404", "lease"]


def off(word: str, *, allow_pxe: bool = False) -> Nic:
    """The interface of a machine whose netboot is off, and that has ``word`` in its annotation."""
    there = nic(allow_pxe=allow_pxe)
    way = parse_local_boot(word)
    assert way is not None
    return Nic(replace(there.machine, local_boot=way), there.interface)


def offer(options: dict[int, bytes], word: str) -> BootOffer:
    return boot_offer(off(word), identify(message(opt.DHCPDISCOVER, options)), CONTEXT)


def get(wants: Wants, word: str, *, allow_pxe: bool = False) -> Decision:
    program = Program.IPXE if wants is Wants.SCRIPT else Program.HTTP
    return decide(off(word, allow_pxe=allow_pxe), Asked(wants, program, (16,), "snponly.efi"), BOOT)


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("", LocalBoot()),
        ("exit", LocalBoot(How.EXIT)),
        (" Menu ", LocalBoot(How.MENU)),
        ("404", LocalBoot(How.NOT_FOUND)),
        ("lease", LocalBoot(How.LEASE)),
        ("sanboot", LocalBoot(How.SANBOOT)),
        ("sanboot:0x81", LocalBoot(How.SANBOOT, 0x81)),
        ("sanboot:0X8A", LocalBoot(How.SANBOOT, 0x8A)),
        ("sanboot:1", None),
        ("sanboot:0x00", None),
        ("exit 1", None),
        ("disk", None),
    ],
)
def test_parse_local_boot(text, way):
    assert parse_local_boot(text) == way
    assert way is None or parse_local_boot(str(way)) == way


# What DHCP says: (file, whether the reply has the vendor class of a boot server, option 43).


@pytest.mark.parametrize("word", ["", "menu"])
def test_pxe_firmware_gets_the_menu(word):
    got = offer(UEFI, word)
    assert (got.file, got.netboot) == ("", False)
    assert opt.sub_options(got.options[opt.VENDOR_SPECIFIC])[opt.PXE_BOOT_MENU].endswith(b"local disk")


@pytest.mark.parametrize("word", ["exit", "sanboot", "404"])
@pytest.mark.parametrize(("firmware", "file"), [(UEFI, FILE), (HTTP_BOOT, URL)])
def test_firmware_is_told_to_load_a_file(word, firmware, file):
    got = offer(firmware, word)
    assert (got.file, got.netboot) == (file, False)
    assert opt.PXE_BOOT_MENU not in opt.sub_options(got.options.get(opt.VENDOR_SPECIFIC, b""))
    assert got.reason == f"{OFF}, and its way to the disk is {word}"


@pytest.mark.parametrize("client", [UEFI, HTTP_BOOT])
def test_lease_is_nothing_but_an_address(client):
    got = offer(client, "lease")
    assert (got.file, got.server, got.options, got.netboot) == ("", "", {}, False)


def test_lease_leaves_ipxe_without_a_file_and_without_a_wait_for_one():
    got = offer(IPXE, "lease")
    assert (got.file, got.server) == ("", "")
    assert opt.sub_options(got.options[opt.IPXE]) == {opt.IPXE_NO_PXEDHCP: b"\1"}


@pytest.mark.parametrize("word", ["", "menu", "exit", "sanboot", "404"])
def test_ipxe_always_asks_for_its_script(word):
    assert (offer(IPXE, word).file, offer(IPXE, word).netboot) == (SCRIPT, False)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("client", [UEFI, HTTP_BOOT, IPXE])
def test_a_machine_that_may_netboot_does_so_whatever_its_way_to_the_disk(word, client):
    there = identify(message(opt.DHCPDISCOVER, client))
    assert boot_offer(off(word, allow_pxe=True), there, CONTEXT) == boot_offer(nic(), there, CONTEXT)
    assert get(Wants.SCRIPT, word, allow_pxe=True) == get(Wants.SCRIPT, "", allow_pxe=True)
    assert get(Wants.FILE, word, allow_pxe=True) == get(Wants.FILE, "", allow_pxe=True)


# What TFTP and HTTP say to who asks for the file and the script.


@pytest.mark.parametrize("word", ["", "menu", "lease"])
def test_file_is_refused(word):
    assert get(Wants.FILE, word) == Refusal(OFF + (f", and its way to the disk is {word}" if word else ""))


def test_file_is_not_there():
    reason = f"{OFF}, and its way to the disk is 404"
    assert get(Wants.FILE, "404") == get(Wants.SCRIPT, "404") == Refusal(reason, missing=True)


@pytest.mark.parametrize("word", ["exit", "sanboot", "sanboot:0x81"])
def test_file_is_sent_where_ipxe_boots_the_disk(word):
    reason = f"{OFF}, and its way to the disk is {word}"
    assert get(Wants.FILE, word) == BootFile(reason, "snponly.efi", netboot=False)


def test_grub_is_never_refused_its_configuration_which_would_leave_it_at_its_prompt():
    there = off("404")
    assert decide(there, Asked(Wants.SCRIPT, Program.GRUB), BOOT) == decide_script(there, BOOT, Program.GRUB)


def script_for(there: Nic, _program: Program, _cpu: str) -> tuple[Script | Wait, str]:
    return decide_script(there, BOOT), "#!ipxe\n"


def test_tftp_says_that_it_is_not_there():
    catalog = Catalog()
    for name in ("snponly.efi", "autoexec.ipxe"):
        for word, code in (("404", ErrorCode.NOT_FOUND), ("menu", ErrorCode.ACCESS_VIOLATION)):
            machine = off(word).machine
            catalog.replace([machine])
            request = Request(f"{PATH}/{name}")
            found = tftp.decide(request, "", catalog, BOOT, script_for, str)
            if word == "404" or name != "autoexec.ipxe":
                assert isinstance(found, tftp.Refuse) and found.code is code
            else:
                assert isinstance(found, tftp.ServeScript)


# The script.


def script(word: str) -> list[str]:
    """The lines of the script, without those it shows."""
    there = off(word)
    text = render(decide_script(there, BOOT), there.interface.mac, howto.SETTINGS)
    return [line for line in text.splitlines()[1:] if not line.startswith("echo")]


DEFAULT = ["iseq ${platform} efi && exit 1 ||", "sanboot --no-describe --drive 0x80 || exit 1"]


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("", DEFAULT),
        ("menu", DEFAULT),
        ("exit", ["exit 1"]),
        # iPXE on UEFI numbers disks since 2020; there 0 is the first that has a boot loader.
        (
            "sanboot",
            [
                "set drive 0x80",
                "iseq ${platform} efi && set drive 0 ||",
                "sanboot --no-describe --drive ${drive} || exit 1",
            ],
        ),
        ("sanboot:0x81", ["set drive 0x81", "sanboot --no-describe --drive ${drive} || exit 1"]),
    ],
)
def test_script(word, lines):
    assert script(word) == lines


def test_boot_programs_that_are_needed_to_boot_a_disk_are_told_at_start():
    machines = [replace(off("exit").machine, name="a"), replace(off("menu").machine, name="b")]
    interface = replace(machines[0].interfaces[0], arch="x86_64", uefi=True)
    machines = [replace(machine, interfaces=(interface,)) for machine in machines]
    assert [(item.name, item.machines) for item in wanted_programs(machines, {}, {})] == [("snponly.efi", ("a",))]


# The object.


def hardware(text: object) -> dict[str, object]:
    annotations = {ANNOTATION.removeprefix("metadata.annotations."): text}
    document = yaml.safe_load(howto.HARDWARE)
    return {**document, "metadata": {**document["metadata"], "annotations": annotations}}


@pytest.mark.parametrize("word", ["", *WORDS])
def test_object_with_a_word(word):
    document = hardware(word)
    machine = machine_from_object(document)
    assert str(machine.local_boot) == word
    assert is_as_written(document, machine)
    assert not [problem for problem in check_document(Document(document)) if problem.path == ANNOTATION]


def test_object_with_another_word_is_served_by_default_and_told():
    document = hardware("disk")
    machine = machine_from_object(document)
    assert machine.local_boot == LocalBoot()
    assert not is_as_written(document, machine)
    (problem,) = (problem for problem in check_document(Document(document)) if problem.path == ANNOTATION)
    assert problem.message == "should be one of menu, exit, sanboot, 404, lease, or sanboot:0x81 for the second disk"
    assert not problem.note
