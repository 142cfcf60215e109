# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machines form a cluster, which of them creates it, and who waits for whom. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

CREATE, JOIN, INSTALL = "create", "join", "install"
MODES = (CREATE, JOIN, INSTALL)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is said of a machine's place: ``mode`` and ``vip`` are "" where nothing is."""

    name: str
    namespace: str = "default"
    mode: str = ""
    vip: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A machine's place in its cluster: ``creator`` is "" where none of these machines creates it."""

    mode: str
    vip: str = ""
    creator: str = ""  # name, or NAMESPACE/NAME where that is another namespace than the machine's own

    @property
    def after(self) -> list[str]:
        """Return the machines that have to be ready before this one boots: a join finds nobody before that."""
        return [self.creator] if self.mode == JOIN and self.creator else []


@dataclass(frozen=True, slots=True)
class Dispute:
    """Why a machine has no certain place; ``about`` is ``mode`` or ``vip``."""

    name: str
    about: str
    message: str


def places(wishes: Iterable[Wish]) -> tuple[dict[str, Place], list[Dispute]]:
    """Return the place of each machine by name, and what stands against it.

    Machines with one VIP are one cluster; those that name none belong to the only one there is. The machine with mode
    ``create`` creates it, else the first that names no mode; the others join. Where all of a cluster say ``join``, it
    exists already.
    """
    machines = list(wishes)
    disputes: list[Dispute] = []
    members = [machine for machine in machines if machine.mode != INSTALL]
    vips = list(dict.fromkeys(machine.vip for machine in members if machine.vip))
    clusters: dict[str, list[Wish]] = {vip: [] for vip in vips} or {"": []}
    found: dict[str, Place] = {machine.name: Place(INSTALL) for machine in machines if machine.mode == INSTALL}
    for machine in members:
        if not machine.vip and len(vips) > 1:
            message = f"missing: there are clusters at {', '.join(vips)}; should say which is this machine's"
            disputes.append(Dispute(machine.name, "vip", message))
            found[machine.name] = Place(machine.mode or JOIN)
        else:
            clusters[machine.vip or next(iter(clusters))].append(machine)
    for vip, cluster in clusters.items():
        creator = _creator(cluster, disputes)
        for machine in cluster:
            found[machine.name] = _place(machine, creator, vip)
    return {machine.name: found[machine.name] for machine in machines}, disputes


def _creator(cluster: list[Wish], disputes: list[Dispute]) -> Wish | None:
    """Return the machine that creates the cluster, None where it exists; tell of several."""
    creators = [machine for machine in cluster if machine.mode == CREATE]
    for machine in creators[1:]:
        message = f"{creators[0].name} creates this cluster already: should be join, or another VIP"
        disputes.append(Dispute(machine.name, "mode", message))
    return next(iter(creators), None) or next((machine for machine in cluster if not machine.mode), None)


def _place(machine: Wish, creator: Wish | None, vip: str) -> Place:
    if creator is None:
        return Place(machine.mode or JOIN, vip)
    own = machine.namespace == creator.namespace
    name = creator.name if own else f"{creator.namespace}/{creator.name}"
    return Place(machine.mode or (CREATE if machine is creator else JOIN), vip, name)
