# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories in the documents are taken as they stand there: they are what people copy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.baremetal.netboot.plugins.filter.harvester_config import harvester_config
from ansible_collections.baremetal.netboot.plugins.filter.to_hardware import to_hardware

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
VAULT = re.compile(r'"\{\{ vault_\w+ \}\}"')


def inventories() -> list[tuple[str, dict[str, dict[str, object]]]]:
    """Return each inventory's place and its hosts' variables, with a word for what is in a vault."""
    found = []
    for path in DOCUMENTS:
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)):
            document = yaml.safe_load(VAULT.sub("geheim", block))
            group = document.get("netboot_machines") if isinstance(document, dict) else None  # a list is a playbook
            if group:
                common = group.get("vars") or {}
                hosts = {name: {**common, **(own or {})} for name, own in group["hosts"].items()}
                found.append((f"{path.name}[{number}]", hosts))
    return found


@pytest.mark.parametrize("hosts", [pytest.param(hosts, id=place) for place, hosts in inventories()])
def test_inventory_of_a_document_is_taken(hosts):
    names = list(hosts)
    assert [item["metadata"]["name"] for item in to_hardware(names, hosts)] == names
    modes = [item["content"]["install"]["mode"] for item in harvester_config(names, hosts)]
    assert modes in ([], ["create", *["join"] * (len(names) - 1)])


def test_parts_of_a_configuration_are_merged_along_the_groups(tmp_path):
    """The example of the page, with Ansible's own inventory and its own order of variables."""
    page = (ROOT / "docs/harvester-configuration.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(all:\n.*?)```", page, re.DOTALL)
    (tmp_path / "inventory.yml").write_text(VAULT.sub("geheim", example), encoding="utf-8")
    loader = DataLoader()
    inventory = InventoryManager(loader, sources=[str(tmp_path / "inventory.yml")])
    hostvars = HostVars(inventory, VariableManager(loader, inventory), loader)
    names = [host.name for host in inventory.groups["netboot_machines"].get_hosts()]
    first, second = (item["content"] for item in harvester_config(names, hostvars))
    assert first["os"]["labels"] == {"site": "north", "disk": "slow", "rack": "r1"}
    assert second["os"]["labels"] == {"site": "north", "disk": "fast", "rack": "r1"}
    assert second["install"]["data_disk"] == "/dev/nvme1n1"
    assert first["install"]["skipchecks"] and second["install"]["skipchecks"]


def test_documents_have_inventories():
    assert {place.partition("[")[0] for place, _hosts in inventories()} >= {"README.md", "harvester.md"}
