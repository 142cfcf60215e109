# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a cluster what has to be right before bootd and machines come to it; changes nothing there.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.hardware.model import API_VERSION
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import ApiError, ApiUnreachable
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy import bootd, bootd_remains
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.apply import get, is_ours
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.bootd_settings import Settings
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.host_ports import conflicts, host_ports
from ansible_collections.baremetal.netboot.plugins.module_utils._deploy.kinds import path_of
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight import clashes, clock, rights
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import CLUSTER, NODE, Check, Problem

FORBIDDEN = "this right is refused: see the rights"


def look(
    client: Client, settings: Settings, host: str, machines: Iterable[Mapping[str, Any]], most: float, *, deploys: bool
) -> list[Check]:
    """Return the checks of the cluster; ``deploys``: bootd is to run in it. Clocks may differ by ``most`` seconds."""
    begun = time.time()
    try:
        version = str(client.get("/version").get("gitVersion", "of no version"))
        # With its clock asked in the same moment.
        begun = time.time()
        date = client.date()
    except (ApiError, ApiUnreachable) as error:
        remedy = "see that it runs and is reached from here, and that the kubeconfig names it and its CA"
        problem = Problem(str(error), f"the cluster at {client.server}", remedy, CLUSTER)
        return [Check("cluster", problems=[problem])]
    reading = clock.date_reading(f"the API server {client.server}", date, begun, time.time())
    asked, missing = rights.refused(client, settings, deploys=deploys)
    return [
        Check("cluster", f"{client.server} answers, Kubernetes {version}"),
        clock.look(host, [reading] if reading else [], most, NODE),
        rights.look(client.server, asked, missing),
        _objects(client, settings, machines, deploys=deploys),
        *([_host_ports(client, settings)] if deploys else []),
    ]


def _objects(client: Client, settings: Settings, machines: Iterable[Mapping[str, Any]], *, deploys: bool) -> Check:
    try:
        listed = get(client, resource_path(API_VERSION, "hardware", settings.machines)) or {"items": []}
        wanted = bootd.objects(settings, "", "") if deploys else []
        found = [item for document in wanted if (item := get(client, path_of(document))) and not is_ours(item)]
    except ApiError:
        return Check("objects", skipped=FORBIDDEN)
    problems = [*clashes.of_machines(listed["items"], machines), *clashes.of_objects(found)]
    return Check("objects", f"{len(listed['items'])} Hardware objects, and {len(wanted)} of bootd's", problems)


def _host_ports(client: Client, settings: Settings) -> Check:
    try:
        held = host_ports(bootd_remains.running_pods(client), settings)
        nodes = bootd_remains.candidates(client, settings)
    except ApiError:
        return Check("host ports", skipped=FORBIDDEN)
    remedy = "choose another port for bootd, another node, or free that one"
    problems = [Problem(line, "the cluster's pods", remedy, CLUSTER) for line in conflicts(held, nodes, settings)]
    return Check("host ports", f"pods on {', '.join(nodes) or 'no node'}", problems)
