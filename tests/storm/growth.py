# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How bootd grows with its catalog: from ten machines to ten thousand.

    PYTHONPATH=plugins/module_utils:tests build/venv/bin/python -m storm.growth [--machines 10,100,1000,10000]

As root; `make growth` does it. For each size: processor seconds until it is ready, first with manifests that it has
never seen and then again; memory; processor time for an OFFER and for a script of machines in a random order, and once
more of the same ones: what was made for a machine is kept. Processor time makes the figures those of bootd whatever
else the host does. Results go to build/bench/growth.json.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.bootds import program
from bench.results import machine as this_machine
from bench.rig import RELAYS, ROOT, SERVER, Program, Rig, Running
from bench.run import BUILD, alone, only_run
from integration.daemon.dhcp_message import discover, read
from storm.fleet import HTTP_PORT, Machine, fleet, write_files
from storm.rounds import Round
from storm.servers import answers, write_manifests

SIZES = (10, 100, 1000, 10_000)
ASKED = 3000  # OFFERs at most, and
OF_EACH = 25  # machine: bootd answers none more often at once than BURST of its dhcp.server
SCRIPTS = 1500
WINDOW = 32  # requests on their way at a time
WRITTEN = 1.5  # seconds after which what was seen is written
COLUMNS = {
    "first_start_cpu_seconds": "first start, CPU s",
    "restart_cpu_seconds": "restart, CPU s",
    "bytes_at_rest": "memory, MB",
    "first_offer_microseconds": "OFFER, us",
    "offer_microseconds": "once more, us",
    "first_script_microseconds": "script, us",
    "script_microseconds": "once more, us",
    "bytes_afterwards": "memory after, MB",
}


def offers(machines: Sequence[Machine]) -> int:
    """Ask for addresses, of machines in a random order, as their relay; return how many were offered."""
    order = [number for number in range(len(machines)) for _again in range(OF_EACH)]
    random.Random(4).shuffle(order)
    order = order[:ASKED]
    waiting: dict[int, int] = {}
    answered = sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((RELAYS[0], 67))
        sock.settimeout(2)
        while answered < len(order):
            while len(waiting) < WINDOW and sent < len(order):
                waiting[sent] = order[sent]
                sock.sendto(_relayed(machines[order[sent]], sent), (SERVER, 67))
                sent += 1
            xid, _mac, address = read(sock.recv(4096))
            if (number := waiting.pop(xid, None)) is not None:
                if address != machines[number].address:
                    raise RuntimeError(f"{machines[number]} was offered {address}")
                answered += 1
    return answered


def scripts(machines: Sequence[Machine]) -> int:
    """Fetch SCRIPTS scripts of machines in a random order over one connection; return how many."""
    connection = http.client.HTTPConnection(SERVER, HTTP_PORT, timeout=10)
    for machine in random.Random(5).choices(machines, k=SCRIPTS):
        connection.request("GET", f"/{machine.dashed}/auto.ipxe")
        answer = connection.getresponse()
        if answer.status != 200 or machine.dashed.encode() not in answer.read():
            raise RuntimeError(f"{machine} was given another script, or none: {answer.status}")
    connection.close()
    return SCRIPTS


def _relayed(machine: Machine, xid: int) -> bytes:
    data = bytearray(discover(machine.mac, xid, vendor_class=b"PXEClient:Arch:00007:UNDI:003016", arch=7))
    data[3] = 1  # hops
    data[24:28] = socket.inet_aton(RELAYS[0])
    return bytes(data)


def cost(running: Running, work: Callable[[Sequence[Machine]], int], machines: Sequence[Machine]) -> float:
    """Return the microseconds of processor time that an answer costs, the journal's part included."""
    before = running.cpu_seconds()
    answered = work(machines)
    time.sleep(WRITTEN)
    return 1e6 * (running.cpu_seconds() - before) / answered


def measure(rig: Rig, checkout: Path, machines: Sequence[Machine]) -> Round:
    """Return the figures of one size."""
    found: Round = {}
    with tempfile.TemporaryDirectory(dir=rig.scratch) as scratch:
        manifests, site = Path(scratch) / "manifests", rig.scratch / "site"
        manifests.mkdir()
        write_manifests(manifests, machines)
        argv = [*program(checkout), "serve", "--store", f"files:{manifests}", "--state-dir", f"{scratch}/state"]
        argv += ["--address", SERVER, "--interface", "eth0", "--boot-files", str(site / "boot")]
        argv += ["--image-dir", str(site / "images")]
        bootd = Program(argv)
        with rig.server(bootd, answers) as running:
            time.sleep(WRITTEN)
            found["first_start_cpu_seconds"] = running.cpu_seconds()
        with rig.server(bootd, answers) as running:
            time.sleep(WRITTEN)
            found["restart_cpu_seconds"] = running.cpu_seconds()
            found["bytes_at_rest"] = running.resident()
            found["first_offer_microseconds"] = cost(running, offers, machines)
            found["offer_microseconds"] = cost(running, offers, machines)
            found["first_script_microseconds"] = cost(running, scripts, machines)
            found["script_microseconds"] = cost(running, scripts, machines)
            found["bytes_afterwards"] = running.resident()
    return found


def table(results: dict[int, list[Round]]) -> str:
    """Return the medians as a table."""
    lines = [f"{'machines':>10}" + "".join(f"{title:>20}" for title in COLUMNS.values())]
    for size, rounds in results.items():
        cells = []
        for name in COLUMNS:
            value = statistics.median(found[name] for found in rounds)
            cells.append(f"{value / 1e6:.1f}" if name.startswith("bytes") else f"{value:.3g}")
        lines.append(f"{size:>10}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    """Measure each size by turns, print a table, and write the results."""
    parser = argparse.ArgumentParser(prog="storm.growth", description="How bootd grows with its catalog.")
    parser.add_argument("--machines", default=",".join(map(str, SIZES)), help="sizes of the catalog")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose bootd it is")
    options = parser.parse_args()
    alone(module="storm.growth")
    results: dict[int, list[Round]] = {int(size): [] for size in options.machines.split(",")}
    with only_run(), tempfile.TemporaryDirectory(dir=BUILD, prefix="run-") as scratch, Rig(Path(scratch), BUILD) as rig:
        write_files(rig.scratch / "site")
        for number in range(options.rounds):
            for size, rounds in results.items():
                rounds.append(measure(rig, options.checkout, fleet(size)))
                print(f"round {number + 1} of {options.rounds}, {size} machines", flush=True)
    print(f"\n{table(results)}\n")
    document = {"measured": time.strftime("%Y-%m-%d %H:%M"), "machine": this_machine(), "sizes": results}
    (BUILD / "growth.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(BUILD / "growth.json")


if __name__ == "__main__":
    main()
