# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP: OFFERs and whole exchanges as fast as they are answered, and how long answers take beside strangers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bootds import Checkout, serve
from bench.dhcp_servers import BOOT_FILE, SERVERS, WITHOUT_BOOT_FILE, Program
from bench.results import Workload
from bench.rig import RELAYS, SERVER, Figures, NotMeasured, Rig, Running

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


@contextmanager
def serving(rig: Rig, server: str | Checkout, site: Path, machines: int) -> Iterator[Running]:
    """Run a server with a reservation of each machine while the block runs."""
    directory = rig.scratch / f"dhcp-{name_of(server)}"
    directory.mkdir(exist_ok=True)
    if isinstance(server, Checkout):
        program = Program(serve(server, site, directory / f"state-{len(list(directory.iterdir()))}"))
    else:
        program = SERVERS[server](directory, machines)

    def answers() -> bool:
        try:
            rig.load("dhcp_load", *of_server(server, machines), *QUICKLY)
        except NotMeasured:
            return False
        return True

    with rig.server(program.argv, answers, program.environment) as running:
        yield running


QUICKLY = ("--outstanding", "1", "--warm-up", "0", "--seconds", "0.2", "--patience", "0.1")


def name_of(server: str | Checkout) -> str:
    """Return the name under which a server's figures are kept."""
    return server.name if isinstance(server, Checkout) else server


def of_server(server: str | Checkout, machines: int) -> list[str]:
    """Return the arguments of the load for a server."""
    arguments = ["--server", SERVER, "--relays", ",".join(RELAYS), "--machines", str(machines)]
    if server in WITHOUT_BOOT_FILE:
        return [*arguments, "--no-boot-file"]
    return [*arguments, "--boot-file", BOOT_FILE, "--next-server", SERVER]


def measure(
    rig: Rig, server: str | Checkout, running: Running, workload: Workload, machines: int, seconds: float
) -> Figures:
    """Return one round's figures of a workload."""
    arguments = [*of_server(server, machines), *ARGUMENTS[workload], "--seconds", str(seconds)]
    return rig.load("dhcp_load", *arguments, running=running)
