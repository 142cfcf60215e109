# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces that objects are written to, made where a cluster has them not.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import apply as deployed


def make_namespaces(client: Client, names: Iterable[str], *, check: bool) -> None:
    """Make those of the namespaces ``names`` that are not there; raises ApiError and ApiUnreachable."""
    for name in sorted(names):
        if deployed.get(client, resource_path("v1", "namespaces", name=name)) is None:
            document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            deployed.apply_one(client, document, check=check, force=False)
