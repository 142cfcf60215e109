# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said about kube-vip, and whether it makes sense. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware import values
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import option_values

DEFAULT_IMAGE = "ghcr.io/kube-vip/kube-vip"
DEFAULT_VERSION = "v1.1.2"
DEFAULT_CLASS = "baremetal.netboot/kube-vip"
# Kubernetes: a name with a domain before it, so that two programs don't choose the same one.
_CLASS = re.compile(r"[a-z0-9][a-z0-9.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")
_INTERFACE = re.compile(r"[^\s/:]{1,15}")
_NUMBERS = re.compile(r"[0-9]+\.[0-9]")
# Variables that Kubernetes fills in. Server-side apply can't turn these into plain values, nor back.
_FILLED_IN = {"bgp_peers", "bgp_routerid", "vip_nodename"}


@dataclass(frozen=True)
class Peer:
    """A BGP router to tell of the address."""

    address: str
    asn: int
    password: str = field(default="", repr=False)
    multihop: bool = False


@dataclass(frozen=True)
class Bgp:
    """``router_id`` "" is each node's own address."""

    asn: int = 65000
    router_id: str = ""
    peers: tuple[Peer, ...] = ()
    source_interface: str = ""
    source_address: str = ""


@dataclass(frozen=True)
class Settings:
    """``interface`` "" is that of the default route; ``load_balancer_class`` "" any Service without a class."""

    address: str = ""
    interface: str = ""
    mode: str = "arp"
    name: str = "kube-vip"
    namespace: str = "kube-system"
    image: str = DEFAULT_IMAGE
    version: str = DEFAULT_VERSION
    control_plane: bool = True
    port: int = 6443
    services: bool = False
    service_election: bool = False
    load_balancer_class: str = DEFAULT_CLASS
    prometheus_server: str = ":2112"
    node_selector: Mapping[str, str] = field(default_factory=dict)
    bgp: Bgp = Bgp()
    extra_env: Mapping[str, str] = field(default_factory=dict)

    @property
    def secret_name(self) -> str:
        return f"{self.name}-bgp"


def settings_from(options: Mapping[str, Any]) -> Settings:
    """Return the settings that a module's options are; what is not given is None there."""
    given = {name: options[name] for name in Settings.__dataclass_fields__ if options.get(name) is not None}
    bgp = given.pop("bgp", {})
    peers = tuple(
        Peer(peer["address"], peer["asn"], peer.get("password") or "", bool(peer.get("multihop")))
        for peer in bgp.get("peers") or ()
    )
    rest = {name: value for name, value in bgp.items() if name != "peers" and value is not None}
    extra = option_values.texts_of(given.pop("extra_env", {}))
    selector = option_values.texts_of(given.pop("node_selector", {}))
    return Settings(**given, node_selector=selector, extra_env=extra, bgp=Bgp(**rest, peers=peers))


def problems(settings: Settings) -> list[str]:
    """Return a sentence for each thing that makes no sense."""
    return [*_of_all(settings), *(_of_bgp(settings.bgp) if settings.mode == "bgp" else ())]


def _of_all(settings: Settings) -> Iterator[str]:
    if not (settings.control_plane or settings.services):
        yield "control_plane and services are both false, so kube-vip would have nothing to do"
    if settings.control_plane:
        yield from option_values.address("address", settings.address)
        yield from option_values.port("port", settings.port)
    yield from option_values.image("image", settings.image, tag=False)
    yield from _of_version(settings.version)
    yield from option_values.labels("node_selector", settings.node_selector)
    yield from option_values.environment("extra_env", settings.extra_env)
    if settings.prometheus_server and not _is_endpoint(settings.prometheus_server):
        yield f"prometheus_server is {settings.prometheus_server!r} but should be :PORT or ADDRESS:PORT"
    if settings.interface and not _INTERFACE.fullmatch(settings.interface):
        yield f"interface is {settings.interface!r} but should be a network interface's name such as eth0"
    for name in ("name", "namespace"):
        yield from option_values.name(name, getattr(settings, name))
    if settings.load_balancer_class and not _CLASS.fullmatch(settings.load_balancer_class):
        yield f"load_balancer_class is {settings.load_balancer_class!r} but should be like {DEFAULT_CLASS}"
    for name in sorted(_FILLED_IN & set(settings.extra_env)):
        yield f"extra_env.{name} can't be set; see bgp for the peers and the router's ID"


def _of_version(version: str) -> Iterator[str]:
    if _NUMBERS.match(version):
        yield f"version is {version!r} but should be 'v{version}', as kube-vip's releases are called"
    else:
        yield from option_values.tag("version", version)


def _of_bgp(bgp: Bgp) -> Iterator[str]:
    if not bgp.peers:
        yield "bgp.peers is empty, so nobody would learn of the address"
    # Four octets that are not all zero, RFC 6286 section 2.1.
    if bgp.router_id and (values.ipv4(bgp.router_id) or bgp.router_id == "0.0.0.0"):
        yield f"bgp.router_id is {bgp.router_id!r} but should be an IPv4 address, and not 0.0.0.0"
    if bgp.source_address:
        yield from option_values.address("bgp.source_address", bgp.source_address)
    if bgp.source_interface and not _INTERFACE.fullmatch(bgp.source_interface):
        yield f"bgp.source_interface is {bgp.source_interface!r} but should be a network interface's name such as eth0"
    for name, asn in (("bgp.asn", bgp.asn), *((f"bgp.peers[{n}].asn", peer.asn) for n, peer in enumerate(bgp.peers))):
        if not 0 < asn < 1 << 32:
            yield f"{name} is {asn} but should be from 1 to 4294967295"
    for number, peer in enumerate(bgp.peers):
        yield from option_values.address(f"bgp.peers[{number}].address", peer.address)
        # They are written one after the other with these between them.
        if set(peer.password) & set(":,"):
            yield f"bgp.peers[{number}].password has a colon or a comma in it, which kube-vip can't read"


def _is_endpoint(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdecimal() and 1 <= int(port[:6]) <= 65535):
        return False
    try:
        return not host or bool(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        return False
