# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The backends of a bootd in a cluster: the kubernetes store, Secrets, and a Lease where there are replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..configurations.base import Configurations, NoConfigurations
from ..configurations.secrets import SecretConfigurations
from ..kube.client import Client, resource_path
from ..kube.connect import endpoint_from
from ..kube.errors import ApiError, ApiUnreachable, ConfigurationError
from ..kube.object_watch import list_all
from ..kube.rules import configurations_in
from ..process.log import Log
from ..process.settings import Settings
from ..runtime.leader_election import ACTIVE_FILE, LeaderElection
from ..stores.base import StoreError
from ..stores.kubernetes import NO_CRD, KubernetesStore
from ..stores.live_object import GROUP_VERSION, PLURAL
from ..stores.states.directory import StateDir

CONNECTIONS = 5  # two watches, the writer, the lease, and one to spare


def open_client(environ: Mapping[str, str]) -> Client:
    """Return a client of the cluster that ``environ`` names, or that this is a pod of; raises StoreError."""
    try:
        return Client(endpoint_from(environ), connections=CONNECTIONS, agent="bootd")
    except ConfigurationError as error:
        raise StoreError(str(error)) from error


def hardware_objects(store: str, environ: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Return the Hardware objects of ``store``, as in ``--store``, as the API has them; raises StoreError."""
    client = open_client(environ)
    try:
        return list_all(client, resource_path(GROUP_VERSION, PLURAL, store.partition(":")[2]))[0]
    except (ApiError, ApiUnreachable) as error:
        no_crd = isinstance(error, ApiError) and error.status == 404
        raise StoreError(NO_CRD if no_crd else str(error)) from error
    finally:
        client.close()


def kubernetes_store(settings: Settings, state_dir: StateDir, log: Log, client: Client) -> KubernetesStore:
    """Return the store that ``settings.store`` names."""
    namespace = settings.store.partition(":")[2]
    return KubernetesStore(
        client, namespace, state_dir, log, own=settings.lease_namespace, host=settings.replica or settings.address
    )


def configurations(settings: Settings, log: Log, client: Client) -> Configurations:
    """Return the installer configurations of the machines' namespace, or where that is all, of bootd's own."""
    namespace = configurations_in(settings.store.partition(":")[2], settings.lease_namespace)
    if not namespace:
        log.info("configurations_not_read", reason="the store is no namespace: see --store kubernetes:NAMESPACE")
        return NoConfigurations()
    return SecretConfigurations(client, namespace, log)


def election(settings: Settings, state_dir: StateDir, log: Log, client: Client) -> LeaderElection | None:
    """Return the election of the replica that answers DHCP, None where this is the only one."""
    if not settings.lease_namespace:
        return None
    me = settings.replica or settings.address
    return LeaderElection(client, settings.lease_namespace, me, state_dir.path / ACTIVE_FILE, log)
