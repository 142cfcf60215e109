# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory's hosts become for machine_power, and what is told of their BMCs."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.netboot.plugins.filter.to_hardware import to_hardware
from ansible_collections.baremetal.netboot.plugins.filter.to_power import to_power
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory_report import machines_report, message_of

BMC = {"type": "redfish", "address": "10.10.9.16", "username": "admin", "password": "geheim"}
OWN_OBJECT = {
    "apiVersion": "tinkerbell.org/v1alpha1",
    "kind": "Hardware",
    "metadata": {"name": "um790-1", "namespace": "lab"},
    "spec": {
        "bmcRef": {"apiGroup": "bmc.tinkerbell.org", "kind": "Machine", "name": "bmc-1"},
        "interfaces": [
            {
                "dhcp": {
                    "mac": "58:47:ca:71:d8:49",
                    "ip": {"address": "10.10.0.16", "netmask": "255.255.255.0", "gateway": "10.10.0.1"},
                },
                "netboot": {"allowPXE": False},
            }
        ],
    },
}


def host(number=1, **variables):
    return {
        "netboot_mac": f"58:47:CA:71:D8:4{number}",
        "netboot_ip": f"10.10.0.1{number}/24",
        "netboot_gateway": "10.10.0.1",
        "netboot_os": "harvester",
        "netboot_os_version": "v1.2.0",
        "netboot_image_url": "http://10.10.0.20:7080/images",
        **variables,
    }


def test_words_are_handed_on_with_what_the_machine_boots_by():
    hosts = {"um790-1": host(netboot_bmc=BMC), "um790-2": host(2, netboot_firmware="bios")}
    one, two = to_power(list(hosts), hosts)
    same = {"name": "um790-1", "mac": "58:47:ca:71:d8:41", "firmware": "uefi"}
    assert one == {**same, "bmc": BMC}
    assert two == {**same, "name": "um790-2", "mac": "58:47:ca:71:d8:42", "firmware": "bios"}


def test_password_gets_into_no_object():
    hosts = {"um790-1": host(netboot_bmc=BMC)}
    assert "geheim" not in str(to_hardware(list(hosts), hosts))


def test_reference_is_a_field_of_the_object_and_counts_without_words():
    hosts = {"um790-1": host(netboot_bmc_ref="bmc-1"), "um790-2": host(2, netboot_bmc_ref="bmc-2", netboot_bmc=BMC)}
    (first, _second) = to_hardware(list(hosts), hosts)
    assert first["spec"]["bmcRef"] == OWN_OBJECT["spec"]["bmcRef"]
    one, two = to_power(list(hosts), hosts)
    assert one["bmc_ref"] == "bmc-1"
    assert "bmc_ref" not in two


@pytest.mark.parametrize(("more", "key"), [({}, "bmc_ref"), ({"netboot_bmc": BMC}, "bmc")])
def test_whole_object_may_have_either(more, key):
    hosts = {"um790-1": {"netboot_hardware": OWN_OBJECT, **more}}
    (machine,) = to_power(list(hosts), hosts)
    assert {"bmc", "bmc_ref"} & set(machine) == {key}
    assert machine["namespace"] == "lab"
    assert machines_report(hosts, hosts).notes == []


def test_where_machines_stand_is_added_and_one_that_bootd_lacks_is_unheard():
    hosts = {f"um790-{number}": host(number) for number in (1, 2)}
    seen = [
        {"name": "um790-1", "namespace": "other", "stage": "failed", "netboot": True},
        {"name": "um790-1", "namespace": "tink-system", "stage": "ready", "netboot": False},
    ]
    for namespace, first in (("", "ready"), ("tink-system", "ready"), ("other", "failed")):
        machines = to_power(list(hosts), hosts, seen, namespace)
        assert [machine["stage"] for machine in machines] == [first, "known"]
        assert [machine["netboot"] for machine in machines] == [first == "failed", True]
    assert "stage" not in to_power(list(hosts), hosts)[0]


def test_everything_that_is_wrong_is_told_at_once_and_no_password():
    hosts = {
        "um790-1": host(netboot_bmc={**BMC, "type": "redfisch", "port": 0}),
        "um790-2": host(2, netboot_bmc={**BMC, "boot": "http"}, netboot_firmware="bios"),
        "um790-3": host(3, netboot_bmc={**BMC, "user": "root"}, netboot_bmcs={}),
        "um790-4": host(4, netboot_bmc="geheim"),
    }
    lines = message_of(machines_report(hosts, hosts).problems).splitlines()[1:]
    assert lines == [
        "um790-3 netboot_bmcs: unknown: should this be netboot_bmc?",
        "um790-1 netboot_bmc.type: should be one of redfish, ipmi, wol",
        "um790-1 netboot_bmc.port: should be a number from 1 to 65535",
        "um790-2 netboot_bmc.boot: http is for UEFI, and the firmware of this machine is a BIOS",
        "um790-4 netboot_bmc: should be a mapping, with type (redfish, ipmi, wol), address, username and password",
        "um790-3 netboot_bmc.address: also of um790-2: what is done to one would be done to the other",
    ]
    with pytest.raises(AnsibleFilterError, match="redfish"):
        to_power(list(hosts), hosts)


@pytest.mark.parametrize("wrong", ["um790-1", {"um790-1": 1}, 5])
def test_other_things_than_lists_are_told(wrong):
    with pytest.raises(AnsibleFilterError, match="to_power takes a list"):
        to_power(wrong, {})
