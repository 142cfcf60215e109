# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a server of images in a cluster: nginx's configuration, and a pod that may do nothing but read. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.image_server_settings import Settings
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import NAMESPACE
from ansible_collections.baremetal.netboot.plugins.module_utils._images.nginx import Nginx, configuration

CONFIGURATION_ANNOTATION = "netboot.baremetal/configuration"
PORT = 8080  # in the pod, whose user may open no lower one
USER = 101  # nginx's in its own image; any would do

# Where things are in the pod.
IMAGES, SCRATCH, CONFIGURATION = "/srv/images", "/tmp", "/etc/image-server"

# A directory of a node is no volume that the stricter standards allow. bootd's namespace has the same label.
_POD_SECURITY = {"pod-security.kubernetes.io/enforce": "privileged"}
# It belongs to the node that has the images.
_TOLERATIONS = [
    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"},
    {"key": "node-role.kubernetes.io/master", "operator": "Exists"},
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"},
]


def namespace(settings: Settings) -> dict[str, Any]:
    """Return the namespace."""
    meta = {"name": settings.namespace, "labels": dict(_POD_SECURITY)}
    return {"apiVersion": "v1", "kind": NAMESPACE, "metadata": meta}


def objects(settings: Settings) -> list[dict[str, Any]]:
    """Return what is in the namespace."""
    return [config_map(settings), deployment(settings)]


def labels(settings: Settings) -> dict[str, str]:
    """Return the labels by which its objects are found."""
    return {"app.kubernetes.io/name": "image-server", "app.kubernetes.io/instance": settings.name}


def config_map(settings: Settings) -> dict[str, Any]:
    """Return nginx's configuration."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _meta(settings),
        "data": {"nginx.conf": _configuration()},
    }


def deployment(settings: Settings) -> dict[str, Any]:
    """Return the Deployment."""
    # nginx reads its configuration when it starts.
    digest = hashlib.sha256(_configuration().encode()).hexdigest()
    annotations = {CONFIGURATION_ANNOTATION: digest}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(settings),
        "spec": {
            "replicas": settings.replicas,
            "selector": {"matchLabels": labels(settings)},
            "strategy": _strategy(settings),
            "template": {
                "metadata": {"labels": labels(settings), "annotations": annotations},
                "spec": _pod(settings),
            },
        },
    }


def _configuration() -> str:
    return configuration(Nginx(IMAGES, "0.0.0.0", PORT, SCRATCH, "/dev/stdout"))


def _meta(settings: Settings) -> dict[str, Any]:
    return {"name": settings.name, "namespace": settings.namespace, "labels": labels(settings)}


def _strategy(settings: Settings) -> dict[str, Any]:
    """Return how a new version comes: the old pod ends first, since both need the same port of the node."""
    if settings.replicas == 1:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def _pod(settings: Settings) -> dict[str, Any]:
    secrets = [{"name": name} for name in settings.image_pull_secrets]
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "tolerations": [*_TOLERATIONS, *settings.tolerations],
        **({"nodeSelector": dict(settings.node_selector)} if settings.node_selector else {}),
        **_affinity(settings),
        **({"imagePullSecrets": secrets} if secrets else {}),
        "containers": [_container(settings)],
        "volumes": [
            {"name": "images", "hostPath": {"path": settings.path, "type": "Directory"}},
            {"name": "configuration", "configMap": {"name": settings.name, "defaultMode": 0o444}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "16Mi"}},
        ],
    }


def _affinity(settings: Settings) -> dict[str, Any]:
    if not settings.nodes:
        return {}
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]} for node in settings.nodes]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"affinity": {"nodeAffinity": required}}


def _container(settings: Settings) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/healthz", "port": PORT, "scheme": "HTTP"}, "timeoutSeconds": 5}
    # The port of the node, by which the scheduler also keeps two of them apart.
    port = {"name": "http", "containerPort": PORT, "hostPort": settings.port, "protocol": "TCP"}
    host = {} if settings.bind == "0.0.0.0" else {"hostIP": settings.bind}
    return {
        "name": "nginx",
        "image": settings.image,
        "imagePullPolicy": "IfNotPresent",
        # Not the image's own start, which would write to its configuration.
        "command": ["nginx", "-e", "stderr", "-c", f"{CONFIGURATION}/nginx.conf"],
        "ports": [{**port, **host}],
        "resources": {name: dict(amounts) for name, amounts in settings.resources.items()},
        "readinessProbe": {**probe, "periodSeconds": 5, "failureThreshold": 2},
        "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        "securityContext": {
            "privileged": False,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "images", "mountPath": IMAGES, "readOnly": True},
            {"name": "configuration", "mountPath": CONFIGURATION, "readOnly": True},
            {"name": "scratch", "mountPath": SCRATCH},
        ],
    }
