# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Deployment of bootd: a pod on its node's network that may open low and raw sockets, and nothing else. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings

NAME = "bootd"
KEY_SECRET, KEY_FILE, TOKEN_FILE = "bootd-report-key", "key", "admin-token"
IMAGE_KEY_ANNOTATION = "netboot.baremetal/image-key"
CAPABILITIES = ["NET_BIND_SERVICE", "NET_RAW"]

# Where things are in the pod.
KEY_DIR, STATE_DIR, IMAGE_DIR = "/etc/bootd/report-key", "/var/lib/bootd", "/srv/images"

# It belongs to its node: it goes where others may not, and stays while the node is out of the API's sight.
_TOLERATIONS = [
    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"},
    {"key": "node-role.kubernetes.io/master", "operator": "Exists"},
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"},
]
_GRACE = 15  # seconds, to write the last states and give the lease back


def labels(settings: Settings) -> dict[str, str]:
    """Return the labels by which the objects of this bootd are found, in whatever namespace."""
    return {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": settings.namespace}


def deployment(settings: Settings) -> dict[str, Any]:
    """Return the Deployment."""
    own = {**labels(settings), "app.kubernetes.io/component": "daemon"}
    # Another image of the same name is another pod.
    annotations = {"annotations": {IMAGE_KEY_ANNOTATION: settings.image_key}} if settings.image_key else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": settings.namespace, "labels": own},
        "spec": {
            "replicas": settings.replicas,
            "selector": {"matchLabels": labels(settings)},
            "strategy": _strategy(settings),
            "template": {"metadata": {"labels": own, **annotations}, "spec": _pod(settings)},
        },
    }


def _strategy(settings: Settings) -> dict[str, Any]:
    """Return how a new version comes: the old pod ends first, since both need the same ports of the node."""
    if settings.replicas == 1:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def _pod(settings: Settings) -> dict[str, Any]:
    secrets = [{"name": name} for name in settings.image_pull_secrets]
    return {
        "serviceAccountName": NAME,
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        # A Service called bootd would otherwise set variables that are read as flags.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [*_TOLERATIONS, *settings.tolerations],
        **({"nodeSelector": dict(settings.node_selector)} if settings.node_selector else {}),
        **_affinity(settings),
        **({"imagePullSecrets": secrets} if secrets else {}),
        "containers": [_container(settings)],
        "volumes": _volumes(settings),
    }


def _affinity(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings.nodes:
        # By its name and not by spec.nodeName, which goes past the scheduler, nor by a label, which may differ.
        terms = [
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]} for node in settings.nodes
        ]
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        found["nodeAffinity"] = required
    if settings.replicas > 1:
        apart = {"labelSelector": {"matchLabels": labels(settings)}, "topologyKey": "kubernetes.io/hostname"}
        found["podAntiAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}
    return {"affinity": found} if found else {}


def _container(settings: Settings) -> dict[str, Any]:
    return {
        "name": NAME,
        "image": settings.image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["serve"],
        "env": _environment(settings),
        "ports": [
            {"name": name, "containerPort": port, "hostPort": port, "protocol": protocol}
            for name, (protocol, port) in sorted(settings.ports().items())
        ],
        "resources": {name: dict(amounts) for name, amounts in settings.resources.items()},
        **_probes(settings),
        "securityContext": {
            # Capabilities reach only root across execve; without any other this root owns its files and no more.
            "runAsUser": 0,
            "runAsGroup": 0,
            "privileged": False,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": CAPABILITIES},
        },
        # What bootd says when it can't start is then in the status of the pod, and in the failure of the task.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _mounts(settings),
    }


def _environment(settings: Settings) -> list[dict[str, Any]]:
    """Return bootd's flags as its environment variables."""
    keys = {"report_key": f"{KEY_DIR}/{KEY_FILE}", "admin_token_file": f"{KEY_DIR}/{TOKEN_FILE}"}
    places = {"state_dir": STATE_DIR, **keys}
    flags = {**settings.flags(), **places, **({"image_dir": IMAGE_DIR} if settings.image_dir else {})}
    told = [{"name": f"BOOTD_{name.upper()}", "value": flags[name]} for name in sorted(flags)]
    return [
        *told,
        _from_field("BOOTD_LEASE_NAMESPACE", "metadata.namespace"),
        # The same after a restart of the pod, which then need not wait for its own lease.
        _from_field("BOOTD_REPLICA", "spec.nodeName"),
    ]


def _from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def _probes(settings: Settings) -> dict[str, Any]:
    """Return the probes: HTTP answers once every socket is bound and the catalog is loaded, and tells of stuck servers.

    Neither asks for the API server, nor for faultless objects: bootd serves what it knows while either is away.
    """
    return {
        "startupProbe": {**_probe(settings, "/readyz"), "periodSeconds": 1, "failureThreshold": 120},
        "readinessProbe": {**_probe(settings, "/readyz"), "periodSeconds": 5, "failureThreshold": 2},
        "livenessProbe": {**_probe(settings, "/healthz"), "periodSeconds": 10, "failureThreshold": 6},
    }


def _probe(settings: Settings, path: str) -> dict[str, Any]:
    # Never by the address machines use: it may be on another node just now.
    host = "127.0.0.1" if settings.bind == "0.0.0.0" else settings.bind
    get = {"host": host, "path": path, "port": settings.http_port, "scheme": "HTTP"}
    return {"httpGet": get, "timeoutSeconds": 5}


def _volumes(settings: Settings) -> list[dict[str, Any]]:
    images = {"name": "images", "hostPath": {"path": settings.image_dir, "type": "Directory"}}
    return [
        {"name": "state", "hostPath": {"path": settings.state_dir, "type": "DirectoryOrCreate"}},
        {"name": "report-key", "secret": {"secretName": KEY_SECRET, "defaultMode": 0o400}},
        *([images] if settings.image_dir else []),
    ]


def _mounts(settings: Settings) -> list[dict[str, Any]]:
    images = {"name": "images", "mountPath": IMAGE_DIR, "readOnly": True}
    return [
        {"name": "state", "mountPath": STATE_DIR},
        {"name": "report-key", "mountPath": KEY_DIR, "readOnly": True},
        *([images] if settings.image_dir else []),
    ]
