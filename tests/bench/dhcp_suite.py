# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP: OFFERs and whole exchanges as fast as they are answered, and how long answers take beside strangers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bench.bootds import Checkout, name_of, serve
from bench.dhcp_servers import BOOT_FILE, SERVERS, WITHOUT_BOOT_FILE
from bench.results import Workload
from bench.rig import LOAD_PROCESSOR, RELAYS, SERVER, Figures, NotMeasured, Program, Running, Setting, mac_of

PACKAGES = ("coredhcp-server", "kea-dhcp4-server", "isc-dhcp-server", "dnsmasq-base", "kea-admin")
STORM, STRANGERS, ASKED = 2456, 10000, 20000  # messages a second
FIRST_AT_MOST = 8.0  # seconds, for one whose disk is slow
FIRST = Workload("first", "First exchange of each machine since the server began, 64 on their way", "exchanges")
OFFERS = Workload("offers", "OFFERs, 64 requests on their way", "OFFERs")
EXCHANGES = Workload("exchanges", "Whole exchanges, 64 on their way", "exchanges")
CALM = Workload("calm", f"{STORM} OFFERs a second and nothing else", "OFFERs", compares="p99_ms")
BESIDE = Workload(
    "beside", f"{STORM} OFFERs a second beside {STRANGERS} unknown machines a second", "OFFERs", compares="p99_ms"
)
PERFDHCP = Workload("perfdhcp", f"OFFERs by perfdhcp, {ASKED} asked for a second", "OFFERs", (("mean_ms", "mean ms"),))
WORKLOADS = (FIRST, OFFERS, EXCHANGES, CALM, BESIDE, PERFDHCP)
ARGUMENTS = {
    FIRST: ("--dora", "--once"),
    OFFERS: (),
    EXCHANGES: ("--dora",),
    CALM: ("--rate", str(STORM)),
    BESIDE: ("--rate", str(STORM), "--unknown-rate", str(STRANGERS)),
}
PEERS = tuple(SERVERS)
COUNTED = ("sent packets", "received packets", "Malformed packets", "avg delay", "Rate")
# Of few machines, so that all others are new to the server when it is measured.
QUICKLY = ("--outstanding", "1", "--warm-up", "0", "--seconds", "0.2", "--patience", "0.1", "--machines", "200")


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
        # What it is told last counts: another next server than it has named just now.
        setting.rig.notices("dhcp_load", *of_server(setting, server), *QUICKLY, "--next-server", RELAYS[0])
        yield running


def of_server(setting: Setting, server: str | Checkout) -> list[str]:
    """Return the arguments of the load for a server."""
    arguments = ["--server", SERVER, "--relays", ",".join(RELAYS), "--machines", str(setting.machines)]
    if server in WITHOUT_BOOT_FILE:
        return [*arguments, "--no-boot-file"]
    return [*arguments, "--boot-file", BOOT_FILE, "--next-server", SERVER]


def measure(setting: Setting, server: str | Checkout, running: Running, workload: Workload) -> Figures:
    """Return one round's figures of a workload."""
    if workload == PERFDHCP:
        return by_perfdhcp(setting, running)
    seconds = FIRST_AT_MOST if workload == FIRST else setting.seconds
    arguments = [*of_server(setting, server), *ARGUMENTS[workload], "--seconds", str(seconds)]
    return setting.rig.load("dhcp_load", *arguments, running=running)


def by_perfdhcp(setting: Setting, running: Running) -> Figures:
    """Return what Kea's own load generator finds, as a relay with PXE clients: it looks at less, and is another's."""
    argv = ["taskset", "-c", str(LOAD_PROCESSOR), "perfdhcp", "-4", "-i", "-r", str(ASKED), "-R", str(setting.machines)]
    argv += ["-p", str(max(1, round(setting.seconds))), "-b", f"mac={mac_of(0)}", "-l", RELAYS[0], "-L", "67"]
    argv += ["-o", "93,0007", "-o", "60," + b"PXEClient:Arch:00007:UNDI:003016".hex(), SERVER]
    before = running.cpu_seconds()
    said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    used = running.cpu_seconds() - before
    found = {name: re.search(rf"^{name}: ([0-9.]+)", said, re.MULTILINE) for name in COUNTED}
    if not all(found.values()) or not float(found["received packets"][1]):
        raise NotMeasured(f"perfdhcp has heard nothing: {said.strip()[-500:]}")
    sent, received, wrong, mean, rate = (float(found[name][1]) for name in COUNTED)
    return {
        "done": received,
        "per_second": rate,
        "failures": int(wrong),
        "unanswered": sent - received,
        "cpu_seconds": used,
        "per_cpu_second": received / used,
        "resident": running.resident(),
        "mean_ms": mean,
    }


def has(_server: str | Checkout, _workload: Workload) -> bool:
    """Return whether the server can do it at all."""
    return True


def prepare() -> None:
    """Fetch what no package of tests/packages-bench.txt can bring: nothing."""
