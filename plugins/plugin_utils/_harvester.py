# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory hosts to Harvester configurations, and what is wrong with them in the inventory's own words. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware import values
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    Interface,
    Machine,
    boot_interface,
    machine_from_object,
    text_at,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import Problem, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.card_names import (
    kept_arguments,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.kernel_line import (
    renamed_cards,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.check import as_documented, check
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.clusters import Dispute, Place
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.configuration import configuration_of
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.rules import ipv4, is_hashed
from ansible_collections.baremetal.netboot.plugins.module_utils._inventory.keys import canonical
from ansible_collections.baremetal.netboot.plugins.plugin_utils._addresses import Holder, vip_message
from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester_hosts import namespace_of
from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester_options import (
    read_options,
    source_of,
    variable_of,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._inventory import (
    PREFIX,
    VARIABLES,
    Finding,
    drafted,
    once,
    variable_for,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._sha512_crypt import salt_of, sha512_crypt


@dataclass(frozen=True)
class _Member:
    """A host on its way to its configuration."""

    name: str
    namespace: str  # "" where the inventory names none
    place: Place
    machine: Machine
    options: dict[str, Any]
    document: dict[str, Any]


@dataclass(frozen=True)
class Configurations:
    """The configurations of hosts, what is wrong with them, and what is worth knowing."""

    members: list[_Member]
    problems: list[Finding]
    notes: list[Finding]

    @property
    def results(self) -> list[dict[str, Any]]:
        """Return each configuration as the filter gives it; passwords are hashed here, which takes its time."""
        return [_result(member) for member in self.members]


def configurations_of(
    hosts: Mapping[str, Mapping[str, Any]],
    places: Mapping[str, Place],
    disputes: list[Dispute],
    told: Iterable[Finding] = (),
    known: Mapping[str, list[Holder]] | None = None,
) -> Configurations:
    """Return the configuration of each of ``hosts`` (name -> variables), all that is wrong, and what is worth knowing.

    ``places`` and ``disputes`` are those of all hosts of the inventory. ``told`` has been told of the machines in their
    own words, and is not told again; ``known`` are the addresses that somebody has (see ``holders``).
    """
    findings = [
        Finding(dispute.name, f"harvester_{dispute.about}", "", dispute.message)
        for dispute in disputes
        if dispute.name in hosts
    ]
    notes: list[Finding] = []
    members = [_member(name, variables, places[name], findings) for name, variables in hosts.items()]
    findings += once(_vips(members, hosts, known or {}), findings)
    seen = [*told, *findings]
    for member in members:
        for problem in _problems(member):
            finding = _finding(member, problem, hosts[member.name])
            # What describes the machine has been told in its own words, and what can't be read is not missing as well.
            if once([finding], seen):
                (notes if problem.note else findings).append(finding)
    findings += once(_between(members), seen)
    return Configurations(members, findings, notes)


def _member(name: str, variables: Mapping[str, Any], place: Place, findings: list[Finding]) -> _Member:
    """Return a host with its configuration, as far as that can be made; tell of the variables of its own."""
    options = read_options(name, variables, findings)
    hardware = drafted(name, variables)
    document = configuration_of(hardware, options, place)
    return _Member(name, namespace_of(variables), place, machine_from_object(hardware), options, document)


def _finding(member: _Member, problem: Problem, variables: Mapping[str, Any]) -> Finding:
    """Return a problem of a configuration in the words of the host's variables."""
    path, message = variable_of(problem, member.options["layers"])
    if path in VARIABLES:
        path = variable_for(canonical(path.removeprefix(PREFIX)), variables)
        message = message.replace("install.management_interface.method", "harvester_management_method")
    if path == "harvester_vip" and problem.value:
        # Whatever was made of it, the VIP is what stands there.
        return Finding(member.name, path, shown(member.place.vip), ipv4(member.place.vip) or message)
    return Finding(member.name, path, problem.value, message)


def _problems(member: _Member) -> Iterator[Problem]:
    """Yield what is wrong with one configuration; its token may come later where its cluster does not exist yet."""
    version = text_at(member.machine.metadata, "instance", "operating_system", "version")
    yield from check(member.document, version, token_later=bool(member.place.creator))
    card = boot_interface(member.machine)
    renamed = renamed_cards(kept_arguments(member.machine, card)) if card else []
    interfaces = as_documented(member.document).get("install", {}).get("management_interface", {})
    cards = interfaces.get("interfaces") if isinstance(interfaces, dict) else None
    for place, item in enumerate(cards if isinstance(cards, list) else ()):
        given = item.get("name") if isinstance(item, dict) else None
        if given and renamed and not any(value.startswith(f"{given}:") for value in renamed):
            path = f"install.management_interface.interfaces[{place}].name"
            called = renamed[0].partition(":")[0]
            message = f"the kernel line calls the card {called} while it installs: give hwAddr instead of name"
            yield Problem(message, path=path, value=shown(given), note=len(cards or ()) > 1)


def _between(members: list[_Member]) -> Iterator[Finding]:
    """Yield what the configurations of one cluster can't be together."""
    tokens: dict[str, str] = {}
    names: dict[tuple[str, str], str] = {}
    witnesses: dict[str, str] = {}
    for member in members:
        vip = member.place.vip
        token = text_at(member.document, "token")
        if token and tokens.setdefault(vip, token) != token:
            yield Finding(member.name, "harvester_token", "", "not the one that other machines of this cluster have")
        hostname = text_at(member.document, "os", "hostname")
        other = names.setdefault((vip, hostname), member.name) if hostname else member.name
        if other != member.name:
            yield Finding(member.name, "netboot_hostname", shown(hostname), f"{other} has it too, in the same cluster")
        if text_at(member.document, "install", "role") == "witness":
            other = witnesses.setdefault(vip, member.name)
            if other != member.name:
                yield Finding(member.name, "harvester_role", shown("witness"), f"{other} is: a cluster has one witness")


def _vips(
    members: list[_Member], hosts: Mapping[str, Mapping[str, Any]], known: Mapping[str, list[Holder]]
) -> Iterator[Finding]:
    """Yield which address of a cluster is somebody else's, or is none that its machines can reach."""
    clusters: dict[str, list[_Member]] = {}
    for member in members:
        if member.place.vip and not values.ipv4(member.place.vip):
            clusters.setdefault(member.place.vip, []).append(member)
    for vip, cluster in clusters.items():
        message = vip_message(vip, [card for member in cluster for card in _managing(member)], known)
        for member in cluster if message else ():
            own = text_at(as_documented(member.options["config"]), "install", "vip")
            if own or "harvester_vip" in hosts[member.name]:
                path = f"{source_of('install.vip', member.options['layers'])}.install.vip" if own else "harvester_vip"
                yield Finding(member.name, path, shown(vip), message)


def _managing(member: _Member) -> Iterator[Interface]:
    """Yield the card of a machine's management network, where its addresses are known."""
    install = as_documented(member.document).get("install")
    network = install.get("management_interface") if isinstance(install, dict) else None
    address, netmask = text_at(network, "ip"), text_at(network, "subnet_mask")
    given = as_documented(member.options["config"]).get("install")
    if text_at(network, "method") == "static":
        yield Interface("", address=address, netmask=netmask)
    elif not (isinstance(given, dict) and {"management_interface", "networks"} & given.keys()):
        card = boot_interface(member.machine)
        if card is not None:
            yield card


def _result(member: _Member) -> dict[str, Any]:
    content = dict(member.document)
    password = text_at(content, "os", "password")
    if password and not is_hashed(password):
        # The same hash each time, so that nothing changes where nothing has; of public names, never of the password.
        # One salt for a cluster: its nodes have the same password anyway, and a thousand hashes take ten seconds.
        salt = salt_of(member.machine.namespace, member.place.vip)
        content["os"] = {**content["os"], "password": sha512_crypt(password, salt)}
    # The VIP is what a cluster is known by: as its name it keeps the tokens of two apart.
    known = {"namespace": member.namespace, "cluster": member.place.vip.replace(".", "-")}
    return {"name": member.name, **{key: value for key, value in known.items() if value}, "content": content}
