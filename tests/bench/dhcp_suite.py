# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP: OFFERs and whole exchanges as fast as they are answered, and how long answers take beside strangers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bench.bootds import Checkout, name_of, serve
from bench.dhcp_servers import BOOT_FILE, SERVERS, WITHOUT_BOOT_FILE
from bench.results import Workload
from bench.rig import RELAYS, SERVER, Figures, Program, Running, Setting

PACKAGES = ("coredhcp-server", "kea-dhcp4-server", "isc-dhcp-server", "dnsmasq-base")
STORM, STRANGERS = 2456, 10000  # messages a second
OFFERS = Workload("offers", "OFFERs, 64 requests on their way", "OFFERs")
EXCHANGES = Workload("exchanges", "Whole exchanges, 64 on their way", "exchanges")
CALM = Workload("calm", f"{STORM} OFFERs a second and nothing else", "OFFERs")
BESIDE = Workload("beside", f"{STORM} OFFERs a second beside {STRANGERS} unknown machines a second", "OFFERs")
WORKLOADS = (OFFERS, EXCHANGES, CALM, BESIDE)
ARGUMENTS = {
    OFFERS: (),
    EXCHANGES: ("--dora",),
    CALM: ("--rate", str(STORM)),
    BESIDE: ("--rate", str(STORM), "--unknown-rate", str(STRANGERS)),
}
PEERS = tuple(SERVERS)
QUICKLY = ("--outstanding", "1", "--warm-up", "0", "--seconds", "0.2", "--patience", "0.1")


@contextmanager
def serving(setting: Setting, server: str | Checkout) -> Iterator[Running]:
    """Run a server with a reservation of each machine while the block runs."""
    directory = setting.rig.directory(name_of(server))
    if isinstance(server, Checkout):
        program = Program(serve(server, setting.site, directory / "state"))
    else:
        program = SERVERS[server](directory, setting.machines)
    ask = partial(setting.rig.load, "dhcp_load", *of_server(setting, server), *QUICKLY)
    with setting.rig.server(program, ask) as running:
        yield running


def of_server(setting: Setting, server: str | Checkout) -> list[str]:
    """Return the arguments of the load for a server."""
    arguments = ["--server", SERVER, "--relays", ",".join(RELAYS), "--machines", str(setting.machines)]
    if server in WITHOUT_BOOT_FILE:
        return [*arguments, "--no-boot-file"]
    return [*arguments, "--boot-file", BOOT_FILE, "--next-server", SERVER]


def measure(setting: Setting, server: str | Checkout, running: Running, workload: Workload) -> Figures:
    """Return one round's figures of a workload."""
    arguments = [*of_server(setting, server), *ARGUMENTS[workload], "--seconds", str(setting.seconds)]
    return setting.rig.load("dhcp_load", *arguments, running=running)


def has(_server: str | Checkout, _workload: Workload) -> bool:
    """Return whether the server can do it at all."""
    return True


def prepare() -> None:
    """Fetch what no package of tests/packages-bench.txt can bring: nothing."""
