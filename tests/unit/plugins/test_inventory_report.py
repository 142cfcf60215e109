# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that there is to say of an inventory: everything that is wrong at once and once, and what does nothing."""

from __future__ import annotations

import copy
from datetime import date, datetime
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleUndefinedVariable

from ansible_collections.baremetal.netboot.plugins.filter import to_hardware as plugin
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import lines_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory_report import message_of, whole_report
from samples.howto import HARDWARE

COMMON = {
    "netboot_network": "10.10.0.0/24",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.8.2",
    "netboot_image_url": "http://10.10.0.20:7080/images",
    "harvester_vip": "10.10.0.30",
    "harvester_password": "correct horse",
}
GROUP = "node-1, node-2"
OTHER = "should be one that nobody else has"
SOME = [*COMMON, "netboot_ntp", "netboot_after", "harvester_mode", "harvester_config"]


def hosts(own: dict[str, Any] | None = None, **common: Any) -> dict[str, dict[str, Any]]:
    """Return two machines and the host of bootd; ``own`` changes the second, ``common`` both; None takes away."""
    found: dict[str, dict[str, Any]] = {"bootstrap": {"bootd_address": "10.10.0.20"}}
    for number in (1, 2):
        mac, ip = f"58:47:ca:71:d8:4{number}", f"10.10.0.1{number + 5}"
        variables = {**COMMON, "netboot_mac": mac, "netboot_ip": ip, **common, **((own or {}) if number == 2 else {})}
        found[f"node-{number}"] = {key: value for key, value in variables.items() if value is not None}
    return found


def told(variables: dict[str, dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the lines of what is wrong, and of what is worth knowing."""
    report = whole_report(["node-1", "node-2"], variables)
    assert "correct horse" not in str((report.problems, report.notes))
    return lines_of(report.problems), lines_of(report.notes)


def test_nothing_to_tell_of_a_good_inventory():
    assert told(hosts()) == ([], [])


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("harvester_ssh_keys", ["ssh-ed25519 AAAA"], "harvester_ssh_authorized_keys"),
        ("harvester_data_disk", "/dev/sdb", "harvester_config.install.data_disk"),
        ("harvester_ntp_servers", ["pool.ntp.org"], "netboot_ntp"),
        ("harvester_dns_nameservers", ["10.10.0.1"], "harvester_config.os.dns_nameservers"),
        ("harvester_disk", "/dev/sdb", "netboot_disk"),
        ("harvester_device", "/dev/sdb", "netboot_disk"),
        ("harvester_version", "v1.7.1", "netboot_os_version"),
        ("harvester_os_version", "v1.7.1", "netboot_os_version"),
        ("harvester_hostname", "x", "netboot_hostname"),
        ("harvester_mac", "x", "netboot_mac"),
        ("harvester_tty", "ttyS0", "harvester_config.install.tty"),
        ("harvester_skipchecks", True, "harvester_config.install.skipchecks"),
        ("harvester_wipe_all_disks", True, "harvester_config.install.wipe_all_disks"),
        ("harvester_system_settings", {}, "harvester_config.system_settings"),
        ("harvester_sysctls", {"a": 1}, "harvester_config.os.sysctls"),
        ("harvester_mtu", 9000, "harvester_config.install.management_interface.mtu"),
        ("harvester_bond_options", {}, "harvester_config.install.management_interface.bond_options"),
        ("harvester_replica_count", 1, "harvester_config.install.harvester.storage_class.replica_count"),
        ("harvester_vip_mod", "dhcp", "harvester_vip_mode"),
        ("harvester_passwd", "x", "harvester_password"),
        ("netboot_iso_url", "http://h/x.iso", "harvester_iso_url"),
        ("netboot_vip", "10.10.0.30", "harvester_vip"),
        ("netboot_password", "x", "harvester_password"),
        ("netboot_token", "x", "harvester_token"),
        ("netboot_data_disk", "/dev/sdb", "harvester_config.install.data_disk"),
        ("netboot_ssh_authorized_keys", [], "harvester_ssh_authorized_keys"),
        ("netboot_gatway", "x", "netboot_gateway"),
        ("netboot_image_urls", "x", "netboot_image_url"),
        ("netboot_os_verison", "x", "netboot_os_version"),
        ("netboot_reprovison", "x", "netboot_reprovision"),
        ("NETBOOT_mac", "x", ""),
    ],
)
def test_variable_that_nothing_reads_is_told_with_its_place(variable, value, place):
    problems, notes = told(hosts(**{variable: value}))
    assert problems == ([f"{GROUP} {variable}: unknown: should this be {place}?"] if place else [])
    assert notes == []


def test_variable_of_somebody_s_own_is_left_alone_where_it_is_used():
    variables = hosts(
        harvester_version="v1.8.2", harvester_server="10.10.0.20:7080", harvester_cluster_vip="10.10.0.30"
    )
    assert told(variables) == ([], [])


def test_variable_of_somebody_s_own_that_is_not_used_is_worth_knowing():
    message = "nothing reads this; what Harvester's configuration can say goes into harvester_config"
    assert told(hosts(harvester_colour="red")) == ([], [f"{GROUP} harvester_colour: {message}"])


@pytest.mark.parametrize("netboot_os", [None, "", "  "])
def test_operating_system_is_missing_beside_variables_of_harvester(netboot_os):
    problems, notes = told(hosts(netboot_os=netboot_os))
    line = f"{GROUP} netboot_os: missing: harvester_vip and 1 more would not be read; should be harvester"
    assert (problems, notes) == ([line], [])


@pytest.mark.parametrize("netboot_os", ["havester", "harvestr", "Harvester1"])
def test_operating_system_that_is_misspelt_is_told_once(netboot_os):
    problems, _notes = told(hosts(netboot_os=netboot_os))
    assert len(problems) == 1
    assert problems[0].startswith(f'{GROUP} netboot_os: "{netboot_os}": unknown: should this be harvester? (installers')


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ({"netboot_os": "debian", "netboot_os_version": "12"}, "the machine installs debian, not harvester"),
        ({"netboot_config_url": "http://10.10.0.2/x.yaml"}, "the configuration of this machine is elsewhere"),
    ],
)
def test_variables_of_harvester_that_nobody_reads_are_worth_knowing(own, reason):
    _problems, notes = told(hosts({**own, "harvester_role": "worker"}))
    assert notes == [f"node-2 harvester_role: not read: {reason}"]  # the others are the group's, and read for node-1
    _problems, notes = told(hosts(**own))
    assert f"{GROUP} harvester_vip, harvester_password: not read: {reason}" in notes


def test_variables_beside_a_whole_object_that_nobody_reads_are_worth_knowing():
    item = yaml.safe_load(HARDWARE)
    item["metadata"]["name"] = "node-2"
    variables = hosts()
    variables["node-2"] = {"netboot_hardware": item, "netboot_dns": ["10.10.0.1"], "netboot_ntp": ["10.10.0.9"]}
    variables["node-2"]["netboot_mac"] = "58:47:ca:71:d8:49"  # a template has put it into the object
    variables["node-1"] |= {"netboot_ip": "10.10.0.19", "netboot_mac": "58:47:ca:71:d8:59"}
    assert "node-2 netboot_ntp: not read beside netboot_hardware, which says all" in told(variables)[1]


@pytest.mark.parametrize(
    ("own", "common", "line"),
    [
        ({}, {"harvester_vip": "10.10.0.1"}, f'{GROUP} harvester_vip: "10.10.0.1": is the gateway of node-1; should'),
        ({}, {"harvester_vip": "10.10.0.0"}, f'{GROUP} harvester_vip: "10.10.0.0": is the network address of 10.10'),
        ({}, {"harvester_vip": "10.10.0.255"}, f'{GROUP} harvester_vip: "10.10.0.255": is the broadcast address'),
        ({}, {"harvester_vip": "0.0.0.0"}, f'{GROUP} harvester_vip: "0.0.0.0": is the unspecified address; should'),
        ({}, {"harvester_vip": "255.255.255.255"}, f'{GROUP} harvester_vip: "255.255.255.255": is the broadcast'),
        ({}, {"harvester_vip": "127.0.0.1"}, f'{GROUP} harvester_vip: "127.0.0.1": is a loopback address'),
        (
            {},
            {"harvester_vip": "10.10.0.20"},
            f'{GROUP} harvester_vip: "10.10.0.20": is bootd\'s own (bootd_address of',
        ),
        ({}, {"harvester_vip": "10.10.0.16"}, f'{GROUP} harvester_vip: "10.10.0.16": is the address of node-1; should'),
        ({}, {"harvester_vip": "10.11.0.30"}, f'{GROUP} harvester_vip: "10.11.0.30": outside the network of its mach'),
        (
            {},
            {"harvester_vip": None, "harvester_config": {"install": {"vip": "10.10.0.1"}}},
            f'{GROUP} harvester_config.install.vip: "10.10.0.1": is the gateway of node-1; should',
        ),
        (
            {"netboot_ip": "10.10.0.20"},
            {},
            'node-2 netboot_ip: "10.10.0.20": is bootd\'s own (bootd_address of bootstrap',
        ),
        ({"netboot_ip": "10.10.0.1"}, {}, 'node-2 netboot_gateway: "10.10.0.1": is the machine\'s own address'),
        ({"netboot_ip": "10.10.0.0"}, {}, 'node-2 netboot_ip: "10.10.0.0": is the network address of 10.10.0.0/24'),
        ({"netboot_ip": "10.10.0.255"}, {}, 'node-2 netboot_ip: "10.10.0.255": is the broadcast address'),
        (
            {"netboot_ip": None, "ansible_host": "10.10.0.20"},
            {},
            'node-2 ansible_host: "10.10.0.20": is bootd\'s own (bootd_address of bootstrap)',
        ),
        (
            {"netboot_interfaces": [{"mac": "58:47:ca:71:d8:51", "ip": "10.10.0.20/24", "disable_dhcp": True}]},
            {},
            'node-2 netboot_interfaces[0].ip: "10.10.0.20": is bootd\'s own (bootd_address of bootstrap)',
        ),
    ],
)
def test_addresses_that_must_differ(own, common, line):
    problems, notes = told(hosts(own, **common))
    assert [each[: len(line)] for each in problems] == [line]
    assert notes == []


def test_vip_is_held_against_machines_that_install_something_else():
    other = {"netboot_os": "talos", "netboot_kernel": "vmlinuz", "netboot_ip": "10.10.0.30", "harvester_vip": None}
    problems, _notes = told(hosts({**other, "harvester_password": None}))
    assert problems == [
        'node-1 harvester_vip: "10.10.0.30": is the address of node-2; should be one that nobody else has'
    ]


def test_vip_may_be_in_the_network_that_the_configuration_names():
    network = {"install": {"management_interface": {"method": "dhcp"}}}
    assert told(hosts(harvester_vip="10.11.0.30", harvester_config=network)) == ([], [])


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"netboot_os_version": "1.8.2"}, 'netboot_os_version: "1.8.2": Harvester\'s releases begin with a v: v1.8.2?'),
        ({"netboot_image_url": "https://h/x"}, 'netboot_image_url: "https://h/x": iPXE as distributions ship it knows'),
        ({"netboot_version": "master", "netboot_os_version": None}, 'netboot_version: "master": not known here, and'),
        ({"netboot_after": "node-9"}, 'netboot_after: "node-9": no host of the inventory has this name (should this'),
        ({"netboot_after": ["lab/zzz"]}, 'netboot_after: "lab/zzz": no host of the inventory has this name; while no'),
        ({"netboot_lease_time": 5}, "netboot_lease_time: 5: a short lease"),
    ],
)
def test_notes_reach_the_inventory_once(variables, line):
    problems, notes = told(hosts(variables))
    assert problems == []
    assert [each[: len(line) + 7] for each in notes] == [f"node-2 {line}"]


def test_notes_are_warnings_of_the_filter(monkeypatch):
    warned: list[str] = []
    monkeypatch.setattr(plugin._display, "warning", warned.append)
    variables = hosts(netboot_os_version="1.8.2")
    assert len(plugin.to_hardware(["node-1", "node-2"], variables)) == 2
    assert warned == [f'{GROUP} netboot_os_version: "1.8.2": Harvester\'s releases begin with a v: v1.8.2?']


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"netboot_disk": None, "netboot_disks": ["sda"]}, 'netboot_disks: "sda": should be the disk\'s path'),
        ({"netboot_disks": ["sda"]}, "netboot_disks: (a list): the same as netboot_disk, which is also given"),
        ({"netboot_disk": "sda"}, 'netboot_disk: "sda": should be the disk\'s path'),
        ({"netboot_disk": None}, "netboot_disk: missing: should be the disk's path"),
        ({"netboot_dns": ["dns.lab"]}, 'netboot_dns[0]: "dns.lab": should be an IPv4 address'),
        ({"netboot_dns": None, "netboot_nameservers": "x"}, 'netboot_nameservers[0]: "x": should be an IPv4 address'),
        ({"netboot_dns": None}, "netboot_dns: missing: harvester_management_method is static"),
        ({"netboot_firmware": "legacy"}, 'netboot_firmware: "legacy": Harvester v1.8.2 does not install'),
        ({"netboot_firmware": "coreboot"}, 'netboot_firmware: "coreboot": should be uefi or bios'),
        ({"netboot_labels": {"a": True}}, "netboot_labels: (a mapping): a should be text: put it in quotes"),
        ({"netboot_annotations": 5}, "netboot_annotations: 5: should be a mapping"),
        ({"harvester_password": True}, "harvester_password: should be text: put it in quotes"),
        ({"harvester_config": "os:\n  password: correct horse"}, "harvester_config: should be a mapping"),
        ({"netboot_dns": None, "netboot_gateway": None}, "netboot_gateway: missing: method is static"),
        ({"netboot_kernel_args": {"a": "b"}}, "netboot_kernel_args: should be a list, or text"),
        ({"harvester_password": None}, "harvester_password: should have a password"),
        ({"netboot_ip": "10.11.0.16"}, 'netboot_ip: "10.11.0.16": outside network 10.10.0.0/24'),
    ],
)
def test_messages_name_the_variable_that_was_written(variables, line):
    problems, _notes = told(hosts(variables))
    assert problems[0].startswith(f"node-2 {line}")
    assert [each for each in problems if "spec." in each or "metadata." in each] == []


def test_what_follows_from_what_was_told_is_not_told_as_well():
    assert len(told(hosts(netboot_os_version=1.8))[0]) == 1
    assert told(hosts(netboot_os="havester"))[1] == []
    variables = hosts()
    variables["node_2"] = variables.pop("node-2")
    report = whole_report(["node-1", "node_2"], variables)
    assert [finding.path for finding in report.problems] == ["name"]


def test_time_server_by_name_is_told_with_the_place_that_takes_names():
    (line,), _notes = told(hosts(netboot_ntp=["0.pool.ntp.org"]))
    assert line.startswith(f'{GROUP} netboot_ntp[0]: "0.pool.ntp.org": should be an IPv4 address as in 10.10.0.16: ')
    assert line.endswith("addresses here, not names; Harvester takes names in harvester_config.os.ntp_servers")
    assert told(hosts(harvester_config={"os": {"ntp_servers": ["0.pool.ntp.org"]}})) == ([], [])


@pytest.mark.parametrize("value", [date(2026, 11, 28), datetime(2026, 11, 28, 10), "2026-11-28", 20261128])
def test_anything_new_asks_for_another_installation(value):
    variables = hosts(netboot_reprovision=value)
    assert told(variables) == ([], [])
    item, *_rest = plugin.to_hardware(["node-1"], variables)
    assert item["metadata"]["annotations"]["netboot.baremetal/reprovision"][:4] == "2026"


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("value", [date(2026, 11, 28), datetime(2026, 11, 28), 1.8, True, 8, ["x", 1.8], {"a": 1.8}])
def test_no_value_of_yaml_is_a_fault(name, value):
    problems, _notes = told(hosts(**{name: value}))
    assert all(line.isprintable() for line in problems)


@pytest.mark.parametrize("name", SOME)
def test_empty_value_is_one_that_is_not_given(name):
    without = {key: {**value} for key, value in hosts(**{name: None}).items()}
    assert told(hosts(**{name: " "})) == told(hosts(**{name: ""})) == told(without)


class Undefined(dict[str, Any]):
    """The variables of a host, one of which needs what is not there."""

    def __getitem__(self, key: str) -> Any:
        if key == "harvester_password":
            raise AnsibleUndefinedVariable("'vault_harvester_password' is undefined")
        return super().__getitem__(key)


def test_variable_that_can_not_be_worked_out_is_told_beside_everything_else():
    variables: dict[str, Any] = {name: Undefined(own) for name, own in hosts(netboot_dsik="x").items()}
    assert told(variables)[0] == [
        f"{GROUP} harvester_password: can't be worked out: 'vault_harvester_password' is undefined",
        f"{GROUP} netboot_dsik: unknown: should this be netboot_disk?",
    ]


def test_everything_is_told_at_once_and_once():
    variables = hosts(
        {"netboot_mac": "x", "netboot_ip": "10.10.0.20", "harvester_role": "king"},
        harvester_vip="10.10.0.1",
        netboot_gatway="10.10.0.1",
        harvester_config={"os": {"passwd": "correct horse"}},
    )
    report = whole_report(["node-1", "node-2"], variables)
    assert message_of(report.problems).splitlines() == [
        "the inventory has 6 problems:",
        f"{GROUP} netboot_gatway: unknown: should this be netboot_gateway?",
        'node-2 netboot_mac: "x": should be six bytes as in 58:47:ca:71:d8:49, lower case, with colons',
        f'node-2 netboot_ip: "10.10.0.20": is bootd\'s own (bootd_address of bootstrap); {OTHER}',
        f'{GROUP} harvester_vip: "10.10.0.1": is the gateway of node-1; {OTHER}',
        f"{GROUP} harvester_config.os.passwd: unknown: Harvester drops it in silence: should this be password?",
        'node-2 harvester_role: "king": should be default or management or worker or witness',
    ]
    assert copy.deepcopy(variables) == variables
