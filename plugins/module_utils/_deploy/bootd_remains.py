# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of bootd in a cluster: its key, rights of earlier settings, and whose its namespaces are by now.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import API_VERSION
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.lease import GROUP_VERSION as LEASES
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.rules import LEASE
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import bootd
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import (
    Outcome,
    delete,
    get,
    is_ours,
    remove_one,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_pod import (
    KEY_FILE,
    KEY_SECRET,
    TOKEN_FILE,
    deployment,
    labels,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import KINDS, NAMESPACE, path_of
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.missing import selector_of
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import LABEL, MANAGED_BY

AGENT = "bootd"  # how it calls itself to the API, which notes who wrote an object
_RIGHTS = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
# What people keep in namespaces. A namespace takes all of it along.
_KEPT = (
    (API_VERSION, "hardware"),
    ("v1", "pods"),
    ("v1", "services"),
    ("v1", "configmaps"),
    ("v1", "secrets"),
    ("v1", "persistentvolumeclaims"),
    ("apps/v1", "deployments"),
    ("apps/v1", "daemonsets"),
    ("apps/v1", "statefulsets"),
)
_LOOK_AT = 100  # of each kind: there are not as many that the cluster makes
_MAX_NAMED = 3
_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"


def keys(client: Client, settings: Settings) -> tuple[str, str]:
    """Return the report key and the admin token that there are, "" for each that there is not."""
    present = get(client, resource_path("v1", "secrets", settings.namespace, KEY_SECRET)) or {}
    data = present.get("data") or {}
    return _decoded(data.get(KEY_FILE, "")), _decoded(data.get(TOKEN_FILE, ""))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def rights(client: Client, settings: Settings) -> list[dict[str, Any]]:
    """Return the roles and bindings of this bootd, in whatever namespace earlier settings have put them."""
    found = []
    for kind in _RIGHTS:
        path = resource_path(f"{bootd.RBAC}/v1", KINDS[kind].plural)
        items = client.get(path, {"labelSelector": _selector(settings)})["items"]
        found += [_named(f"{bootd.RBAC}/v1", kind, item) for item in items]
    return found


def inhabitants(client: Client, settings: Settings, namespace: str) -> list[str]:
    """Return what a namespace would take along that this bootd is no part of, as in "configmaps notes"."""
    found: list[str] = []
    for api_version, plural in _KEPT:
        listed = get(client, resource_path(api_version, plural, namespace), {"limit": _LOOK_AT})
        items = listed["items"] if listed else []
        found += [f"{plural} {item['metadata']['name']}" for item in items if _is_of_others(settings, item)]
    return found


def _is_of_others(settings: Settings, item: Mapping[str, Any]) -> bool:
    meta = item["metadata"]
    # What a controller made goes with its owner; the other two the cluster puts into every namespace.
    if meta.get("ownerReferences") or meta["name"] == "kube-root-ca.crt" or item.get("type") == _ACCOUNT_TOKEN:
        return False
    return not _labels(settings).items() <= meta.get("labels", {}).items()


def nodes(client: Client, settings: Settings) -> list[str]:
    """Return the nodes that have pods of this bootd."""
    path = resource_path("v1", "pods", settings.namespace)
    listed = get(client, path, {"labelSelector": selector_of(deployment(settings))})
    return sorted({item["spec"]["nodeName"] for item in listed["items"] if item["spec"].get("nodeName")})


def running_pods(client: Client) -> list[dict[str, Any]]:
    """Return the pods of all namespaces that have not ended."""
    query = {"fieldSelector": "status.phase!=Succeeded,status.phase!=Failed"}
    return client.get(resource_path("v1", "pods"), query)["items"]


def candidates(client: Client, settings: Settings) -> list[str]:
    """Return the nodes that it may run on, those that are not there yet included where they are named."""
    if settings.nodes:
        return list(settings.nodes)
    selector = ",".join(f"{name}={value}" for name, value in sorted(settings.node_selector.items()))
    listed = client.get(resource_path("v1", "nodes"), {"labelSelector": selector} if selector else None)
    return [item["metadata"]["name"] for item in listed["items"]]


def remove_namespace(client: Client, settings: Settings, name: str, *, check: bool) -> Outcome:
    """Remove a namespace that is ours, and in which is nothing of anybody else."""
    document = {"apiVersion": "v1", "kind": NAMESPACE, "metadata": {"name": name}}
    present = get(client, path_of(document))
    left = inhabitants(client, settings, name) if present and is_ours(present) else []
    if left:
        named = ", ".join(left[:_MAX_NAMED]) + (" and more" if len(left) > _MAX_NAMED else "")
        return Outcome(document, "kept", present, present, f"it holds {named}")
    return remove_one(client, document, check=check)


def remove_lease(client: Client, settings: Settings, *, check: bool) -> list[Outcome]:
    """Remove the Lease that bootd itself has made, as no other has its writer."""
    path = resource_path(LEASES, "leases", settings.namespace, LEASE)
    present = get(client, path)
    writers = {item.get("manager") for item in present["metadata"].get("managedFields", ())} if present else set()
    if AGENT not in writers:
        return []
    if not check:
        delete(client, path, present)
    return [Outcome(present, "removed", present)]


def _labels(settings: Settings) -> dict[str, str]:
    return {LABEL: MANAGED_BY, **labels(settings)}


def _selector(settings: Settings) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(_labels(settings).items()))


def _named(api_version: str, kind: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of a list as a document of its own, with no more than its name."""
    meta = {name: item["metadata"][name] for name in ("name", "namespace") if item["metadata"].get(name)}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta}
