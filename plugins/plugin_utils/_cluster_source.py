# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where machines stand, as the Hardware objects of a cluster tell it: listed once, then watched.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.client import Client, resource_path
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.errors import (
    ApiError,
    ApiUnreachable,
    ConfigurationError,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.kube.object_watch import ObjectWatch
from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.stores.live_object import GROUP_VERSION, PLURAL
from ansible_collections.baremetal.netboot.plugins.module_utils._hardware.machines import entry_of, seen_of
from ansible_collections.baremetal.netboot.plugins.module_utils._kubernetes.connection import (
    client_from,
    missing_library,
)
from ansible_collections.baremetal.netboot.plugins.plugin_utils._sources import Away, Look, Refused

# Seconds after which a wait in which nothing happens looks at its own clock.
TICK = 1.0


class Cluster:
    """Implements ``Source`` over the Hardware objects of ``namespace``, "" for all.

    Their times are those of bootd's clock, which is taken to be right: the API does not tell it.
    """

    name = "the Kubernetes API"

    def __init__(self, client: Client, namespace: str) -> None:
        self.place = f"{self.name} at {client.server}"
        self._client = client
        self._watch = ObjectWatch(client, resource_path(GROUP_VERSION, PLURAL, namespace), self)
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._machines: dict[str, dict[str, Any]] = {}
        self._trouble = ""

    def start(self) -> None:
        """List and begin to watch; an API server that is away is waited for, one that refuses is not."""
        version = ""
        try:
            version = self._watch.list()
        except ApiUnreachable as error:
            self.trouble(str(error))
        except ApiError as error:
            raise Refused(str(error)) from error
        self._watch.start(version)

    def stop(self) -> None:
        """End the watch; see ``Source``."""
        self._watch.stop()
        self._client.close()

    def look(self) -> Look:
        """Return the machines as last heard; see ``Source``."""
        with self._lock:
            if self._trouble:
                raise Away(self._trouble)
            return Look(list(self._machines.values()))

    def pause(self, seconds: float) -> None:
        """Wait for an event of the watch; see ``Source``."""
        self._news.wait(min(seconds, TICK))
        self._news.clear()

    def listed(self, objects: list[Mapping[str, Any]], _version: str) -> None:
        """Take ``objects`` for all there are; see ``Follower``."""
        machines = dict(filter(None, map(_machine_of, objects)))
        with self._lock:
            self._machines = machines
        self._news.set()

    def applied(self, events: list[tuple[str, Mapping[str, Any]]], _version: str) -> None:
        """Take in what happened; see ``Follower``."""
        changed = [(kind, found) for kind, document in events if (found := _machine_of(document)) is not None]
        with self._lock:
            for kind, (key, machine) in changed:
                if kind == "DELETED":
                    self._machines.pop(key, None)
                else:
                    self._machines[key] = machine
        self._news.set()

    def trouble(self, reason: str) -> None:
        """Know why nothing is heard, "" when it is again; see ``Follower``."""
        with self._lock:
            self._trouble = reason
        self._news.set()


def cluster_from(options: Mapping[str, Any], namespace: str) -> Cluster:
    """Return the source that a plugin's options name; raises Refused where there is no way to a cluster."""
    problem = missing_library()
    if problem:
        raise Refused(problem)
    try:
        return Cluster(client_from(options, connections=2), namespace)
    except ConfigurationError as error:
        raise Refused(str(error)) from error


def _machine_of(document: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    entry = entry_of(document)
    return None if entry is None else (entry.key, seen_of(entry))
