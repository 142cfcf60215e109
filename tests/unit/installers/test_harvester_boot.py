# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Harvester's kernel, initrd and command line, against what the walk-through's log shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from _bootd.hardware.model import Netboot, Nic, Osie
from _bootd.installers.fields import FieldError
from _bootd.installers.harvester import boot as harvester_boot
from _bootd.installers.kernel_boot import KernelBoot
from samples import howto

BASE = "http://10.10.0.2/harvester/v1.2.0/harvester-v1.2.0"


def plan(nic: Nic, config_url: str = "") -> KernelBoot:
    """What a machine boots that says nothing of its own architecture."""
    return harvester_boot.plan(nic, nic.interface.arch, config_url)


def userdata(text: str) -> tuple[str, ...]:
    return plan(howto.nic(userdata=text)).arguments


def test_plan_howto_is_what_its_log_shows():
    boot = plan(howto.nic())
    assert boot.kernel == f"{BASE}-vmlinuz-amd64"
    assert boot.initrds[0].url == f"{BASE}-initrd-amd64"
    assert boot.initrds[0].name == "harvester-v1.2.0-initrd-amd64"
    assert boot.arguments == (
        "initrd=harvester-v1.2.0-initrd-amd64",
        f"root=live:{BASE}-rootfs-amd64.squashfs",
        "rd.cos.disable",
        "rd.noverifyssl",
        "net.ifnames=1",
        "console=tty1",
        "harvester.install.automatic=true",
        "ip=dhcp",
        "harvester.install.config_url=http://bootstrap.sienarfleet.systems/harvester/config-create.yaml",
    )


@pytest.mark.parametrize(
    ("arch", "suffix"),
    [("", "amd64"), ("x86_64", "amd64"), ("amd64", "amd64"), ("aarch64", "arm64"), ("arm64", "arm64")],
)
def test_plan_arch_names_the_files(arch, suffix):
    boot = plan(howto.nic(arch=arch, operating_system={"distro": "harvester", "version": "v1.3.0"}))
    base = BASE.replace("v1.2.0", "v1.3.0")
    assert boot.kernel == f"{base}-vmlinuz-{suffix}"
    assert boot.initrds[0].url == f"{base}-initrd-{suffix}"
    assert f"root=live:{base}-rootfs-{suffix}.squashfs" in boot.arguments
    assert boot.arguments[0] == f"initrd=harvester-v1.3.0-initrd-{suffix}"


def test_plan_files_are_those_of_the_architecture_that_is_told_and_not_the_objects():
    nic = howto.nic(arch="x86_64", operating_system={"distro": "harvester", "version": "v1.3.0"})
    boot = harvester_boot.plan(nic, "aarch64")
    assert boot.kernel.endswith("harvester-v1.3.0-vmlinuz-arm64")
    assert boot.cpu == "aarch64"


@pytest.mark.parametrize(
    ("arch", "words"),
    [("riscv64", "is neither x86_64 nor aarch64"), ("aarch64", "is arm64: Harvester v1.2.0 has no release for arm64")],
)
def test_plan_names_the_machine_where_it_is_the_one_that_says_so(arch, words):
    with pytest.raises(FieldError, match=f"^the architecture that the machine says it has {words}"):
        harvester_boot.plan(howto.nic(), arch)


def test_plan_arm64_is_refused_before_there_was_a_release_for_it():
    with pytest.raises(FieldError, match=r"^dhcp\.arch is arm64: Harvester v1\.2\.0 has no release for arm64"):
        plan(howto.nic(arch="aarch64"))


def test_plan_without_base_url_loads_from_the_release_site():
    boot = plan(howto.nic(Netboot(allow_pxe=True)))
    assert boot.kernel == "https://releases.rancher.com/harvester/v1.2.0/harvester-v1.2.0-vmlinuz-amd64"


@pytest.mark.parametrize("base", ["http://10.10.0.2/harvester/", "http://10.10.0.2/harvester//"])
def test_plan_base_url_with_slash_makes_no_double_slash(base):
    assert plan(howto.nic(Netboot(True, osie=Osie(base_url=base)))).kernel == f"{BASE}-vmlinuz-amd64"


def test_plan_wrong_initrd_of_the_user_is_put_right():
    given = userdata("initrd=harvester-v1.1.0-initrd-amd64 ip=dhcp initrd=other")
    assert [argument for argument in given if argument.startswith("initrd=")] == [
        "initrd=harvester-v1.2.0-initrd-amd64"
    ]


def test_plan_user_wins_in_the_place_of_the_default():
    given = userdata(
        "harvester.install.automatic=false net.ifnames=0 net.ifnames=1 root=live:http://10.10.0.3/r.squashfs"
    )
    assert given[1:] == (
        "root=live:http://10.10.0.3/r.squashfs",
        "rd.cos.disable",
        "rd.noverifyssl",
        "net.ifnames=1",
        "console=tty1",
        "harvester.install.automatic=false",
        "ip=dhcp",
        "BOOTIF=58:47:ca:71:d8:49",
        "rd.net.dhcp.retry=30",
    )


@pytest.mark.parametrize(
    ("text", "consoles"),
    [
        ("", ["console=tty1"]),
        ("console=ttyS0,115200", ["console=tty1", "console=ttyS0,115200"]),
        ("console=ttyS0,115200 console=tty1", ["console=ttyS0,115200", "console=tty1"]),
        ("console=tty1 console=tty1", ["console=tty1"]),
    ],
)
def test_plan_consoles_add_up_and_the_last_stays_last(text, consoles):
    assert [argument for argument in userdata(text) if argument.startswith("console=")] == consoles


def test_plan_list_keys_of_the_configuration_stay_repeated():
    text = "harvester.os.ssh_authorized_keys=a harvester.os.ssh_authorized_keys=b harvester.os.ssh_authorized_keys=a"
    assert userdata(text)[-2:] == ("harvester.os.ssh_authorized_keys=a", "harvester.os.ssh_authorized_keys=b")


def test_plan_kernel_params_come_before_userdata():
    osie = Osie(base_url="http://10.10.0.2/harvester", kernel_params=("ip=dhcp rd.net.dhcp.retry=3", "debug"))
    boot = plan(howto.nic(Netboot(True, osie=osie), userdata="debug harvester.install.skipchecks=true"))
    assert boot.arguments[-4:] == ("ip=dhcp", "rd.net.dhcp.retry=3", "debug", "harvester.install.skipchecks=true")


def test_plan_userdata_over_several_lines_is_one_command_line():
    assert userdata("ip=dhcp\n  debug\r\n")[-2:] == ("ip=dhcp", "debug")


@pytest.mark.parametrize("version", ["", "v1.2.0/../x", "v1 2", "..", "-v1", "v1.2.0\nreboot", "v" * 65])
def test_plan_unusable_version_is_refused_by_its_path(version):
    with pytest.raises(FieldError, match=r"^metadata\.instance\.operating_system\.version "):
        plan(howto.nic(operating_system={"distro": "harvester", "version": version}))


def test_plan_unknown_arch_is_refused():
    with pytest.raises(FieldError, match=r"^dhcp\.arch "):
        plan(howto.nic(arch="riscv64"))


def test_plan_command_line_linux_would_cut_is_refused():
    room = 2047 - len(" ".join(userdata("x=")))
    assert len(" ".join(userdata("x=" + "a" * room))) == 2047
    with pytest.raises(FieldError, match="2048 characters"):
        userdata("x=" + "a" * (room + 1))


KEPT = "http://10.10.0.20:7080/configuration/58-47-ca-71-d8-49/abc"


def release(version: str, **changes: object) -> dict[str, object]:
    """The walk-through's machine with another version, and only the user's arguments that the test gives."""
    return {"operating_system": {"distro": "harvester", "version": version}, "userdata": "", **changes}


def test_plan_kept_configuration_is_the_last_argument():
    boot = plan(howto.nic(userdata="ip=dhcp"), KEPT)
    assert [argument for argument in boot.arguments if "config_url" in argument] == [
        f"harvester.install.config_url={KEPT}"
    ]


def test_plan_config_url_by_hand_wins_over_the_kept_one():
    assert plan(howto.nic(), KEPT).arguments == plan(howto.nic()).arguments


def test_plan_static_address_from_v1_8_where_the_configuration_is_kept():
    assert plan(howto.nic(**release("v1.8.2")), KEPT).arguments[-5:] == (
        "ip=10.10.0.16::10.10.0.1:255.255.255.0::netboot:off",
        "BOOTIF=58:47:ca:71:d8:49",
        "ifname=netboot:58:47:ca:71:d8:49",
        "nameserver=10.10.0.1",
        f"harvester.install.config_url={KEPT}",
    )


@pytest.mark.parametrize(("version", "said"), [("v1.7.3", ""), ("v1.8.0", "Harvester v1.8.0 does not install on")])
def test_plan_says_where_bios_is_refused(version, said):
    assert plan(howto.nic(**release(version))).efi_only.startswith(said)
    assert bool(plan(howto.nic(**release(version))).efi_only) is bool(said)


def test_plan_vlan_that_is_no_number_is_refused():
    nic = howto.nic(**release("v1.8.2"))
    with pytest.raises(FieldError, match=r"^dhcp\.vlan_id "):
        plan(replace(nic, interface=replace(nic.interface, vlan_id="1 && reboot")))
