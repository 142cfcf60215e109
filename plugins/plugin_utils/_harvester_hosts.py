# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory hosts that install Harvester, and the place of each in its cluster. Pure.

A cluster's creator is looked for among all hosts of the inventory, whichever of them a play is about: a play with
--limit would otherwise have a second machine create the cluster that another one has created.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    DEFAULT_NAMESPACE,
    text_at,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.clusters import (
    MODES,
    Dispute,
    Place,
    Wish,
    places,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.configuration import overlaid
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import plain
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import ADDRESS, OWN_OBJECT, PREFIX

HARVESTER = "harvester"
OPTIONS = "harvester_"  # what the names of Harvester's variables begin with
_SYSTEM = tuple(f"{PREFIX}{name}" for name in ("os", "operating_system", "distro"))
_KERNEL_LINE = tuple(f"{PREFIX}{name}" for name in ("kernel_args", "kernel_params", "userdata"))
_CONFIG_URL, _CONFIG_ARGUMENT = f"{PREFIX}config_url", "harvester.install.config_url="
_OF_PLACES = (*_SYSTEM, *_KERNEL_LINE, _CONFIG_URL, OWN_OBJECT, f"{PREFIX}namespace")
_OF_PLACES += ("harvester_mode", "harvester_vip")
CONFIG = f"{OPTIONS}config"  # a host's own configuration; parts of it have names that go on after an underscore

HostVars = Mapping[str, Mapping[str, Any]]


def read_names(variables: Iterable[str]) -> list[str]:
    """Return which of a host's variables matter here: others would only cost the time to template them."""
    return [key for key in variables if key.startswith((PREFIX, OPTIONS)) or key == ADDRESS]


def config_layers(variables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parts of a host's own configuration by variable, each to be merged over those before it.

    They are ``harvester_config``, then those whose names go on with an underscore, in the order of their names. What is
    no mapping is none, and told elsewhere.
    """
    parts = {name: plain(variables[name]) for name in sorted(variables) if is_config(name)}
    return {name: part for name, part in parts.items() if isinstance(part, dict)}


def is_config(variable: str) -> bool:
    """Return whether a variable's name is that of a host's own configuration, or of a part of it."""
    return variable == CONFIG or variable.startswith(f"{CONFIG}_")


def is_harvester(variables: Mapping[str, Any]) -> bool:
    """Return whether a host with these variables installs Harvester, and is not told where its configuration is."""
    return system_of(variables).lower() == HARVESTER and not configured_elsewhere(variables)


def namespace_of(variables: Mapping[str, Any]) -> str:
    """Return the namespace that a host with these variables names for its machine, "" where it names none."""
    if OWN_OBJECT in variables:
        return text_at(variables[OWN_OBJECT], "metadata", "namespace")
    return _text(variables.get(f"{PREFIX}namespace"))


def configured_elsewhere(variables: Mapping[str, Any]) -> bool:
    """Return whether the installer is sent to a configuration that somebody else keeps, as the HOWTO's is."""
    if OWN_OBJECT in variables:
        return _CONFIG_ARGUMENT in text_at(variables[OWN_OBJECT], "spec", "metadata", "instance", "userdata")
    line = str([variables.get(name, "") for name in _KERNEL_LINE])
    return bool(variables.get(_CONFIG_URL)) or _CONFIG_ARGUMENT in line


def system_of(variables: Mapping[str, Any]) -> str:
    """Return the operating system that a host with these variables installs, "" where they name none."""
    if OWN_OBJECT in variables:
        system: Any = text_at(variables[OWN_OBJECT], "spec", "metadata", "instance", "operating_system", "distro")
    else:
        system = next((variables[name] for name in _SYSTEM if variables.get(name)), "")
    return _text(system.get("distro") if isinstance(system, Mapping) else system)


def places_of(hosts: Mapping[str, Mapping[str, Any]], hostvars: HostVars) -> tuple[dict[str, Place], list[Dispute]]:
    """Return the place of each host of the inventory that installs Harvester, and what stands against one.

    ``hosts`` are those whose variables have been read already.
    """
    wishes = []
    for name in dict.fromkeys([*map(str, hostvars), *hosts]):
        variables = hosts[name] if name in hosts else _selected(hostvars[name], _OF_PLACES)
        if is_harvester(variables):
            wishes.append(_wish(name, variables))
    return places(wishes)


def waits_of(hosts: Mapping[str, Mapping[str, Any]], hostvars: HostVars) -> dict[str, list[str]]:
    """Return for each of ``hosts`` that installs Harvester the machines it waits for.

    Nobody waits where no VIP is given: who makes which cluster is then said elsewhere.
    """
    if not any(map(is_harvester, hosts.values())):
        return {}
    found, _disputes = places_of(hosts, hostvars)
    return {name: place.after for name, place in found.items() if name in hosts and place.vip}


def _wish(name: str, variables: Mapping[str, Any]) -> Wish:
    install = overlaid(config_layers(variables).values()).get("install")
    given = install if isinstance(install, dict) else {}
    mode = _text(given.get("mode")) or _text(variables.get("harvester_mode"))
    return Wish(
        name=name,
        namespace=namespace_of(variables) or DEFAULT_NAMESPACE,
        mode=mode if mode in MODES else "",
        vip=_text(given.get("vip")) or _text(variables.get("harvester_vip")),
    )


def _selected(variables: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return those of ``names`` that can be worked out; whoever asks about this host is told of the others."""
    found = {}
    for name in (*names, *filter(is_config, variables)):
        with suppress(AnsibleError):
            if name in variables:
                found[name] = variables[name]
    return found


def _text(value: Any) -> str:
    return "".join(value).strip() if isinstance(value, str) else ""
