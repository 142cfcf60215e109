# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine gets that asks for something to boot: the cells of who asks, for what, and what its object says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from _bootd.decisions.boot import (
    Asked,
    BootContext,
    BootFile,
    Chain,
    Contents,
    Decision,
    LocalDisk,
    Program,
    Refusal,
    Script,
    Unusable,
    Wait,
    Wants,
    decide,
)
from _bootd.hardware.model import Netboot, Nic, Osie, machine_from_object
from _bootd.installers.kernel_boot import Initrd, KernelBoot
from samples.dhcp_messages import MAC, PATH, SCRIPT, nic
from samples.documents import damaged_objects

HTTP = "http://10.10.0.20:7080"
CONTEXT = BootContext(HTTP)
UEFI, BIOS, BY_HTTP = (7,), (0,), (16,)
NO_URL = Unusable("netboot.ipxe.url is no http, https, ftp or tftp URL of plain characters")
OFF = "netboot is off for um790-1: netboot.allowPXE is false"


def get(
    wants: Wants, program: Program, arches: tuple[int, ...] = (), where: Nic | None = None, **more: str
) -> Decision:
    context = replace(CONTEXT, **{name: more.pop(name) for name in ("waits_for", "configuration_url") if name in more})
    return decide(where or nic(), Asked(wants, program, arches, **more), context)


@pytest.mark.parametrize(
    ("program", "arches", "decision"),
    [
        (Program.PXE, UEFI, BootFile("PXE loads snponly.efi", "snponly.efi", tftp_name=f"{PATH}/snponly.efi")),
        (
            Program.PXE,
            BIOS,
            BootFile("PXE loads undionly.kpxe", "undionly.kpxe", tftp_name=f"{PATH}/undionly.kpxe"),
        ),
        (Program.PXE, (6, 7), BootFile("PXE loads snponly.efi", "snponly.efi", tftp_name=f"{PATH}/snponly.efi")),
        (
            Program.HTTP,
            BY_HTTP,
            BootFile("UEFI HTTP boot loads snponly.efi", "snponly.efi", f"{HTTP}/ipxe/{PATH}/snponly.efi"),
        ),
        (Program.PXE, (6,), Refusal("there is no network boot program for x86 UEFI", netboot=True)),
        (Program.HTTP, (15,), Refusal("there is no network boot program for x86 UEFI over HTTP", netboot=True)),
        (
            Program.PXE,
            (),
            Refusal("there is no network boot program for a client that names no architecture", netboot=True),
        ),
        (Program.IPXE, UEFI, BootFile("um790-1 boots the kernel of netboot.osie", "auto.ipxe", SCRIPT)),
        # One that lists no HTTP is given one that has it, as the usual set-up for the iPXE of network cards does.
        (
            Program.IPXE_BY_TFTP,
            BIOS,
            BootFile("iPXE that lists no HTTP loads undionly.kpxe", "undionly.kpxe", tftp_name=f"{PATH}/undionly.kpxe"),
        ),
        # Where there is none for it, its script goes by TFTP.
        (
            Program.IPXE_BY_TFTP,
            (6,),
            BootFile("um790-1 boots the kernel of netboot.osie", "autoexec.ipxe", tftp_name=f"{PATH}/autoexec.ipxe"),
        ),
        (Program.OS, (), Refusal("an operating system gets its lease, and nothing to boot", netboot=True)),
    ],
)
def test_decide_what_to_load(program, arches, decision):
    assert get(Wants.NEXT, program, arches) == decision


@pytest.mark.parametrize(
    ("program", "arches", "decision"),
    [
        (Program.PXE, UEFI, Refusal(OFF)),
        (Program.PXE, (6,), Refusal(OFF)),
        (Program.HTTP, BY_HTTP, Refusal(OFF, url=f"{HTTP}/ipxe/{PATH}/snponly.efi")),
        (Program.IPXE, UEFI, BootFile(OFF, "auto.ipxe", SCRIPT, netboot=False)),
        (
            Program.IPXE_BY_TFTP,
            UEFI,
            BootFile(OFF, "autoexec.ipxe", netboot=False, tftp_name=f"{PATH}/autoexec.ipxe"),
        ),
        (Program.OS, (), Refusal("an operating system gets its lease, and nothing to boot")),
    ],
)
def test_decide_what_to_load_where_netboot_is_off(program, arches, decision):
    assert get(Wants.NEXT, program, arches, nic(allow_pxe=False)) == decision


def test_decide_what_the_object_names_goes_before_all_else():
    where = nic(allow_pxe=None, tftp_server_name="tftp.example.org", boot_file_name="pi/start4.elf")
    for program in Program:
        decision = get(Wants.NEXT, program, UEFI, where)
        assert (decision.name, decision.tftp_name, decision.server, decision.url) == (
            "pi/start4.elf",
            "pi/start4.elf",
            "tftp.example.org",
            "",
        )


@pytest.mark.parametrize("program", [Program.PXE, Program.HTTP])
def test_decide_file_by_name_means_the_same_on_tftp_and_http(program):
    assert get(Wants.FILE, program, name="grub/grub.cfg").name == "grub/grub.cfg"
    assert get(Wants.FILE, program, where=nic(allow_pxe=False), name="ipxe.efi") == Refusal(OFF)


@pytest.mark.parametrize("wants", Wants)
def test_decide_unknown_client_gets_nothing_and_is_named(wants):
    decision = decide(None, Asked(wants, Program.PXE, UEFI, "ipxe.efi", "192.0.2.7"), CONTEXT)
    assert decision == Refusal("no Hardware object has 192.0.2.7", missing=True)


@pytest.mark.parametrize(
    ("netboot", "kind", "boots"),
    [
        (Netboot(True, ipxe_contents="#!ipxe\nshell"), "netboot.ipxe.contents", Contents("#!ipxe\nshell")),
        (Netboot(True, ipxe_url="http://h/x.ipxe"), "netboot.ipxe.url", Chain("http://h/x.ipxe")),
        (
            Netboot(True, osie=Osie("http://h", kernel_params=("quiet",))),
            "netboot.osie",
            KernelBoot(
                "http://h/vmlinuz-x86_64",
                (Initrd("http://h/initramfs-x86_64", "initramfs-x86_64"),),
                ("initrd=initramfs-x86_64", "quiet"),
                cpu="x86_64",
            ),
        ),
        (Netboot(True, ipxe_url="h"), "netboot.ipxe.url", NO_URL),
        (Netboot(True), "local disk", LocalDisk()),
        (Netboot(False, ipxe_url="http://h/x.ipxe"), "local disk", LocalDisk()),
    ],
)  # fmt: skip
def test_decide_script(netboot, kind, boots):
    decision = get(Wants.SCRIPT, Program.IPXE, where=nic(netboot=netboot))
    assert isinstance(decision, Script)
    assert (decision.kind, decision.boots) == (kind, boots)


def test_decide_script_of_a_machine_that_has_to_wait():
    assert get(Wants.SCRIPT, Program.IPXE, waits_for="a (known)") == Wait("waits for a (known)", "a (known)")
    # Neither the disk nor a boot program is anything to wait for.
    off = get(Wants.SCRIPT, Program.IPXE, where=nic(allow_pxe=False), waits_for="a (known)")
    assert isinstance(off, Script)
    assert get(Wants.NEXT, Program.PXE, UEFI, waits_for="a (known)").name == "snponly.efi"


@given(damaged_objects())
def test_decide_never_raises(document):
    machine = machine_from_object(document)
    for interface in machine.interfaces:
        for program in Program:
            for wants in Wants:
                decision = decide(Nic(machine, interface), Asked(wants, program, UEFI, "ipxe.efi", MAC), CONTEXT)
                assert decision.reason
