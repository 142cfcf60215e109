# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said about a server of images in a cluster, and whether it makes sense. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import option_values
from ansible_collections.baremetal.netboot.plugins.module_utils._images.nginx import listen_problem, path_problem

DEFAULT_NAME = "image-server"
DEFAULT_NAMESPACE = "netboot"
DEFAULT_IMAGE = "docker.io/library/nginx:1.28"
DEFAULT_PORT = 7081
DEFAULT_RESOURCES = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}}


@dataclass(frozen=True)
class Settings:
    """``path`` is a directory of the node, ``bind`` one of its addresses, and ``nodes`` are names; empty: any."""

    path: str = ""
    bind: str = "0.0.0.0"
    port: int = DEFAULT_PORT
    name: str = DEFAULT_NAME
    namespace: str = DEFAULT_NAMESPACE
    image: str = DEFAULT_IMAGE
    image_pull_secrets: Sequence[str] = ()
    nodes: Sequence[str] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, Any]] = ()
    replicas: int = 1
    resources: Mapping[str, Any] = field(default_factory=lambda: DEFAULT_RESOURCES)


def settings_from(options: Mapping[str, Any]) -> Settings:
    """Return the settings that a module's options are; what is not given is None there."""
    given = {name: options[name] for name in Settings.__dataclass_fields__ if options.get(name) is not None}
    given["node_selector"] = option_values.texts_of(given.get("node_selector", {}))
    return Settings(**given)


def problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that makes no sense."""
    yield from path_problem("path", settings.path)
    yield from listen_problem(settings.bind, settings.port)
    for name in ("name", "namespace"):
        yield from option_values.name(name, getattr(settings, name))
    yield from option_values.image("image", settings.image)
    yield from option_values.labels("node_selector", settings.node_selector)
    yield from option_values.nodes(settings.nodes, settings.replicas)
