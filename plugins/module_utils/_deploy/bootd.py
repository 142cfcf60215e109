# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of bootd in a cluster: its namespace, its account and rights, its key, its Deployment. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import base64
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.rules import (
    CONFIGURATIONS,
    MACHINES,
    OWN,
    role_rules,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_pod import (
    KEY_FILE,
    KEY_SECRET,
    NAME,
    TOKEN_FILE,
    deployment,
    labels,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import NAMESPACE

RBAC = "rbac.authorization.k8s.io"
# A pod on the node's network is refused where a cluster enforces a stricter standard for all namespaces.
_POD_SECURITY = {"pod-security.kubernetes.io/enforce": "privileged"}


def objects(settings: Settings, report_key: str, admin_token: str) -> list[dict[str, Any]]:
    """Return what is in the namespaces, and the rights.

    ``report_key`` keys the URLs that installers report to, and who has ``admin_token`` may switch netboot over HTTP.
    """
    account, secret = own_objects(settings, report_key, admin_token)
    return [account, *rights(settings), secret, deployment(settings)]


def own_objects(settings: Settings, report_key: str = "", admin_token: str = "") -> list[dict[str, Any]]:
    """Return what is in its namespace besides rights and Deployment: the account, and the Secret."""
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(settings, NAME, settings.namespace)},
        _secret(settings, {KEY_FILE: report_key, TOKEN_FILE: admin_token}),
    ]


def namespaces(settings: Settings) -> list[dict[str, Any]]:
    """Return bootd's own namespace, and that of the machines where it is another one."""
    own = _namespace(settings.namespace)
    own["metadata"]["labels"] = dict(_POD_SECURITY)
    return [own, *([_namespace(settings.machines)] if settings.machines not in ("", settings.namespace) else [])]


def rights(settings: Settings) -> list[dict[str, Any]]:
    """Return roles and bindings with exactly the rules that bootd asks for when it starts."""
    of_machines = f"{NAME}-{settings.namespace}"
    # With machines in all namespaces their role is the cluster's, which must not tell it all Secrets.
    own, machines = ((OWN,), (MACHINES, CONFIGURATIONS)) if settings.machines else ((OWN, CONFIGURATIONS), (MACHINES,))
    return [
        *_granted(settings, NAME, own, settings.namespace),
        *_granted(settings, of_machines, machines, settings.machines),
    ]


def _granted(settings: Settings, name: str, places: tuple[str, ...], namespace: str) -> list[dict[str, Any]]:
    """Return a role with the rules for ``places`` and its binding; in ``namespace`` "" they are the cluster's."""
    cluster = "" if namespace else "Cluster"
    role, meta = f"{cluster}Role", _meta(settings, name, namespace)
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": settings.namespace}
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": role, "metadata": meta, "rules": role_rules(*places)},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": f"{role}Binding",
            "metadata": meta,
            "roleRef": {"apiGroup": RBAC, "kind": role, "name": name},
            "subjects": [subject],
        },
    ]


def _secret(settings: Settings, texts: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _meta(settings, KEY_SECRET, settings.namespace),
        "type": "Opaque",
        "data": {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()},
    }


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": NAMESPACE, "metadata": {"name": name}}


def _meta(settings: Settings, name: str, namespace: str) -> dict[str, Any]:
    return {"name": name, **({"namespace": namespace} if namespace else {}), "labels": labels(settings)}
