# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd and its peers on the same work, by turns in one run: ``make bench``, or as root

    PYTHONPATH=plugins/module_utils:tests build/venv/bin/python -m bench.run [--only dhcp,tftp] [--rounds 3]

Prints each figure as it is measured and tables of medians at the end, and writes build/bench/SUITE.json, or
SUITE-part.json where not all of a suite was asked for. Each round starts every server anew. ``--checkout old=DIR`` also
measures the bootd of another checkout, under that name, and ``--servers bootd,old`` measures only these. A server that
can't be measured is named and left out; exit status 1 then.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from bench.bootds import Checkout, write_site
from bench.results import Results, Workload, line_of, versions
from bench.rig import ROOT, NotMeasured, Rig, Running, Setting
from lab.command import CommandFailed, run

BUILD = ROOT / "build/bench"
SUITES = ("dhcp", "tftp", "http")
INSIDE = "BENCH_IS_ALONE"
NAMESPACES = (
    "unshare",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount",
    "--propagation",
    "private",
    "--mount-proc",
    "--net",
)


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="bench.run", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default=",".join(SUITES), help="suites, of " + ", ".join(SUITES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.5, help="that a measurement takes")
    parser.add_argument("--machines", type=int, default=10000)
    parser.add_argument("--servers", default="", help="only these, by their names in the tables")
    parser.add_argument("--workloads", default="", help="only these, by their names in the lines")
    parser.add_argument("--checkout", action="append", default=[], metavar="NAME=DIR", help="another bootd")
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - set(SUITES):
        parser.error(f"there is no suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    return options


def alone(suites: Sequence[ModuleType] = (), module: str = "bench.run") -> None:
    """Go on as ``module`` in namespaces of its own, which end with this process and all that was begun in them.

    Before that the suites fetch what they need, for from there no network leads anywhere.
    """
    if os.geteuid() != 0:
        raise SystemExit("bench needs root: servers run in network namespaces and are counted in cgroups")
    if os.environ.get(INSIDE):
        Path("/run/netns").mkdir(exist_ok=True)
        run(["mount", "-t", "tmpfs", "netns", "/run/netns"])
        return
    for suite in suites:
        suite.prepare()
    argv = ["setpriv", "--pdeathsig", "KILL", *NAMESPACES, sys.executable, "-m", module, *sys.argv[1:]]
    os.execvpe(argv[0], argv, {**os.environ, INSIDE: "1"})


@contextmanager
def only_run() -> Iterator[None]:
    """Hold that this is the only run in the checkout, and clear what one that was killed has left."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("another bench runs in this checkout") from None
        for left in BUILD.glob("run-*"):
            shutil.rmtree(left)
        yield


def measure(suite: ModuleType, options: argparse.Namespace, setting: Setting) -> Results:
    """Run the rounds of a suite, and print what is found."""
    wanted = list(filter(None, options.servers.split(",")))
    checkouts = [Checkout(), *(Checkout(name, Path(root).resolve()) for name, root in map(_pair, options.checkout))]
    servers = [*checkouts, *suite.PEERS]
    if wanted:
        if unknown := set(wanted) - {suite.name_of(server) for server in servers}:
            raise SystemExit(f"--servers: there is no {', '.join(sorted(unknown))} in {suite.__name__}")
        servers = [server for server in servers if suite.name_of(server) in wanted]
    chosen = list(filter(None, options.workloads.split(",")))
    workloads = [workload for workload in suite.WORKLOADS if not chosen or workload.name in chosen]
    results = Results(name_of(suite), options.rounds, workloads)
    results.versions = versions(suite.PACKAGES)
    for number in range(options.rounds):
        print(f"{results.suite}, round {number + 1} of {options.rounds}", flush=True)
        for server in servers:
            try:
                with suite.serving(setting, server) as running:
                    for workload in (workload for workload in workloads if suite.has(server, workload)):
                        one_measurement(suite, setting, results, server, running, workload)
            except (NotMeasured, CommandFailed, OSError) as error:
                results.leave_out(suite.name_of(server), str(error))
    return results


def one_measurement(
    suite: ModuleType, setting: Setting, results: Results, server: str | Checkout, running: Running, workload: Workload
) -> None:
    """Measure one workload of a server that runs, and print and keep what is found."""
    name = suite.name_of(server)
    try:
        found = suite.measure(setting, server, running, workload)
    except NotMeasured as error:
        results.leave_out(f"{name} {workload.name}", f"{error}; its log ends with:\n{running.said()}")
        return
    results.add(workload, name, found)
    print(" ", line_of(name, workload, found), flush=True)


def name_of(suite: ModuleType) -> str:
    """Return the name of a suite, as --only has it."""
    return suite.__name__.rpartition(".")[2].removesuffix("_suite")


def _pair(text: str) -> Sequence[str]:
    name, equals, value = text.partition("=")
    if not equals or not (Path(value) / "bin/bootd").exists():
        raise SystemExit(f"--checkout {text}: NAME=DIR is wanted, with the checkout's bin/bootd in DIR")
    return name, value


def main() -> int:
    """Measure and print; returns the exit status."""
    options = arguments()
    suites = [importlib.import_module(f"bench.{name}_suite") for name in options.only.split(",")]
    alone(suites)
    began, problems = time.monotonic(), []
    with only_run(), tempfile.TemporaryDirectory(dir=BUILD, prefix="run-") as scratch, Rig(Path(scratch), BUILD) as rig:
        site = Path(scratch) / "site"
        write_site(site, options.machines)
        setting = Setting(rig, site, options.machines, options.seconds)
        for suite in suites:
            results = measure(suite, options, setting)
            problems += results.problems
            for workload in results.workloads:
                print("\n" + "\n".join(results.table(workload)))
            part = "-part" if options.servers or options.workloads else ""  # of which no page is made
            print(f"\n{results.write(BUILD / f'{results.suite}{part}.json')}\n", flush=True)
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
