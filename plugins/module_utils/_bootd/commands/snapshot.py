# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What the store and the state directory hold now, read beside the daemon, which notices nothing of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from ..configurations.base import Configurations, NoConfigurations
from ..decisions.stages import State
from ..hardware.mac import parse_mac
from ..hardware.model import KIND, Machine, Nic, ipv4
from ..hardware.problem import printable
from ..process.log import Log
from ..process.settings import Settings
from ..stores.base import StoreProblem
from ..stores.catalog import Catalog
from ..stores.manifests.directory import read_bounded
from ..stores.states.directory import StateDir
from .backends import is_cluster, open_backends
from .check import check_paths

NEAREST = 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The machines, what is kept of them, and what is wrong with the store, at one moment.

    ``states`` are by machine key; None where nobody said where they are kept.
    """

    settings: Settings
    catalog: Catalog
    states: Mapping[str, State] | None = None
    problems: tuple[StoreProblem, ...] = ()
    configurations: Configurations = field(default_factory=NoConfigurations)

    def state(self, key: str) -> State:
        """Return the state of the machine ``key``, that of one nothing was seen of where none is known."""
        return (self.states or {}).get(key) or State()

    def find(self, asked: str) -> list[Nic]:
        """Return the interface with the MAC or the IP address ``asked``, or all of a machine of that name."""
        mac = parse_mac(asked)
        found = (mac and self.catalog.by_mac(mac)) or self.catalog.by_ip(asked)
        if found:
            return [found]
        interfaces = [(machine, interface) for machine in self.machines(asked) for interface in machine.interfaces]
        # Of two that claim one MAC address the older is served, whichever was named.
        return [self.catalog.by_mac(interface.mac) or Nic(machine, interface) for machine, interface in interfaces]

    def machines(self, asked: str) -> list[Machine]:
        """Return the machines called ``asked``, a name or NAMESPACE/NAME; several where namespaces share a name."""
        return [machine for machine in self.catalog.machines() if asked in (machine.name, machine.key)]

    def nearest(self, asked: str) -> list[str]:
        """Return names, or MAC addresses where ``asked`` is one, that differ from it by little."""
        mac = parse_mac(asked)
        machines = self.catalog.machines()
        if mac:
            macs = {interface.mac: machine.name for machine in machines for interface in machine.interfaces}
            return [f"{near} ({macs[near]})" for near in get_close_matches(mac, macs, NEAREST, 0.8)]
        return get_close_matches(asked.rpartition("/")[2], {machine.name for machine in machines}, NEAREST)

    def what_is_missing(self, asked: str) -> str:
        """Return what no object does that ``asked`` names, as the end of a sentence."""
        if parse_mac(asked):
            return "has this MAC address"
        return "has this address" if ipv4(asked) else "has this name"

    def kept(self, asked: str) -> dict[str, str]:
        """Return the stages of what was kept of machines called ``asked``, by key: what was served before."""
        known = (self.states or {}).items()
        return {key: state.stage for key, state in known if asked in (key, key.rpartition("/")[2])}

    def problems_of_machine(self, machine: Machine) -> list[StoreProblem]:
        """Return what is wrong with the object of ``machine``, and whom it clashes with."""
        key = machine.key
        starts = (f"{key}:", f"{key} is also in")
        others = [
            problem
            for problem in self.problems
            if problem.message.startswith(starts) or f"belongs to {key} (" in problem.message
        ]
        path = machine.source.partition(", ")[0]
        if not os.path.isfile(path):
            return [problem for problem in self.problems if problem.where == f"{KIND} {key}"] + others
        return [item for about, item in _located(path) if about == key] + others

    def problems_of(self, asked: str) -> list[StoreProblem]:
        """Return the problems of what may be the machine ``asked``, as its file or the message names it."""
        wanted = _mention_of(asked)
        about = [problem for problem in self.problems if _is_about(problem, wanted)]
        files = {path: None for problem in about if os.path.isfile(path := _path_of(problem))}
        name = "" if parse_mac(asked) or ipv4(asked) else asked
        located = [
            problem
            for path in files
            for key, problem in _located(path)
            if not name or not key or name in (key, key.rpartition("/")[2])
        ]
        return located + [problem for problem in about if _path_of(problem) not in files]


def read_snapshot(settings: Settings, environ: Mapping[str, str], *, configurations: bool = False) -> Snapshot:
    """Return what ``settings`` name, with ``configurations`` where asked for; raises StoreError."""
    catalog = Catalog()
    with StateDir(settings.state_dir, exclusive=False) as state_dir:
        backends = open_backends(settings, state_dir, catalog, Log(level="error", stream=sys.stderr), environ)
        backends.store.read(catalog)
        if configurations:
            backends.configurations.read()
        known = bool(settings.state_dir) or is_cluster(settings.store)
        states = dict(backends.store.load_states()) if known else None
    return Snapshot(settings, catalog, states, tuple(backends.store.problems()), backends.configurations)


def _mention_of(asked: str) -> re.Pattern[str]:
    """Return what finds ``asked`` in a text: a name that is no part of a longer one, or a MAC in any notation."""
    mac = parse_mac(asked)
    words = [mac, mac.replace(":", "-"), mac.replace(":", "")] if mac else [asked.rpartition("/")[2]]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", re.IGNORECASE)


def _located(path: str) -> list[tuple[str, StoreProblem]]:
    """Return what is wrong in the file at ``path``, with its line, by the object that it is about, "" for the file."""
    return [
        (problem.object, StoreProblem(f"{path}:{problem.line}" if problem.line else path, printable(problem.what())))
        for problem in check_paths([path]).problems
    ]


def _path_of(problem: StoreProblem) -> str:
    path, _colon, line = problem.where.rpartition(":")
    return path if line.isdigit() else problem.where


def _is_about(problem: StoreProblem, wanted: re.Pattern[str]) -> bool:
    path = _path_of(problem)
    if wanted.search(problem.message) or wanted.search(os.path.basename(path)):
        return True
    try:
        return os.path.isfile(path) and bool(wanted.search(read_bounded(path).decode("utf-8", "replace")))
    except OSError:
        return False
