# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects that this collection makes: where the API has them, and which come before which. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import resource_path

CRD = "CustomResourceDefinition"
NAMESPACE = "Namespace"


@dataclass(frozen=True)
class Kind:
    """``plural`` as in paths of the API; ``namespaced`` is false for objects of the whole cluster."""

    plural: str
    namespaced: bool = True


# In the order in which they are made: what others need comes first. A table, so that no discovery has to be asked.
KINDS = {
    NAMESPACE: Kind("namespaces", namespaced=False),
    CRD: Kind("customresourcedefinitions", namespaced=False),
    "ServiceAccount": Kind("serviceaccounts"),
    "ClusterRole": Kind("clusterroles", namespaced=False),
    "ClusterRoleBinding": Kind("clusterrolebindings", namespaced=False),
    "Role": Kind("roles"),
    "RoleBinding": Kind("rolebindings"),
    "Secret": Kind("secrets"),
    "ConfigMap": Kind("configmaps"),
    "Service": Kind("services"),
    "Deployment": Kind("deployments"),
    "DaemonSet": Kind("daemonsets"),
    "Hardware": Kind("hardware"),
}
_ORDER = {kind: place for place, kind in enumerate(KINDS)}


def path_of(document: Mapping[str, Any]) -> str:
    """Return the path at which the API has ``document``; raises ValueError where it has no place there."""
    kind, meta = document["kind"], document["metadata"]
    if kind not in KINDS:
        raise ValueError(f"{kind} is not among the kinds that are made here: {', '.join(KINDS)}")
    namespace = meta.get("namespace", "")
    if bool(namespace) != KINDS[kind].namespaced:
        raise ValueError(f"{kind} {meta['name']} {'has no' if KINDS[kind].namespaced else 'has a'} namespace")
    return resource_path(document["apiVersion"], KINDS[kind].plural, namespace, meta["name"])


def title_of(document: Mapping[str, Any]) -> str:
    """Return what to call ``document``, as in "Deployment tink-system/bootd"."""
    meta = document["metadata"]
    namespace = meta.get("namespace", "")
    return f"{document['kind']} {namespace}{'/' if namespace else ''}{meta['name']}"


def in_order(documents: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return ``documents`` as they are to be made; removed they are in the reverse of it."""
    return sorted(documents, key=lambda document: _ORDER.get(document["kind"], len(_ORDER)))
