# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Opens what the settings name: the store, the configurations, the leader election and the key of report URLs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..configurations.base import Configurations, NoConfigurations
from ..configurations.directory import ConfigDirectory
from ..decisions.tokens import MAX_KEY_BYTES, SECRET_BYTES, is_weak
from ..process.log import Log
from ..process.settings import Settings
from ..stores.base import Store
from ..stores.catalog import Catalog
from ..stores.files import FilesStore
from ..stores.states.directory import StateDir
from .arguments import UsageError

if TYPE_CHECKING:  # with urllib3, which only a cluster needs
    from ..runtime.leader_election import LeaderElection


@dataclass(frozen=True, slots=True)
class Backends:
    """The store of machines and states, the place of configurations, and the election of the replica for DHCP.

    ``election`` is None where this replica is the only one, and always answers.
    """

    store: Store
    configurations: Configurations
    election: LeaderElection | None = None


def open_backends(
    settings: Settings, state_dir: StateDir, catalog: Catalog, log: Log, environ: Mapping[str, str]
) -> Backends:
    """Return the backends that ``settings`` name, none of them read; raises StoreError without a cluster."""
    if not is_cluster(settings.store):
        store = FilesStore(settings.store.removeprefix("files:"), state_dir, log)
        return Backends(store, _files_configurations(settings, catalog, log))
    from . import cluster  # with urllib3, which only a cluster needs

    client = cluster.open_client(environ)
    return Backends(
        cluster.kubernetes_store(settings, state_dir, log, client),
        cluster.configurations(settings, log, client),
        cluster.election(settings, state_dir, log, client),
    )


def is_cluster(store: str) -> bool:
    """Return whether ``store``, as in ``--store``, is a cluster."""
    return store.partition(":")[0] == "kubernetes"


def report_key(settings: Settings, state_dir: StateDir) -> bytes:
    """Return what keys the tokens; raises UsageError where the file that holds it can't be one, OSError."""
    if not settings.report_key:
        return state_dir.secret()
    with open(settings.report_key, "rb") as file:
        key = file.read(MAX_KEY_BYTES)
    if len(key) < SECRET_BYTES:
        raise UsageError(f"--report-key {settings.report_key} holds less than {SECRET_BYTES} bytes")
    if is_weak(key):
        raise UsageError(f"--report-key {settings.report_key} holds no random key")
    return key


def _files_configurations(settings: Settings, catalog: Catalog, log: Log) -> Configurations:
    return ConfigDirectory(settings.config_dir, catalog, log) if settings.config_dir else NoConfigurations()
