# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts: their text character for character, what they do when things fail, and that no value can change them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.decisions.boot import BootContext, LocalDisk, Script, Wait, decide_script
from _bootd.hardware.cpu import cpu_of_build
from _bootd.hardware.model import Netboot, Nic, Osie
from _bootd.installers.kernel_boot import Initrd, KernelBoot
from _bootd.ipxe.render import render
from _bootd.process.settings import Settings
from clients.ipxe_interpreter import Interpreter, Run, split
from samples import howto
from samples.ipxe_scripts import CHAIN, GUARD, HARVESTER, HOLD, LOCAL, REFUSED, RELEASE, REPORT, SCRIPT

NO_VERSION = {"operating_system": {"distro": "harvester"}}
URL = Netboot(True, ipxe_url="http://10.10.0.2/boot.ipxe?x=1&y=2")


def rendered(nic: Nic) -> str:
    return rendered_with(nic, howto.SETTINGS)


def rendered_with(nic: Nic, settings: Settings) -> str:
    return render(decide_script(nic, BootContext.of(settings)), nic.interface.mac, settings)


@pytest.mark.parametrize(
    ("nic", "text"),
    [
        pytest.param(howto.nic(), HARVESTER, id="harvester"),
        pytest.param(howto.nic(URL), CHAIN, id="chain"),
        pytest.param(howto.nic(**NO_VERSION), REFUSED, id="refused"),
        pytest.param(howto.nic(Netboot(True, switched_off=True)), LOCAL, id="local"),
    ],
)
def test_render_golden(nic, text):
    assert rendered(nic) == text


def held_script(waits_for: str) -> str:
    return render(Wait(f"waits for {waits_for}", waits_for), howto.nic().interface.mac, howto.SETTINGS)


def test_render_hold_golden():
    assert held_script("um790-2 (failed: no disk), um790-3 (kernel)") == HOLD


def test_render_several_initrds_are_loaded_one_after_the_other():
    initrds = (Initrd("http://h/initrd.gz", "initrd.gz"), Initrd("http://h/firmware.cpio.gz", "firmware.cpio.gz"))
    boots = KernelBoot("http://h/linux", initrds, ("initrd=initrd.gz", "initrd=firmware.cpio.gz"))
    script = render(Script("it boots", boots, "netboot.osie"), howto.nic().interface.mac, howto.SETTINGS)
    done = run(script)
    assert (done.end, done.images) == ("boot", ["linux", "initrd.gz", "firmware.cpio.gz"])
    failed = run(script, "efi", "initrd --name firmware.cpio.gz")
    assert failed.urls("initrd") == ["http://h/initrd.gz", *["http://h/firmware.cpio.gz"] * 5]
    assert failed.end == f"chain {SCRIPT}"


def test_render_osie_differs_from_harvester_by_its_values_only():
    osie = Osie(base_url="http://10.10.0.2/hook", kernel_params=("ip=dhcp",))
    script = rendered(howto.nic(Netboot(True, osie=osie), operating_system={}))
    lines = script.splitlines()
    assert (
        "kernel http://10.10.0.2/hook/vmlinuz-x86_64 initrd=initramfs-x86_64 ip=dhcp && goto kernel-loaded ||" in lines
    )
    assert "initrd --name initramfs-x86_64 http://10.10.0.2/hook/initramfs-x86_64 && goto initrd-loaded ||" in lines
    assert verbs(script) == verbs(HARVESTER)


@pytest.mark.parametrize(
    "contents", ["#!ipxe\nshell\n", "#!ipxe\r\nshell\r\n", "#!ipxe \n{{ 7 * 7 }} ${net0/mac}", "#!ipxe"]
)
def test_render_contents_come_back_verbatim(contents):
    assert rendered(howto.nic(Netboot(True, ipxe_contents=contents))) == contents


@pytest.mark.parametrize("contents", ["shell\n", "\n#!ipxe\nshell\n", "#!ipxefoo\n"])
def test_render_contents_without_the_magic_line_get_it(contents):
    assert rendered(howto.nic(Netboot(True, ipxe_contents=contents))) == f"#!ipxe\n{contents}"


def local_script(reason: str) -> str:
    return render(Script(reason, LocalDisk(), "local disk"), howto.nic().interface.mac, howto.SETTINGS)


def test_render_urls_follow_the_http_port():
    settings = replace(howto.SETTINGS, http_port=80)
    script = rendered_with(howto.nic(), settings)
    assert "chain --replace --autofree http://10.10.0.20/58-47-ca-71-d8-49/auto.ipxe ||" in script
    assert ":7080" not in script


def test_render_other_syslog_port_is_not_offered_since_ipxe_only_knows_514():
    settings = replace(howto.SETTINGS, syslog_port=5514)
    assert "set syslog" not in rendered_with(howto.nic(), settings)


def test_render_userdata_with_a_command_in_it_boots_nothing_and_hides_the_value():
    script = rendered(howto.nic(userdata="harvester.token=hush || sanboot"))
    run = Interpreter().run(script)
    assert "hush" not in script
    assert run.end == f"chain {SCRIPT}?arch=x86_64"
    assert any("metadata.instance.userdata has a word that ends a command" in line for line in run.echoed)
    assert not run.urls("kernel", "initrd")


# What the scripts do, by a small interpreter of iPXE's rules.


def run(text: str, platform: str = "efi", *failing: str) -> Run:
    """Run a script on a machine where the commands that begin with one of ``failing`` fail."""
    return Interpreter(platform, lambda words: " ".join(words).startswith(failing)).run(text)


def test_harvester_script_tells_facts_loads_reports_and_boots():
    done = run(HARVESTER)
    assert done.end == "boot"
    assert done.images == ["harvester-v1.2.0-vmlinuz-amd64", "harvester-v1.2.0-initrd-amd64"]
    assert done.urls("kernel", "initrd") == [f"{RELEASE}-vmlinuz-amd64", f"{RELEASE}-initrd-amd64"]
    told = [url.removeprefix(f"{REPORT}&event=").partition("&url")[0] for url in done.urls("imgfetch")]
    assert told[0].startswith("facts&") and "&platform=efi&" in told[0]
    assert told[1:] == ["loaded&role=kernel", "loaded&role=initrd"]
    assert done.slept == []


@pytest.mark.parametrize("script", [HARVESTER, CHAIN])
def test_reports_that_fail_stop_nothing(script):
    done = run(script, "efi", "imgfetch")
    assert done.end in ("boot", "chain http://10.10.0.2/boot.ipxe?x=1&y=2")
    assert done.slept == []


@pytest.mark.parametrize(
    ("role", "url"), [("kernel", f"{RELEASE}-vmlinuz-amd64"), ("initrd", f"{RELEASE}-initrd-amd64")]
)
def test_load_that_fails_is_tried_five_times_told_and_then_waits_for_a_new_script(role, url):
    done = run(HARVESTER, "efi", f"{role} ")
    assert done.urls(role) == [url] * 5
    assert done.slept == [2, 6, 10, 14, 30]
    told = [line for line in done.urls("imgfetch") if "event=error" in line]
    assert told == [f"{REPORT}&event=error&role={role}&errno=0x2d0c613b&url={url}"] * 5
    assert done.images == []
    assert done.end == f"chain {SCRIPT}"


def test_boot_that_fails_is_told_and_waits_for_a_new_script():
    done = run(HARVESTER, "pcbios", "boot")
    assert done.urls("imgfetch")[-1] == f"{REPORT}&event=error&role=boot&errno=0x2d0c613b&url={RELEASE}-vmlinuz-amd64"
    assert done.end == f"chain {SCRIPT}"


@pytest.mark.parametrize(
    ("arch", "build", "end"),
    [
        ("x86_64", "x86_64", "boot"),
        ("x86_64", "i386", "boot"),  # of legacy BIOS, on whatever processor
        ("x86_64", "arm64", f"chain {SCRIPT}?arch=arm64"),
        ("x86_64", "riscv64", f"chain {SCRIPT}?arch=riscv64"),
        ("aarch64", "arm64", "boot"),
        ("aarch64", "x86_64", f"chain {SCRIPT}?arch=x86_64"),
        ("x86_64", "", "boot"),  # an iPXE that does not know it: with what the object says
        ("sparc", "arm64", "boot"),  # who has such machines knows better
    ],
)
def test_kernel_for_another_processor_is_not_loaded(arch, build, end):
    script = rendered(howto.nic(Netboot(True, osie=Osie(base_url="http://h/b")), arch, operating_system={}))
    done = Interpreter(buildarch=build).run(script)
    assert done.end == end
    assert bool(done.urls("kernel")) == (end == "boot")


@pytest.mark.parametrize("cpu", ["aarch64", "arm32"])
def test_machine_that_says_what_it_is_is_not_asked_again(cpu):
    nic = howto.nic(Netboot(True, osie=Osie(base_url="http://h/b")), operating_system={})
    script = render(
        decide_script(nic, replace(BootContext.of(howto.SETTINGS), cpu=cpu)), nic.interface.mac, howto.SETTINGS
    )
    done = Interpreter(buildarch="arm64").run(script)
    assert (done.end, done.urls("kernel")) == ("boot", [f"http://h/b/vmlinuz-{cpu}"])
    assert f"it is {cpu}, as it says itself, although dhcp.arch of its object is x86_64" in done.echoed[0]


def test_machine_that_was_asked_what_it_is_is_not_asked_again_whatever_it_said():
    nic = howto.nic(Netboot(True, osie=Osie(base_url="http://h/b")), operating_system={})
    context = replace(BootContext.of(howto.SETTINGS), asked_cpu=True)
    script = render(decide_script(nic, context), nic.interface.mac, howto.SETTINGS)
    assert "?arch=" not in script
    done = Interpreter(buildarch="A" * 17).run(script)
    assert (done.end, done.urls("kernel")) == ("boot", ["http://h/b/vmlinuz-x86_64"])


def test_object_that_only_its_processor_makes_unusable_is_asked_for_again_with_the_machine_s_own():
    nic = howto.nic(arch="aarch64", operating_system={"distro": "harvester", "version": "v1.2.0"})
    asks = Interpreter(buildarch="i386").run(rendered(nic))
    assert (asks.end, asks.urls("kernel")) == (f"chain {SCRIPT}?arch=i386", [])
    context = replace(BootContext.of(howto.SETTINGS), cpu=cpu_of_build("i386"), asked_cpu=True)
    script = render(decide_script(nic, context), nic.interface.mac, howto.SETTINGS)
    assert Interpreter(buildarch="i386").run(script).urls("kernel") == [f"{RELEASE}-vmlinuz-amd64"]


def newest() -> str:
    """The script of a version that is for UEFI only."""
    return rendered(howto.nic(operating_system={"distro": "harvester", "version": "v1.9.0"}))


def test_bios_is_refused_in_ipxe_which_knows_where_it_runs():
    done = run(newest(), "pcbios")
    assert done.urls("kernel", "initrd") == []
    assert any("does not install on machines with legacy BIOS" in line for line in done.echoed)
    told = done.urls("imgfetch")[-1]
    assert told.startswith(f"{REPORT}&event=error&role=script&message=Harvester%20v1.9.0%20does%20not%20install")
    assert done.end == f"chain {SCRIPT}"
    assert run(newest(), "efi").end == "boot"


def test_bootd_that_never_comes_back_makes_the_machine_begin_again():
    done = run(HARVESTER, "efi", "kernel ", "chain")
    assert done.slept == [2, 6, 10, 14] + [30] * 20
    assert done.end == "reboot"


def test_chained_script_that_fails_is_tried_five_times():
    done = run(CHAIN, "efi", "chain --replace --autofree http://10.10.0.2/")
    assert done.urls("chain")[:5] == ["http://10.10.0.2/boot.ipxe?x=1&y=2"] * 5
    assert done.end == f"chain {SCRIPT}"


@pytest.mark.parametrize("platform", ["efi", "pcbios"])
def test_hold_asks_again_and_does_what_it_is_then_told(platform):
    done = run(HOLD, platform)
    assert (done.end, done.slept) == (f"chain {SCRIPT}", [10])
    assert "bootd: waits for um790-2 (failed: no disk), um790-3 (kernel)" in done.echoed
    assert not done.urls("kernel", "initrd", "imgfetch")


def test_hold_asks_on_while_bootd_is_away_and_never_reboots():
    done = run(HOLD, "efi", "chain")
    assert done.end == "still running"
    assert set(done.slept) == {10}
    assert len(done.slept) > 100


@pytest.mark.parametrize(
    ("platform", "fail", "end"),
    [
        ("efi", "nothing", "exit 1"),
        ("pcbios", "nothing", "sanboot --no-describe --drive 0x80"),
        ("pcbios", "sanboot", "exit 1"),
    ],
)
def test_local_script_leaves_to_the_disk(platform, fail, end):
    assert run(LOCAL, platform, fail).end == end


# No value of an object can change which commands a script has.


def verbs(script: str) -> list[list[str]]:
    """The commands of each line, without their arguments; lines end where iPXE ends them."""
    joined = script.replace("\\\n", "").split("\n")
    return [[command[0] if command else "" for command, _unused in split(line)] for line in joined]


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            [
                "\n",
                "\r\n",
                "\0",
                "\\\n",
                "\\",
                " ",
                "||",
                "&&",
                ";",
                " || ",
                " && ",
                " ; ",
                "#",
                " #",
                "#!ipxe\n",
                "${",
                "}",
            ]
            + [
                "${errno}",
                "{{ 7 * 7 }}",
                "{% raw %}",
                "'",
                '"',
                ":stuck",
                "goto",
                "exit 1",
                "reboot",
                "shell",
                "a",
                "=",
                "/",
            ]
            + ["http://h/x", "..", "--name", "-", "%0a", "\u2028", "\x0b", "\x1b[2J", "\u00e9", "x y"]
        ),
        max_size=8,
    ).map("".join),
)


@given(
    name=HOSTILE,
    version=HOSTILE,
    userdata=HOSTILE,
    base=HOSTILE,
    param=HOSTILE,
    arch=st.one_of(st.just("x86_64"), HOSTILE),
)
def test_render_harvester_has_the_same_commands_whatever_the_object_says(name, version, userdata, base, param, arch):
    base = f"http://10.10.0.2/{base}"
    netboot = Netboot(True, osie=Osie(base_url=base, kernel_params=(param,)))
    nic = howto.nic(
        netboot, arch, userdata=userdata, operating_system={"distro": "harvester", "version": f"v1{version}"}
    )
    nic = Nic(replace(nic.machine, name=name), nic.interface)
    assert verbs(rendered(nic)) in (verbs(HARVESTER), verbs(newest()), verbs(REFUSED))


@given(base=HOSTILE, kernel=HOSTILE, initrd=HOSTILE, params=st.lists(HOSTILE, max_size=3))
def test_render_osie_has_the_same_commands_whatever_the_object_says(base, kernel, initrd, params):
    osie = Osie(f"http://h/{base}", f"http://h/{kernel}", f"http://h/{initrd}", tuple(params))
    nic = howto.nic(Netboot(True, osie=osie), operating_system={})
    # Files that the object names itself are for whatever machine it is.
    assert verbs(rendered(nic)) in (verbs(HARVESTER.replace(f"\n{GUARD}", "")), verbs(REFUSED))


@given(HOSTILE)
def test_render_chain_has_the_same_commands_whatever_the_url(url):
    nic = howto.nic(Netboot(True, ipxe_url=f"http://h/{url}"))
    assert verbs(rendered(nic)) in (verbs(CHAIN), verbs(REFUSED))


@given(HOSTILE)
def test_render_local_has_the_same_commands_whatever_the_reason(reason):
    assert verbs(local_script(reason)) == verbs(LOCAL)


def test_render_braces_in_data_are_data():
    script = rendered(howto.nic(userdata="x={{7*7}}"))
    assert " x={{7*7}} " in script


@given(HOSTILE)
def test_no_reason_changes_the_commands_of_a_script_that_holds(reason):
    assert verbs(held_script(reason)) == verbs(HOLD)
