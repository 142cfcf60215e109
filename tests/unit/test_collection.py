# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own papers agree with its content."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from _bootd.process import libraries
from ansible_collections.baremetal.netboot.plugins.doc_fragments.attributes import ModuleDocFragment

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").glob("*") if path.is_dir())
DEMOS = ("playbooks/inventory/demo.yml", "playbooks/inventory/demo_harvester.yml")
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None


def documentation(module: str) -> dict[str, Any]:
    """Return a module's own documentation, without what its fragments add."""
    tree = ast.parse((ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8"))
    texts = {
        node.targets[0].id: node.value.value for node in tree.body if isinstance(node, ast.Assign) and node.lineno < 20
    }
    return yaml.safe_load(texts["DOCUMENTATION"])


def test_action_group_lists_the_modules_that_reach_a_cluster_and_no_others():
    """Its defaults, a kubeconfig above all, go to each of its modules, and one without such an option fails on them."""
    reaching = [
        name
        for name in MODULES
        if "baremetal.netboot.kubernetes" in documentation(name)["extends_documentation_fragment"]
    ]
    assert load(ROOT / "meta/runtime.yml")["action_groups"] == {"kubernetes": reaching}
    assert reaching == [
        name
        for name in MODULES
        if "baremetal.netboot.attributes.actiongroup_kubernetes"
        in documentation(name)["extends_documentation_fragment"]
    ]


def test_every_action_plugin_has_a_module():
    """Ansible takes an action's documentation from the module of the same name."""
    actions = {path.stem for path in (ROOT / "plugins/action").glob("*.py")}
    assert actions <= {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}


def tasks_in(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the tasks of a file of tasks, those in blocks too."""
    for task in document or ():
        for part in ("block", "rescue", "always"):
            yield from tasks_in(task.get(part))
        yield task


@pytest.mark.parametrize("module", MODULES)
def test_module_is_run_for_real_and_foreseen_by_an_integration_target(module):
    files = (ROOT / "tests/integration/targets").glob("*/tasks/*.yml")
    uses = [task for file in files for task in tasks_in(load(file)) if f"baremetal.netboot.{module}" in task]
    assert any(task.get("check_mode") is True for task in uses)
    assert sum("check_mode" not in task for task in uses) >= 2


@pytest.mark.parametrize("module", MODULES)
def test_module_says_which_python_it_needs(module):
    """Ansible runs modules on older ones too, so each has to say so: by the fragment that all of them share."""
    fragment = ModuleDocFragment.DOCUMENTATION
    documentation = (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
    assert yaml.safe_load(fragment)["requirements"] == ["python >= 3.11"]
    assert "  - baremetal.netboot.attributes\n" in documentation


def test_every_role_has_a_scenario():
    scenarios = {path.parent.name for path in (ROOT / "extensions/molecule").glob("*/molecule.yml")}
    assert {role.name for role in ROLES} == scenarios


# Where bootd keeps things on a host; by default outside the directories of tests and demonstrations.
PLACES = "bootd_store bootd_config_dir bootd_install_dir bootd_state_dir bootd_pid_file bootd_log_file".split()


@pytest.mark.parametrize("path", ["extensions/molecule/bootd/inventory/hosts.yml", *DEMOS])
def test_nothing_that_runs_on_this_machine_touches_the_bootd_of_its_host(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert "bootd_service_manager: foreground" in text
    assert [name for name in PLACES if not re.search(rf"^ +{name}: .*{{{{ (scratch|demo_dir) }}}}", text, re.M)] == []


def test_requirements_are_what_the_daemon_asks_for():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    named = {match[0].lower() for line in lines if (match := re.match(r"[A-Za-z0-9_.-]+", line))}
    wanted = {**libraries.REQUIRED, **libraries.CLUSTER}
    assert named == {name.lower() for name in wanted.values()}


def test_version_is_semantic():
    major, minor, patch = load(ROOT / "galaxy.yml")["version"].split(".")
    assert major.isdigit()
    assert minor.isdigit()
    assert patch.isdigit()


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_role_says_what_it_is(role):
    main = load(role / "meta/argument_specs.yml")["argument_specs"]["main"]
    assert main["short_description"]
    assert main["description"]
    assert (role / "README.md").is_file()


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_role_options_are_described_and_prefixed(role):
    options = load(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})
    assert [name for name in options if not name.startswith(f"{role.name}_")] == []
    assert [name for name, option in options.items() if not (option.get("type") and option.get("description"))] == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_role_defaults_are_the_documented_ones(role):
    """The argument specification only documents its defaults; defaults/main.yml is what counts."""
    options = load(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})
    defaults = load(role / "defaults/main.yml") or {}
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    templated = {name for name, value in defaults.items() if "{{" in str(value)}
    assert set(defaults) <= set(options)
    assert {name: value for name, value in defaults.items() if name not in templated} == {
        name: value for name, value in documented.items() if name not in templated
    }
