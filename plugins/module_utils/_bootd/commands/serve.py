# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd serve``: makes the store, the servers and all else, starts them in order, and stops them in reverse."""

from __future__ import annotations

import argparse
import gc
import signal
import threading
from collections.abc import Callable, Mapping

from ..process.health import Health
from ..process.log import Log
from ..process.metrics import Metrics
from ..process.settings import Settings
from ..runtime.deadline_monitor import DeadlineMonitor
from ..runtime.prober import Prober
from ..runtime.services import Services
from ..runtime.store_changes import StoreChanges
from ..stores.base import Store
from ..stores.catalog import Catalog
from ..stores.journal import Journal
from ..stores.states.directory import StateDir
from ..stores.unknown_machines import UnknownMachines
from .arguments import settings_from
from .backends import open_backends, report_key
from .servers import Servers


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Answer machines until SIGTERM or SIGINT; 1 where a server has ended by itself."""
    settings = settings_from(options)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_unused: ended.set())
    with StateDir(settings.state_dir) as state_dir:
        return _serve_until(ended, settings, state_dir, environ)


def _serve_until(ended: threading.Event, settings: Settings, state_dir: StateDir, environ: Mapping[str, str]) -> int:
    log = Log(settings.log_format, settings.log_level)
    catalog, unknown, metrics = Catalog(), UnknownMachines(), Metrics()
    backends = open_backends(settings, state_dir, catalog, log, environ)
    store, configurations, election = backends.store, backends.configurations, backends.election
    journal = Journal(store, log)
    secret = report_key(settings, state_dir)
    answers_dhcp: Callable[[], bool] = election.active if election else lambda: True
    services = Services(
        settings,
        catalog,
        journal,
        unknown,
        metrics,
        log,
        secret,
        store.problems,
        answers_dhcp=answers_dhcp,
        configurations=configurations,
        health=Health(ended.set),
    )
    servers = Servers(services)
    changes, monitors = StoreChanges(services), (DeadlineMonitor(services), Prober(services))
    try:
        # Sockets first: a port that somebody holds is told before anything is read or written.
        servers.open()
        _load(store, catalog, changes, journal)
        configurations.start()
        if election:
            election.start()
        servers.start()
        for monitor in monitors:
            monitor.start()
        log.info("ready", machines=len(catalog), address=settings.address, **servers.ports())
        ended.wait()
        faults = services.health.faults()
        for fault in faults:
            # systemd or Kubernetes starts bootd again; the machines ask until it is there.
            log.error("fault", reason=fault)
        log.info("stopping")
    finally:
        servers.stop()
        for monitor in monitors:
            monitor.stop()
        if election:
            election.stop()
        # The journal's last states go to a store that still takes them.
        journal.stop()
        store.stop()
        configurations.stop()
    return 1 if faults else 0


def _load(store: Store, catalog: Catalog, changes: StoreChanges, journal: Journal) -> None:
    # What is loaded here stays. The garbage collector would look through all of it now, again and again, and later
    # for 0.1 s at a time with 10,000 machines, in the middle of a reply.
    gc.disable()
    try:
        store.start(catalog, changes.changed)
        journal.start()
        changes.changed()
        gc.freeze()
    finally:
        gc.enable()
