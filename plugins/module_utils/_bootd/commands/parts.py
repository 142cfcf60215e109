# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the settings name: the store, the configurations, the Lease and the key of report URLs, opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..configurations.base import Configurations, NoConfigurations
from ..configurations.directory import ConfigDirectory
from ..decisions.tokens import SECRET_BYTES
from ..process.log import Log
from ..process.settings import Settings
from ..runtime.standby import Standby
from ..stores.base import Store
from ..stores.catalog import Catalog
from ..stores.files import FilesStore
from ..stores.states.directory import StateDir
from .arguments import UsageError

MAX_KEY_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Parts:
    """Where machines, their states and their configurations are.

    ``standby`` says whether this replica answers DHCP, None where it is alone.
    """

    store: Store
    configurations: Configurations
    standby: Standby | None = None


def open_parts(
    settings: Settings, state_dir: StateDir, catalog: Catalog, log: Log, environ: Mapping[str, str]
) -> Parts:
    """Return what ``settings`` name, nothing of it read yet; raises StoreError where a cluster can't be reached."""
    if not is_cluster(settings.store):
        store = FilesStore(settings.store.removeprefix("files:"), state_dir, log)
        return Parts(store, _files_configurations(settings, catalog, log))
    from . import cluster  # with urllib3, which only a cluster needs

    client = cluster.open_client(environ)
    return Parts(
        cluster.kubernetes_store(settings, state_dir, log, client),
        cluster.configurations(settings, log, client),
        cluster.standby(settings, state_dir, log, client),
    )


def is_cluster(store: str) -> bool:
    """Return whether ``store``, as in ``--store``, is a cluster."""
    return store.partition(":")[0] == "kubernetes"


def report_key(settings: Settings, state_dir: StateDir) -> bytes:
    """Return what keys the tokens; raises UsageError where the file that holds it is too short, OSError."""
    if not settings.report_key:
        return state_dir.secret()
    with open(settings.report_key, "rb") as file:
        key = file.read(MAX_KEY_BYTES)
    if len(key) < SECRET_BYTES:
        raise UsageError(f"--report-key {settings.report_key} holds less than {SECRET_BYTES} bytes")
    return key


def _files_configurations(settings: Settings, catalog: Catalog, log: Log) -> Configurations:
    return ConfigDirectory(settings.config_dir, catalog, log) if settings.config_dir else NoConfigurations()
