# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that begin with ``harvester_``: what they may hold, and which part of a configuration comes from which.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import Problem, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.check import as_documented
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.clusters import MODES
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.configuration import overlaid
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.keys import is_empty
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import plain
from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester_hosts import CONFIG, OPTIONS, config_layers
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import Finding

_TEXTS = ("mode", "vip", "vip_mode", "vip_hw_addr", "token", "password", "role", "management_method", "iso_url")
_SECRET = ("token", "password")
NAMES = (*_TEXTS, "ssh_authorized_keys", "config")

# Key of the configuration -> the variable that it is derived from. A key covers what is below it.
_VARIABLES = {
    "token": "harvester_token",
    "server_url": "harvester_vip",
    "os": "harvester_password",
    "os.hostname": "netboot_hostname",
    "os.ssh_authorized_keys": "harvester_ssh_authorized_keys",
    "os.dns_nameservers": "netboot_dns",
    "os.ntp_servers": "netboot_ntp",
    "install.mode": "harvester_mode",
    "install.role": "harvester_role",
    "install.vip": "harvester_vip",
    "install.vip_mode": "harvester_vip_mode",
    "install.vip_hw_addr": "harvester_vip_hw_addr",
    "install.device": "netboot_disk",
    "install.iso_url": "harvester_iso_url",
    "install.management_interface.method": "harvester_management_method",
    "install.management_interface.ip": "netboot_ip",
    "install.management_interface.subnet_mask": "netboot_netmask",
    "install.management_interface.gateway": "netboot_gateway",
    "install.management_interface.vlan_id": "netboot_vlan_id",
    "install.management_interface.interfaces": "netboot_mac",
}
_MESSAGES = {"server_url": "missing: should be the cluster's own address, which no machine has"}
_OLD_NETWORK = "install.networks.harvester-mgmt"
_STEP = re.compile(r"\[([0-9]+)\]")


def read_options(name: str, variables: Mapping[str, Any], findings: list[Finding]) -> dict[str, Any]:
    """Return the ``harvester_`` variables of a host without their prefix; tell of those that can't be used."""
    options: dict[str, Any] = {"layers": config_layers(variables)}
    options["config"] = overlaid(options["layers"].values())
    for variable, given in variables.items():
        option = variable.removeprefix(OPTIONS)
        if option == variable:
            continue
        if option not in NAMES:
            continue  # told where names are looked at
        value = plain(given)
        if isinstance(given, datetime) and option != "config":
            message = "should be text: put it in quotes, for YAML takes it for a time"
            findings.append(Finding(name, variable, _shown(option, value), message))
        elif not is_empty(value):
            message = _kind(option, value)
            if message:
                findings.append(Finding(name, variable, _shown(option, value), message))
            elif option != "config":
                options[option] = _keys(value) if option == "ssh_authorized_keys" else value
    return options


def variable_of(problem: Problem, layers: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """Return the variable that a problem of a configuration comes from, and its message in the inventory's words.

    ``layers`` are the parts of the user's own configuration, as ``config_layers`` gives them.
    """
    path, message = problem.path, problem.message
    if path.startswith(_OLD_NETWORK):
        path = f"install.management_interface{path.removeprefix(_OLD_NETWORK)}"
    if not path:
        return "netboot_os_version", message
    source = source_of(problem.path, layers)
    if not source:
        if path == "os" or path in _VARIABLES:
            return _VARIABLES[path], _MESSAGES.get(path, message) if message.startswith("missing") else message
        parent = next(
            (known for known in _VARIABLES if known != "os" and path.startswith((f"{known}.", f"{known}["))), ""
        )
        if parent:
            return _VARIABLES[parent], message
    return f"{source or CONFIG}.{problem.path}", message


def source_of(path: str, layers: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the variable in which what is at ``path`` was written last, "" where it is in none."""
    return next((name for name in reversed(layers) if _given(as_documented(layers[name]), path)), "")


def _kind(option: str, value: Any) -> str:
    """Return what kind of value an option should have, "" where it has."""
    if option == "config":
        return "" if isinstance(value, dict) else "should be a mapping, as in Harvester's configuration"
    if option == "ssh_authorized_keys":
        right = isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
        return "" if right else "should be a list of public keys"
    if not isinstance(value, str):
        return "should be text: put it in quotes"
    if option == "mode" and value.strip() not in MODES:
        return f"should be {' or '.join(MODES[:2])}"
    return ""


def _shown(option: str, value: Any) -> str:
    """Return a value for a message, "" where there may be a password in it: a whole configuration may be text."""
    return "" if option in _SECRET or (option == "config" and isinstance(value, str)) else shown(value)


def _keys(value: Any) -> list[str]:
    """Return public keys, a list or a text with one in each line, as a list."""
    lines = value.splitlines() if isinstance(value, str) else value
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def _given(config: Any, path: str) -> bool:
    """Return whether the user's own configuration has what is at ``path``."""
    node = config
    for step in _STEP.sub(r".\1", path).split("."):
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, Mapping) and step in node:
            node = node[step]
        else:
            # A label or a setting may have dots in its name.
            return isinstance(node, Mapping) and node is not config and any(path.endswith(str(key)) for key in node)
    return True
