# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/variables.md names each variable of an inventory, with a type that is checked and an example that is taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.baremetal.netboot.plugins.filter import to_hardware as to_hardware_plugin
from ansible_collections.baremetal.netboot.plugins.filter.harvester_config import harvester_config
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory import keys
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import problems as bmc_problems
from ansible_collections.baremetal.netboot.plugins.plugin_utils import _harvester_options as options

PAGE = Path(__file__).resolve().parents[3] / "docs/variables.md"
VAULT = re.compile(r"\{\{ vault_\w+ \}\}")
WHOLE_OBJECT = "netboot_hardware"
OF_NO_OBJECT = "netboot_bmc"
OF_THE_INVENTORY = "name"  # the host's own, no variable
BASE = {
    "netboot_mac": "58:47:ca:71:d8:49",
    "netboot_ip": "10.10.0.16",
    "netboot_network": "10.10.0.0/24",
    "netboot_gateway": "10.10.0.1",
    "netboot_dns": ["10.10.0.1"],
    "netboot_disk": "/dev/nvme0n1",
    "netboot_os": "harvester",
    "netboot_os_version": "v1.8.2",
    "netboot_image_url": "http://10.10.0.20:7080/images",
    "harvester_vip": "10.10.0.30",
    "harvester_password": "geheim",
}
# What an example is only right with.
BESIDE: dict[str, dict[str, Any]] = {
    "netboot_kernel": {"netboot_os": "linux"},
    "netboot_initrd": {"netboot_os": "linux", "netboot_kernel": "vmlinuz"},
    "netboot_tftp_server_name": {"netboot_boot_file_name": "pi/start4.elf"},
    "netboot_boot_file_name": {"netboot_tftp_server_name": "10.10.0.5"},
    "harvester_vip_hw_addr": {"harvester_vip_mode": "dhcp"},
}
NEVER = 1.5  # what no type takes
# Type -> values that are of it, and values that are not.
TYPES: dict[str, tuple[list[Any], list[Any]]] = {
    "text": ([], [["x"], {"x": "y"}, NEVER]),
    "text or mapping": (["harvester", {"distro": "harvester"}], [["harvester"], NEVER]),
    "list": ([["a", "b"], "a"], [{"a": "b"}, NEVER]),
    "list of texts": ([["ssh-ed25519 A"], "ssh-ed25519 A"], [{"a": "b"}, [["a"]], NEVER]),
    "number": ([3600, "3600"], ["soon", True, [1], NEVER]),
    "true or false": ([True, "no"], ["perhaps", [True], NEVER]),
    "mapping": ([{}], ["a", ["a"], NEVER]),
    "list of mappings": ([[]], ["a", ["a"], {}, NEVER]),
}
# As YAML has the example: the other values that a type takes are for those who look it up.
WRITTEN: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "text or mapping": (str,),
    "list": (list, str),
    "list of texts": (list,),
    "number": (int,),
    "true or false": (bool,),
    "mapping": (dict,),
    "list of mappings": (list,),
}


@dataclass(frozen=True)
class Row:
    """One line of a table of variables."""

    name: str
    others: tuple[str, ...]
    type: str
    example: Any


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and re.fullmatch(r"`(netboot|harvester)_\w+`", cells[0]):
            example = yaml.safe_load(VAULT.sub("geheim", cells[3].strip("`")))
            found.append(Row(cells[0].strip("`"), tuple(re.findall(r"`(\w+)`", cells[1])), cells[2], example))
    return found


ROWS = rows()


def takes(variable: str, value: Any) -> bool:
    """Return whether the code takes ``value`` for a value of the kind that ``variable`` has."""
    prefix, _, name = variable.partition("_")
    if variable == OF_NO_OBJECT:
        return value == {} or not list(bmc_problems(value))  # empty is not given
    if variable == WHOLE_OBJECT:
        return isinstance(value, dict)
    if prefix == "harvester":
        findings: list[Any] = []
        options.read_options("um790-1", {variable: value}, findings)
        return not findings
    told: list[str] = []
    keys.read_machine({name: value}, lambda _key, _value, message: told.append(message))
    return not told


def hosts(row: Row) -> dict[str, dict[str, Any]]:
    """Return two hosts, the first of which has the row's example."""
    same = {row.name, *row.others}
    first = {name: value for name, value in BASE.items() if name not in same}
    if row.name == "netboot_netmask":
        del first["netboot_network"]
    first |= BESIDE.get(row.name, {}) | {row.name: row.example}
    second = {**BASE, "netboot_mac": "58:47:ca:71:d8:4a", "netboot_ip": "10.10.0.17"}
    if row.name == "netboot_after":
        first["harvester_mode"], second["harvester_mode"] = "join", "create"
    elif row.name in ("harvester_vip_mode", "harvester_vip_hw_addr", "harvester_token"):
        second[row.name] = row.example
        second |= BESIDE.get(row.name, {})
    elif row.name == "harvester_role":
        first["harvester_mode"], second["harvester_mode"] = "join", "create"
    return {"um790-1": first, "um790-2": second}


def each() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def test_page_has_every_variable_and_no_other():
    named = [name for row in ROWS for name in (row.name, *row.others)]
    assert len(named) == len(set(named))
    machine = {*keys._MACHINE, *keys._OTHER_NAMES} - {OF_THE_INVENTORY}
    wanted = {f"netboot_{name}" for name in machine} | {f"harvester_{name}" for name in options.NAMES}
    wanted |= {WHOLE_OBJECT, OF_NO_OBJECT}
    assert set(named) == wanted


@each()
def test_other_names_are_of_the_same_variable(row):
    key = keys.canonical(row.name.removeprefix("netboot_"))
    assert [keys.canonical(name.removeprefix("netboot_")) for name in row.others] == [key] * len(row.others)


@each()
def test_type_is_the_one_that_is_checked(row):
    right, wrong = TYPES[row.type]
    assert isinstance(row.example, WRITTEN[row.type])
    assert [value for value in [row.example, *right] if not takes(row.name, value)] == []
    assert [value for value in wrong if takes(row.name, value)] == []


@each()
def test_example_is_taken_by_the_filters(row):
    machines = hosts(row)
    first, _second = to_hardware_plugin.to_hardware(list(machines), machines)
    assert first["metadata"]["name"] == "um790-1"
    made = [item["name"] for item in harvester_config(list(machines), machines)]
    elsewhere = row.name in ("netboot_config_url", "netboot_kernel", "netboot_initrd", WHOLE_OBJECT)
    assert made == (["um790-2"] if elsewhere else ["um790-1", "um790-2"])


def test_example_that_is_wrong_is_told():
    machines = hosts(Row("netboot_gateway", (), "text", "10.10.0.256"))
    with pytest.raises(AnsibleFilterError, match="netboot_gateway"):
        to_hardware_plugin.to_hardware(list(machines), machines)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name.startswith("netboot_")], ids=lambda row: row.name)
def test_documentation_of_the_filter_has_it_too(row):
    assert f"C({row.name})" in to_hardware_plugin.DOCUMENTATION
