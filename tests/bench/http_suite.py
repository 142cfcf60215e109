# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP: scripts of ten thousand different machines, for the first time and again, big files, and both at once.

bootd and bottle make each script when it is asked for; nginx has them all as files.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.bootds import Checkout, name_of, serve
from bench.results import Workload
from bench.rig import SERVER, Figures, Program, Running, Setting, mac_of

PACKAGES = ("nginx-light", "nginx", "python3-bottle", "python3-waitress", "python3-jinja2")
PORT, CONNECTIONS, STREAMS = 7080, 64, 4
BIG, PIECE = 700_000_000, 1_000_000  # octets
HERE = Path(__file__).resolve().parent
SCRIPT = HERE / "templates/script.ipxe.j2"  # one of bootd's, so that all send the same
FIRST = Workload("scripts-first", f"First script of each machine, over {CONNECTIONS} kept connections", "scripts")
FIRST_AT_MOST = 20.0  # seconds
KEPT = Workload("scripts", f"Scripts over {CONNECTIONS} kept connections", "scripts")
OWN = Workload("scripts-own", f"Scripts over a connection each, {CONNECTIONS} at a time", "scripts")
FILES = Workload("files", f"Files of 700 MB, {STREAMS} at a time", "GB", ())
WITH_FILES = (*KEPT.shows, ("streamed_gb_per_second", "GB/s beside"))
BESIDE = Workload(
    "scripts-beside",
    f"Scripts over {CONNECTIONS} kept connections beside {STREAMS} streams",
    "scripts",
    WITH_FILES,
    "p99_ms",
)
WORKLOADS = (FIRST, KEPT, OWN, FILES, BESIDE)
# Of few machines, so that all others are new to the server when it is measured.
QUICKLY = ("--connections", "1", "--warm-up", "0", "--seconds", "0.2", "--patience", "0.1", "--machines", "200")
NGINX = """\
daemon off; user root; worker_processes 1; pid {directory}/pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  server {{
    listen {server}:{port}; root {site};
    rewrite ^/([^/]+)/auto.ipxe$ /scripts/$1.ipxe;
  }}
}}
"""


def nginx(directory: Path, setting: Setting) -> list[str]:
    """Return nginx with one worker, for it has one processor, and a file of each machine's script."""
    scripts = setting.site / "scripts"
    if not scripts.exists():
        scripts.mkdir()
        text = SCRIPT.read_text(encoding="utf-8").replace("{{ server }}", f"{SERVER}:{PORT}")
        for number in range(setting.machines):
            mac = mac_of(number).replace(":", "-")
            (scripts / f"{mac}.ipxe").write_text(text.replace("{{ mac }}", mac), encoding="utf-8")
    file = directory / "nginx.conf"
    file.write_text(NGINX.format(directory=directory, server=SERVER, port=PORT, site=setting.site), encoding="utf-8")
    return ["nginx", "-c", str(file), "-e", "stderr"]


def bottle(_directory: Path, setting: Setting) -> list[str]:
    """Return bottle on waitress, with threads as they come."""
    return ["/usr/bin/python3", "-I", str(HERE / "http_bottle.py"), SERVER, str(PORT), str(setting.site), str(SCRIPT)]


SERVERS: dict[str, Callable[[Path, Setting], list[str]]] = {"nginx": nginx, "bottle-waitress": bottle}
PEERS = tuple(SERVERS)


@contextmanager
def serving(setting: Setting, server: str | Checkout) -> Iterator[Running]:
    """Run a server of scripts and files while the block runs."""
    directory, big = setting.rig.directory(name_of(server)), setting.site / "images/big-0"
    if not big.exists():
        big.write_bytes(random.Random(0).randbytes(PIECE) * (BIG // PIECE))
        for number in range(1, STREAMS):
            os.link(big, big.with_name(f"big-{number}"))
    if isinstance(server, Checkout):
        argv = serve(server, setting.site, directory / "state")
    else:
        argv = SERVERS[server](directory, setting)
    with setting.rig.server(
        Program(argv), partial(setting.rig.load, "http_load", *of_all(setting), *QUICKLY)
    ) as running:
        yield running


def of_all(setting: Setting) -> list[str]:
    """Return the arguments of the load for any server."""
    arguments = ["--server", SERVER, "--port", str(PORT), "--machines", str(setting.machines)]
    return [*arguments, "--path", "/%m/auto.ipxe", "--contains", "%m/auto.ipxe"]


def measure(setting: Setting, _server: str | Checkout, running: Running, workload: Workload) -> Figures:
    """Return one round's figures of a workload."""
    arguments = [*of_all(setting), "--seconds", str(FIRST_AT_MOST if workload == FIRST else setting.seconds)]
    arguments += ["--once"] if workload == FIRST else []
    arguments += ["--connections", "0" if workload == FILES else str(CONNECTIONS)]
    if workload == OWN:
        arguments.append("--own-addresses")
    if workload in (FILES, BESIDE):
        arguments += [
            "--streams",
            str(STREAMS),
            "--file",
            "/images/big-%d",
            "--copy",
            str(setting.site / "images/big-0"),
        ]
    return setting.rig.load("http_load", *arguments, running=running)


def has(_server: str | Checkout, _workload: Workload) -> bool:
    """Return whether the server can do it at all."""
    return True


def prepare() -> None:
    """Fetch what no package of tests/packages-bench.txt can bring: nothing."""
