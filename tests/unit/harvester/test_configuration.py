# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's configuration is derived from its Hardware object, and what the user writes is merged over it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from _bootd.installers.harvester.card_names import with_card_names
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.check import check
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.clusters import CREATE, INSTALL, JOIN, Place
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.configuration import configuration_of, merge
from samples import howto
from samples.documents import PLAIN, damaged_objects

VIP = "10.10.0.10"
MAC = "58:47:ca:71:d8:49"
CREATES, JOINS = Place(CREATE, VIP, "um790-1"), Place(JOIN, VIP, "um790-1")
LAN = 'grub2-editenv /oem/grubenv set extra_cmdline="ifname=lan:02:00:00:00:00:01"'
NAMED = f'grub2-editenv /oem/grubenv set extra_cmdline="ifname=netboot:{MAC}"'


def hardware(version: str = "v1.8.2", userdata: str = "", **dhcp: Any) -> dict[str, Any]:
    document = yaml.safe_load(howto.HARDWARE)
    document["spec"]["metadata"]["instance"] = {
        "operating_system": {"distro": "harvester", "version": version},
        "userdata": userdata,
    }
    document["spec"]["interfaces"][0]["dhcp"] |= dhcp
    return document


def test_configuration_of_the_creator():
    options = {"token": "t", "password": "p", "ssh_authorized_keys": ["github:a"]}
    made = configuration_of(hardware(time_servers=["10.10.0.1"]), options, CREATES)
    assert made == {
        "scheme_version": 1,
        "token": "t",
        "os": {
            "hostname": "um790-1",
            "ssh_authorized_keys": ["github:a"],
            "password": "p",
            "dns_nameservers": ["10.10.0.1"],
            "ntp_servers": ["10.10.0.1"],
            "after_install_chroot_commands": [NAMED],
        },
        "install": {
            "mode": "create",
            "management_interface": {
                "interfaces": [{"hwAddr": MAC}],
                "method": "static",
                "ip": "10.10.0.16",
                "subnet_mask": "255.255.255.0",
                "gateway": "10.10.0.1",
            },
            "device": "/dev/nvme0n1",
            "iso_url": "http://10.10.0.2/harvester/v1.8.2/harvester-v1.8.2-amd64.iso",
            "vip": VIP,
            "vip_mode": "static",
        },
    }
    assert check(made, "v1.8.2") == []


def test_configuration_of_a_join_has_the_cluster_s_url_and_no_vip():
    made = configuration_of(hardware(), {"token": "t", "password": "p", "role": "worker"}, JOINS)
    assert made["server_url"] == f"https://{VIP}:443"
    assert made["install"]["mode"] == "join"
    assert made["install"]["role"] == "worker"
    assert not [key for key in made["install"] if key.startswith("vip")]
    assert check(made, "v1.8.2") == []


@pytest.mark.parametrize("version", [f"v1.{minor}.0" for minor in range(10)])
@pytest.mark.parametrize("place", [CREATES, JOINS])
def test_configuration_of_every_version_is_right(version, place):
    made = configuration_of(hardware(version), {"token": "t", "password": "p"}, place)
    assert [str(problem) for problem in check(made, version)] == []
    assert ("after_install_chroot_commands" in made["os"]) is (version in ("v1.8.0", "v1.9.0"))


def test_configuration_of_v1_0_has_its_own_network_and_port():
    made = configuration_of(hardware("v1.0.3"), {"token": "t"}, JOINS)
    assert "scheme_version" not in made
    assert made["server_url"] == f"https://{VIP}:8443"
    assert made["install"]["networks"]["harvester-mgmt"]["method"] == "static"


@pytest.mark.parametrize(
    ("dhcp", "options", "method"),
    [
        ({}, {}, "static"),
        ({}, {"management_method": "dhcp"}, "dhcp"),
        ({"ip": {"address": "10.10.0.16"}}, {}, "dhcp"),
        ({"ip": {}}, {}, "dhcp"),
    ],
)
def test_configuration_of_method_is_what_is_known(dhcp, options, method):
    network = configuration_of(hardware(**dhcp), options, CREATES)["install"]["management_interface"]
    assert network["method"] == method
    assert ("ip" in network) is (method == "static")


@pytest.mark.parametrize(("vlan", "wanted"), [("30", 30), ("0", None), ("1", None), ("", None)])
def test_configuration_of_vlan(vlan, wanted):
    made = configuration_of(hardware(vlan_id=vlan), {}, CREATES)
    assert made["install"]["management_interface"].get("vlan_id") == wanted


def test_configuration_of_arm64_has_its_own_iso():
    made = configuration_of(hardware(arch="aarch64"), {}, CREATES)
    assert made["install"]["iso_url"].endswith("harvester-v1.8.2-arm64.iso")


def test_configuration_of_hostname_has_no_capitals():
    assert configuration_of(hardware(hostname="UM790-1"), {}, CREATES)["os"]["hostname"] == "um790-1"


@pytest.mark.parametrize(
    ("version", "userdata", "commands"),
    [
        ("v1.8.2", "", [NAMED]),
        ("v1.8.2", "ip=dhcp", None),
        ("v1.7.2", "", None),
        ("v1.2.0", "ip=lan:dhcp ifname=lan:02:00:00:00:00:01", [LAN]),
        ("v1.1.2", "ip=lan:dhcp ifname=lan:02:00:00:00:00:01", None),
    ],
)  # fmt: skip
def test_configuration_of_carries_the_card_s_name_into_the_installed_system(version, userdata, commands):
    made = configuration_of(hardware(version, userdata), {}, CREATES)
    assert made["os"].get("after_install_chroot_commands") == commands


def test_with_card_names_comes_before_the_user_s_commands_and_never_beside_their_own():
    arguments = [f"ifname=netboot:{MAC}"]
    given = {"os": {"afterInstallChrootCommands": ["true"]}}
    assert with_card_names(given, ["ip=dhcp"], "v1.8.2") == given
    assert with_card_names(given, arguments, "v1.8.2")["os"] == {"after_install_chroot_commands": [NAMED, "true"]}
    own = {"os": {"after_install_chroot_commands": ['grub2-editenv /oem/grubenv set extra_cmdline="quiet"']}}
    assert with_card_names(own, arguments, "v1.8.2") == own


def test_configuration_of_the_user_s_own_wins_in_any_spelling():
    config = {
        "OS": {"dnsNameserver": ["9.9.9.9"], "labels": {"a": "b"}},
        "install": {"isoUrl": "http://192.0.2.10/x.iso", "managementInterface": {"bondOptions": {"mode": "802.3ad"}}},
        "scheme_version": None,
    }
    before = copy.deepcopy(config)
    made = configuration_of(hardware("v1.7.0"), {"config": config}, CREATES)
    assert config == before
    assert made["install"]["iso_url"] == "http://192.0.2.10/x.iso"
    assert made["install"]["management_interface"]["bond_options"] == {"mode": "802.3ad"}
    assert made["install"]["management_interface"]["ip"] == "10.10.0.16"
    assert made["os"]["labels"] == {"a": "b"}
    assert "scheme_version" not in made


def test_configuration_of_install_mode_has_no_cluster():
    made = configuration_of(hardware(), {}, Place(INSTALL))
    assert made["install"]["mode"] == "install"
    assert "server_url" not in made
    assert [str(problem) for problem in check(made, "v1.8.2") if not problem.note] == []


def test_merge_lists_replace_and_null_takes_away():
    base = {"os": {"ntp_servers": ["a"], "hostname": "h"}, "token": "t"}
    assert merge(base, {"os": {"ntpServers": ["b"], "hostname": None}}) == {"os": {"ntp_servers": ["b"]}, "token": "t"}


@given(base=st.dictionaries(st.sampled_from(["os", "install", "x"]), PLAIN), over=PLAIN)
def test_merge_with_nothing_changes_nothing(base, over):
    assert merge(merge(base, {}), {}) == merge(base, {})
    if isinstance(over, dict):
        merge(base, over)


@given(document=damaged_objects(), place=st.sampled_from([CREATES, JOINS]))
def test_configuration_of_never_raises(document, place):
    configuration_of(document, {}, place)
