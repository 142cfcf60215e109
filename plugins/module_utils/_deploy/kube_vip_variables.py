# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-vip's environment variables, see https://kube-vip.io/docs/installation/flags/. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kube_vip_settings import Peer, Settings

PEERS_KEY = "bgp_peers"
# Where the pods look up their router's ID, so that the variable is filled in by Kubernetes with and without one.
ROUTER_ANNOTATION = "netboot.baremetal/bgp-router-id"
LOOPBACK = "lo"  # with BGP several nodes have the address at once, which must not be seen on a network they share
_ROUNDS = 100_000

# Values, or where Kubernetes takes them from.
Variables = dict[str, Any]


def variables(settings: Settings) -> list[dict[str, Any]]:
    """Return the ``env`` of the container, with what the user has added or overruled at its end."""
    found: Variables = {**_of_all(settings), **(_of_bgp(settings) if settings.mode == "bgp" else _of_arp())}
    if settings.control_plane:
        found.update(_of_control_plane(settings))
    if settings.services:
        found.update(_of_services(settings))
    found.update(settings.extra_env)
    return [
        {"name": name, "valueFrom": value} if isinstance(value, dict) else {"name": name, "value": value}
        for name, value in found.items()
    ]


def peers_text(settings: Settings) -> str:
    """Return the peers as kube-vip reads them: address:AS:password:multihop,..."""
    return ",".join(_peer(peer) for peer in settings.bgp.peers)


def digest(settings: Settings) -> str:
    """Return what changes whenever the peers do; slow, for passwords that could be guessed."""
    salt = f"{settings.namespace}/{settings.name}".encode()
    return hashlib.pbkdf2_hmac("sha256", peers_text(settings).encode(), salt, _ROUNDS, 8).hex()


def _of_all(settings: Settings) -> Variables:
    arp = settings.mode == "arp"
    interface = settings.interface or ("" if arp else LOOPBACK)
    return {
        "vip_arp": _flag(arp),
        "port": str(settings.port),
        "vip_nodename": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}},
        **({"vip_interface": interface} if interface else {}),
        "vip_subnet": _prefix(settings.address),
        "dns_mode": "first",
        "prometheus_server": settings.prometheus_server,
    }


def _of_arp() -> Variables:
    """Return the election of the one node that answers for the address, with kube-vip's documented times."""
    return {
        "vip_leaderelection": _flag(True),
        "vip_leaseduration": "5",
        "vip_renewdeadline": "3",
        "vip_retryperiod": "1",
    }


def _of_bgp(settings: Settings) -> Variables:
    bgp = settings.bgp
    router = f"metadata.annotations['{ROUTER_ANNOTATION}']" if bgp.router_id else "status.podIP"
    return {
        "vip_cidr": _prefix(settings.address),
        "bgp_enable": _flag(True),
        "bgp_routerid": {"fieldRef": {"apiVersion": "v1", "fieldPath": router}},
        "bgp_as": str(bgp.asn),
        "bgp_peers": {"secretKeyRef": {"name": settings.secret_name, "key": PEERS_KEY}},
        **({"bgp_sourceif": bgp.source_interface} if bgp.source_interface else {}),
        **({"bgp_sourceip": bgp.source_address} if bgp.source_address else {}),
    }


def _of_control_plane(settings: Settings) -> Variables:
    return {
        "cp_enable": _flag(True),
        "cp_namespace": settings.namespace,
        "vip_ddns": _flag(False),
        **({"vip_leasename": f"{settings.name}-cp-lock"} if settings.mode == "arp" else {}),
        "address": settings.address,
    }


def _of_services(settings: Settings) -> Variables:
    """Return how it looks after Services: of its own class only, unless none is given."""
    own_class = {"lb_class_only": _flag(True), "lb_class_name": settings.load_balancer_class}
    return {
        "svc_enable": _flag(True),
        "svc_election": _flag(settings.service_election),
        "svc_leasename": f"{settings.name}-svcs-lock",
        **(own_class if settings.load_balancer_class else {}),
    }


def _peer(peer: Peer) -> str:
    address = f"[{peer.address}]" if ":" in peer.address else peer.address
    return f"{address}:{peer.asn}:{peer.password}:{_flag(peer.multihop)}"


def _prefix(address: str) -> str:
    return "128" if ":" in address else "32"


def _flag(value: bool) -> str:
    return str(value).lower()
