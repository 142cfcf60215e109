# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A storm: many machines are powered on at once, and each boots from the network, up to its report.

    PYTHONPATH=plugins/module_utils:tests build/venv/bin/python -m storm [--machines 1000] [--rounds 3] [--spread 1.0]

As root; `make storm MACHINES=1000` does it. Each machine does what real ones do: DHCP as firmware, by broadcast or
through a relay; a boot file of 1 MB by TFTP, half of them with window 1 and half with window 4, as iPXE's ROM and edk2
ask for it; DHCP as iPXE; its script, its facts, 15 MB of kernel in ranges, that it is loaded, and in a connection of
its own that it is installed. The content of every answer is compared. The servers have one processor, the machines the
other. Rounds of bootd and of dnsmasq with nginx take turns. Results go to build/bench/storm.json; exit status 1 where a
machine failed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from _bootd.tftp.blocks import SETTLED
from bench.results import machine as this_machine
from bench.results import versions
from bench.rig import ROOT, Rig
from bench.run import BUILD, alone, only_run
from storm.fleet import fleet, write_files
from storm.rounds import Round, built, one_round
from storm.servers import Bootd, DnsmasqAndNginx

TIMED = ("dhcp", "tftp", "tftp_block", "script", "report", "kernel", "phone_home", "boot_file", "kernel_file", "boot")


def median_of(rounds: Sequence[Round], *path: str) -> float:
    """Return the median of what is at ``path`` in each of ``rounds``."""
    values = []
    for found in rounds:
        value = found
        for name in path:
            value = value[name]
        values.append(value)
    return float(statistics.median(values))


def table(results: dict[str, list[Round]]) -> Iterator[str]:
    """Yield the lines of a table of medians."""

    def line(what: str, cells: Iterator[str]) -> str:
        return f"{what:28}" + "".join(f"{cell:>26}" for cell in cells)

    yield line("", iter(results))
    yield line("failures, of all rounds", (str(sum(one["failures"] for one in rounds)) for rounds in results.values()))
    for what, path in (
        ("last machine done, s", ["seconds"]),
        ("servers' CPU seconds", ["server_cpu_seconds"]),
        ("machines' CPU seconds", ["generator_cpu_seconds"]),
        ("DHCP sent again", ["sent_again", "dhcp"]),
        ("TFTP sent again", ["sent_again", "tftp"]),
    ):
        yield line(what, (f"{median_of(rounds, *path):.4g}" for rounds in results.values()))
    most = (f"{median_of(rounds, 'server_bytes_at_most') / 1e6:.0f}" for rounds in results.values())
    yield line("servers' most memory, MB", most)
    for name in TIMED:
        cells = []
        for rounds in results.values():
            three = (median_of(rounds, "milliseconds", name, which) for which in ("median", "p99", "worst"))
            cells.append(" / ".join(f"{value:.4g}" if value < 1000 else f"{value:.0f}" for value in three))
        yield line(f"{name}, ms", iter(cells))
    yield "ms are median / p99 / worst; the first six of an answer, the last three of a whole file and a whole boot"


def main() -> None:
    """Run the rounds, print a table, and write the results."""
    parser = argparse.ArgumentParser(prog="storm", description="Boot many machines at once.")
    parser.add_argument("--machines", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--spread", type=float, default=1.0, help="seconds in which they are powered on")
    parser.add_argument("--only", default="", help="the servers whose name begins like this")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose bootd it is")
    options = parser.parse_args()
    alone(module="storm")
    machines = fleet(options.machines)
    sides = [side for side in (Bootd(options.checkout), DnsmasqAndNginx()) if side.name.startswith(options.only)]
    results: dict[str, list[Round]] = {side.name: [] for side in sides}
    with only_run(), tempfile.TemporaryDirectory(dir=BUILD, prefix="run-") as scratch, Rig(Path(scratch), BUILD) as rig:
        site = Path(scratch) / "site"
        write_files(site)
        program = built(Path(scratch))
        time.sleep(SETTLED)  # a site's boot files were not written a moment before; bootd keeps none that was
        for number in range(options.rounds):
            for side in sides:
                found = one_round(rig, side, site, machines, program, options.spread)
                results[side.name].append(found)
                said = f"last machine done after {found['seconds']:.2f} s, {found['failures']} failures"
                print(f"round {number + 1} of {options.rounds}, {side.name}: {said}", flush=True)
    print("\n" + "\n".join(table(results)))
    document = {
        "measured": time.strftime("%Y-%m-%d %H:%M"),
        "machine": this_machine(),
        "versions": versions(("dnsmasq-base", "nginx-light", "nginx")),
        "machines": options.machines,
        "spread_seconds": options.spread,
        "servers": results,
    }
    (BUILD / "storm.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"\n{BUILD / 'storm.json'}")
    if any(found["failures"] for rounds in results.values() for found in rounds):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
