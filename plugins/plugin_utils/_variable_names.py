# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a host that do nothing, and where what they say belongs. Pure.

Names are made up by analogy: ``harvester_data_disk``, since Harvester's configuration has a ``data_disk``, or
``netboot_vip``. Nothing ever reads them, so nothing would tell.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.spelling import documented
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.configuration import overlaid
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema import CONFIGURATION, Field
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.keys import NAMES, as_written, canonical
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import plain
from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester_hosts import (
    CONFIG,
    HARVESTER,
    OPTIONS,
    HostVars,
    config_layers,
    configured_elsewhere,
    is_config,
    is_harvester,
    system_of,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester_options import NAMES as HARVESTER_NAMES
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import (
    BMC,
    OWN_OBJECT,
    PREFIX,
    VARIABLES,
    Finding,
    variable_for,
)

NETBOOT = NAMES | {BMC.removeprefix(PREFIX)}
MAX_NAME = 64  # characters; what is longer resembles no variable
NOT_READ = "not read"  # begins what is said of a variable that is known and does nothing here
# What people call things that have other names here.
_CALLED = {
    "admin_password": "harvester_password",
    "cluster_token": "harvester_token",
    "cluster_vip": "harvester_vip",
    "iso": "harvester_iso_url",
    "nic": "netboot_mac",
    "pass": "harvester_password",
    "passwd": "harvester_password",
    "release": "netboot_os_version",
    "ssh_key": "harvester_ssh_authorized_keys",
    "ssh_keys": "harvester_ssh_authorized_keys",
    "ssh_public_key": "harvester_ssh_authorized_keys",
    "ssh_public_keys": "harvester_ssh_authorized_keys",
    "version": "netboot_os_version",
    "vip_address": "harvester_vip",
    "virtual_ip": "harvester_vip",
}


@dataclass
class Names:
    """What there is to say of the names of variables: what is wrong, and what is worth knowing."""

    problems: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)


def names_of(hosts: HostVars, hostvars: HostVars) -> Names:
    """Return what is wrong with the names of the variables of ``hosts``, and which of them do nothing.

    One that begins with ``netboot_`` and that nothing reads is wrong. One that begins with ``harvester_`` may be
    somebody's own, for the use in others: it is wrong where its name is that of something which has another place, and
    what it says is not in that place. What one host does not read may be its group's, for others: then some host of
    ``hostvars``, which are all, reads it.
    """
    found = Names()
    elsewhere = _Elsewhere(hostvars)
    for name, variables in hosts.items():
        for variable in variables:
            if variable.startswith(PREFIX) and variable not in VARIABLES:
                found.problems.append(_unknown(name, variable))
            elif variable.startswith(OPTIONS) and not _is_read(variable, variables):
                _look_at(name, variable, variables, found)
        _look_at_idle(name, variables, found, elsewhere)
    return found


def _is_read(variable: str, variables: Mapping[str, Any]) -> bool:
    """Return whether a variable that begins as those of Harvester do is one of them."""
    return variable.removeprefix(OPTIONS) in HARVESTER_NAMES or (
        is_config(variable) and isinstance(variables[variable], Mapping)
    )


def place_of(variable: str) -> str:
    """Return where what ``variable`` says belongs, as far as its name tells; "" where it does not."""
    prefix = PREFIX if variable.startswith(PREFIX) else OPTIONS
    stem = variable.removeprefix(prefix).replace("-", "_").lower()
    if len(stem) > MAX_NAME:
        return ""
    return _exact(stem) or _near(stem, prefix)


def _unknown(name: str, variable: str) -> Finding:
    place = place_of(variable)
    return Finding(name, variable, "", f"unknown: should this be {place}?" if place else "unknown")


def _look_at(name: str, variable: str, variables: Mapping[str, Any], found: Names) -> None:
    """Look at a variable that begins as those of Harvester do and is none of them."""
    value = plain(variables[variable])
    place = place_of(variable)
    if place and value not in (None, "", _value_at(place, variables)):
        found.problems.append(_unknown(name, variable))
    elif not place and not _is_used(value, variables):
        message = f"nothing reads this; what Harvester's configuration can say goes into {CONFIG}"
        found.notes.append(Finding(name, variable, "", message))


class _Elsewhere:
    """Tells whether some host reads a variable that has the same value on another one."""

    def __init__(self, hostvars: HostVars) -> None:
        self._hostvars = hostvars
        self._known: dict[str, list[Any]] = {}

    def reads(self, variable: str, value: Any) -> bool:
        """Return whether a host reads ``variable``, and has this value in it."""
        if variable not in self._known:
            values = []
            for host in self._hostvars:
                with suppress(AnsibleError):
                    variables = self._hostvars[host]
                    if variable in variables and self._has_readers(variable, variables):
                        values.append(plain(variables[variable]))
            self._known[variable] = values
        return plain(value) in self._known[variable]

    def _has_readers(self, variable: str, variables: Mapping[str, Any]) -> bool:
        return is_harvester(variables) if variable.startswith(OPTIONS) else OWN_OBJECT not in variables


def _look_at_idle(name: str, variables: Mapping[str, Any], found: Names, elsewhere: _Elsewhere) -> None:
    """Look at variables that are known, and that nothing reads for this host."""
    options = [key for key in variables if key.removeprefix(OPTIONS) in HARVESTER_NAMES and variables[key]]
    if OWN_OBJECT in variables:
        beside = [key for key in variables if key in VARIABLES - {OWN_OBJECT, BMC}]
        beside = [key for key in beside if not elsewhere.reads(key, variables[key])]
        beside = [key for key in beside if not _is_part(plain(variables[key]), [variables[OWN_OBJECT]])]
        if beside:
            found.notes.append(_idle(name, beside, f"{NOT_READ} beside {OWN_OBJECT}, which says all"))
    if not options or is_harvester(variables):
        return
    system = system_of(variables)
    idle = [key for key in options if not elsewhere.reads(key, variables[key])]
    if (system or configured_elsewhere(variables)) and not idle:
        return
    if configured_elsewhere(variables):
        found.notes.append(_idle(name, idle, f"{NOT_READ}: the configuration of this machine is elsewhere"))
    elif system:
        found.notes.append(_idle(name, idle, f"{NOT_READ}: the machine installs {system}, not {HARVESTER}"))
    elif OWN_OBJECT not in variables:
        message = f"missing: {_some(options)} would not be read; should be {HARVESTER}"
        found.problems.append(Finding(name, f"{PREFIX}os", "", message))


def _idle(name: str, variables: list[str], message: str) -> Finding:
    return Finding(name, ", ".join(variables), "", message)


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _exact(stem: str) -> str:
    """Return the place that has just this name, wherever it is."""
    if stem in _CALLED:
        return _CALLED[stem]
    if stem in NETBOOT and stem != "name":
        return PREFIX + as_written(canonical(stem), {})
    if stem in HARVESTER_NAMES:
        return OPTIONS + stem
    keys = [path for path in _config_paths() if _flat(path) == stem or _flat(path).endswith(f"_{stem}")]
    return f"{CONFIG}.{min(keys, key=len)}" if keys else ""


def _near(stem: str, prefix: str) -> str:
    """Return the place with nearly this name: first one that begins as the variable does."""
    netboot = {name: PREFIX + name for name in NETBOOT - {"name"}}
    harvester = {name: OPTIONS + name for name in HARVESTER_NAMES}
    config = {path.rpartition(".")[2]: f"{CONFIG}.{path}" for path in reversed(_config_paths())}
    own, other = (netboot, harvester) if prefix == PREFIX else (harvester, netboot)
    for names, cutoff in ((own, 0.8), (other, 0.85), (config, 0.85), (own, 0.7 if prefix == PREFIX else 0.8)):
        near = get_close_matches(stem, names, n=1, cutoff=cutoff)
        if near:
            return names[near[0]]
    return ""


@lru_cache(maxsize=1)
def _config_paths() -> tuple[str, ...]:
    """Return the path of every key of Harvester's configuration that is not below a name of the user's choice."""
    return tuple(_paths(CONFIGURATION, ""))


def _paths(fields: Mapping[str, Field], above: str) -> Iterator[str]:
    for name, item in fields.items():
        path = above + documented(name)
        yield path
        if isinstance(item.shape, dict):
            yield from _paths(item.shape, f"{path}.")


def _flat(path: str) -> str:
    return path.replace(".", "_").lower()


def _value_at(place: str, variables: Mapping[str, Any]) -> Any:
    """Return what stands at ``place``, a variable or a key below the one for Harvester's configuration."""
    head, _dot, path = place.partition(".")
    if not path:
        if place in VARIABLES:
            place = variable_for(canonical(place.removeprefix(PREFIX)), variables)
        return plain(variables.get(place))
    node: Any = overlaid(config_layers(variables).values()) if head == CONFIG else plain(variables.get(head))
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _is_used(value: Any, variables: Mapping[str, Any]) -> bool:
    """Return whether the value is part of one that is read, as where a template puts it there."""
    known = (key for key in variables if key in VARIABLES or _is_read(key, variables))
    return _is_part(value, [variables[key] for key in known])


def _is_part(value: Any, values: Iterable[Any]) -> bool:
    """Return whether all text of ``value`` occurs in ``values``."""
    texts = [text for text in _texts_in(value) if text]
    whole = [text for each in values for text in _texts_in(plain(each))]
    return bool(texts) and all(any(text in other for other in whole) for text in texts)


def _texts_in(node: Any) -> Iterator[str]:
    children: Iterable[Any] = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _texts_in(child)
    if isinstance(node, (str, int)) and not isinstance(node, bool):
        yield str(node)
