# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""netboot.osie: kernel and initrd by URL, by path, or by Tinkerbell's default names."""

from __future__ import annotations

import pytest

from _bootd.hardware.model import Netboot, Osie
from _bootd.installers.fields import FieldError
from _bootd.installers.linux import plan
from samples import howto


def planned(arch: str = "x86_64", **osie: object):
    return plan(howto.nic(Netboot(True, osie=Osie(**osie)), arch=arch), arch)


def test_plan_base_url_alone_gets_the_default_names():
    boot = planned(base_url="http://10.10.0.2/hook")
    assert boot.kernel == "http://10.10.0.2/hook/vmlinuz-x86_64"
    assert boot.initrds[0].url == "http://10.10.0.2/hook/initramfs-x86_64"
    assert boot.arguments == ("initrd=initramfs-x86_64",)


@pytest.mark.parametrize(("arch", "name"), [("", "vmlinuz-x86_64"), ("aarch64", "vmlinuz-aarch64")])
def test_plan_default_names_follow_the_architecture(arch, name):
    assert planned(arch=arch, base_url="http://h/b").kernel == f"http://h/b/{name}"


@pytest.mark.parametrize(
    ("osie", "cpu"),
    [
        ({"base_url": "http://h/b"}, "aarch64"),
        ({"base_url": "http://h/b", "kernel": "k"}, "aarch64"),  # the initrd is chosen by it
        ({"base_url": "http://h/b", "kernel": "k", "initrd": "i"}, ""),
    ],
)
def test_plan_says_which_architecture_it_was_chosen_by(osie, cpu):
    assert planned(arch="aarch64", **osie).cpu == cpu


def test_plan_urls_need_no_base():
    boot = planned(kernel="http://h/k", initrd="http://i/x/initrd.img?v=1", kernel_params=("ip=dhcp", "a b"))
    assert (boot.kernel, boot.initrds[0].url) == ("http://h/k", "http://i/x/initrd.img?v=1")
    assert boot.arguments == ("initrd=initrd.img", "ip=dhcp", "a", "b")


def test_plan_userdata_is_not_for_the_kernel():
    boot = plan(howto.nic(Netboot(True, osie=Osie(base_url="http://h/b")), userdata="#cloud-config"), "")
    assert boot.arguments == ("initrd=initramfs-x86_64",)


@pytest.mark.parametrize(
    ("osie", "field"),
    [
        ({"kernel": "vmlinuz"}, "netboot.osie.baseURL"),
        ({"kernel": "http://h/k"}, "netboot.osie.baseURL"),
        ({"base_url": "ftp:/h"}, "netboot.osie.baseURL"),
        ({"base_url": "http://h", "kernel": "../k"}, "netboot.osie.kernel"),
        ({"base_url": "http://h", "initrd": "a b"}, "netboot.osie.initrd"),
        ({"base_url": "http://h", "initrd": "http://h/;"}, "netboot.osie.initrd"),
        ({"base_url": "http://h", "kernel_params": ("a", "|| reboot")}, "netboot.osie.kernelParams"),
    ],
)
def test_plan_unusable_field_is_named(osie, field):
    with pytest.raises(FieldError) as caught:
        planned(**osie)
    assert caught.value.field == field
