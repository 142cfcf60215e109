# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check of an inventory finds beside its machines: options of the roles, and hosts outside --limit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleUndefinedVariable

from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import lines_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._role_variables import (
    PROVISION,
    given_nothing,
    misplaced,
    read_roles,
    releases_missing,
    role_findings,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._run_limit import limit_problems

ROOT = Path(__file__).resolve().parents[3]
ROLES = read_roles(ROOT / "roles")
GOOD = {
    "bootd_address": "10.10.0.20",
    "bootd_interface": "eth0",
    "bootd_service_manager": "systemd",
    "bootd_settings": {"image_dir": "/srv/images"},
    "image_server_releases": [{"version": "v1.8.2"}],
    "hardware_prune": True,
    "hardware_of_mine": 5,
    "provision_timeout": 60,
    "ansible_host": "10.10.0.20",
}


def told(variables: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    found = list(role_findings("bootstrap", variables, ROLES))
    return lines_of(each for each, note in found if not note), lines_of(each for each, note in found if note)


def test_good_variables_have_nothing_to_tell():
    assert told(GOOD) == ([], [])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"bootd_adress": "x"}, "bootstrap bootd_adress: unknown: should this be bootd_address?"),
        ({"bootd_interfaces": "x"}, "bootstrap bootd_interfaces: unknown: should this be bootd_interface?"),
        ({"bootd_image_dir": "/x"}, "bootstrap bootd_image_dir: unknown: should this be bootd_settings.image_dir?"),
        ({"bootd_log_level": "x"}, "bootstrap bootd_log_level: unknown: should this be bootd_settings.log_level?"),
        ({"image_server_dirs": "/x"}, "bootstrap image_server_dirs: unknown: should this be image_server_dir?"),
        ({"hardware_prunes": 1}, "bootstrap hardware_prunes: unknown: should this be hardware_prune?"),
        ({"provision_time_out": 5}, "bootstrap provision_time_out: unknown: should this be provision_timeout?"),
        (
            {"bootd_settings": {"imagedir": "/x"}},
            "bootstrap bootd_settings.imagedir: no setting of bootd's: should this be image_dir?",
        ),
        (
            {"bootd_service_manager": "systemdd"},
            "bootstrap: value of bootd_service_manager must be one of: systemd, foreground, kubernetes, got: systemdd",
        ),
        (
            {"bootd_dhcp_modes": {"eth1": "prox"}},
            "bootstrap bootd_dhcp_modes: 'eth1=prox' should have a mode of reservation, proxy, auto-proxy, off",
        ),
        ({"bootd_arch_map": {"x": ""}}, "bootstrap bootd_arch_map: 'x=' is not ARCHITECTURE=FILE, such as 7=ipxe.efi"),
        ({"bootd_address": None}, "bootstrap: missing required arguments: bootd_address"),
        (
            {"image_server_releases": [{"verison": "v1.8.2"}]},
            "bootstrap: missing required arguments: version found in image_server_releases",
        ),
    ],
)
def test_options_of_roles_are_told_before_the_roles_run(change, line):
    variables = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    problems, notes = told(variables)
    assert line in problems
    assert notes == []


def test_variable_that_no_role_has_is_worth_knowing():
    assert told({**GOOD, "bootd_colour": "red"}) == ([], ["bootstrap bootd_colour: nothing reads this"])


def test_every_problem_at_once():
    assert len(told({"bootd_adress": "x", "bootd_service_manager": "y", "bootd_settings": {"z": 1}})[0]) == 4


class Variables(dict[str, Any]):
    """The variables of a host, one of which needs a default of a role, which only that role has."""

    def __getitem__(self, key: str) -> Any:
        if key == "bootd_store":
            raise AnsibleUndefinedVariable("'bootd_service_manager' is undefined")
        return super().__getitem__(key)


def test_option_that_needs_a_default_of_its_role_is_left_to_the_role():
    assert told(Variables({**GOOD, "bootd_store": "{{ bootd_service_manager }}"})) == ([], [])


def test_playbook_s_own_variables_are_known():
    head = (ROOT / "playbooks/provision.yml").read_text(encoding="utf-8").partition("- name:")[0]
    assert [name for name in PROVISION[:-2] if f"provision_{name} " not in head] == []


@pytest.mark.parametrize("limit", [None, ["bootstrap"], ["um790-2", "bootstrap"], ["um790-1", "um790-2", "bootstrap"]])
def test_run_that_reaches_what_it_needs(limit):
    assert limit_problems(["um790-1", "um790-2"], ["bootstrap"], limit) == []


@pytest.mark.parametrize(
    ("limit", "words"),
    [(["um790-2"], "--limit um790-2,bootstrap"), (["other"], "--limit MACHINE,bootstrap")],
)
def test_run_without_the_host_of_bootd_is_told_what_to_write(limit, words):
    (line,) = limit_problems(["um790-1", "um790-2"], ["bootstrap"], limit)
    assert line.endswith(words)


@pytest.mark.parametrize(("machines", "bootstrap"), [([], ["b"]), (["m"], []), (["m"], ["b", "c"])])
def test_groups_are_missing(machines, bootstrap):
    (line,) = limit_problems(machines, bootstrap, None)
    assert line.endswith(f"it has {len(bootstrap)} and {len(machines)}")


def test_variable_in_the_wrong_group_is_told():
    hostvars = {
        "bootstrap": {"bootd_address": "x", "netboot_gateway": "10.10.0.1", "netboot_dns": [], "other": 1},
        "um790-1": {"netboot_dns": [], "bootd_interface": "eth0", "bootd_address": "x"},
    }
    assert [(each.name, each.path) for each in misplaced("bootstrap", ["um790-1"], hostvars)] == [
        ("bootstrap", "netboot_gateway"),
        ("um790-1", "bootd_interface"),
    ]


@pytest.mark.parametrize(
    ("variables", "disable_dhcp", "allow_pxe", "told"),
    [
        ({}, True, True, True),
        ({"bootd_dhcp_mode": "reservation", "bootd_dhcp_modes": {"eth1": "off"}}, True, True, True),
        ({"bootd_dhcp_mode": "proxy"}, True, True, False),
        ({"bootd_dhcp_mode": "off"}, True, True, False),
        ({"bootd_dhcp_mode": False}, True, True, False),
        ({"bootd_settings": {"dhcp_mode": "auto-proxy"}}, True, True, False),
        ({"bootd_dhcp_modes": {"10.10.0.0/24": "proxy"}}, True, True, False),
        ({"bootd_dhcp_modes": {"10.10.0.0/24": "prox"}}, True, True, False),  # which is told itself
        ({"bootd_dhcp_mode": None}, True, True, False),
        ({}, False, True, False),
        ({}, True, False, False),  # whatever the mode
    ],
)
def test_machine_that_no_mode_gives_anything_is_worth_knowing(variables, disable_dhcp, allow_pxe, told):
    item = machine("")
    item["spec"]["interfaces"][0] |= {"disableDhcp": disable_dhcp, "netboot": {"allowPXE": allow_pxe}}
    found = list(given_nothing(variables, {"um790-1": item}))
    message = "bootd gives them nothing with bootd_dhcp_mode reservation: should that be proxy?"
    assert found == ([("um790-1", message)] if told else [])


def machine(base: str) -> dict[str, Any]:
    return {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": "um790-1"},
        "spec": {
            "metadata": {"instance": {"operating_system": {"distro": "harvester", "version": "v1.8.2"}}},
            "interfaces": [
                {
                    "dhcp": {"mac": "58:47:ca:71:d8:49", "ip": {"address": "10.10.0.16", "netmask": "255.255.255.0"}},
                    "netboot": {"allowPXE": True, "osie": {"baseURL": base}},
                }
            ],
        },
    }


@pytest.mark.parametrize(
    ("base", "releases", "told"),
    [
        ("http://10.10.0.20:7080/images", [{"version": "v1.8.1"}], True),
        ("http://10.10.0.20:7080/images", [{"version": "1.8.2"}], True),
        ("http://10.10.0.20:7080/images", [{"version": "v1.8.2"}], False),
        ("http://10.10.0.20:7080/images", None, False),
        ("http://10.10.0.2/harvester", [{"version": "v1.8.1"}], False),
    ],
)
def test_release_that_is_not_fetched_is_worth_knowing(base, releases, told):
    variables = {"bootd_address": "10.10.0.20", "image_server_releases": releases}
    found = list(releases_missing("bootstrap", variables, {"um790-1": machine(base)}))
    assert [host for host, _version, _message in found] == (["um790-1"] if told else [])
