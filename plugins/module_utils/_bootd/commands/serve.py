# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd serve``: makes the store, the servers and all else, starts them in order, and stops them in reverse.

SIGTERM and SIGINT end it. SIGHUP does not: what it reads it follows by itself, and its log goes to standard output. By
default the signal would end it, and systemd takes that for a clean end after which nothing is started again.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Mapping
from itertools import filterfalse
from queue import SimpleQueue

from ..decisions.modes import is_network
from ..process.garbage import GarbageWatch, loading
from ..process.health import Health
from ..process.interface_watch import index_of
from ..process.log import Log
from ..process.metrics import Metrics
from ..process.settings import Settings
from ..runtime.boot_programs import program_files, there_and_missing
from ..runtime.deadline_monitor import DeadlineMonitor
from ..runtime.measures import StageMeasures
from ..runtime.prober import Prober
from ..runtime.services import Services
from ..runtime.stage_log import StageLog
from ..runtime.store_changes import StoreChanges
from ..stores.base import Store
from ..stores.catalog import Catalog
from ..stores.journal import Journal
from ..stores.states.directory import StateDir
from ..stores.unknown_machines import UnknownMachines
from . import start_checks
from .arguments import settings_from
from .backends import is_cluster, open_backends, report_key
from .servers import Servers

LAST_LINES = 2.0  # seconds in which whoever reads the log can have its last lines


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Answer machines until SIGTERM or SIGINT; 1 where a server has ended by itself."""
    settings = settings_from(options, start_checks.problems(options))
    heard: SimpleQueue[int] = SimpleQueue()  # signals, and 0 for a server that has ended
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: heard.put(number))
    with StateDir(settings.state_dir) as state_dir:
        return _serve_until(heard, settings, state_dir, environ)


def _serve_until(heard: SimpleQueue[int], settings: Settings, state_dir: StateDir, environ: Mapping[str, str]) -> int:
    log = Log(settings.log_format, settings.log_level)
    for path in start_checks.readable_kubeconfigs(environ) if is_cluster(settings.store) else ():
        log.warning("readable_by_everybody", path=path, reason=f"it lets whoever reads it in; run: chmod 0600 {path}")
    catalog, unknown, metrics = Catalog(), UnknownMachines(), Metrics()
    metrics.watch_log(lambda: log.left_out)
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
        health=Health(lambda: heard.put(0)),
        backlog=store.backlog,
    )
    journal.follow(StageMeasures(metrics).measure)
    journal.follow(StageLog(log).follow)
    for scope in filterfalse(is_network, settings.dhcp_modes):
        if not index_of(scope):
            # A VLAN or a bridge may come yet; a slip of the pen never does.
            log.warning("no_such_interface", iface=scope, reason="--dhcp-modes has a mode for it, and it is not there")
    servers = Servers(services)
    changes, monitors = StoreChanges(services), (DeadlineMonitor(services), Prober(services), GarbageWatch(log))
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
        there, missing = there_and_missing(program_files(settings.arch_map, settings.boot_files))
        log.info("boot_programs", there=there, missing=missing)
        log.info("ready", machines=len(catalog), address=settings.address, **servers.ports())
        while heard.get() == signal.SIGHUP:
            log.info("signal_ignored", signal="SIGHUP", reason="what bootd reads it follows by itself")
        faults = services.health.faults(quoting=True)
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
        log.flush(LAST_LINES)
    return 1 if faults else 0


def _load(store: Store, catalog: Catalog, changes: StoreChanges, journal: Journal) -> None:
    with loading():
        store.start(catalog, changes.changed)
        journal.start()
        changes.changed()
