# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Leader election by a Lease: one of several bootds answers DHCP, the one that holds it. All of them serve files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ..kube.client import Client, resource_path
from ..kube.errors import ApiError, ApiUnreachable
from ..kube.lease import GROUP_VERSION, RENEW, Observed, lease_of, may_take, observe
from ..kube.rules import LEASE
from ..process.log import Log
from ..process.worker import Worker

ACTIVE_FILE = "answers-dhcp"  # in the state directory while this replica holds the lease


class LeaderElection:
    """Takes the Lease in ``namespace`` under the name ``me``, and renews it. ``active_file`` outlives a restart.

    While the API is away nobody can take a lease, so whoever had it goes on: a second answer from a replica that is
    cut off is the same reservation; no answer at all would be an outage. That holds over a restart too.
    """

    def __init__(self, client: Client, namespace: str, me: str, active_file: Path, log: Log) -> None:
        self._client, self._namespace, self._me, self._log = client, namespace, me, log
        self._active_file = active_file
        self._observed = Observed()
        self._active = active_file.exists()
        self._worker = Worker("dhcp-lease", self._work, log)

    def active(self) -> bool:
        """Return whether this replica is the one that answers DHCP."""
        return self._active

    def start(self) -> None:
        """Try to take the lease at once, and every RENEW seconds from then on."""
        self._work()
        self._worker.start()

    def stop(self) -> None:
        """Give the lease back, so that another replica need not wait; no error where the API is away."""
        self._worker.stop()
        if not self._active:
            return
        try:
            lease = self._client.get(self._path(LEASE))
            if observe(Observed(), lease, 0.0).holder == self._me:
                self._write("PUT", LEASE, "", lease)
        except (ApiError, ApiUnreachable) as error:
            self._log.warning("lease_not_given_back", reason=str(error))

    def _work(self) -> float:
        try:
            self._set(self._hold(time.monotonic()))
        except ApiError as error:
            if error.status != 409:  # another replica was faster
                self._log.error("lease_failed", reason=str(error))
            else:
                self._set(False)
        except ApiUnreachable as error:
            self._log.debug("lease_unreachable", reason=str(error), active=self._active)
        return RENEW

    def _hold(self, now: float) -> bool:
        """Take or renew the lease where that is allowed; return whether this replica holds it."""
        try:
            lease = self._client.get(self._path(LEASE))
        except ApiError as error:
            if error.status != 404:
                raise
            self._write("POST", "", self._me, None)
            return True
        self._observed = observe(self._observed, lease, now)
        if not may_take(self._observed, self._me, now):
            return False
        self._write("PUT", LEASE, self._me, lease)
        return True

    def _write(self, method: str, name: str, holder: str, before: dict[str, Any] | None) -> None:
        body = lease_of(LEASE, self._namespace, holder, time.time(), before)
        self._client.request(method, self._path(name), body=body)

    def _path(self, name: str) -> str:
        return resource_path(GROUP_VERSION, "leases", self._namespace, name)

    def _set(self, active: bool) -> None:
        if active != self._active:
            self._log.info("dhcp_active" if active else "dhcp_standby", replica=self._me, holder=self._observed.holder)
        self._active = active
        try:
            if active:
                self._active_file.touch(mode=0o600)
            else:
                self._active_file.unlink(missing_ok=True)
        except OSError as error:
            self._log.error("lease_mark_not_kept", path=str(self._active_file), reason=error.strerror or str(error))
