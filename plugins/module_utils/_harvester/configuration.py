# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's Harvester configuration, derived from its Hardware object and its place in a cluster. Pure.

What is derived is only what the installer needs; the user's own configuration is merged over it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import (
    Interface,
    boot_interface,
    machine_from_object,
    text_at,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.card_names import (
    kept_arguments,
    with_card_names,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.kernel_line import UNTAGGED
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.quirks import (
    ARCH_NAMES,
    holds,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.releases import (
    DEFAULT_BASE_URL,
    TEMPLATES,
    release_url,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.agreement import MANAGEMENT_NETWORK
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.check import as_documented, with_numbers
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.clusters import CREATE, JOIN, Place


def configuration_of(hardware: Mapping[str, Any], options: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return the configuration of the machine that ``hardware``, a Hardware object, describes.

    ``options``, each of which may be missing: ``token``, ``password``, ``ssh_authorized_keys`` (list), ``role``,
    ``vip_mode`` (static), ``vip_hw_addr``, ``management_method`` (static where address and netmask are known, else
    dhcp), ``iso_url`` (that of the release), and ``config``, a configuration that is merged over all this.
    """
    machine = machine_from_object(hardware)
    card = boot_interface(machine) or Interface("")
    version = text_at(machine.metadata, "instance", "operating_system", "version")
    old = holds("networks-v1.0", version)
    derived = {
        "scheme_version": None if old else 1,
        "server_url": f"https://{place.vip}:{8443 if old else 443}" if place.mode == JOIN and place.vip else None,
        "token": options.get("token"),
        "os": {
            # It becomes the name of the node, which has no capitals.
            "hostname": (card.hostname or machine.name).lower(),
            "ssh_authorized_keys": options.get("ssh_authorized_keys"),
            "password": options.get("password"),
            "dns_nameservers": list(card.name_servers),
            "ntp_servers": list(card.time_servers),
        },
        "install": {
            "mode": place.mode,
            "role": options.get("role"),
            **_network(card, options, old=old),
            "device": next(iter(machine.disks), None),
            "iso_url": options.get("iso_url") or _iso_url(card, version),
            **(_vip(options, place) if place.mode == CREATE else {}),
        },
    }
    merged = with_numbers(merge(_filled(derived), options.get("config") or {}))
    return with_card_names(merged, kept_arguments(machine, card), version)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``over`` merged in, whichever spelling of a key either uses.

    Mappings are merged, lists and values replaced, and null takes a key away.
    """
    return _merged(as_documented(base), as_documented(over))


def overlaid(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a user's configuration that is given in parts, each merged over those before it as ``merge`` does.

    Null stays null: it takes away what would be derived.
    """
    found: dict[str, Any] = {}
    for layer in layers:
        found = _merged(found, as_documented(layer), keep_null=True)
    return found


def _network(card: Interface, options: Mapping[str, Any], *, old: bool) -> dict[str, Any]:
    known = card.address and card.netmask
    network: dict[str, Any] = {
        "interfaces": [{"hwAddr": card.mac}],
        "method": options.get("management_method") or ("static" if known else "dhcp"),
    }
    if network["method"] == "static":
        network |= {"ip": card.address, "subnet_mask": card.netmask, "gateway": card.gateway}
    if card.vlan_id not in UNTAGGED and card.vlan_id.isdecimal():
        network["vlan_id"] = int(card.vlan_id)
    return {"networks": {MANAGEMENT_NETWORK: network}} if old else {"management_interface": network}


def _vip(options: Mapping[str, Any], place: Place) -> dict[str, Any]:
    return {
        "vip": place.vip,
        "vip_mode": options.get("vip_mode") or "static",
        "vip_hw_addr": options.get("vip_hw_addr"),
    }


def _iso_url(card: Interface, version: str) -> str:
    base = card.netboot.osie.base_url or DEFAULT_BASE_URL
    name = TEMPLATES["iso"].format(version=version, arch=ARCH_NAMES.get(card.arch, ""))
    return f"{release_url(version, base)}/{name}" if version else ""


def _merged(base: Mapping[str, Any], over: Mapping[str, Any], *, keep_null: bool = False) -> dict[str, Any]:
    result = copy.deepcopy(dict(base))
    for key, value in over.items():
        if value is None and not keep_null:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = _merged(result[key], value, keep_null=keep_null)
        else:
            result[key] = copy.deepcopy(value)
    return result


def _filled(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``node`` without what holds nothing; false and 0 are something."""
    filled = {key: _filled(value) if isinstance(value, Mapping) else value for key, value in node.items()}
    return {key: value for key, value in filled.items() if value not in (None, "", [], {})}
