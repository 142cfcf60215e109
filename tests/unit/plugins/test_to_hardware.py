# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory hosts become Hardware objects, or a line for each thing that is wrong with any of them."""

from __future__ import annotations

import copy
import re

import pytest
import yaml
from ansible._internal._datatag._tags import Origin
from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.netboot.plugins.filter import to_hardware as plugin
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import hardware_objects
from samples.howto import HARDWARE

COMMON = {
    "netboot_network": "10.10.0.0/24",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.2.0",
    "netboot_image_url": "http://10.10.0.2/harvester",
}
HOWTO = yaml.safe_load(HARDWARE)


def hosts(**changes):
    """Return two hosts; ``changes`` are made to the variables of both, None takes one away."""
    found = {
        name: {**COMMON, "netboot_mac": mac, "netboot_ip": ip, **changes}
        for name, mac, ip in (
            ("um790-1", "58:47:ca:71:d8:49", "10.10.0.16"),
            ("um790-2", "58-47-CA-71-D8-4A", "10.10.0.17"),
        )
    }
    return {name: {key: value for key, value in items.items() if value is not None} for name, items in found.items()}


def lines_of(variables):
    """Return the lines of the filter's message, without the first."""
    with pytest.raises(AnsibleFilterError) as caught:
        plugin.to_hardware(list(variables), variables)
    head, *lines = str(caught.value).splitlines()
    count = "a problem" if len(lines) == 1 else f"{len(lines)} problems"
    assert head == f"the inventory has {count}:"
    return lines


def test_to_hardware_makes_an_object_of_each_host():
    objects = plugin.to_hardware(["um790-2", "um790-1"], hosts())
    assert [item["metadata"]["name"] for item in objects] == ["um790-2", "um790-1"]
    assert objects[1] == {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": "um790-1"},
        "spec": {
            "disks": [{"device": "/dev/nvme0n1"}],
            "metadata": {"instance": {"operating_system": {"distro": "harvester", "version": "v1.2.0"}}},
            "interfaces": [
                {
                    "dhcp": {
                        "arch": "x86_64",
                        "hostname": "um790-1",
                        "ip": {"address": "10.10.0.16", "gateway": "10.10.0.1", "netmask": "255.255.255.0"},
                        "mac": "58:47:ca:71:d8:49",
                        "name_servers": ["10.10.0.1"],
                        "uefi": True,
                    },
                    "netboot": {
                        "allowPXE": True,
                        "allowWorkflow": False,
                        "osie": {"baseURL": "http://10.10.0.2/harvester"},
                    },
                }
            ],
        },
    }


def test_to_hardware_reads_only_what_is_its_own():
    """Variables of others may not even be readable: they can need facts that are not there."""

    class Variables(dict):
        def __getitem__(self, key):
            assert key.startswith("netboot_") or key == "ansible_host"
            return super().__getitem__(key)

    variables = {name: Variables(items, other="{{ undefined }}", mac="x") for name, items in hosts().items()}
    assert plugin.to_hardware(list(variables), variables) == plugin.to_hardware(list(variables), hosts())


@pytest.mark.parametrize(
    ("ip", "ansible_host", "address"),
    [
        (None, "10.10.0.30", "10.10.0.30"),
        ("10.10.0.31", "10.10.0.30", "10.10.0.31"),
        ("10.10.0.31", "um790-1.example.com", "10.10.0.31"),
    ],
)
def test_to_hardware_takes_the_address_of_ansible_where_no_other_is_given(ip, ansible_host, address):
    variables = {"um790-1": {**hosts(netboot_ip=ip)["um790-1"], "ansible_host": ansible_host}}
    (item,) = plugin.to_hardware(["um790-1"], variables)
    assert item["spec"]["interfaces"][0]["dhcp"]["ip"]["address"] == address


@pytest.mark.parametrize("ansible_host", ["um790-1.example.com", "", "fe80::1", 7])
def test_to_hardware_takes_no_name_for_an_address(ansible_host):
    variables = hosts(netboot_ip=None, ansible_host=ansible_host)
    (line,) = lines_of(variables)
    told = "missing: bootd has no address to give it. Where another DHCP server gives the addresses, write"
    assert line == f"um790-1, um790-2 netboot_ip: {told} netboot_disable_dhcp: true"


def test_to_hardware_names_the_variable_of_a_further_interface_without_an_address():
    further = [{"mac": "58:47:ca:71:d8:5a", "allow_pxe": False, "netmask": "255.255.255.0"}]
    (line,) = lines_of({"um790-1": hosts(netboot_interfaces=further)["um790-1"]})
    assert line.startswith("um790-1 netboot_interfaces[0].ip: missing: bootd has no address to give it.")
    assert line.endswith(" write netboot_interfaces[0].disable_dhcp: true")


def tagged(node):
    """Return ``node`` as Ansible hands it over: in types of its own that remember where a value stands."""
    if isinstance(node, dict):
        return {tagged(key): tagged(value) for key, value in node.items()}
    if isinstance(node, list):
        return [tagged(item) for item in node]
    return Origin(description="inventory.yml").tag(node)


def types_in(node):
    inner = [*node.keys(), *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else []
    return {type(node)}.union(*map(types_in, inner))


def test_to_hardware_takes_a_whole_object_as_it_is():
    variables = {"um790-1": {**COMMON, "netboot_hardware": tagged(HOWTO)}, "um790-2": tagged(hosts()["um790-2"])}
    assert not types_in(variables) <= {str, int, bool, list, dict}
    objects = plugin.to_hardware(list(variables), variables)
    assert types_in(objects) == {str, int, bool, list, dict}
    assert objects[0] == HOWTO
    assert objects[1]["metadata"]["name"] == "um790-2"


@pytest.mark.parametrize(
    ("change", "beginning"),
    [
        ({"netboot_gatway": "10.10.0.1"}, "um790-1 netboot_gatway: unknown: should this be netboot_gateway?"),
        ({"netboot_zzz": 1}, "um790-1 netboot_zzz: unknown"),
        ({"netboot_ip": "10.11.0.16"}, 'um790-1 netboot_ip: "10.11.0.16": outside network 10.10.0.0/24'),
        ({"netboot_mac": 41135085296}, "um790-1 netboot_mac: 41135085296: should be text: put it in quotes"),
        ({"netboot_interfaces": [{"mca": "x"}]}, "um790-1 netboot_interfaces[0].mca: unknown: should this be mac?"),
    ],
)
def test_to_hardware_names_host_and_variable(change, beginning):
    variables = hosts()
    variables["um790-1"].update(change)
    assert lines_of(variables)[0].startswith(beginning)


def test_to_hardware_names_variables_in_messages():
    variables = {"um790-1": {key: value for key, value in hosts()["um790-1"].items() if "_os" not in key}}
    del variables["um790-1"]["netboot_image_url"]
    assert lines_of(variables) == [
        "um790-1 netboot_os: missing: nothing says what to boot: netboot_os, netboot_ipxe or netboot_kernel"
    ]


def test_to_hardware_tells_of_machines_that_claim_the_same():
    variables = hosts(netboot_ip="10.10.0.16")
    (line,) = lines_of(variables)
    assert line.startswith('um790-2 netboot_ip: "10.10.0.16": the same IP address as ')
    assert "um790-1" in line


def test_to_hardware_tells_of_a_whole_object_that_claims_the_same():
    variables = {"um790-1": {"netboot_hardware": HOWTO}, "um790-2": hosts(netboot_mac="58:47:ca:71:d8:49")["um790-2"]}
    (line,) = lines_of(variables)
    assert line.startswith("um790-2 ")
    assert '"58:47:ca:71:d8:49": the same MAC address as tink-system/um790-1' in line


def test_to_hardware_says_once_what_many_hosts_have():
    variables = {f"um790-{number}": {"netboot_gatway": "10.10.0.1"} for number in range(1, 7)}
    lines = lines_of(variables)
    assert lines[0] == "um790-1, um790-2, um790-3 and 3 more netboot_gatway: unknown: should this be netboot_gateway?"
    assert len({line.partition(": ")[0] for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            ("metadata", "name"),
            "um790-9",
            'um790-1 netboot_hardware.metadata.name: "um790-9": should be the name that the host has in the inventory',
        ),
        (
            ("apiVersion",),
            "v1",
            'um790-1 netboot_hardware.apiVersion: "v1": should be tinkerbell.org/v1alpha1; this object is not served',
        ),
    ],
)
def test_to_hardware_checks_a_whole_object(path, value, line):
    item = copy.deepcopy(HOWTO)
    node = item
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert lines_of({"um790-1": {"netboot_hardware": item}}) == [line]


@pytest.mark.parametrize("item", [None, "", "text", [], {}, 3])
def test_to_hardware_survives_a_whole_object_that_is_none(item):
    (line, *_unused) = lines_of({"um790-1": {"netboot_hardware": item}})
    assert line.startswith("um790-1 netboot_hardware")


def test_to_hardware_knows_its_hosts():
    variables = hosts()
    with pytest.raises(AnsibleFilterError, match="um790-3: no host of the inventory"):
        plugin.to_hardware([*variables, "um790-3"], variables)


@pytest.mark.parametrize("names", ["um790-1", {"um790-1": {}}, None, 3])
def test_to_hardware_wants_a_list_of_names(names):
    with pytest.raises(AnsibleFilterError, match="takes a list of host names"):
        plugin.to_hardware(names, hosts())


def test_hardware_objects_are_the_same_for_the_same_inventory():
    assert yaml.safe_dump(hardware_objects(hosts()), sort_keys=False) == yaml.safe_dump(
        hardware_objects(hosts()), sort_keys=False
    )


def test_documentation_names_every_variable():
    from ansible_collections.baremetal.netboot.plugins.module_utils._inventory import keys

    others = {"dns": "name_servers", "ntp": "time_servers", "firmware": "uefi"}
    documented = {others.get(name, name) for name in re.findall(r"C\(netboot_(\w+)\)", plugin.DOCUMENTATION)}
    assert set(keys._MACHINE) - documented == {"name"}
