# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of kube-vip, which gives a node an address that wanders to another when it fails. Pure.

Names and values are those of `kube-vip manifest daemonset --inCluster` and https://kube-vip.io/docs/installation/.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kube_vip_settings import Settings
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kube_vip_variables import (
    PEERS_KEY,
    ROUTER_ANNOTATION,
    digest,
    peers_text,
    variables,
)

# A change of the Secret alone would not restart the pods, which read it only at their start.
DIGEST_ANNOTATION = "netboot.baremetal/bgp-digest"
_READ = ["get", "list", "watch"]


def objects(settings: Settings) -> list[dict[str, Any]]:
    """Return the objects of kube-vip."""
    found = [_service_account(settings), _cluster_role(settings), _binding(settings), _daemon_set(settings)]
    return found + ([_secret(settings)] if settings.mode == "bgp" else [])


def leftovers(settings: Settings) -> list[dict[str, Any]]:
    """Return the objects that other settings of the same name may have left behind."""
    return [] if settings.mode == "bgp" else [_secret(settings)]


def _meta(settings: Settings, name: str, *, namespaced: bool = True) -> dict[str, Any]:
    namespace = {"namespace": settings.namespace} if namespaced else {}
    return {"name": name, **namespace, "labels": {"app.kubernetes.io/name": settings.name}}


def _service_account(settings: Settings) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(settings, settings.name)}


def _cluster_role(settings: Settings) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": _meta(settings, _role_name(settings), namespaced=False),
        "rules": _rules(settings),
    }


def _rules(settings: Settings) -> list[dict[str, Any]]:
    """Return what https://kube-vip.io/manifests/rbac.yaml has, of Services only where it looks after some."""
    always = [
        _rule("", "nodes", *_READ, "update", "patch"),
        _rule("coordination.k8s.io", "leases", *_READ, "create", "update"),
    ]
    of_services = [
        _rule("", "services/status", "update"),
        _rule("", "services", *_READ, "update"),
        _rule("", "endpoints", *_READ, "update"),
        _rule("", "pods", "list"),
        _rule("discovery.k8s.io", "endpointslices", *_READ, "update"),
    ]
    return always + (of_services if settings.services else [])


def _rule(group: str, resource: str, *verbs: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}


def _binding(settings: Settings) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": _meta(settings, f"system:{settings.name}-binding", namespaced=False),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _role_name(settings)},
        "subjects": [{"kind": "ServiceAccount", "name": settings.name, "namespace": settings.namespace}],
    }


def _role_name(settings: Settings) -> str:
    return f"system:{settings.name}-role"


def _secret(settings: Settings) -> dict[str, Any]:
    """Return the peers, whose passwords the DaemonSet, readable to more people, must not hold."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _meta(settings, settings.secret_name),
        "type": "Opaque",
        "data": {PEERS_KEY: base64.b64encode(peers_text(settings).encode()).decode()},
    }


def _daemon_set(settings: Settings) -> dict[str, Any]:
    name = f"{settings.name}-ds"
    labels = {"app.kubernetes.io/name": name}
    annotations = {"annotations": _annotations(settings)} if settings.mode == "bgp" else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": _meta(settings, name),
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate"},
            "template": {"metadata": {"labels": labels, **annotations}, "spec": _pod(settings)},
        },
    }


def _annotations(settings: Settings) -> dict[str, str]:
    router = {ROUTER_ANNOTATION: settings.bgp.router_id} if settings.bgp.router_id else {}
    return {DIGEST_ANNOTATION: digest(settings), **router}


def _pod(settings: Settings) -> dict[str, Any]:
    return {
        "serviceAccountName": settings.name,
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "tolerations": [
            {"effect": "NoSchedule", "operator": "Exists"},
            {"effect": "NoExecute", "operator": "Exists"},
        ],
        **_nodes(settings.node_selector),
        "containers": [_container(settings)],
    }


def _nodes(selector: Mapping[str, str]) -> dict[str, Any]:
    """Return on which nodes it runs: those of the control plane unless others are asked for."""
    if selector:
        return {"nodeSelector": dict(selector)}
    # Either label counts; the first is that of older releases of Kubernetes.
    terms = [
        {"matchExpressions": [{"key": f"node-role.kubernetes.io/{role}", "operator": "Exists"}]}
        for role in ("master", "control-plane")
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": required}}


def _container(settings: Settings) -> dict[str, Any]:
    return {
        "name": "kube-vip",
        "image": f"{settings.image}:{settings.version}",
        "imagePullPolicy": "IfNotPresent",
        "args": ["manager"],
        "env": variables(settings),
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]},
        },
    }
