# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand machines ask for an address: what an OFFER costs bootd, and how long it then takes to end.

    PYTHONPATH=tests python tests/bench/dhcp_state.py CHECKOUT [CHECKOUT] [--machines 10000] [--asked 2] [--rounds 3]

Each round runs bootd of every checkout in turn, in a network namespace of its own (root). Every machine asks
``--asked`` times, as firmware that is not heard in time does; a window of requests is on its way at a time. Prints
per round, and as medians: OFFERs for each second of bootd's processor time while it is asked, and to its end; the
seconds from SIGTERM to that. All machines have a state by then, and whatever of it is not kept yet has to be.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from integration.daemon.dhcp_message import discover, read
from integration.daemon.manifests import manifest

ON = "127.0.0.1"
PORT = 6700
WINDOW = 32
TICKS = os.sysconf("SC_CLK_TCK")
INSIDE = "BOOTD_BENCH_INSIDE"


def mac_of(number: int) -> str:
    return f"52:54:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def write_manifests(directory: Path, machines: int) -> None:
    """Write a manifest of each machine."""
    texts = (
        manifest(f"node-{number:05d}", mac_of(number), f"10.10.{100 + number // 250}.{1 + number % 250}")
        for number in range(machines)
    )
    (directory / "all.yaml").write_text("---\n".join(texts), encoding="utf-8")


def relayed(mac: str, xid: int) -> bytes:
    """Return the DISCOVER of a firmware as a relay at 127.0.0.1 passes it on (RFC 2131 section 4.1)."""
    data = bytearray(discover(mac, xid, vendor_class=b"PXEClient:Arch:00007:UNDI:003016", arch=7))
    data[3] = 1  # hops
    data[24:28] = socket.inet_aton(ON)
    return bytes(data)


def processor_seconds(pid: int) -> float:
    """Return the time that all threads of the process have had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def ask(sock: socket.socket, packets: list[bytes]) -> int:
    """Send ``packets`` with WINDOW of them unanswered at most; return how many were answered."""
    waiting: dict[int, bytes] = {}
    answered = 0
    upcoming = iter(enumerate(packets, 1))
    while True:
        while len(waiting) < WINDOW and (following := next(upcoming, None)) is not None:
            xid, packet = following
            waiting[xid] = packet
            sock.sendto(packet, (ON, PORT))
        if not waiting:
            return answered
        try:
            xid = read(sock.recv(4096))[0]
            answered += waiting.pop(xid, None) is not None
        except TimeoutError:
            for packet in waiting.values():
                sock.sendto(packet, (ON, PORT))


def run(checkout: Path, manifests: Path, machines: int, asked: int) -> tuple[float, float, float]:
    """Return OFFERs a second of processor time while it is asked and to the end, and seconds from SIGTERM to that."""
    with tempfile.TemporaryDirectory() as scratch, open(Path(scratch, "log"), "w+b") as log:
        argv = [
            str(checkout / "bin/bootd"),
            "serve",
            "--store",
            f"files:{manifests}",
            "--state-dir",
            f"{scratch}/state",
        ]
        argv += ["--address", ON, "--bind", ON, "--dhcp-port", str(PORT), "--tftp-port", "0", "--syslog-port", "0"]
        argv += ["--router-advertisements", "no", "--log-level", "error"]
        bootd = subprocess.Popen(argv, stdout=log, stderr=log)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind((ON, 67))
                sock.settimeout(1)
                ask(sock, [relayed(mac_of(0), 1)])  # answered once it is ready
                packets = [relayed(mac_of(n), a * machines + n + 1) for a in range(asked) for n in range(machines)]
                before = processor_seconds(bootd.pid)
                answered = ask(sock, packets)
                cost = processor_seconds(bootd.pid) - before
            ended = time.monotonic()
            bootd.send_signal(signal.SIGTERM)
            used = os.wait4(bootd.pid, 0)[2]
            return answered / cost, answered / (used.ru_utime + used.ru_stime - before), time.monotonic() - ended
        except BaseException:
            bootd.kill()
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-4000:])
            raise


def main() -> None:
    """Print the figures of each checkout."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkouts", nargs="+", type=Path)
    for name, value in (("--machines", 10_000), ("--asked", 2), ("--rounds", 3)):
        parser.add_argument(name, type=int, default=value)
    options = parser.parse_args()
    figures: dict[Path, list[tuple[float, float, float]]] = {checkout: [] for checkout in options.checkouts}
    with tempfile.TemporaryDirectory() as scratch:
        write_manifests(Path(scratch), options.machines)
        for number in range(options.rounds):
            for checkout, found in figures.items():
                found.append(run(checkout, Path(scratch), options.machines, options.asked))
                say(f"round {number + 1} {checkout}", found[-1])
    for checkout, found in figures.items():
        say(f"median {checkout}", tuple(statistics.median(values) for values in zip(*found, strict=True)))


def say(what: str, figures: tuple[float, ...]) -> None:
    asked, whole, end = figures
    rates = " and ".join(f"{rate:.0f} ({1e6 / rate:.0f} us each)" for rate in (asked, whole))
    print(f"{what}: OFFERs a CPU second while asked and to the end: {rates}; SIGTERM to end {end:.2f} s", flush=True)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        script = 'ip link set lo up && exec "$0" "$@"'
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", script, sys.executable, *sys.argv])
    main()
