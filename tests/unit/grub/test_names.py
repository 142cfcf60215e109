# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names by which GRUB asks for its configuration."""

from __future__ import annotations

import pytest

from _bootd.grub.names import cpu_in, is_configuration, mac_in

MAC = "58:47:ca:71:d8:49"


@pytest.mark.parametrize(
    ("name", "mac"),
    [
        # What GRUB asks for one after the other, by its net/net.c (grub_net_search_config_file).
        ("grub/grub.cfg-01-58-47-ca-71-d8-49", MAC),
        ("grub/grub.cfg-0A0A0010", None),
        ("grub/grub.cfg-0A0A001", None),
        ("grub/grub.cfg", None),
        ("grub.cfg-01-58:47:CA:71:D8:49", MAC),
        ("grub.cfg-58-47-ca-71-d8-49", MAC),
        ("grub.cfg-5847ca71d849", MAC),
        ("boot/grub2/grub.cfg-01-5847.ca71.d849", MAC),
    ],
)
def test_configuration(name, mac):
    assert is_configuration(name)
    assert mac_in(name) == mac


@pytest.mark.parametrize("directory", ["", "58-47-ca-71-d8-49/", "grub/"])
@pytest.mark.parametrize("cpu", ["x86_64", "i386", "arm64", ""])
def test_configuration_that_names_the_processor(directory, cpu):
    name = f"{directory}grub.cfg-cpu-{cpu}"
    assert is_configuration(name)
    assert (mac_in(name), cpu_in(name)) == (None, cpu)


@pytest.mark.parametrize("name", ["", "grub.cfg", "grub.cfg-01-58-47-ca-71-d8-49", "grub.cfg-0A0A0010", "cpu-arm64"])
def test_other_names_tell_no_processor(name):
    assert cpu_in(name) == ""


@pytest.mark.parametrize(
    "name", ["", "grub", "xgrub.cfg", "grub.cfg.bak", "grub.cfg/x", "grub/x86_64-efi/command.lst", "grubx64.efi"]
)
def test_other_files(name):
    assert not is_configuration(name)
    assert mac_in(name) is None
