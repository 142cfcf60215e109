# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory hosts to Hardware objects, and what is wrong with them in the inventory's own words. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.dependencies import PATH as AFTER_PATH
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import text_at
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import Problem, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.keys import NAMES, as_written, canonical
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.plan import draft, examine, plain
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import problems as bmc_problems
from ansible_collections.baremetal.netboot.plugins.module_utils._power.words import shared

PREFIX = "netboot_"
OWN_OBJECT = f"{PREFIX}hardware"  # a whole Hardware object, which then stands for all other variables but the next
BMC = f"{PREFIX}bmc"  # how the machine's power is reached: of no object, since it has a password
ADDRESS = "ansible_host"  # counts where nothing else gives the machine's address
VARIABLES = frozenset(PREFIX + name for name in NAMES - {"name"}) | {OWN_OBJECT, BMC}
_ADDRESS_NAMES = {"ip", "address", "ip_address"}
_OF_OTHERS = (f"{PREFIX}after", f"{OWN_OBJECT}.{AFTER_PATH}")  # what these notes are about may be elsewhere
_MAX_NAMES = 3


@dataclass(frozen=True)
class Finding:
    """What is wrong with host ``name``: ``path`` is the variable, or what is below it."""

    name: str
    path: str
    value: str
    message: str


class InventoryError(ValueError):
    """The inventory can't be used; ``findings`` are the reasons, and ``lines`` these for people."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        self.lines = lines_of(self.findings)
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True)
class Machines:
    """The Hardware objects of hosts, as far as they can be made, what is wrong with them and what is worth knowing."""

    objects: dict[str, dict[str, Any]]
    problems: list[Finding]
    notes: list[Finding]


def describe(name: str, variables: Mapping[str, Any], after: Iterable[str] = ()) -> dict[str, Any]:
    """Return what the variables of host ``name`` say of its machine, in the words of ``examine``.

    ``after`` are the machines that it waits for unless its variables say something of that.
    """
    found = {key.removeprefix(PREFIX): variables[key] for key in variables if key in VARIABLES - {BMC}}
    if _takes_address(variables):
        found["ip"] = variables[ADDRESS]
    return {"after": list(after), **found, "name": name}


def _takes_address(variables: Mapping[str, Any]) -> bool:
    """Return whether the machine's address is that by which Ansible reaches it."""
    return not any(PREFIX + name in variables for name in _ADDRESS_NAMES) and _is_ipv4(variables.get(ADDRESS))


def drafted(name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Hardware object of host ``name`` as far as it can be made, for others to find more that is wrong."""
    own = plain(variables[OWN_OBJECT]) if OWN_OBJECT in variables else None
    return own if isinstance(own, dict) else draft(describe(name, variables))


def hardware_objects(
    hosts: Mapping[str, Mapping[str, Any]], after: Mapping[str, Iterable[str]] | None = None
) -> list[dict[str, Any]]:
    """Return the Hardware objects of ``hosts`` (name -> variables), in their order; raises InventoryError.

    ``after`` says of hosts which machines they wait for unless their variables say something of that.
    """
    found = machines_of(hosts, after)
    if found.problems:
        raise InventoryError(found.problems)
    return list(found.objects.values())


def machines_of(hosts: Mapping[str, Mapping[str, Any]], after: Mapping[str, Iterable[str]] | None = None) -> Machines:
    """Return what ``hardware_objects`` would, and everything that is wrong with any of them or worth knowing.

    Whether there is a machine that another one waits for is not looked at: it need not be one of ``hosts``.
    """
    waits = after or {}
    found = examine(
        (describe(name, variables, waits.get(name, ())) for name, variables in hosts.items()),
        prefix=PREFIX,
        whole=OWN_OBJECT.removeprefix(PREFIX),
    )
    names = list(hosts)
    problems = [_finding(problem, names[problem.document], hosts) for problem in found.problems]
    objects = dict(zip(names, found.objects, strict=True))
    for name, item in objects.items():
        given = text_at(item, "metadata", "name")
        if OWN_OBJECT in hosts[name] and given not in ("", name):
            message = "should be the name that the host has in the inventory"
            problems.append(Finding(name, f"{OWN_OBJECT}.metadata.name", shown(given), message))
    problems += _bmc_findings(hosts, objects)
    notes = [_finding(problem, names[problem.document], hosts) for problem in found.notes]
    return Machines(objects, problems, [note for note in notes if note.path not in _OF_OTHERS])


def _bmc_findings(hosts: Mapping[str, Mapping[str, Any]], objects: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the BMCs of hosts; no value is shown."""
    given = {name: plain(variables[BMC]) for name, variables in hosts.items() if variables.get(BMC)}
    for name, words in given.items():
        for key, message in bmc_problems(words):
            yield Finding(name, f"{BMC}.{key}" if key else BMC, "", message)
        if isinstance(words, dict) and words.get("boot") == "http" and not boots_by_uefi(objects[name]):
            yield Finding(name, f"{BMC}.boot", "", "http is for UEFI, and the firmware of this machine is a BIOS")
    for name, others in shared(given).items():
        yield Finding(
            name, f"{BMC}.address", "", f"also of {others[0]}: what is done to one would be done to the other"
        )


def first_dhcp(hardware: Any) -> Mapping[str, Any]:
    """Return ``dhcp`` of the first card of a Hardware object, empty where it has none."""
    spec = hardware.get("spec") if isinstance(hardware, dict) else None
    interfaces = spec.get("interfaces") if isinstance(spec, dict) else None
    first = interfaces[0] if isinstance(interfaces, list) and interfaces else None
    dhcp = first.get("dhcp") if isinstance(first, dict) else None
    return dhcp if isinstance(dhcp, dict) else {}


def boots_by_uefi(hardware: Any) -> bool:
    """Return whether the machine of a Hardware object is to boot by UEFI: where it does not say, it is a BIOS."""
    return first_dhcp(hardware).get("uefi") is True


def _finding(problem: Problem, name: str, hosts: Mapping[str, Mapping[str, Any]]) -> Finding:
    """Return a problem of a machine in the words of its host's variables."""
    path = problem.path
    if path == f"{PREFIX}name":
        path = "name"
    elif path == f"{PREFIX}ip" and _takes_address(hosts[name]):
        path = ADDRESS
    return Finding(name, path, problem.value, problem.message)


def variable_for(key: str, variables: Mapping[str, Any]) -> str:
    """Return the variable that says ``key`` (see ``describe``) of a machine: the one that was written, if any was."""
    if key == "ip" and _takes_address(variables):
        return ADDRESS
    written = (name for name in variables if name in VARIABLES and canonical(name.removeprefix(PREFIX)) == key)
    return next(written, PREFIX + as_written(key, {}))


def once(findings: Iterable[Finding], told: Iterable[Finding] = ()) -> list[Finding]:
    """Return ``findings`` without what ``told`` has about the same variable of the same host.

    What could not be read is not missing as well, and what two look at is said once.
    """
    known = {(finding.name, finding.path) for finding in told}
    return [finding for finding in dict.fromkeys(findings) if (finding.name, finding.path) not in known]


def lines_of(findings: Iterable[Finding]) -> list[str]:
    """Return a line for each problem; hosts that have the same one, as from a variable of their group, share it."""
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        hosts.setdefault((finding.path, finding.value, finding.message), []).append(finding.name)
    return [
        ": ".join(part for part in (f"{_some(names)} {path}".strip(), value, message) if part)
        for (path, value, message), names in hosts.items()
    ]


def _some(names: list[str]) -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def _is_ipv4(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(IPv4Address(text))
    except AddressValueError:
        return False
