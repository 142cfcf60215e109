# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unknown machines become hosts: which of them, by which variables, and what stands against it."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.netboot.plugins.filter.accept import accept
from ansible_collections.baremetal.netboot.plugins.filter.to_hardware import to_hardware

MAC, OTHER = "58:47:ca:71:d8:4f", "58:47:ca:71:d8:49"
WANTED = {"mac": MAC, "name": "um790-2", "address": "10.10.0.21/24"}
GROUP = {"netboot_network": "10.10.0.0/24", "netboot_disk": "/dev/sda", "netboot_firmware": "bios"}


def heard(mac=MAC, arch=7, firmware="uefi", **more):
    return {
        "mac": mac,
        "arch": arch,
        "firmware": firmware,
        "hostname": "{{ evil }}",
        "vendor_class": "{{ evil }}",
        **more,
    }


def machine(name="um790-1", mac=OTHER, ip="10.10.0.16"):
    return {"name": name, "interfaces": [{"mac": mac, "ip": ip}, {"mac": "58:47:ca:00:00:02", "ip": ""}]}


def problems(*wanted, unknown=None, **options):
    return accept(list(wanted), [heard()] if unknown is None else unknown, [machine()], **options)["problems"]


def test_a_machine_that_asked_becomes_a_host_that_boots_nothing():
    assert accept([WANTED], [heard()], [machine()]) == {
        "hosts": {
            "um790-2": {
                "netboot_mac": MAC,
                "netboot_ip": "10.10.0.21/24",
                "netboot_allow_pxe": False,
                "netboot_firmware": "uefi",
            }
        },
        "present": [],
        "problems": [],
    }


@pytest.mark.parametrize(
    ("arch", "firmware", "given"),
    [(0, "bios", {"netboot_firmware": "bios"}), (None, "", {}), (11, "uefi", {"netboot_arch": "aarch64"})],
)
def test_what_is_seen_of_its_architecture_counts(arch, firmware, given):
    (variables,) = accept([WANTED], [heard(arch=arch, firmware=firmware)], [])["hosts"].values()
    assert given.items() <= variables.items()
    assert ("netboot_arch" in variables) == (arch == 11)


def test_what_is_asked_for_wins_over_what_was_seen():
    wanted = {**WANTED, "netboot_firmware": "bios", "netboot_disk": "/dev/nvme0n1", "allow_pxe": "yes"}
    (variables,) = accept([wanted], [heard()], [])["hosts"].values()
    assert (variables["netboot_firmware"], variables["netboot_disk"]) == ("bios", "/dev/nvme0n1")
    assert variables["netboot_allow_pxe"] is True


@pytest.mark.parametrize("mac", ["58-47-CA-71-D8-4F", "5847.ca71.d84f", " 5847ca71d84f "])
def test_a_mac_may_be_written_in_any_way(mac):
    assert accept([{**WANTED, "mac": mac}], [heard()], [])["hosts"]["um790-2"]["netboot_mac"] == MAC


def test_who_was_accepted_before_stays_as_it_is():
    found = accept([{**WANTED, "name": "um790-1", "mac": OTHER, "address": "10.10.0.16/24"}], [], [machine()])
    assert found == {"hosts": {}, "present": ["um790-1"], "problems": []}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mac": OTHER}, f"um790-2: {OTHER} has a Hardware object already, um790-1, which stays as it is"),
        (
            {"mac": OTHER, "name": "um790-1"},
            f"um790-1: {OTHER} has a Hardware object already, um790-1, which stays as it is",
        ),
        ({"mac": "58:47:ca:00:00:02"}, "has a Hardware object already"),
        ({"name": "um790-1"}, f"um790-1: there is another machine of this name, with 58:47:ca:00:00:02 and {OTHER}"),
        ({"address": "10.10.0.16"}, "um790-2: 10.10.0.16 is the address of um790-1"),
        ({"mac": "58:47:ca:71:d8:4e"}, f"is none of the 1 unknown machines that bootd has heard (is {MAC} meant?)"),
        ({"mac": "02:00:00:00:00:01"}, "is none of the 1 unknown machines that bootd has heard"),
        ({"mac": 334211}, "um790-2: 334211 is no MAC address; in YAML it has to be in quotes"),
        ({"mac": ""}, "um790-2: mac is missing, as in 58:47:ca:71:d8:49"),
        ({"name": ""}, f"{MAC}: name is missing, as in um790-1"),
        (
            {"adress": "10.10.0.1"},
            'um790-2: "adress" is none of mac, name, address, allow_pxe: should this be address?',
        ),
        ({"disk": "/dev/sda"}, ", nor a variable netboot_..."),
        ({"allow_pxe": "perhaps"}, "um790-2: allow_pxe should be true or false"),
    ],
)
def test_what_can_not_be_accepted(changes, said):
    (problem,) = problems({**WANTED, **changes})
    assert said in problem


@pytest.mark.parametrize("address", [None, "", " "])
def test_without_an_address_another_server_gives_it(address):
    wanted = {**WANTED, "address": address}
    found = accept([wanted], [heard()], [machine()])
    assert found["problems"] == []
    assert "netboot_ip" not in found["hosts"]["um790-2"]
    group = {"netboot_disable_dhcp": True, "netboot_disk": "/dev/sda"}
    (item,) = to_hardware(["um790-2"], {"um790-2": group}, more=found["hosts"])
    (interface,) = item["spec"]["interfaces"]
    assert (interface["disableDhcp"], "ip" in interface["dhcp"]) == (True, False)
    with pytest.raises(AnsibleFilterError, match=r"netboot_ip: missing: .*write netboot_disable_dhcp: true"):
        to_hardware(["um790-2"], {"um790-2": {"netboot_disk": "/dev/sda"}}, more=found["hosts"])


@pytest.mark.parametrize(("ip", "address"), [("", None), ("10.10.0.16", None), ("10.10.0.16", "10.10.0.16/24")])
def test_who_was_accepted_without_an_address_stays_as_it_is(ip, address):
    wanted = {"mac": OTHER, "name": "um790-1", "address": address}
    found = accept([wanted], [], [machine(ip=ip)])
    assert found == {"hosts": {}, "present": ["um790-1"], "problems": []}


def test_an_address_is_not_added_to_who_was_accepted_without():
    wanted = {"mac": OTHER, "name": "um790-1", "address": "10.10.0.16"}
    (problem,) = accept([wanted], [heard()], [machine(ip="")])["problems"]
    assert "has a Hardware object already" in problem


def test_everything_that_is_wrong_is_told_at_once():
    assert len(problems({**WANTED, "mac": "x"}, "um790-3", {**WANTED, "name": ""})) == 3
    assert problems(WANTED, WANTED) == ["um790-2: also of um790-2: " + MAC, "um790-2: also of um790-2: um790-2"]


def test_who_was_not_heard_is_taken_where_that_is_asked_for():
    assert problems(WANTED, unknown=[]) != []
    assert problems(WANTED, unknown=[], unseen=True) == []
    assert problems({**WANTED, "mac": OTHER}, unknown=[], unseen=True) != []


@pytest.mark.parametrize("wanted", ["58:47:ca:71:d8:4f", WANTED, None])
def test_what_is_no_list_is_refused(wanted):
    with pytest.raises(AnsibleFilterError, match="a list of machines"):
        accept(wanted, [], [])


def test_the_host_is_checked_and_written_as_those_of_the_inventory():
    hosts = accept([WANTED], [heard()], [machine()])["hosts"]
    hosts["um790-2"] |= {"netboot_gateway": "10.10.0.1"}
    hostvars = {"um790-2": GROUP, "um790-9": {**GROUP, "netboot_mac": OTHER, "netboot_ip": "10.10.0.9"}}
    (item,) = to_hardware(list(hosts), hostvars, more=hosts)
    (interface,) = item["spec"]["interfaces"]
    assert interface["netboot"]["allowPXE"] is False
    assert interface["dhcp"] == {
        "arch": "x86_64",
        "hostname": "um790-2",
        "ip": {"address": "10.10.0.21", "gateway": "10.10.0.1", "netmask": "255.255.255.0"},
        "mac": MAC,
        "uefi": True,
    }
    hostvars["um790-9"]["netboot_ip"] = "10.10.0.21"
    with pytest.raises(AnsibleFilterError, match=r"10\.10\.0\.21.*um790-2"):
        to_hardware(list(hostvars), hostvars, more=hosts)


def test_more_is_only_of_hosts_that_there_are():
    hosts = {"a": {**GROUP, "netboot_mac": MAC, "netboot_ip": "10.10.0.21", "netboot_allow_pxe": False}}
    assert len(to_hardware(["a"], hosts, more={"b": {"netboot_mac": "x"}})) == 1
