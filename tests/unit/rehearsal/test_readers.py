# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every script that bootd makes is read back as what it was made of; others are read, or said to be unreadable."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.boot import (
    BootContext,
    Chain,
    Contents,
    LocalDisk,
    Program,
    Script,
    Unusable,
    Wait,
    decide_script,
)
from _bootd.grub import render as grub
from _bootd.hardware.local_boot import How, LocalBoot
from _bootd.hardware.model import Interface, Machine, Netboot, Nic, Osie, machine_from_object
from _bootd.installers.kernel_boot import Initrd, KernelBoot
from _bootd.ipxe import render as ipxe
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal import grub_reader, intent, ipxe_reader
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.intent import (
    Bootd,
    Intended,
    command_line,
    names_of,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._rehearsal.reading import Leads, UnreadableScript
from samples import howto
from samples.documents import damaged_objects

MAC = "58:47:ca:71:d8:49"
BOOTD = Bootd("10.10.0.20", howto.SETTINGS.http_base)
MACHINE = Intended(Nic(Machine("um790-1"), Interface(MAC)), "uefi", 7)
BUILDS = st.sampled_from([("x86_64", "efi"), ("i386", "pcbios"), ("arm64", "efi")])

# What a URL or an argument of an object can be, as far as bootd takes it.
NAMES = st.text("abcXYZ019._-", min_size=1, max_size=12)
URLS = st.builds("http://{}/{}".format, st.sampled_from(["10.10.0.20:7080/images", "10.10.0.2", "h:8080/x"]), NAMES)
ARGUMENTS = st.lists(
    st.one_of(NAMES, st.builds("{}={}".format, NAMES, URLS), st.builds('{}="{} {}"'.format, NAMES, NAMES, NAMES)),
    max_size=5,
).map(tuple)
KERNELS = st.builds(
    KernelBoot,
    URLS,
    st.lists(st.builds(Initrd, URLS, NAMES), max_size=2).map(tuple),
    ARGUMENTS,
    st.sampled_from(["", "this system starts on UEFI only"]),
    st.sampled_from(["", "x86_64", "aarch64"]),
)


def by_ipxe(decision, build="x86_64", platform="efi"):
    return ipxe_reader.read(ipxe.render(decision, MAC, howto.SETTINGS), build, platform)


def by_grub(decision, via="tftp", cpu="x86_64", platform="efi"):
    return grub_reader.read(grub.render(decision, MAC, howto.SETTINGS, via), cpu, platform)


def leads_to(boots: KernelBoot, build: str, platform: str) -> Leads:
    """What a machine comes to on which the program runs."""
    fits = {"": True, "x86_64": build in ("x86_64", "i386"), "aarch64": build == "arm64"}[boots.cpu]
    if not fits:
        return Leads.CHAIN
    return Leads.STUCK if boots.efi_only and platform != "efi" else Leads.KERNEL


@given(boots=KERNELS, where=BUILDS)
def test_kernel_in_a_script_of_ipxe_is_read_back(boots, where):
    found = by_ipxe(Script("um790-1 boots", boots, "x"), *where)
    assert (found.leads, found.reason) == (leads_to(boots, *where), "um790-1 boots")
    if found.leads is Leads.KERNEL:
        assert (found.kernel, *found.initrds) == names_of(MACHINE, boots, intent.Program.IPXE, "http", BOOTD)
        assert found.arguments == command_line(boots, intent.Program.IPXE)
    if found.leads is Leads.CHAIN:
        assert found.url == f"{BOOTD.http_base}/{MACHINE.path}/auto.ipxe?arch={where[0]}"


@given(boots=KERNELS, where=BUILDS, via=st.sampled_from(["tftp", "http"]))
def test_kernel_in_a_configuration_of_grub_is_read_back(boots, where, via):
    platform = "efi" if where[1] == "efi" else "pc"
    found = by_grub(Script("um790-1 boots", boots, "x"), via, where[0], platform)
    assert (found.leads, found.reason) == (leads_to(boots, where[0], platform), "um790-1 boots")
    if found.leads is Leads.KERNEL:
        names = map(grub_reader.url_of, names_of(MACHINE, boots, intent.Program.GRUB, via, BOOTD))
        assert (found.kernel, *found.initrds) == tuple(names)
        assert found.arguments == command_line(boots, intent.Program.GRUB)


@pytest.mark.parametrize("read", [by_ipxe, by_grub])
@pytest.mark.parametrize(
    ("decision", "leads", "says"),
    [
        (Wait("waits for um790-1", "um790-1"), Leads.WAIT, "waits for um790-1"),
        (Script("it may not", LocalDisk(), "local"), Leads.DISK, "it may not"),
        (Script("it may", Unusable("netboot.osie.kernel is none"), "x"), Leads.STUCK, "netboot.osie.kernel is none"),
    ],
)
def test_script_that_boots_no_kernel_says_where_it_leads(read, decision, leads, says):
    found = read(decision)
    assert found.leads is leads
    assert says in found.says


@pytest.mark.parametrize("how", [How.EXIT, How.SANBOOT, How.DEFAULT])
@pytest.mark.parametrize("platform", ["efi", "pcbios"])
def test_every_way_to_the_disk_leads_there(how, platform):
    decision = Script("it may not", LocalDisk(LocalBoot(how)), "local")
    assert by_ipxe(decision, platform=platform).leads is Leads.DISK


def test_script_elsewhere_is_where_it_chains_to():
    found = by_ipxe(Script("it boots", Chain("http://10.10.0.2/boot.ipxe?x=1"), "chain"))
    assert (found.leads, found.url) == (Leads.CHAIN, "http://10.10.0.2/boot.ipxe?x=1")


def test_script_of_a_user_is_followed_as_far_as_its_commands_are_known():
    known = "#!ipxe\nset base http://h/x\nkernel ${base}/vmlinuz a=${base} ||\ninitrd ${base}/initrd\nboot\n"
    found = by_ipxe(Script("it boots", Contents(known), "contents"))
    assert (found.leads, found.kernel, found.initrds) == (Leads.KERNEL, "http://h/x/vmlinuz", ("http://h/x/initrd",))
    assert found.arguments == "a=http://h/x"
    with pytest.raises(UnreadableScript, match="line 2: the command menu"):
        by_ipxe(Script("it boots", Contents("#!ipxe\nmenu a menu\n"), "contents"))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("", "does not begin"),
        ("<html>", "does not begin"),
        ("#!ipxe\n:again\ngoto again\n", "comes to no end"),
        ("#!ipxe\niseq 1 2\n", "line 2 by an error"),
        ("#!ipxe\ngoto nowhere\n", "line 2 by an error"),
        ("#!ipxe\ninc\n", "line 2 by an error"),
        (f"#!ipxe\nset x {'9' * 5000}\ninc x\n", "line 3 by an error"),
        ("#!ipxe\nset x xx\n:again\nset x ${x}${x}\ngoto again\n", "more than 65536 characters"),
    ],
)
def test_script_that_leads_nowhere_is_unreadable(script, why):
    with pytest.raises(UnreadableScript, match=why):
        ipxe_reader.read(script, "x86_64", "efi")


@given(st.text(max_size=200))
def test_any_text_is_read_or_unreadable(text):
    for read in (
        lambda: ipxe_reader.read(f"#!ipxe\n{text}", "x86_64", "efi"),
        lambda: grub_reader.read(f"set bootd_answer=y\n{text}", "x86_64", "efi"),
    ):
        try:
            read()
        except UnreadableScript:
            continue


@pytest.mark.parametrize("line", ["if linux ; then", 'if linux x; then\nif [ "$grub_platform" != efi ]; then'])
def test_half_a_configuration_of_grub_is_read(line):
    assert grub_reader.read(f"set bootd_answer=y\n{line}\n", "x86_64", "pc").kernel in ("", "x")


@given(document=damaged_objects(), program=st.sampled_from([Program.IPXE, Program.GRUB]))
def test_whatever_an_object_holds_its_own_script_is_read(document, program):
    machine = machine_from_object(document)
    for interface in machine.interfaces:
        on = replace(interface, netboot=replace(interface.netboot, allow_pxe=True, ipxe_contents=""))
        decision = decide_script(Nic(machine, on), BootContext.of(howto.SETTINGS), program)
        (by_grub if program is Program.GRUB else by_ipxe)(decision)


def test_objects_of_the_howto_are_read_too():
    nic = howto.nic(Netboot(True, osie=Osie("http://10.10.0.2/harvester")))
    found = by_ipxe(decide_script(nic, BootContext.of(howto.SETTINGS)))
    assert found.leads is Leads.KERNEL
    assert found.kernel.endswith("vmlinuz-amd64")
