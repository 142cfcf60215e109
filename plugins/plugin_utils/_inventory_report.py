# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything there is to say of an inventory's machines, at once and once: what is wrong, and what is worth knowing.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    AFTER_ANNOTATION,
    after_names,
    text_at,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import shown
from ansible_collections.baremetal.netboot.plugins.plugin_utils._addresses import holders, machine_findings
from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester import configurations_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester_hosts import (
    HARVESTER,
    HostVars,
    is_harvester,
    places_of,
    read_names,
    system_of,
    waits_of,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import (
    PREFIX,
    Finding,
    Machines,
    drafted,
    lines_of,
    machines_of,
    once,
    variable_for,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._variable_names import NOT_READ, names_of

MAX_REASON = 200  # characters of what Ansible says
# Variable of a configuration -> the key of the machine that it is made of.
_FOLLOWS = {"harvester_iso_url": "os_version", "netboot_hostname": "name"}


@dataclass(frozen=True)
class Report:
    """The machines of hosts and their configurations; where there are problems, neither is to be used."""

    machines: Machines
    configurations: list[dict[str, Any]]
    problems: list[Finding]
    notes: list[Finding]


def machines_report(names: Iterable[str], hostvars: HostVars) -> Report:
    """Return the Hardware objects of hosts, and all that there is to say of them."""
    return _report(names, hostvars, machines=True, configured=False)


def configurations_report(names: Iterable[str], hostvars: HostVars) -> Report:
    """Return the Harvester configurations of those of the hosts that install it, and all that there is to say."""
    return _report(names, hostvars, machines=False, configured=True)


def whole_report(names: Iterable[str], hostvars: HostVars) -> Report:
    """Return all that there is to say of hosts, their machines and their configurations."""
    return _report(names, hostvars, machines=True, configured=True)


def message_of(problems: Iterable[Finding]) -> str:
    """Return what is wrong for people: how many problems there are, and a line for each."""
    lines = lines_of(problems)
    count = "a problem" if len(lines) == 1 else f"{len(lines)} problems"
    return "\n".join([f"the inventory has {count}:", *lines])


def _report(names: Iterable[str], hostvars: HostVars, *, machines: bool, configured: bool) -> Report:
    hosts, problems = _read(names, hostvars)
    looked_at = hosts if machines else {name: found for name, found in hosts.items() if is_harvester(found)}
    named = names_of(looked_at, hostvars)
    problems += once(named.problems, problems)
    if not machines:
        hosts = {name: variables for name, variables in hosts.items() if is_harvester(variables)}
    found = machines_of(hosts, waits_of(hosts, hostvars))
    problems += once(_with_places(found.problems, hosts), problems)
    notes = [*named.notes, *found.notes, *_absent(found.objects, hosts, hostvars)]
    known = holders(_drafts(found.objects, hostvars), hostvars)
    problems += once(machine_findings(found.objects, hosts, known), problems)
    results: list[dict[str, Any]] = []
    if configured:
        harvester = {name: variables for name, variables in hosts.items() if is_harvester(variables)}
        made = configurations_of(harvester, *places_of(harvester, hostvars), problems, known)
        problems += [finding for finding in made.problems if not _follows(finding, harvester, problems)]
        notes += once(made.notes, notes)
        results = [] if problems or machines else made.results
    return Report(
        found, results, problems, [note for note in once(notes, problems) if not _idles(note, hosts, problems)]
    )


def _follows(finding: Finding, hosts: Mapping[str, Mapping[str, Any]], told: Iterable[Finding]) -> bool:
    """Return whether a problem of a configuration is only that the machine's own could not be used."""
    cause = _FOLLOWS.get(finding.path)
    path = cause and (cause if cause == "name" else variable_for(cause, hosts[finding.name]))
    return any((finding.name, path) == (each.name, each.path) for each in told)


def _idles(note: Finding, hosts: Mapping[str, Mapping[str, Any]], told: Iterable[Finding]) -> bool:
    """Return whether a note says only what follows from an operating system that has been told to be wrong."""
    path = variable_for("os", hosts[note.name])
    return note.message.startswith(NOT_READ) and any((note.name, path) == (each.name, each.path) for each in told)


def _read(names: Iterable[str], hostvars: HostVars) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    """Return the variables of hosts, and which can't be had: no such host, or a template that can't be worked out."""
    hosts: dict[str, dict[str, Any]] = {}
    problems: list[Finding] = []
    for name in names:
        if name not in hostvars:
            problems.append(Finding(name, "", "", "no host of the inventory"))
            continue
        variables = hostvars[name]  # put together anew each time it is asked for
        hosts[name] = {}
        for key in read_names(variables):
            try:
                hosts[name][key] = variables[key]
            except AnsibleError as error:
                reason = str(error).splitlines()[0][:MAX_REASON]
                problems.append(Finding(name, key, "", f"can't be worked out: {reason}"))
    return hosts, problems


def _drafts(objects: Mapping[str, Any], hostvars: HostVars) -> dict[str, Any]:
    """Return the machines of all hosts of the inventory that are machines, as far as they can be made."""
    found = dict(objects)
    for name in map(str, hostvars):
        if name not in found:
            variables = _read([name], hostvars)[0][name]
            if any(key.startswith(PREFIX) for key in variables):
                found[name] = drafted(name, variables)
    return found


def _absent(objects: Mapping[str, Any], hosts: Mapping[str, Any], hostvars: HostVars) -> Iterator[Finding]:
    """Yield which machine waits for one that the inventory does not have."""
    for name, item in objects.items():
        text = text_at(item, "metadata", "annotations", AFTER_ANNOTATION)
        for other in after_names(text):
            host = other.rpartition("/")[2]
            if host not in hostvars:
                near = get_close_matches(host, [each for each in map(str, hostvars) if each != name], n=1, cutoff=0.7)
                hint = f" (should this be {near[0]}?)" if near else ""
                message = f"no host of the inventory has this name{hint}; while no machine has it, {name} waits"
                yield Finding(name, variable_for("after", hosts[name]), shown(other), message)


def _with_places(findings: Iterable[Finding], hosts: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield findings; where another variable takes what one can't hold, with its name."""
    for finding in findings:
        ntp = finding.path.startswith(f"{variable_for('time_servers', hosts[finding.name])}[")
        if ntp and finding.message.endswith("not names") and system_of(hosts[finding.name]).lower() == HARVESTER:
            message = f"{finding.message}; Harvester takes names in harvester_config.os.ntp_servers"
            finding = Finding(finding.name, finding.path, finding.value, message)
        yield finding
