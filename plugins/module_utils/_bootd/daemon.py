# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""bootd, the boot daemon: ``main`` reads the command line and the environment, and nothing else in it does.

Exit codes: 0 all well, 1 ``check`` found problems or the daemon met a fault, 2 the command line can't be used.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading

from . import arguments, libraries
from .catalog import Catalog
from .check import check_paths
from .explain import explain
from .journal import Journal
from .logs import Log
from .metrics import Metrics
from .servers import Servers
from .services import Services
from .settings import Settings
from .stages import State
from .stores.base import StoreError
from .stores.files import FilesStore
from .stores.state_dir import StateDir
from .tokens import report_urls
from .unknown import UnknownMachines
from .watch import StoreWatch


def main(argv: list[str] | None = None) -> int:
    """Run the command that ``argv`` names (by default the process's own) and return its exit code."""
    options = arguments.parse(sys.argv[1:] if argv is None else argv, os.environ)
    try:
        libraries.require()
        return _COMMANDS[options.command](options)
    except (arguments.UsageError, libraries.MissingLibraries, StoreError) as error:
        sys.stderr.write(f"bootd: {error}\n")
        return 2
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"bootd: {where}{error.strerror or error}\n")
        return 1


def _serve(options) -> int:
    settings = arguments.settings_from(options)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_unused: ended.set())
    with StateDir(settings.state_dir) as state_dir:
        return _serve_until(ended, settings, state_dir)


def _serve_until(ended: threading.Event, settings: Settings, state_dir: StateDir) -> int:
    log = Log(settings.log_format, settings.log_level)
    catalog, unknown, metrics = Catalog(), UnknownMachines(), Metrics()
    store = _store_of(settings, state_dir, log)
    journal = Journal(store, log)
    services = Services(settings, catalog, journal, unknown, metrics, log, state_dir.secret(), store.problems)
    servers = Servers(services)
    watch = StoreWatch(services)
    try:
        # Sockets first: a port that somebody holds is told before anything is read or written.
        servers.open()
        _load(store, catalog, watch, journal)
        servers.start()
        log.info("ready", machines=len(catalog), address=settings.address, **servers.ports())
        ended.wait()
        log.info("stopping")
    finally:
        servers.stop()
        store.stop()
        journal.stop()
    return 0


def _load(store: FilesStore, catalog: Catalog, watch: StoreWatch, journal: Journal) -> None:
    # What is loaded here stays. The garbage collector would look through all of it now, again and again, and later
    # for 0.1 s at a time with 10,000 machines, in the middle of a reply.
    gc.disable()
    try:
        store.start(catalog, watch.changed)
        journal.start()
        watch.changed()
        gc.freeze()
    finally:
        gc.enable()


def _check(options) -> int:
    report = check_paths(options.paths)
    sys.stdout.write(report.text() + "\n")
    return 1 if report.problems else 0


def _explain(options) -> int:
    mac, arch = arguments.client_from(options)
    settings = arguments.settings_from(options)
    catalog = Catalog()
    with StateDir(settings.state_dir, exclusive=False) as state_dir:
        _store_of(settings, state_dir, Log(level="error")).read(catalog)
    sys.stdout.writelines(f"{line}\n" for line in explain(catalog, mac, arch, settings))
    return 0 if catalog.by_mac(mac) else 1


def _report_url(options) -> int:
    settings = arguments.settings_from(options)
    catalog = Catalog()
    with StateDir(settings.state_dir, exclusive=False) as state_dir:
        store = _store_of(settings, state_dir, Log(level="error"))
        store.read(catalog)
        states, secret = store.load_states(), state_dir.secret()
    wanted = set(options.names)
    machines = [machine for machine in catalog.machines() if not wanted or wanted & {machine.name, machine.key}]
    missing = sorted(wanted - {name for machine in machines for name in (machine.name, machine.key)})
    if missing:
        raise arguments.UsageError(f"no Hardware object is named {', '.join(missing)}")
    urls = report_urls(machines, lambda key: states.get(key, State()), secret, settings.http_base)
    sys.stdout.write(json.dumps(urls, indent=2) + "\n")
    return 0


def _store_of(settings: Settings, state_dir: StateDir, log: Log) -> FilesStore:
    return FilesStore(settings.store.removeprefix("files:"), state_dir, log)


_COMMANDS = {"serve": _serve, "check": _check, "explain": _explain, "report-url": _report_url}

if __name__ == "__main__":
    raise SystemExit(main())
