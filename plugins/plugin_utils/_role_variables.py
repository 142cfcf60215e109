# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of the host that runs bootd: held against what the roles take, before any of them runs.

A role's own check looks at the options that it knows; a misspelt one is no option, and nobody would tell of it.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.commands import arguments
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.modes import PROXIES, RESERVATION
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    boot_interface,
    machine_from_object,
    text_at,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import shown
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.registry import installer_of
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import plain
from ansible_collections.baremetal.netboot.plugins.plugin_utils._bootd_variables import (
    MODE,
    MODES,
    SETTINGS,
    bootd_findings,
    mode_of,
    modes_of,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import Finding

Options = Mapping[str, Any]  # of a role, as in its argument specification
ALWAYS = "bootd"
# Of the playbook; the last two are what it found.
PROVISION = (
    "machines",
    "stage",
    "kubeconfig",
    "timeout",
    "before_rehearsal",
    "before_wait",
    "bootstrap",
    "preflight",
    "rehearse",
    "power",
    "power_off",
    "inventory",
    "result",
)
# What begins with these is nobody else's; others may have variables that begin with hardware_.
MACHINES = ("netboot_", "harvester_")
_OWN = ("bootd_", "image_server_", "provision_")
_FLAGS = frozenset(vars(arguments.parse(["serve", "--store=", "--address="], {})))


def read_roles(directory: Path) -> dict[str, Options]:
    """Return the options of each role in ``directory``, from its argument specification."""
    loader = DataLoader()
    found = {}
    for path in sorted(directory.glob("*/meta/argument_specs.yml")):
        found[path.parents[1].name] = plain(loader.load_from_file(str(path))["argument_specs"]["main"]["options"])
    return found


def role_findings(
    name: str, variables: Mapping[str, Any], roles: Mapping[str, Options]
) -> Iterator[tuple[Finding, bool]]:
    """Yield what there is to say of the variables of host ``name``; the second is whether it is only worth knowing."""
    known = {option for options in roles.values() for option in options} | {f"provision_{each}" for each in PROVISION}
    prefixes = tuple(f"{role}_" for role in roles) + _OWN
    for variable in variables:
        if variable.startswith(prefixes) and variable not in known:
            place = _place_of(variable, known)
            if place:
                yield Finding(name, variable, "", f"unknown: should this be {place}?"), False
            elif variable.startswith(_OWN):
                yield Finding(name, variable, "", "nothing reads this"), True
    for role, options in roles.items():
        for finding in _misfits(name, variables, role, options):
            yield finding, False
    for finding in bootd_findings(name, _given(variables, roles[ALWAYS])):
        yield finding, False
    for key in _settings(variables):
        if key not in _FLAGS:
            near = get_close_matches(str(key).replace("-", "_").lower(), sorted(_FLAGS), n=1, cutoff=0.6)
            message = f"no setting of bootd's{f': should this be {near[0]}?' if near else ''}"
            yield Finding(name, f"{SETTINGS}.{shown(key).strip(chr(34))}", "", message), False


def misplaced(bootstrap: str, machines: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield which variables of the host that runs bootd are for machines, which have none such, and the other way."""
    names = [name for name in machines if name in hostvars]
    of_bootd = set(hostvars[bootstrap])
    of_machines = {variable for name in names for variable in hostvars[name]}
    if bootstrap not in names:
        for variable in sorted(of_bootd - of_machines):
            if variable.startswith(MACHINES):
                yield Finding(bootstrap, variable, "", "not read here: it is for the hosts of netboot_machines")
    for name in names:
        for variable in hostvars[name]:
            if variable.startswith(_OWN) and variable not in of_bootd:
                yield Finding(name, variable, "", f"not read here: it is for {bootstrap}, the host that runs bootd")


def releases_missing(
    bootstrap: str, variables: Mapping[str, Any], objects: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Yield host, version and why its files are not there: bootd serves what the role image_server fetches."""
    address, releases = (_value(variables, name) for name in ("bootd_address", "image_server_releases"))
    if not isinstance(releases, list) or not address:
        return
    fetched = [str(item.get("version")) for item in releases if isinstance(item, dict)]
    for host, item in objects.items():
        machine = machine_from_object(item if isinstance(item, dict) else {})
        card = boot_interface(machine)
        base = card.netboot.osie.base_url if card else ""
        version = text_at(machine.metadata, "instance", "operating_system", "version")
        of_bootd = urlsplit(base).hostname == address and urlsplit(base).path.startswith("/images")
        if installer_of(machine).name == "harvester" and of_bootd and version and version not in fetched:
            listed = ", ".join(fetched) or "none"
            yield host, version, f"image_server_releases of {bootstrap} has {listed}: its files may not be there"


def given_nothing(variables: Mapping[str, Any], objects: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield host and message of machines that boot, but beside another DHCP server, where bootd is nowhere a proxy."""
    given = _given(variables, (MODE, MODES, SETTINGS))
    try:
        modes = modes_of(given)
    except ValueError:
        return
    if mode_of(given) != RESERVATION or set(PROXIES).intersection(modes.values()):
        return
    for host, item in objects.items():
        card = boot_interface(machine_from_object(item if isinstance(item, dict) else {}))
        if card and card.disable_dhcp and card.netboot.allow_pxe:
            yield host, f"bootd gives them nothing with {MODE} {RESERVATION}: should that be proxy?"


def _place_of(variable: str, known: Iterable[str]) -> str:
    stem = variable.removeprefix("bootd_")
    if stem != variable and stem in _FLAGS:
        return f"{SETTINGS}.{stem}"
    near = get_close_matches(variable, sorted(known), n=1, cutoff=0.85)
    return near[0] if near else ""


def _misfits(name: str, variables: Mapping[str, Any], role: str, options: Options) -> Iterator[Finding]:
    """Yield which options have values that the role would refuse, as far as they can be worked out before it runs."""
    given = {option: value for option, value in _given(variables, options).items() if value is not None}
    # One that can't be worked out may need a default of the role's.
    spec = {
        option: each
        for option, each in options.items()
        if option in given or (role == ALWAYS and option not in variables)
    }
    for message in ArgumentSpecValidator(_without_defaults(spec)).validate(given).error_messages:
        # Ansible's own words begin with the option, or name it.
        yield Finding(name, "", "", message)


def _without_defaults(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_defaults(value) for key, value in node.items() if key not in ("default", "description")}
    return node


def _settings(variables: Mapping[str, Any]) -> Iterable[Any]:
    found = _value(variables, SETTINGS)
    return found if isinstance(found, dict) else ()


def _given(variables: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return what those of ``names`` hold that are given, None where a template can't be worked out yet."""
    return {name: _value(variables, name) for name in names if name in variables}


def _value(variables: Mapping[str, Any], name: str) -> Any:
    """Return what a variable holds, None where there is none, or where a template can't be worked out yet."""
    try:
        return plain(variables.get(name))
    except AnsibleError:
        return None
