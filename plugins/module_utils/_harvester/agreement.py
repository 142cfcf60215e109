# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several keys of Harvester's configuration have to agree on, and which of them there have to be.

Source: ``commonCheck``, ``Validate`` and what these call in the installer's console/validator.go; rules that are only
in the documentation name its page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware import values
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.problem import ABSENT
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.versions import Version
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester import rules
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.hook_templates import uses_address
from ansible_collections.baremetal.netboot.plugins.module_utils._harvester.schema_check import Finding

MANAGEMENT_NETWORK = "harvester-mgmt"  # of install.networks, in v1.0
_MANAGERS = ("", "default", "management")
_POD_CIDR, _SERVICE_CIDR, _CLUSTER_DNS = "10.52.0.0/16", "10.53.0.0/16", "10.53.0.10"
Node = Mapping[str, Any]


def disagreements(document: Node, version: Version, *, token_later: bool) -> Iterator[Finding]:
    """Yield what is missing in ``document``, whose keys are as documented, and what in it contradicts itself."""
    install = _at(document, "install")
    mode = text(install, "mode")
    if not mode:
        yield "install.mode", ABSENT, "missing: should be create or join", False
    if mode == "install" and version < (1, 2):
        yield "install.mode", mode, "not before v1.2: should be create or join", False
    if version >= (1, 1) and document.get("scheme_version") is None:
        yield "scheme_version", ABSENT, "missing: should be 1", False
    if not text(install, "device"):
        yield "install.device", ABSENT, "missing: should be the disk's path, as in /dev/nvme0n1", False
    yield from _hooks(document)
    if mode in ("create", "join"):
        yield from _member(document, version, mode, token_later=token_later)
        yield from _create(document) if mode == "create" else _join(document, version)
        yield from _iso(install, version)
        yield from _network(document, version)
        yield from _cluster_networks(document)


def _member(document: Node, version: Version, mode: str, *, token_later: bool) -> Iterator[Finding]:
    """Yield what is wrong with any node of a cluster."""
    install, system = _at(document, "install"), _at(document, "os")
    if not text(document, "token") and not token_later:
        yield "token", ABSENT, "missing: should be the secret that all nodes of the cluster have in common", False
    keys = system.get("ssh_authorized_keys")
    if not keys and not text(system, "password"):
        yield "os", ABSENT, "should have a password or ssh_authorized_keys", False
    elif _on(_at(system, "sshd").get("disable_password_auth")) and not keys:
        message = "is true, and without ssh_authorized_keys nobody can log in by SSH"
        yield "os.sshd.disable_password_auth", ABSENT, message, True
    hashed = text(system, "password").startswith(("$5$", "$1$", "$apr1$"))
    if hashed and version < (1, 1, 2):
        yield "os.password", ABSENT, "should be a SHA-512 hash: others are not known before v1.1.2", False
    if _on(install.get("cordoned")) and (mode == "create" or text(install, "role") == "witness"):
        where = "the node that creates the cluster" if mode == "create" else "a witness"
        yield "install.cordoned", ABSENT, f"is not for {where}", False
    if text(install, "role") == "witness" and text(install, "data_disk"):
        yield "install.data_disk", ABSENT, "a witness has no data disk", True
    for name in ("config_url", "raw_disk_image_path"):
        if text(install, name):
            yield f"install.{name}", ABSENT, f"has no meaning for mode {mode}", True


def _create(document: Node) -> Iterator[Finding]:
    install = _at(document, "install")
    if text(document, "server_url"):
        yield "server_url", text(document, "server_url"), "should be empty for mode create: it is for join", False
    if not text(install, "vip"):
        yield "install.vip", ABSENT, "missing: should be the cluster's own address, which no machine has", False
    vip_mode, hw_addr = text(install, "vip_mode"), text(install, "vip_hw_addr")
    if not vip_mode:
        yield "install.vip_mode", ABSENT, "missing: should be static or dhcp", False
    elif vip_mode == "dhcp" and not hw_addr:
        message = "missing: should be the MAC address that the DHCP server knows the VIP by"
        yield "install.vip_hw_addr", ABSENT, message, False
    elif vip_mode == "static" and hw_addr:
        yield "install.vip_hw_addr", hw_addr, "has no meaning for vip_mode static", True
    if text(install, "role") not in _MANAGERS:
        # docs v1.3, install.role: workers and witnesses never manage, and the first node has to.
        yield "install.role", text(install, "role"), "can't create a cluster: should be default or management", False


def _join(document: Node, version: Version) -> Iterator[Finding]:
    install, url = _at(document, "install"), text(document, "server_url")
    if not url:
        yield "server_url", ABSENT, "missing: should be the cluster's URL, as in https://10.10.0.10:443", False
    elif not rules.server_url(url):
        port = urlsplit(url).port or 443
        ports = (443,) if version >= (1, 1) else (443, 8443)
        if port not in ports:
            host = urlsplit(url).hostname
            yield "server_url", url, f"should have port 443: https://{host}:443", False
    for name in ("vip", "vip_mode", "vip_hw_addr"):
        if text(install, name):
            yield f"install.{name}", ABSENT, "has no meaning for mode join", True
    if document.get("system_settings"):
        yield "system_settings", ABSENT, "has no meaning for mode join: the cluster has them", True


def _iso(install: Node, version: Version) -> Iterator[Finding]:
    url = text(install, "iso_url")
    if not url:
        message = "missing: a machine that boots from the network has no ISO; the node would never come up"
        yield "install.iso_url", ABSENT, message, False
    elif url == "local" and version < (1, 9):
        yield "install.iso_url", url, "not before v1.9: should be the URL of the ISO", False


def _network(document: Node, version: Version) -> Iterator[Finding]:
    """Yield what is wrong with the management interface."""
    install = _at(document, "install")
    if version >= (1, 1):
        path, network = "install.management_interface", install.get("management_interface")
    else:
        path = f"install.networks.{MANAGEMENT_NETWORK}"
        network = _at(install, "networks").get(MANAGEMENT_NETWORK)
    if not isinstance(network, Mapping) or not network:
        yield path, ABSENT, "missing: should have interfaces and method", False
        return
    cards = network.get("interfaces")
    if not cards:
        yield f"{path}.interfaces", ABSENT, "missing: should be the network cards, as in [{hwAddr: MAC}]", False
    for place, card in enumerate(cards if isinstance(cards, list) else ()):
        if isinstance(card, Mapping) and not text(card, "name") and not text(card, "hwAddr"):
            yield f"{path}.interfaces[{place}]", ABSENT, "should have a hwAddr or a name", False
    bond = _at(network, "bond_options").get("mode")
    if bond is not None and bond not in rules.BOND_MODES:
        yield f"{path}.bond_options.mode", bond, f"should be one of {', '.join(rules.BOND_MODES)}", False
    if not text(network, "method"):
        yield f"{path}.method", ABSENT, "missing: should be dhcp or static", False
    if text(network, "method") == "static":
        yield from _static(document, network, path)
    vip = text(install, "vip")
    if vip and text(install, "mode") == "create" and (told := _held_by(vip, network)):
        yield "install.vip", vip, f"is {told}; should be one that no machine has", False


def _held_by(vip: str, network: Node) -> str:
    """Return whose the VIP is already, as far as the management interface tells."""
    address, mask = text(network, "ip"), text(network, "subnet_mask")
    owners = {address: "the machine's own address", text(network, "gateway"): "the address of the gateway"}
    if not values.ipv4(address) and not values.netmask(mask):
        subnet = IPv4Network(f"{address}/{mask}", strict=False)
        if subnet.prefixlen < 31:
            owners |= {str(subnet.network_address): "the address of the network itself"}
            owners |= {str(subnet.broadcast_address): "the broadcast address of the network"}
    return owners.get(vip, "")


def _static(document: Node, network: Node, path: str) -> Iterator[Finding]:
    for name in ("ip", "subnet_mask", "gateway"):
        if not text(network, name):
            yield f"{path}.{name}", ABSENT, "missing: method is static", False
    if not _at(document, "os").get("dns_nameservers"):
        yield "os.dns_nameservers", ABSENT, f"missing: {path}.method is static", False
    address, mask, gateway = (text(network, name) for name in ("ip", "subnet_mask", "gateway"))
    if values.ipv4(address) or values.netmask(mask):
        return
    subnet = IPv4Network(f"{address}/{mask}", strict=False)
    if not values.ipv4(gateway) and not rules.inside(gateway, str(subnet)):
        yield f"{path}.gateway", gateway, f"outside network {subnet}: the node would have no default route", False


def _cluster_networks(document: Node) -> Iterator[Finding]:
    """Yield where pods, services and machines would have the same addresses (docs v1.5, install.cluster_dns)."""
    install = _at(document, "install")
    pods, services = (
        text(install, "cluster_pod_cidr") or _POD_CIDR,
        text(install, "cluster_service_cidr") or _SERVICE_CIDR,
    )
    dns = text(install, "cluster_dns") or _CLUSTER_DNS
    if values.route_destination(pods) or values.route_destination(services):
        return
    if IPv4Network(pods).overlaps(IPv4Network(services)):
        path = "cluster_pod_cidr" if text(install, "cluster_pod_cidr") else "cluster_service_cidr"
        yield f"install.{path}", ABSENT, f"pods have {pods} and services {services}, which overlap", False
    if not values.ipv4(dns) and not rules.inside(dns, services):
        yield "install.cluster_dns", dns, f"should be in {services}, which is for services", False
    network, url = _at(install, "management_interface"), text(document, "server_url")
    nearby = {
        "machine's address": text(network, "ip"),
        "gateway's address": text(network, "gateway"),
        "VIP": text(install, "vip") or ("" if rules.server_url(url) else urlsplit(url).hostname or ""),
    }
    for name, cidr in (("cluster_pod_cidr", pods), ("cluster_service_cidr", services)):
        inside = [f"the {what} {at}" for what, at in nearby.items() if not values.ipv4(at) and rules.inside(at, cidr)]
        if inside:
            what = "pods" if name == "cluster_pod_cidr" else "services"
            yield f"install.{name}", ABSENT, f"{cidr} is for {what}, and in it is {' and '.join(inside)}", False


def _hooks(document: Node) -> Iterator[Finding]:
    """Yield what is wrong with hooks: one that can't be used takes all others with it."""
    install = _at(document, "install")
    hooks = install.get("webhooks")
    static = text(_at(install, "management_interface"), "method") == "static"
    for place, hook in enumerate(hooks if isinstance(hooks, list) else ()):
        if not isinstance(hook, Mapping):
            continue
        path = f"install.webhooks[{place}]"
        for name, what in (("event", "STARTED, SUCCEEDED or FAILED"), ("method", "an HTTP method"), ("url", "a URL")):
            if not text(hook, name):
                yield f"{path}.{name}", ABSENT, f"missing: should be {what}; no hook at all would be called", False
        for name in ("url", "payload"):
            if static and uses_address(hook.get(name, "")):
                yield f"{path}.{name}", ABSENT, "addresses are empty here with method static", True


def text(node: Any, name: str) -> str:
    """Return the text at ``name``, "" where there is none."""
    found = node.get(name) if isinstance(node, Mapping) else None
    return found if isinstance(found, str) else ""


def _at(node: Any, name: str) -> Node:
    found = node.get(name) if isinstance(node, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _on(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "t", "yes", "y")
