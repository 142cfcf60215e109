# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TFTP: a hundred machines that fetch a boot program of a megabyte, with windows of 1, 4 and 16 blocks (RFC 7440)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.bootds import Checkout, name_of, serve
from bench.results import Workload
from bench.rig import SERVER, Figures, Program, Running, Setting
from servers.other_dhcp import unpacked

PACKAGES = ("dnsmasq-base", "atftpd")
UNPACKED = "tftpd-hpa"  # Debian won't have it installed beside atftpd
CLIENTS, FILE, ANOTHER = 100, "snponly.efi", "undionly.kpxe"
SHOWS = (("p50_ms", "a file, p50 ms"), ("worst_ms", "worst ms"), ("without", "clients without"))
WINDOWS = {
    Workload(f"window-{window}", f"TFTP, {CLIENTS} clients, blocks of 1468, windows of {window}", "MB", SHOWS): window
    for window in (1, 4, 16)
}
WORKLOADS = tuple(WINDOWS)
QUICKLY = ("--clients", "1", "--seconds", "1", "--once")


def dnsmasq(directory: Path) -> list[str]:
    """Return dnsmasq, allowed as many transfers as are asked for."""
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--pid-file=", "--user=root"]
    return [*argv, "--log-facility=-", "--quiet-tftp", "--enable-tftp", f"--tftp-root={directory}", "--tftp-max=1000"]


def atftpd(directory: Path) -> list[str]:
    """Return atftpd, allowed as many threads as are asked for."""
    argv = ["atftpd", "--daemon", "--no-fork", "--user", "root", "--group", "root", "--maxthread", "1000"]
    return [*argv, "--verbose=3", "--logfile", "/dev/stdout", str(directory)]


def tftpd_hpa(directory: Path) -> list[str]:
    """Return tftpd-hpa, which forks for each transfer."""
    program = str(unpacked(UNPACKED) / "usr/sbin/in.tftpd")
    return [
        program,
        "--foreground",
        "--ipv4",
        "--address",
        f"{SERVER}:69",
        "--user",
        "root",
        "--secure",
        str(directory),
    ]


SERVERS: dict[str, Callable[[Path], list[str]]] = {"dnsmasq": dnsmasq, "atftpd": atftpd, UNPACKED: tftpd_hpa}
PEERS = tuple(SERVERS)
WITHOUT_WINDOWS = ("dnsmasq", UNPACKED)


@contextmanager
def serving(setting: Setting, server: str | Checkout) -> Iterator[Running]:
    """Run a server of the site's boot programs while the block runs."""
    if isinstance(server, Checkout):
        argv = serve(server, setting.site, setting.rig.directory(name_of(server)) / "state")
    else:
        argv = SERVERS[server](setting.site / "boot")
    ask = partial(setting.rig.load, "tftp_load", *of_server(setting, server), *QUICKLY)
    with setting.rig.server(Program(argv), ask) as running:
        other = setting.site / "boot" / ANOTHER  # of the same size
        setting.rig.notices("tftp_load", *of_server(setting, server), *QUICKLY, "--file", str(other))
        yield running


def of_server(setting: Setting, server: str | Checkout) -> list[str]:
    """Return the arguments of the load for a server."""
    arguments = ["--server", SERVER, "--file", str(setting.site / "boot" / FILE), "--name", FILE]
    return [*arguments, "--mac-names"] if isinstance(server, Checkout) else arguments


def measure(setting: Setting, server: str | Checkout, running: Running, workload: Workload) -> Figures:
    """Return one round's figures of a workload."""
    arguments = [*of_server(setting, server), "--clients", str(CLIENTS), "--window", str(WINDOWS[workload])]
    return setting.rig.load("tftp_load", *arguments, "--seconds", str(setting.seconds), running=running)


def has(server: str | Checkout, workload: Workload) -> bool:
    """Return whether the server can do it at all."""
    return WINDOWS[workload] == 1 or server not in WITHOUT_WINDOWS


def prepare() -> None:
    """Fetch what no package of tests/packages-bench.txt can bring."""
    unpacked(UNPACKED)
