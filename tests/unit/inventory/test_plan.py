# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning: an inventory's words become Hardware objects, or every reason why not, under the inventory's own keys."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from _bootd.hardware.manifest import Document
from _bootd.hardware.model import machine_from_object
from _bootd.validation.objects import check
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import PlanError, examine, plan
from samples.documents import OBJECT, PLAIN

NIC = "spec.interfaces.0."
SYSTEM = "spec.metadata.instance.operating_system"
ROUTES = [{"destination": "10.0.0.0/8", "router": "10.10.0.1"}]
DEFAULTS = {
    "network": "10.10.0.0/24",
    "gateway": "10.10.0.1",
    "name_servers": ["10.10.0.1"],
    "namespace": "tink-system",
    "os": "harvester",
    "os_version": "v1.2.0",
    "image_url": "http://10.10.0.2/harvester",
}
MACHINE = {"name": "um790-1", "mac": "58:47:ca:71:d8:49", "ip": "10.10.0.16", "disk": "/dev/nvme0n1"}


def one(machine: dict, defaults: dict | None = None) -> dict:
    (planned,) = plan([MACHINE | machine], DEFAULTS | (defaults or {}))
    return planned


def at(value, path: str):
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value.get(step)
    return value


def refused(machines: list, defaults: dict | None = None) -> dict[tuple[str, str], str]:
    with pytest.raises(PlanError) as caught:
        plan(machines, DEFAULTS | (defaults or {}))
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)
    return {(problem.object, problem.path): problem.message for problem in caught.value.problems}


def test_plan_walk_through_object_comes_out_of_an_inventory():
    userdata = OBJECT["spec"]["metadata"]["instance"]["userdata"]
    planned = one(
        {
            "facility_code": "onprem",
            "plan_slug": "c2.medium.x86",
            "manufacturer": "minisforum",
            "kernel_args": userdata,
            "lease_time": 86400,
        }
    )
    assert planned == OBJECT
    assert machine_from_object(planned).interfaces == machine_from_object(OBJECT).interfaces


def test_plan_is_the_same_text_every_time():
    machines = [
        MACHINE,
        {**dict(reversed(MACHINE.items())), "name": "b", "mac": "58:47:ca:71:d8:50", "ip": "10.10.0.17"},
    ]
    first, second = (json.dumps(plan(machines, DEFAULTS)) for _unused in range(2))
    assert first == second
    assert list(plan(machines, DEFAULTS)[0]["spec"]) == list(plan(machines, DEFAULTS)[1]["spec"])


@pytest.mark.parametrize(
    ("machine", "path", "expected"),
    [
        ({"mac": "58-47-CA-71-D8-49"}, NIC + "dhcp.mac", "58:47:ca:71:d8:49"),
        ({"mac": "5847.ca71.d849"}, NIC + "dhcp.mac", "58:47:ca:71:d8:49"),
        ({}, NIC + "dhcp.hostname", "um790-1"),
        ({"hostname": "node"}, NIC + "dhcp.hostname", "node"),
        ({}, NIC + "dhcp.ip.netmask", "255.255.255.0"),
        ({"ip": "10.10.0.16/24"}, NIC + "dhcp.ip.address", "10.10.0.16"),
        ({"netmask": 24}, NIC + "dhcp.ip.netmask", "255.255.255.0"),
        ({"prefix": "/24"}, NIC + "dhcp.ip.netmask", "255.255.255.0"),
        ({"netmask": "255.255.255.0"}, NIC + "dhcp.ip.netmask", "255.255.255.0"),
        ({"dns": "10.10.0.2, 10.10.0.3"}, NIC + "dhcp.name_servers", ["10.10.0.2", "10.10.0.3"]),
        ({"ntp": ["10.10.0.4"]}, NIC + "dhcp.time_servers", ["10.10.0.4"]),
        ({"lease_time": "3600"}, NIC + "dhcp.lease_time", 3600),
        ({"vlan": 12}, NIC + "dhcp.vlan_id", "12"),
        ({"firmware": "bios"}, NIC + "dhcp.uefi", False),
        ({"firmware": "UEFI"}, NIC + "dhcp.uefi", True),
        ({"uefi": "no"}, NIC + "dhcp.uefi", False),
        ({"arch": "arm64", "os_version": "v1.3.0"}, NIC + "dhcp.arch", "aarch64"),
        ({}, NIC + "netboot.allowPXE", True),
        ({"allow_pxe": False}, NIC + "netboot.allowPXE", False),
        ({"allow_pxe": "no"}, NIC + "netboot.allowPXE", False),
        ({"disk": ["/dev/sda", "/dev/sdb"]}, "spec.disks", [{"device": "/dev/sda"}, {"device": "/dev/sdb"}]),
        ({"install_device": "/dev/sda", "disk": None}, "spec.disks", [{"device": "/dev/sda"}]),
        (
            {"os": {"distro": "harvester", "version": "v1.3.0"}},
            SYSTEM + ".version",
            "v1.3.0",
        ),
        (
            {"os": {"version": "v1.3.0"}},
            SYSTEM,
            {"distro": "harvester", "version": "v1.3.0"},
        ),
        ({"version": "v1.3.0"}, SYSTEM + ".version", "v1.3.0"),
        ({"kernel_args": ["a=1", "b"]}, "spec.metadata.instance.userdata", "a=1 b"),
        (
            {"config_url": "http://h/c.yaml", "kernel_args": "ip=dhcp"},
            "spec.metadata.instance.userdata",
            "ip=dhcp harvester.install.config_url=http://h/c.yaml",
        ),
        ({"os": "talos", "kernel_args": "a=1 b"}, NIC + "netboot.osie.kernelParams", ["a=1 b"]),
        ({"ipxe": {"url": "http://h/x.ipxe"}}, NIC + "netboot.ipxe", {"url": "http://h/x.ipxe"}),
        ({"kernel": "vmlinuz", "initrd": "initrd"}, NIC + "netboot.osie.kernel", "vmlinuz"),
        ({"reprovision": date(2026, 11, 28)}, "metadata.annotations", {"netboot.baremetal/reprovision": "2026-11-28"}),
        (
            {"reprovision": datetime(2026, 11, 28, 10)},
            "metadata.annotations",
            {"netboot.baremetal/reprovision": "2026-11-28T10:00:00"},
        ),
        ({"labels": {"rack": 12, "since": date(2026, 11, 28), "row": ""}}, "metadata.labels.since", "2026-11-28"),
        ({"labels": {"rack": 12, "row": ""}}, "metadata.labels", {"rack": "12"}),
        ({"os": {"distro": "harvester", "version": " "}}, SYSTEM + ".version", "v1.2.0"),
        ({"gateway": " ", "dns": ["", "10.10.0.2", None]}, NIC + "dhcp.name_servers", ["10.10.0.2"]),
        ({"gateway": " "}, NIC + "dhcp.ip.gateway", "10.10.0.1"),
        ({"reprovision": 2}, "metadata.annotations", {"netboot.baremetal/reprovision": "2"}),
        ({"local_boot": "exit"}, "metadata.annotations", {"netboot.baremetal/local-boot": "exit"}),
        ({"https_boot": True}, "metadata.annotations", {"netboot.baremetal/https-boot": "true"}),
        ({"https_boot": "no"}, "metadata.annotations", {"netboot.baremetal/https-boot": "false"}),
        # YAML takes it for a number.
        ({"local_boot": 404}, "metadata.annotations", {"netboot.baremetal/local-boot": "404"}),
        ({"labels": {"role": "server"}}, "metadata.labels", {"role": "server"}),
        ({"user_data": "#cloud-config\n"}, "spec.userData", "#cloud-config\n"),
        (
            {"static_routes": ROUTES},
            NIC + "dhcp.classless_static_routes.0.router",
            "10.10.0.1",
        ),
        ({"namespace": None}, "metadata.namespace", "tink-system"),
        (
            {"dhcp_options": {"interface-mtu": 9000, 150: "ip:10.0.0.5", "always": [150]}},
            "metadata.annotations",
            {"netboot.baremetal/dhcp-options": '{"interface-mtu": 9000, "150": "ip:10.0.0.5", "always": [150]}'},
        ),
    ],
)
def test_plan_words(machine, path, expected):
    assert at(one(machine), path) == expected


def test_plan_machine_wins_over_its_group_by_any_name():
    planned = one({"dns_servers": "10.10.0.9", "firmware": "bios", "distro": "harvester"}, {"uefi": True})
    dhcp = planned["spec"]["interfaces"][0]["dhcp"]
    assert (dhcp["name_servers"], dhcp["uefi"]) == (["10.10.0.9"], False)


def test_plan_leaves_the_namespace_to_the_store_without_one():
    assert "namespace" not in plan([MACHINE | {"netmask": 24, "allow_pxe": False}])[0]["metadata"]


def test_plan_more_interfaces_do_not_netboot_unless_told_to():
    planned = one(
        {
            "interfaces": [
                {"mac": "58:47:ca:71:d8:50", "ip": "10.10.1.16/24"},
                {"mac": "58:47:ca:71:d8:51", "disable_dhcp": True},
            ]
        }
    )
    first, second, third = planned["spec"]["interfaces"]
    assert [item["netboot"]["allowPXE"] for item in (first, second, third)] == [True, False, False]
    assert "hostname" not in second["dhcp"]
    assert third["disableDhcp"] is True


@pytest.mark.parametrize(
    ("machine", "key", "words"),
    [
        ({"name": None}, "name", "missing"),
        ({"name": "A_b"}, "name", "lower-case"),
        ({"mac": None}, "mac", "missing"),
        ({"mac": "58:47"}, "mac", "six bytes"),
        ({"mac": 123}, "mac", "quotes"),
        ({"ip": None}, "ip", "missing"),
        ({"ip": "10.10.0.16/99"}, "ip", "IPv4"),
        ({"ip": "10.11.0.16"}, "ip", "outside network"),
        ({"ip": "fe80::1"}, "ip", "IPv6"),
        ({"ip": "10.10.0.16/25"}, "ip", "network 255.255.255.0: they disagree"),
        ({"netmask": "16"}, "netmask", "network 255.255.255.0: they disagree"),
        ({"prefix": 16}, "prefix", "network 255.255.255.0: they disagree"),
        ({"network": "10.10.0.0"}, "network", "network as in"),
        ({"network": None, "ip": "10.10.0.16"}, "ip", ""),
        ({"gateway": "10.11.0.1"}, "gateway", "outside"),
        ({"name_servers": ["dns.example"]}, "name_servers[0]", "not names"),
        ({"name_servers": 5}, "name_servers", "list"),
        ({"lease_time": "soon"}, "lease_time", "whole number"),
        ({"allow_pxe": "maybe"}, "allow_pxe", "true or false"),
        ({"firmware": "coreboot"}, "firmware", "uefi or bios"),
        ({"disk": "sda"}, "disk", "/dev/nvme0n1"),
        ({"disk": None, "install_device": "sda"}, "install_device", "/dev/nvme0n1"),
        ({"name_servers": None, "dns": "dns.example"}, "dns[0]", "not names"),
        ({"ntp": ["pool.ntp.org"]}, "ntp[0]", "not names"),
        ({"interfaces": [{"mac_address": "x", "ip": "10.10.1.1/24"}]}, "interfaces[0].mac_address", "six bytes"),
        ({"interfaces": [{"mac": "58:47:ca:71:d8:50", "ip": "10.10.1.2/24", "dns": "x"}]}, "interfaces[0].dns[0]", ""),
        ({"static_routes": [{"destination": "10.1.1.1", "router": "x"}]}, "static_routes[0].destination", "network as"),
        ({"dhcp_options": "mtu=9000"}, "dhcp_options", "should be a mapping"),
        ({"dhcp_options": {"interface-mtu": 1.5}}, "dhcp_options.interface-mtu", "whole number"),
        ({"dhcp_options": {"mtu": 9000}}, "dhcp_options.mtu", "should this be interface-mtu?"),
        ({"dhcp_options": {3: "ip:10.10.0.1"}}, "dhcp_options.3", "it is gateway"),
        ({"dhcp_options": {"always": [150]}}, "dhcp_options.always", "not among the options"),
        ({"labels": {"gpu": True}}, "labels", "gpu should be text: put it in quotes"),
        ({"labels": "x"}, "labels", "mapping"),
        ({"reprovision": True}, "reprovision", "new each time"),
        ({"local_boot": "disk"}, "local_boot", "should be one of menu, exit, sanboot, 404, lease, or sanboot:0x81"),
        ({"tftp_server_name": "10.10.0.2"}, "boot_file_name", "goes together with tftp_server_name"),
        ({"os_version": 1.2}, "os_version", "quotes"),
        ({"os": {"distro": "harvester", "flavour": "x"}}, "os", "flavour"),
        ({"ipxe": {"scripts": "x"}}, "ipxe", "scripts"),
        ({"image_url": "10.10.0.2/harvester"}, "image_url", "http://10.10.0.2/harvester"),
        ({"kernel_args": "a\nb"}, "kernel_args", "line break"),
        ({"os": "talos", "config_url": "http://h/c"}, "config_url", "harvester"),
        ({"os": "harvestr"}, "os", "unknown: should this be harvester? (installers are known for debian and harvester"),
        ({"os": "debian12"}, "os", "should this be debian?"),
        ({"os": False}, "os", "name of an operating system"),
        ({"os": {"distro": "harvester", "version": 1.8}}, "os", "quotes"),
        ({"os": {"distro": "harvester", "version": "1 8"}}, "os.version", "becomes part of a URL"),
        ({"os": "talos"}, "kernel", "nothing says what to boot"),
        ({"os": "talos", "allow_pxe": True}, "allow_pxe", "nothing says what to boot"),
        ({"mac": 41135085296}, "mac", 'base 60: "52:54:00:12:34:56"'),
        ({"mac": 525400123456}, "mac", 'base 60: "52:54:00:12:34:56"'),
        ({"dsik": "/dev/sda"}, "dsik", "disk"),
        ({"mac_adress": "x"}, "mac_adress", "mac_address"),
        ({"disks": "/dev/sda"}, "disks", "also given"),
        ({"interfaces": "x"}, "interfaces", "list of mappings"),
        ({"interfaces": [{"mac": "x", "ip": "10.10.1.1/24"}]}, "interfaces[0].mac", "six bytes"),
        ({"interfaces": [{"mca": "x"}]}, "interfaces[0].mca", "mac"),
        ({"interfaces": [{"mac": "58:47:ca:71:d8:49", "disable_dhcp": True}]}, "interfaces[0].mac", "um790-1 mac"),
    ],
)
def test_plan_one_wrong_word(machine, key, words):
    defaults = {"network": None} if machine.get("network", "") is None else {}
    defaults |= {"image_url": None} if "nothing says" in words else {}
    defaults |= {"os_version": None} if key == "os.version" else {}
    problems = refused([MACHINE | machine], defaults)
    name = "machines[0]" if machine.get("name", "") is None else MACHINE["name"] if "name" not in machine else "A_b"
    if not words and key == "ip":
        assert "missing" in problems[name, f"{key}.netmask" if (name, f"{key}.netmask") in problems else "netmask"]
    else:
        assert words in problems[name, key]


def test_plan_every_problem_of_every_machine_at_once():
    machines = [
        MACHINE | {"gateway": "10.11.0.1", "dsik": "x"},
        MACHINE | {"name": "b", "lease_time": -1},
        MACHINE | {"name": "c", "mac": "58:47:ca:71:d8:50", "ip": "10.10.0.18"},
    ]
    problems = refused(machines)
    assert list(problems) == [
        ("um790-1", "dsik"),
        ("um790-1", "gateway"),
        ("b", "lease_time"),
        ("b", "mac"),
        ("b", "ip"),
    ]
    assert "tink-system/um790-1 mac" in problems["b", "mac"]


@pytest.mark.parametrize("change", [{"mac": 5}, {"network": "10.10.0.0"}, {"os": "harvestr"}, {"os": 5}, {"os": True}])
def test_plan_what_can_not_be_read_is_not_missing_as_well(change):
    assert list(refused([MACHINE | change])) == [("um790-1", next(iter(change)))]


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"version": "1.8.2"}, "version", "v1.8.2?"),
        ({"base_url": "https://10.10.0.2/harvester"}, "base_url", "no HTTPS"),
        ({"gateway": ""}, "gateway", "no default route"),
        (
            {"os": "talos"},
            "os",
            "installers are known for debian and harvester; any other boots the kernel of k.kernel",
        ),
    ],
)
def test_examine_notes_what_is_worth_knowing(change, key, words):
    (found,) = (
        examine([DEFAULTS | {"os_version": None, "image_url": None, "gateway": None} | item], prefix="k.")
        for item in [{"version": "v1.2.0", "base_url": "http://h", "gateway": "10.10.0.1"} | MACHINE | change]
    )
    assert found.problems == []
    assert [(note.path, note.document) for note in found.notes] == [(f"k.{key}", 0)]
    assert words in found.notes[0].message


def test_plan_takes_mappings_and_text_of_other_types():
    class Text(str):
        __slots__ = ()

    class Lookup(dict):
        pass

    machine = Lookup({Text(key): Text(value) for key, value in MACHINE.items()})
    (planned,) = plan([machine], Lookup(DEFAULTS))
    assert planned == one({})
    assert {type(value) for value in planned["metadata"].values()} == {str}


@pytest.mark.parametrize("machines", [[5], [None], ["um790-1"], [[]], [{}], [{5: 6}]])
def test_plan_what_is_no_machine(machines):
    assert refused(machines)


KEYS = [*MACHINE, *DEFAULTS, "netmask", "uefi", "firmware", "vlan"]
KEYS += ["interfaces", "ipxe", "labels", "allow_pxe", "kernel_args"]


def planned_or_problems(machines: list) -> tuple[list, list]:
    try:
        return plan(machines, DEFAULTS), []
    except PlanError as error:
        return [], error.problems


@given(st.lists(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), PLAIN, max_size=6), max_size=3))
def test_plan_anything_is_planned_or_a_plan_error(changes):
    machines = [MACHINE | change for change in changes]
    planned, problems = planned_or_problems(machines)
    assert all(str(problem).isprintable() for problem in problems)
    if not problems:
        assert [problem for problem in check(Document(item) for item in planned) if not problem.note] == []
        assert [machine_from_object(item).name for item in planned] == [str(machine["name"]) for machine in machines]


@given(
    st.lists(
        st.fixed_dictionaries(
            {"number": st.integers(2, 254)},
            optional={
                "firmware": st.sampled_from(["uefi", "bios"]),
                "allow_pxe": st.booleans(),
                "lease_time": st.integers(1, 2**32 - 1),
                "vlan": st.integers(0, 4094),
                "arch": st.sampled_from(["amd64", "x86_64"]),
            },
        ),
        unique_by=lambda machine: machine["number"],
        max_size=5,
    )
)
def test_plan_good_machines_always_validate(machines):
    given_machines = [
        {
            **{key: value for key, value in machine.items() if key != "number"},
            "name": f"m{machine['number']}",
            "mac": f"52:54:00:00:00:{machine['number']:02x}",
            "ip": f"10.10.0.{machine['number']}",
        }
        for machine in machines
    ]
    planned = plan(given_machines, DEFAULTS)
    assert [problem for problem in check(Document(item) for item in planned) if not problem.note] == []


@pytest.mark.parametrize("key", ["user_data", "vendor_data", "userdata", "kernel_args"])
def test_plan_shows_no_secret_that_it_can_not_use(key):
    with pytest.raises(PlanError) as caught:
        plan([MACHINE | {key: 8675309.5}], DEFAULTS)
    assert key in str(caught.value)
    assert "8675309" not in str(caught.value)
