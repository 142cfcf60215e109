# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory hosts become Harvester configurations, or a line for each thing that is wrong with any of them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from ansible._internal._datatag._tags import Origin
from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.netboot.plugins.filter import harvester_config as plugin
from ansible_collections.baremetal.netboot.plugins.filter.to_hardware import to_hardware

COMMON = {
    "netboot_network": "10.10.0.0/24",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.8.2",
    "netboot_image_url": "http://10.10.0.2/harvester",
    "harvester_vip": "10.10.0.10",
    "harvester_password": "correct horse",
}
SECRETS = ("correct horse", "battery staple")


def hosts(*changes: dict[str, Any], **common: Any) -> dict[str, dict[str, Any]]:
    """Return three hosts; ``common`` changes the variables of all, ``changes`` those of one each; None takes away."""
    found = {}
    for number in range(3):
        own = changes[number] if number < len(changes) else {}
        variables = {
            **COMMON,
            "netboot_mac": f"58:47:ca:71:d8:4{number}",
            "netboot_ip": f"10.10.0.1{number + 6}",
            **common,
            **own,
        }
        found[f"node-{number + 1}"] = {key: value for key, value in variables.items() if value is not None}
    return found


def lines_of(variables: dict[str, dict[str, Any]]) -> list[str]:
    """Return the lines of the filter's message, without the first."""
    with pytest.raises(AnsibleFilterError) as caught:
        plugin.harvester_config(list(variables), variables)
    head, *lines = str(caught.value).splitlines()
    count = "a problem" if len(lines) == 1 else f"{len(lines)} problems"
    assert head == f"the inventory has {count}:"
    assert not [secret for secret in SECRETS if secret in str(caught.value)]
    return lines


def made(variables: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return plugin.harvester_config(list(variables), variables)


def test_harvester_config_first_creates_and_the_others_join():
    found = made(hosts())
    assert [item["name"] for item in found] == ["node-1", "node-2", "node-3"]
    assert [item["content"]["install"]["mode"] for item in found] == ["create", "join", "join"]
    assert [item["content"].get("server_url") for item in found] == [None, *["https://10.10.0.10:443"] * 2]
    assert "token" not in found[0]["content"]


def test_harvester_config_names_a_namespace_only_where_the_inventory_does():
    """Who writes it puts it beside the machines then, wherever they are kept."""
    own = {"netboot_hardware": {**to_hardware(["node-1"], hosts())[0]}, "netboot_namespace": "not-the-object-s"}
    own["netboot_hardware"]["metadata"] = {"name": "node-1", "namespace": "rack"}
    found = made(hosts(own, {"netboot_namespace": "lab"}))
    assert [item.get("namespace", "(none)") for item in found] == ["rack", "lab", "(none)"]
    own["netboot_hardware"]["metadata"] = {"name": "node-1"}
    assert "namespace" not in made(hosts(own))[0]


def test_harvester_config_names_the_cluster_after_its_vip():
    """Hosts without one belong to the only cluster there is, and no machine to none but a lone installation."""
    found = made(hosts({}, {"harvester_vip": None}))
    assert [item["cluster"] for item in found] == ["10-10-0-10"] * 3
    found = made(hosts({}, {"harvester_vip": "10.10.0.30"}, {"harvester_config": {"install": {"vip": "10.10.0.31"}}}))
    assert [item["cluster"] for item in found] == ["10-10-0-10", "10-10-0-30", "10-10-0-31"]
    assert list(found[0]) == ["name", "cluster", "content"]
    assert "cluster" not in made(hosts({"harvester_mode": "install"}))[0]


def test_harvester_config_of_some_is_what_it_is_of_all():
    """A play with --limit makes no second creator."""
    everybody = hosts()
    assert plugin.harvester_config(["node-3"], everybody) == [made(everybody)[2]]


def test_harvester_config_leaves_other_systems_out():
    assert [item["name"] for item in made(hosts({"netboot_os": "talos"}))] == ["node-2", "node-3"]
    assert made(hosts({"netboot_os": "talos"}))[0]["content"]["install"]["mode"] == "create"


@pytest.mark.parametrize("system", ["harvester", {"distro": "harvester", "version": "v1.8.2"}])
def test_harvester_config_knows_the_system_however_it_is_written(system):
    assert len(made(hosts(netboot_os=system))) == 3


def test_harvester_config_hashes_passwords_the_same_each_time_and_each_cluster_s_another():
    passwords = [item["content"]["os"]["password"] for item in made(hosts())]
    assert passwords == [item["content"]["os"]["password"] for item in made(hosts())]
    assert len(set(passwords)) == 1
    assert made(hosts(harvester_vip="10.10.0.99"))[0]["content"]["os"]["password"] not in passwords
    assert all(re.fullmatch(r"\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}", password) for password in passwords)
    salts = {password.split("$")[2] for password in passwords}
    assert {item["content"]["os"]["password"].split("$")[2] for item in made(hosts(harvester_password="x"))} == salts


def test_harvester_config_keeps_a_hash_and_hashes_one_of_the_user_s_own():
    hashed = "$6$saltstring$" + "a" * 86
    assert made(hosts(harvester_password=hashed))[0]["content"]["os"]["password"] == hashed
    own = hosts(harvester_password=None, harvester_config={"os": {"password": "$ecret"}})
    assert made(own)[0]["content"]["os"]["password"].startswith("$6$")


def test_harvester_config_password_of_ansible_s_own_type_is_taken():
    tagged = Origin(path="/inventory.yml", line_num=1).tag("correct horse")
    (first, *_others) = made(hosts(harvester_password=tagged, harvester_token=tagged))
    assert first["content"]["os"]["password"] == made(hosts())[0]["content"]["os"]["password"]
    assert first["content"]["token"].__class__ is str


def test_harvester_config_keys_as_text_are_one_a_line():
    text = "# mine\nssh-ed25519 AAAA me, myself\n\n  github:somebody\n"
    (first, *_others) = made(hosts(harvester_ssh_authorized_keys=text, harvester_password=None))
    assert first["content"]["os"]["ssh_authorized_keys"] == ["ssh-ed25519 AAAA me, myself", "github:somebody"]


def test_harvester_config_own_hardware_object_is_read():
    everybody = hosts(netboot_namespace="lab")
    (hardware, *_others) = to_hardware(["node-1"], everybody)
    own = {"netboot_hardware": hardware, "harvester_vip": "10.10.0.10", "harvester_password": "correct horse"}
    assert made({**everybody, "node-1": own})[0] == made(everybody)[0]


@pytest.mark.parametrize(
    ("changes", "common", "line"),
    [
        (
            [],
            {"harvester_vip": None},
            "node-1, node-2, node-3 harvester_vip: missing: should be the cluster's own address",
        ),
        ([], {"harvester_vip": "10.10.0.17"}, 'harvester_vip: "10.10.0.17": is the address of node-2'),
        (
            [],
            {"harvester_vip": "fd00::1"},
            'node-1, node-2, node-3 harvester_vip: "fd00::1": should be an IPv4 address',
        ),
        ([], {"harvester_password": None}, "node-1, node-2, node-3 harvester_password: should have a password or"),
        ([], {"netboot_dns": None}, "node-1, node-2, node-3 netboot_dns: missing"),
        ([], {"netboot_disk": None}, "node-1, node-2, node-3 netboot_disk: missing"),
        ([], {"netboot_gateway": None}, "node-1, node-2, node-3 netboot_gateway: missing"),
        ([], {"harvester_vip_mode": "dhcp"}, "node-1 harvester_vip_hw_addr: missing"),
        ([], {"harvester_vip_mod": "dhcp"}, "harvester_vip_mod: unknown: should this be harvester_vip_mode?"),
        ([], {"harvester_mode": "created"}, 'harvester_mode: "created": should be create or join'),
        ([], {"harvester_mode": "join"}, "node-1, node-2, node-3 harvester_token: missing"),
        ([], {"harvester_config": ["x"]}, "harvester_config: (a list): should be a mapping"),
        ([], {"harvester_ssh_authorized_keys": ["~/.ssh/id.pub"]}, "harvester_ssh_authorized_keys: (a list): number 1"),
        ([], {"harvester_token": "battery staple\n"}, "harvester_token: should be letters, digits"),
        ([], {"netboot_os_version": "v1.2.2", "harvester_role": "worker"}, "harvester_role: not before v1.3"),
        ([], {"netboot_mac": "x"}, 'netboot_mac: "x": should be six bytes'),
        ([], {"netboot_firmware": "bios"}, "does not install on machines with legacy"),
        ([], {"netboot_hostname": "node"}, 'node-2, node-3 netboot_hostname: "node": the same host'),
        (
            [],
            {"harvester_config": {"install": {"vlan_id": 3}}},
            "harvester_config.install.vlan_id: unknown: Harvester drops it in silence: should this be install.manag",
        ),
        (
            [],
            {"harvester_config": {"install": {"management_interface": {"interfaces": [{"name": "ens5"}]}}}},
            'harvester_config.install.management_interface.interfaces[0].name: "ens5": the kernel line calls',
        ),
        (
            [],
            {"harvester_config": {"install": {"isoUrl": "x", "iso_url": "y"}}},
            "harvester_config.install.isoUrl: the same as iso_url",
        ),
        ([{}, {"harvester_token": "battery staple"}], {"harvester_token": "t"}, "node-2 harvester_token: not the one"),
        ([{}, {"harvester_mode": "create"}], {"harvester_mode": "create"}, "node-2, node-3 harvester_mode: node-1"),
        ([{}, {"harvester_role": "witness"}, {"harvester_role": "witness"}], {}, 'node-3 harvester_role: "witness"'),
        ([{"harvester_role": "worker"}], {}, 'node-1 harvester_role: "worker": can\'t create a cluster'),
        (
            [{}, {"harvester_vip": "10.10.0.11"}, {"harvester_vip": None}],
            {},
            "node-3 harvester_vip: missing: there are",
        ),
    ],
)
def test_harvester_config_says_what_is_wrong_in_the_inventory_s_words(changes, common, line):
    lines = lines_of(hosts(*changes, **common))
    assert [found for found in lines if line in found], lines


def test_harvester_config_tells_everything_of_all_hosts_at_once():
    lines = lines_of(
        hosts(
            {"netboot_mac": "x", "harvester_role": "emperor", "netboot_dns": None},
            {"harvester_role": "king"},
            {"harvester_config": {"os": {"passwd": "battery staple"}}},
        )
    )
    assert [line.split(":")[0] for line in lines] == [
        "node-1 netboot_mac",
        "node-1 harvester_role",
        "node-2 harvester_role",
        "node-3 harvester_config.os.passwd",
    ]


def test_harvester_config_what_can_not_be_read_is_not_missing_as_well():
    assert lines_of(hosts(harvester_password=5)) == [
        "node-1, node-2, node-3 harvester_password: should be text: put it in quotes"
    ]


def test_harvester_config_host_that_is_not_there_is_told():
    with pytest.raises(AnsibleFilterError, match="node-9: no host of the inventory"):
        plugin.harvester_config(["node-9"], hosts())


@pytest.mark.parametrize("value", ["node-1", {"node-1": {}}, 5])
def test_harvester_config_takes_a_list(value):
    with pytest.raises(AnsibleFilterError, match="takes a list of host names"):
        plugin.harvester_config(value, hosts())


def test_harvester_config_warns_of_a_version_that_it_does_not_know(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(plugin._display, "warning", told.append)
    assert len(made(hosts(netboot_os_version="master"))) == 3
    assert told == ['node-1, node-2, node-3 netboot_os_version: "master": not known here, and taken for v1.9']


# The order, as the other filter writes it.


def after(variables: dict[str, dict[str, Any]], *names: str) -> list[str | None]:
    objects = to_hardware(list(names or variables), variables)
    return [item["metadata"].get("annotations", {}).get("netboot.baremetal/after") for item in objects]


def test_to_hardware_joins_wait_for_the_creator():
    assert after(hosts()) == [None, "node-1", "node-1"]
    assert after(hosts({}, {"harvester_mode": "create"})) == ["node-2", None, "node-2"]
    assert after(hosts(), "node-3") == ["node-1"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [([], None), ("", None), ("node-2", "node-2"), (["a", "lab/b"], "a,lab/b"), ("a, b", "a,b")],
)
def test_to_hardware_netboot_after_wins(given, wanted):
    assert after(hosts({}, {}, {"netboot_after": given}))[2] == wanted


def test_to_hardware_nobody_waits_without_a_vip():
    assert after(hosts(harvester_vip=None)) == [None] * 3


def test_to_hardware_creator_in_another_namespace_is_named_with_it():
    assert after(hosts({"netboot_namespace": "lab"}))[1] == "lab/node-1"


def test_to_hardware_name_that_can_be_none_is_told_as_the_variable():
    with pytest.raises(AnsibleFilterError, match=r"node-2 netboot_after: .*names no machine"):
        to_hardware(["node-2"], hosts({}, {"netboot_after": ["-x-/"]}))


def test_example_of_the_documentation_runs():
    comment = plugin.EXAMPLES.partition("\n- name")[0]
    yaml = pytest.importorskip("yaml")
    inventory = yaml.safe_load("\n".join(line.removeprefix("# ") for line in comment.splitlines()[2:]))
    group = inventory["netboot_machines"]
    variables = {name: {**group["vars"], **own} for name, own in group["hosts"].items()}
    assert [item["content"]["install"]["mode"] for item in made(variables)] == ["create", "join"]
    assert made(variables)[0]["content"]["install"]["skipchecks"] is True


def test_parts_of_the_configuration_are_merged_in_the_order_of_their_names():
    """As of a group of all, of one of its groups, and of a host."""
    found = made(
        hosts(
            {"harvester_config_host": {"os": {"labels": {"disk": "fast"}}, "install": {"data_disk": "/dev/sdb"}}},
            {"harvester_config_2_host": {"os": {"ntp_servers": None, "modules": ["kvm"]}}},
            harvester_config={"os": {"labels": {"site": "a", "disk": "slow"}, "ntpServers": ["ntp.example.org"]}},
            harvester_config_1_rack={"os": {"labels": {"rack": "r1"}, "modules": ["nvme"]}},
        )
    )
    first, second, third = (item["content"] for item in found)
    assert first["os"]["labels"] == {"site": "a", "disk": "fast", "rack": "r1"}
    assert first["install"]["data_disk"] == "/dev/sdb"
    assert second["os"]["labels"] == third["os"]["labels"] == {"site": "a", "disk": "slow", "rack": "r1"}
    assert (second["os"]["modules"], third["os"]["modules"]) == (["kvm"], ["nvme"])
    assert "ntp_servers" not in second["os"]
    assert third["os"]["ntp_servers"] == ["ntp.example.org"]


def test_part_of_the_configuration_takes_away_what_would_be_derived():
    found = made(hosts(harvester_config={"os": {"labels": {"a": "b"}}}, harvester_config_last={"os": {"labels": None}}))
    assert "labels" not in found[0]["content"]["os"]
    found = made(hosts(harvester_config_x={"install": {"role": None}}, harvester_role="worker"))
    assert "role" not in found[1]["content"]["install"]


def test_mode_and_vip_of_a_part_make_the_cluster():
    found = made(hosts({}, {}, {"harvester_config_own": {"install": {"mode": "create"}}}))
    assert [item["content"]["install"]["mode"] for item in found] == ["join", "join", "create"]


def test_problem_of_a_part_is_told_by_its_name():
    told = lines_of(
        hosts(
            {"harvester_config_host": {"install": {"management_interface": {"mtu": 100}}, "osx": 1}},
            harvester_config={"install": {"management_interface": {"mtu": 9000}}, "os": {"labels": {"a b": "c"}}},
        )
    )
    mtu = "node-1 harvester_config_host.install.management_interface.mtu: 100: should be 0 or from 576 to 9000"
    assert mtu in told
    assert any(" harvester_config.os.labels.a b: " in line for line in told)
    assert any("node-1 harvester_config_host.osx: unknown" in line for line in told)


def test_part_that_is_no_mapping_is_none():
    assert any("harvester_config_url" in line for line in lines_of(hosts(harvester_config_url="http://10.10.0.2/c")))


def test_numbers_may_be_text_and_empty_is_not_given():
    network = {"mtu": "9000", "vlan_id": ""}
    found = made(hosts(netboot_os_version="v1.6.1", harvester_config={"install": {"management_interface": network}}))
    interface = found[0]["content"]["install"]["management_interface"]
    assert interface["mtu"] == 9000
    assert "vlan_id" not in interface


def test_dates_are_the_text_they_were():
    config = {"os": {"labels": {"installed": date(2026, 11, 28)}}}
    assert made(hosts(harvester_config=config))[0]["content"]["os"]["labels"] == {"installed": "2026-11-28"}


QUOTES = "should be text: put it in quotes"


@pytest.mark.parametrize(
    ("config", "path", "message"),
    [
        # What YAML makes of what was written without quotes.
        ({"os": {"write_files": [{"path": "/x", "permissions": 0o600}]}}, "os.write_files[0].permissions", "'0600'"),
        ({"os": {"hostname": True}}, "os.hostname", f"true: {QUOTES}"),
        ({"install": {"vip_mode": False}}, "install.vip_mode", f"false: {QUOTES}"),
        ({"install": {"vip_hw_addr": 41134176001}}, "install.vip_hw_addr", "a number of base 60"),
        ({"os": {"sshd": {"sftp": "on"}}}, "os.sshd.sftp", '"on": should be true or false'),
        ({"install": {"device": ""}}, "install.device", "missing: should be the disk's path"),
        ({"install": {"vip": "0.0.0.0"}}, "install.vip", '"0.0.0.0": is the unspecified address'),
        ({"install": {"management_interface": {"mtu": True}}}, "install.management_interface.mtu", "whole number"),
    ],
)
def test_yaml_traps_are_told_where_they_were_written(config, path, message):
    told = lines_of(hosts(harvester_config=config))
    assert [line for line in told if f" harvester_config.{path}: " in line and message in line], told
