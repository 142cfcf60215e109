# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines as inventory hosts."""

from __future__ import annotations

import pytest

from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.machines import (
    UNKNOWN,
    Entry,
    described,
    entry_of,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._hosts import groups_of, host_names, variables_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import hardware_objects

MAC = "58:47:ca:71:d8:49"


def machine(name="um790-1", namespace="default", **spec):
    found = {"metadata": {"name": name, "namespace": namespace, "labels": spec.pop("labels", {})}, "spec": spec}
    return described(entry_of(found))


INTERFACE = {
    "dhcp": {"mac": MAC, "hostname": "um790-1", "ip": {"address": "10.10.0.16", "netmask": "255.255.255.0"}},
    "netboot": {"allowPXE": True},
}
SYSTEM = {"instance": {"operating_system": {"distro": "harvester", "version": "v1.2.0"}}}


@pytest.mark.parametrize(
    ("keys", "hosts"),
    [
        ([("default", "a"), ("default", "b")], ["a", "b"]),
        ([("x", "a"), ("y", "a"), ("y", "b")], ["a.x", "a.y", "b"]),
        ([], []),
    ],
)
def test_host_names_are_plain_where_they_can_be(keys, hosts):
    found = host_names(machine(name, namespace) for namespace, name in keys)
    assert list(found) == hosts
    assert [(item["namespace"], item["name"]) for item in found.values()] == keys


def test_variables_of_a_machine():
    variables = variables_of(machine(interfaces=[INTERFACE], metadata=SYSTEM, labels={"rack": "b12"}))
    seen = variables.pop("netboot")
    assert variables == {
        "ansible_host": "10.10.0.16",
        "netboot_mac": MAC,
        "netboot_ip": "10.10.0.16",
        "netboot_namespace": "default",
        "netboot_hostname": "um790-1",
        "netboot_os": "harvester",
        "netboot_os_version": "v1.2.0",
        "netboot_labels": {"rack": "b12"},
    }
    assert (seen["stage"], seen["mac"], seen["netboot"]) == ("known", MAC, True)


def test_variables_of_a_machine_that_has_nothing():
    assert set(variables_of(machine())) == {"netboot", "netboot_namespace"}


def test_variables_are_those_of_the_filter():
    """What the inventory gives, the filter takes: nothing in it is unknown to it."""
    variables = variables_of(machine(interfaces=[INTERFACE], metadata=SYSTEM, labels={"rack": "b12"}))
    (made,) = hardware_objects({"um790-1": {**variables, "netboot_network": "10.10.0.0/24"}})
    again = variables_of(described(entry_of(made)))
    assert {**again, "netboot": None} == {**variables, "netboot": None}


def test_groups_of_a_machine():
    found = machine(metadata=SYSTEM, labels={"role": "server"})
    expected = ["netboot_stage_known", "netboot_version_v1.2.0"]
    assert list(groups_of(found, "role")) == [*expected, "netboot_role_server"]
    assert list(groups_of(found, "netboot.baremetal/role")) == expected


def test_groups_of_a_machine_whose_stage_nobody_knows():
    entry = entry_of({"metadata": {"name": "a"}})
    unknown = described(Entry(entry.document, entry.live, UNKNOWN))
    assert unknown["stage"] == ""
    assert list(groups_of(unknown, "role")) == []
