# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks on a node and in a cluster look at of an inventory's machines: addresses, cards, files. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.decisions.boot import (
    Asked,
    BootContext,
    Chain,
    Program,
    Script,
    Wants,
    decide,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    Machine,
    Nic,
    boot_interface,
    ipv4,
    machine_from_object,
    text_at,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.releases import (
    release_files,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.kernel_boot import KernelBoot
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.registry import installer_of
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.configuration import overlaid
from ansible_collections.baremetal.netboot.plugins.plugin_utils._harvester_hosts import (
    config_layers,
    is_config,
    is_harvester,
    places_of,
)

VIP, ISO = "harvester_vip", "harvester_iso_url"
INSTALL = "harvester.install."  # what those of the kernel's arguments begin with that are of Harvester's configuration
BY_DHCP = "dhcp"  # a VIP that a DHCP server gives, to a MAC address that is no card's
HostVars = Mapping[str, Mapping[str, Any]]


def seen_of(
    objects: Mapping[str, Any], hostvars: HostVars, bootstrap: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return ``machines`` and ``vips``, as the module preflight_node takes them, of Hardware objects by host."""
    known = {host: machine_from_object(item) for host, item in objects.items() if isinstance(item, Mapping)}
    context = BootContext(f"http://{_text(hostvars, bootstrap[0], 'bootd_address')}")
    return {
        "machines": [_machine(machine, context, hostvars[host]) for host, machine in known.items() if machine.name],
        "vips": list(_vips(known, context, hostvars)),
    }


def _machine(machine: Machine, context: BootContext, variables: Mapping[str, Any]) -> dict[str, Any]:
    urls = list(dict.fromkeys(_urls(machine, context)))
    if urls and is_harvester(variables):
        urls += _iso(machine, urls[0], variables)
    return {
        "name": machine.name,
        "namespace": machine.namespace,
        "distro": text_at(machine.metadata, "instance", "operating_system", "distro"),
        "macs": [interface.mac for interface in machine.interfaces],
        "addresses": [interface.address for interface in machine.interfaces if interface.address],
        "urls": [{"url": url, "checksums": _checksums(machine, url)} for url in urls],
    }


def _urls(machine: Machine, context: BootContext) -> Iterator[str]:
    """Yield what the machine loads, but its configuration, which may be made later."""
    boots = _boots(machine, context)
    if isinstance(boots, Chain):
        yield boots.url
    if isinstance(boots, KernelBoot):
        yield boots.kernel
        yield from (initrd.url for initrd in boots.initrds)
        configuration = installer_of(machine).configuration_argument
        for argument in boots.arguments:
            name, _equals, value = argument.partition("=")
            url = value.removeprefix("live:")
            if url.startswith(("http://", "https://")) and name != configuration.rstrip("="):
                yield url


def _boots(machine: Machine, context: BootContext) -> object:
    """Return what bootd's script has the machine boot, None for nothing."""
    card = boot_interface(machine)
    decision = decide(Nic(machine, card), Asked(Wants.SCRIPT, Program.IPXE), context) if card else None
    return decision.boots if isinstance(decision, Script) else None


def _iso(machine: Machine, kernel: str, variables: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the installer gets its ISO: as its configuration will say, which is made of the same variables."""
    given = variables.get(ISO)
    files = _files(machine)
    if isinstance(given, str) and given:
        yield "".join(given)
    elif kernel.rpartition("/")[2] in files.values():
        yield f"{kernel.rpartition('/')[0]}/{files['iso']}"


def _files(machine: Machine) -> dict[str, str]:
    """Return the names of the files of a machine's release by role, {} where it is none."""
    version = text_at(machine.metadata, "instance", "operating_system", "version")
    card = boot_interface(machine)
    if installer_of(machine).name != "harvester" or card is None:
        return {}
    try:
        return release_files(version, "arm64" if card.arch.lower() in ("aarch64", "arm64") else "amd64")
    except ValueError:
        return {}


def _checksums(machine: Machine, url: str) -> str:
    """Return where the checksums of a release's file are, "" where it is none."""
    directory, _slash, name = url.partition("?")[0].rpartition("/")
    files = _files(machine)
    return f"{directory}/{files['checksums']}" if name in files.values() else ""


def _vips(known: Mapping[str, Machine], context: BootContext, hostvars: HostVars) -> Iterator[dict[str, Any]]:
    """Yield each cluster's address, its machines and their cards: one of these answers when it is there already."""
    members: dict[str, list[Machine]] = {}
    by_dhcp = set()
    places, _disputes = places_of({}, hostvars)
    for host, machine in known.items():
        told = _install_of(machine, context, hostvars[host])
        vip = ipv4(told.get("vip") or (places[host].vip if host in places else "") or _text(hostvars, host, VIP))
        if vip:
            members.setdefault(vip, []).append(machine)
            by_dhcp |= (
                {vip} if (told.get("vip_mode") or _text(hostvars, host, "harvester_vip_mode")) == BY_DHCP else set()
            )
    for vip, machines in members.items():
        macs = [interface.mac for machine in machines for interface in machine.interfaces]
        if vip not in by_dhcp:
            yield {"address": vip, "machines": [machine.name for machine in machines], "macs": macs}


def _install_of(machine: Machine, context: BootContext, variables: Mapping[str, Any]) -> dict[str, str]:
    """Return what the kernel's arguments of a machine, and else its own configuration, say of Harvester's install."""
    boots = _boots(machine, context)
    words = boots.arguments if isinstance(boots, KernelBoot) else ()
    argued = (word.removeprefix(INSTALL).partition("=") for word in words if word.startswith(INSTALL))
    install = overlaid(config_layers(_readable(variables)).values()).get("install")
    given = install.items() if isinstance(install, Mapping) else ()
    return {str(name): str(value) for name, value in given if isinstance(value, str)} | {
        name: value for name, _equals, value in argued
    }


def _readable(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a host's own configuration that can be worked out; of the others is told elsewhere."""
    found = {}
    for name in filter(is_config, variables):
        with suppress(AnsibleError):
            found[name] = variables[name]
    return found


def _text(hostvars: HostVars, host: str, name: str) -> str:
    """Return the text in a variable, "" where there is none or it can't be worked out."""
    try:
        value = hostvars[host].get(name) if host in hostvars else ""
    except AnsibleError:
        return ""
    return "".join(value) if isinstance(value, str) else ""
