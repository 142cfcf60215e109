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
from collections.abc import Callable

from .commands import arguments
from .commands.check import check_paths
from .commands.explain import Surroundings, explain
from .commands.servers import Servers
from .configurations.base import Configurations, NoConfigurations
from .configurations.directory import ConfigDirectory
from .decisions.stages import State
from .decisions.tokens import SECRET_BYTES, report_urls
from .process import libraries
from .process.health import Health
from .process.log import Log
from .process.metrics import Metrics
from .process.settings import Settings
from .runtime.prober import Prober
from .runtime.services import Services
from .runtime.store_changes import StoreChanges
from .runtime.timekeeper import Timekeeper
from .stores.base import Store, StoreError
from .stores.catalog import Catalog
from .stores.files import FilesStore
from .stores.journal import Journal
from .stores.states.directory import StateDir
from .stores.unknown_machines import UnknownMachines

MAX_KEY_BYTES = 4096


def main(argv: list[str] | None = None) -> int:
    """Run the command that ``argv`` names (by default the process's own) and return its exit code."""
    options = arguments.parse(sys.argv[1:] if argv is None else argv, os.environ)
    try:
        libraries.require(libraries.CLUSTER if _is_cluster(getattr(options, "store", "")) else {})
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
    store, configurations, standby = _parts(settings, state_dir, catalog, log)
    journal = Journal(store, log)
    secret = _report_key(settings, state_dir)
    answers_dhcp = standby.active if standby else lambda: True
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
    watch, attendants = StoreChanges(services), (Timekeeper(services), Prober(services))
    try:
        # Sockets first: a port that somebody holds is told before anything is read or written.
        servers.open()
        _load(store, catalog, watch, journal)
        configurations.start()
        if standby:
            standby.start()
        servers.start()
        for attendant in attendants:
            attendant.start()
        log.info("ready", machines=len(catalog), address=settings.address, **servers.ports())
        ended.wait()
        faults = services.health.faults()
        for fault in faults:
            # Whoever watches over bootd starts it again; the machines ask until it is there.
            log.error("fault", reason=fault)
        log.info("stopping")
    finally:
        servers.stop()
        for attendant in attendants:
            attendant.stop()
        if standby:
            standby.stop()
        # The journal's last states go to a store that still takes them.
        journal.stop()
        store.stop()
        configurations.stop()
    return 1 if faults else 0


def _load(store: Store, catalog: Catalog, watch: StoreChanges, journal: Journal) -> None:
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
        store, configurations, _standby = _parts(settings, state_dir, catalog, Log(level="error", stream=sys.stderr))
        store.read(catalog)
        configurations.read()
        state_of = _states(store, settings)
    around = Surroundings(settings, configurations, state_of, store.problems())
    sys.stdout.writelines(f"{line}\n" for line in explain(catalog, mac, arch, around))
    return 0 if catalog.by_mac(mac) else 1


def _states(store: Store, settings: Settings) -> Callable[[str], State] | None:
    """Return what gives the states of machines, None where nobody said where they are kept."""
    if not settings.state_dir and not _is_cluster(settings.store):
        return None
    states = store.load_states()
    return lambda key: states.get(key, State())


def _report_url(options) -> int:
    settings = arguments.settings_from(options)
    catalog = Catalog()
    with StateDir(settings.state_dir, exclusive=False) as state_dir:
        store, _configurations, _standby = _parts(settings, state_dir, catalog, Log(level="error"))
        store.read(catalog)
        states, secret = store.load_states(), _report_key(settings, state_dir)
    wanted = set(options.names)
    machines = [machine for machine in catalog.machines() if not wanted or wanted & {machine.name, machine.key}]
    missing = sorted(wanted - {name for machine in machines for name in (machine.name, machine.key)})
    if missing:
        raise arguments.UsageError(f"no Hardware object is named {', '.join(missing)}")
    urls = report_urls(machines, lambda key: states.get(key, State()), secret, settings.http_base)
    sys.stdout.write(json.dumps(urls, indent=2) + "\n")
    return 0


def _parts(settings: Settings, state_dir: StateDir, catalog: Catalog, log: Log):
    """Return the store, the configurations, and what says whether this replica answers DHCP, None where it is alone."""
    if not _is_cluster(settings.store):
        store = FilesStore(settings.store.removeprefix("files:"), state_dir, log)
        return store, _files_configurations(settings, catalog, log), None
    from .commands import cluster  # with urllib3, which only a cluster needs

    client = cluster.open_client(os.environ)
    store = cluster.kubernetes_store(settings, state_dir, log, client)
    configurations = cluster.configurations(settings, log, client)
    return store, configurations, cluster.standby(settings, state_dir, log, client)


def _files_configurations(settings: Settings, catalog: Catalog, log: Log) -> Configurations:
    return ConfigDirectory(settings.config_dir, catalog, log) if settings.config_dir else NoConfigurations()


def _is_cluster(store: str) -> bool:
    return store.partition(":")[0] == "kubernetes"


def _report_key(settings: Settings, state_dir: StateDir) -> bytes:
    if not settings.report_key:
        return state_dir.secret()
    with open(settings.report_key, "rb") as file:
        key = file.read(MAX_KEY_BYTES)
    if len(key) < SECRET_BYTES:
        raise arguments.UsageError(f"--report-key {settings.report_key} holds less than {SECRET_BYTES} bytes")
    return key


_COMMANDS = {"serve": _serve, "check": _check, "explain": _explain, "report-url": _report_url}

if __name__ == "__main__":
    raise SystemExit(main())
