# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configurations: what they do when things go well and when they fail, and that no value can change them."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.boot import BootContext, LocalDisk, Program, Script, Unusable, Wait, decide_script
from _bootd.grub.render import render
from _bootd.hardware.cpu import cpu_of_build
from _bootd.hardware.model import Machine, Netboot, Nic, Osie, machine_from_object
from _bootd.installers.kernel_boot import Initrd, KernelBoot
from clients import grub_interpreter
from programs.require import require
from samples import howto
from samples.documents import damaged_objects

MAC = "58:47:ca:71:d8:49"
OWN = "(tftp,10.10.0.20)/58-47-ca-71-d8-49/"
BY_HTTP = "(http,10.10.0.20:7080)/58-47-ca-71-d8-49/"
RELEASE = "v1.2.0/harvester-v1.2.0"
# Where Debian 12's signed GRUB, which has no HTTP, can reach them.
IMAGES = Netboot(True, osie=Osie(base_url="http://10.10.0.20:7080/images"))
LINUX = [
    f"{OWN}images/{RELEASE}-vmlinuz-amd64",
    f"root=live:http://10.10.0.20:7080/images/{RELEASE}-rootfs-amd64.squashfs",
    *("rd.cos.disable", "rd.noverifyssl", "net.ifnames=1", "console=tty1", "harvester.install.automatic=true"),
    *("ip=dhcp", "harvester.install.config_url=http://bootstrap.sienarfleet.systems/harvester/config-create.yaml"),
]


def configuration(nic: Nic | None = None, via: str = "tftp", cpu: str = "") -> str:
    nic = nic or howto.nic(IMAGES)
    decision = decide_script(nic, replace(BootContext.of(howto.SETTINGS), cpu=cpu), Program.GRUB)
    return render(decision, nic.interface.mac, howto.SETTINGS, via)


def text_of(decision: Script | Wait, via: str = "tftp") -> str:
    return render(decision, MAC, howto.SETTINGS, via)


@pytest.fixture
def run(tmp_path):
    require("bash")
    return partial(grub_interpreter.run, directory=tmp_path)


def told(done: grub_interpreter.Run) -> list[str]:
    """What bootd is told, without the URLs."""
    names = [words[0].partition("phone-home?event=")[2] for words in done.of("cat")]
    return [name.partition("&url=")[0].partition("&uuid")[0].partition("&message")[0] for name in names]


def test_kernel_and_initrd_come_by_tftp_and_are_told(run):
    done = run(configuration())
    assert done.of("linux") == [LINUX]  # without initrd=, by which iPXE's kernels find theirs
    assert done.of("initrd") == [[f"{OWN}images/{RELEASE}-initrd-amd64"]]
    assert told(done) == ["facts", "loaded&role=kernel", "loaded&role=initrd"]
    assert (done.end, done.slept) == (["boot"], [])


def test_facts_are_what_smbios_tells(run):
    done = run("smbios() { set $6=S; }\n" + configuration())
    facts = "uuid=S&platform=efi&buildarch=x86_64&manufacturer=S&product=S&serial=S"
    assert done.of("cat")[0] == [f"{OWN}phone-home?event=facts&{facts}"]


def test_grub_that_came_by_http_has_all_by_http(run):
    done = run(configuration(via="http"))
    assert done.of("linux")[0][0] == f"(http,10.10.0.20:7080)/images/{RELEASE}-vmlinuz-amd64"
    assert {words[0].partition("phone-home")[0] for words in done.of("cat")} == {BY_HTTP}
    # Its names are URLs, and a product may have spaces.
    assert "serial" not in configuration(via="http")
    assert run(configuration(via="http"), failing=["linux"]).of("source")[0] == [f"{BY_HTTP}grub.cfg-cpu-x86_64"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://10.10.0.2/linux", "(http,10.10.0.2)/linux"),
        ("http://10.10.0.2:8080/a%20b/linux?x=1&y=2", "(http,10.10.0.2:8080)/a%20b/linux?x=1&y=2"),
        ("tftp://10.10.0.2/linux", "(tftp,10.10.0.2)/linux"),
        ("http://10.10.0.20:7080/images/a%20b/linux", f"{OWN}images/a b/linux"),
        ("http://10.10.0.20:7080/imagesque/linux", "(http,10.10.0.20:7080)/imagesque/linux"),
        ("http://h/it's/$x/(linux)", "(http,h)/it's/$x/(linux)"),
    ],
)
def test_urls_as_grub_names_files(run, url, name):
    boots = KernelBoot(url, (Initrd(url, "i"), Initrd(url, "j")), ())
    done = run(text_of(Script("it boots", boots, "netboot.osie")))
    assert (done.of("linux"), done.of("initrd")) == ([[name]], [[name, name]])


@pytest.mark.parametrize(("role", "others"), [("linux", []), ("initrd", ["loaded&role=kernel"])])
def test_load_that_fails_is_tried_five_times_told_and_then_asked_again(run, role, others):
    done = run(configuration(), failing=[role], sourced="boot")
    kind = {"linux": "kernel", "initrd": "initrd"}[role]
    assert len(done.of(role)) == 5
    assert done.slept == [2, 6, 10, 14, 30]
    assert told(done) == ["facts", *others, *[f"error&role={kind}"] * 5]
    assert done.of("source") == [[f"{OWN}grub.cfg-cpu-x86_64"]]
    assert done.end == ["boot"]


def test_boot_that_fails_is_told_and_asked_again(run):
    done = run(configuration(), failing=["boot"], sourced="echo again; boot; reboot")
    assert told(done)[-1] == "error&role=boot"
    assert (done.slept, done.echoed[-1], done.end) == ([30], "again", ["reboot"])


def test_what_is_out_of_reach_of_a_grub_without_http_is_told_where_it_fails(run):
    elsewhere = configuration(howto.nic())
    done = run(elsewhere, failing=["linux"], sourced="boot")
    assert done.echoed.count("bootd: the kernel could not be loaded: has this GRUB a module for http?") == 5
    assert "message=the%20kernel%20could%20not" in done.of("cat")[-1][0]
    assert "bootd: what is below http://10.10.0.20:7080/images/ comes by TFTP" in done.echoed
    assert not [line for line in run(elsewhere).echoed if "module" in line]
    assert "module" not in configuration(howto.nic(), via="http")


def test_reports_that_fail_stop_nothing(run):
    done = run(configuration(), failing=["cat", "smbios"])
    assert (done.end, done.slept) == (["boot"], [])


@pytest.mark.parametrize(
    "netboot", [Netboot(True, ipxe_contents="#!ipxe\nshell\n"), Netboot(True, ipxe_url="http://h/x")]
)
def test_scripts_for_ipxe_boot_nothing_and_say_so(run, netboot):
    done = run(configuration(howto.nic(netboot)), sourced="boot")
    assert any("a script for iPXE, and GRUB can not run it" in line for line in done.echoed)
    assert (told(done), done.of("linux"), done.slept) == (["error&role=script"], [], [30])
    assert "message=" in done.of("cat")[0][0]
    assert "shell" not in " ".join(done.echoed)


def test_https_is_refused_by_name(run):
    nic = howto.nic(Netboot(True, osie=Osie(base_url="https://h")), operating_system={})
    assert (
        "bootd: the kernel is at a URL of https, and GRUB loads by http and tftp only"
        in run(configuration(nic), sourced="boot").echoed
    )


@pytest.mark.parametrize(
    ("argument", "word"),
    [
        ('a="b c"', "a=b c"),  # GRUB writes "a=b c", which is the same to the kernel
        ('"a=b c"', "a=b c"),
        ("a=b", "a=b"),
        ("a=$b;*?", "a=$b;*?"),
    ],
)
def test_kernel_arguments_are_words(run, argument, word):
    nic = howto.nic(replace(IMAGES, osie=replace(IMAGES.osie, kernel_params=(argument,))), operating_system={})
    assert run(configuration(nic)).of("linux")[0][1:] == [word]


@pytest.mark.parametrize("argument", ['a=b"c d"', "a='b'", 'a="b\\"c"', "a=\\b", '"a b"c"'])
def test_kernel_arguments_that_grub_would_change_are_refused(run, argument):
    nic = howto.nic(replace(IMAGES, osie=replace(IMAGES.osie, kernel_params=(argument,))), operating_system={})
    done = run(configuration(nic), sourced="boot")
    assert done.of("linux") == []
    assert [line for line in done.echoed if "quotes or backslashes" in line or "opens a quote" in line]


NEWEST = {"operating_system": {"distro": "harvester", "version": "v1.9.0"}}


def test_bios_is_refused_where_the_installer_is_for_uefi_only(run):
    newest = configuration(howto.nic(IMAGES, **NEWEST))
    done = run(newest, platform="pc", sourced="boot")
    assert (done.of("linux"), told(done)) == ([], ["facts", "error&role=script"])
    assert any("does not install on machines with legacy BIOS" in line for line in done.echoed)
    assert run(newest).end == ["boot"]


# For which processor

BY_ARCH = Netboot(True, osie=Osie(base_url="http://h/b"))  # whose files' names have the processor


@pytest.mark.parametrize(
    ("arch", "cpu", "asks"),
    [
        ("x86_64", "x86_64", []),
        ("x86_64", "i386", []),  # of legacy BIOS, on whatever processor
        ("x86_64", "arm64", ["arm64"]),
        ("x86_64", "loongarch64", ["loongarch64"]),
        ("aarch64", "arm64", []),
        ("aarch64", "x86_64", ["x86_64"]),
        ("sparc", "arm64", []),  # who has such machines knows better
    ],
)
@pytest.mark.parametrize(("via", "own"), [("tftp", OWN), ("http", BY_HTTP)])
def test_kernel_for_another_processor_is_not_loaded_but_asked_for(run, arch, cpu, asks, via, own):
    nic = howto.nic(BY_ARCH, arch, operating_system={})
    right = configuration(nic, via, cpu_of_build(cpu))
    done = run(configuration(nic, via), cpu=cpu, sourced=right)
    assert done.of("source") == [[f"{own}grub.cfg-cpu-{name}"] for name in asks]
    assert done.of("linux") == [[f"(http,h)/b/vmlinuz-{cpu_of_build(cpu) if asks else arch}"]]
    assert (done.end, done.slept) == (["boot"], [])


def test_harvester_for_the_processor_that_grub_says_it_has(run):
    nic = howto.nic(IMAGES, operating_system={"distro": "harvester", "version": "v1.3.0"})
    done = run(configuration(nic), cpu="arm64", sourced=configuration(nic, cpu="aarch64"))
    assert [words[0].rpartition("-")[2] for words in (*done.of("linux"), *done.of("initrd"))] == ["arm64", "arm64"]
    assert any(
        ", but it is aarch64, as it says itself, although dhcp.arch of its object is" in line for line in done.echoed
    )


@pytest.mark.parametrize("cpu", ["aarch64", "arm32"])
def test_machine_that_says_what_it_is_is_not_asked_again(run, cpu):
    done = run(configuration(howto.nic(BY_ARCH, operating_system={}), cpu=cpu), cpu="arm64")
    assert (done.of("source"), done.of("linux")) == ([], [[f"(http,h)/b/vmlinuz-{cpu}"]])


def test_bootd_that_does_not_answer_for_another_processor_is_asked_on_and_no_kernel_is_loaded(run):
    done = run(configuration(howto.nic(BY_ARCH, operating_system={})), cpu="arm64", failing=["source"])
    assert done.of("linux") == []
    assert (done.slept, done.end) == ([30] * 20, ["reboot"])


# Waiting


def test_bootd_that_never_comes_back_makes_the_machine_begin_again(run):
    done = run(configuration(), failing=["linux", "source"])
    assert done.slept == [2, 6, 10, 14] + [30] * 20
    assert done.end == ["reboot"]


def test_bootd_that_answers_now_and_then_is_asked_on(run):
    again = text_of(Script("it can not", Unusable("a problem"), "x"))
    done = run(again)
    assert len(done.slept) == grub_interpreter.MAX_SLEEPS
    assert done.end[0] == "sleep"


def test_hold_asks_again_never_reboots_and_does_what_it_is_then_told(run):
    hold = text_of(Wait("waits for um790-2 (kernel)", "um790-2 (kernel)"))
    away = run(hold, failing=["source"])
    assert (set(away.slept), len(away.slept), away.end[0]) == ({10}, grub_interpreter.MAX_SLEEPS, "sleep")
    assert "bootd: waits for um790-2 (kernel)" in away.echoed
    assert run(hold, sourced=configuration()).end == ["boot"]


def test_what_is_read_again_and_can_not_go_on_comes_back_to_the_one_loop(run):
    """Were it nested ever deeper, GRUB's stack would end while a machine waits for hours."""
    stuck = text_of(Script("it can not", Unusable("a problem"), "x"))
    depth = 'set depth="x$depth"\n'
    done = run(f"{depth}{stuck}", sourced=f"{depth}{stuck}\necho back\nset depth=")
    assert done.echoed.count("back") == len(done.of("source")) == grub_interpreter.MAX_SLEEPS - 1


# The disk


def test_local_disk_starts_the_first_boot_program_there_is(run):
    local = text_of(Script("netboot is off", LocalDisk(), "local disk"))
    found = "search --no-floppy --set=root --file /EFI/"
    done = run(local, failing=[f"{found}debian", f"{found}ubuntu"])
    assert done.of("chainloader") == [["/EFI/fedora/shimx64.efi"]]
    assert done.end == ["boot"]


def test_local_disk_without_a_boot_program_that_starts_leaves_it_to_firmware(run):
    local = text_of(Script("netboot is off", LocalDisk(), "local disk"))
    assert run(local, failing=["search"]).end == ["exit", "1"]
    refused = run(local, failing=["chainloader"])
    assert refused.end == ["exit", "1"]
    assert [words[0] for words in refused.of("chainloader")][-1] == "/EFI/BOOT/BOOTX64.EFI"


# What an object says


EXAMPLES = [
    configuration(),
    configuration(via="http"),
    configuration(howto.nic(IMAGES, **NEWEST)),
    configuration(cpu="x86_64"),
    text_of(Wait("waits for it's", "x")),
    text_of(Script("off", LocalDisk(), "x")),
    text_of(Script("it can not", Unusable("$(reboot) 'x'"), "x")),
]


@pytest.mark.parametrize("text", EXAMPLES, ids=["tftp", "http", "uefi-only", "told-cpu", "hold", "local", "unusable"])
def test_grub_itself_can_read_it(text, tmp_path):
    require("grub-script-check")
    file = tmp_path / "grub.cfg"
    file.write_text(text)
    assert subprocess.run(["grub-script-check", file], capture_output=True, text=True, check=False).stderr == ""


CHARACTERS = st.text(st.sampled_from("ab'\"\\$;&|{}()#!*? \n=,/"), max_size=24) | st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=24
)


HERE = "HERE"


def words_of(kernel: str, initrd: str, argument: str, reason: str) -> list[str]:
    boots = KernelBoot(f"http://h/{kernel}", (Initrd(f"http://h/{initrd}", "i"),), (argument,))
    return shlex.split(text_of(Script(reason, boots, "netboot.osie"), "http"), comments=False)


@given(kernel=CHARACTERS, initrd=CHARACTERS, argument=CHARACTERS, reason=CHARACTERS)
def test_no_value_breaks_out_of_its_word(kernel, initrd, argument, reason):
    """Quotes mean the same to GRUB, to the shell and to shlex: nothing but single quotes, and one that is escaped."""
    argument = argument.removeprefix("initrd=")
    found, plain = words_of(kernel, initrd, argument, reason), words_of(*[HERE] * 4)
    assert len(found) == len(plain)
    assert [word for word, other in zip(found, plain, strict=True) if word != other and HERE not in other] == []


@given(damaged_objects())
def test_render_never_raises(document):
    machine = machine_from_object(document)
    for interface in machine.interfaces if isinstance(machine, Machine) else ():
        for via in ("tftp", "http"):
            assert configuration(Nic(machine, interface), via).startswith("set bootd_answer=y\n")
