# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories in the documents are taken as they stand there: they are what people copy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.baremetal.netboot.plugins.filter.harvester_config import harvester_config
from ansible_collections.baremetal.netboot.plugins.filter.to_hardware import to_hardware

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VAULT = re.compile(r'"\{\{ vault_\w+ \}\}"')


def inventories() -> list[tuple[str, dict[str, dict[str, object]]]]:
    """Return each inventory's place and its hosts' variables, with a word for what is in a vault."""
    found = []
    for path in DOCUMENTS:
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)):
            group = (yaml.safe_load(VAULT.sub("geheim", block)) or {}).get("netboot_machines")
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


def test_documents_have_inventories():
    assert {place.partition("[")[0] for place, _hosts in inventories()} >= {"README.md", "harvester.md"}
