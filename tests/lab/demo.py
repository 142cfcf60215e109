# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: an inventory, one playbook, and machines that install themselves over the network, in a lab.

Nobody touches them: the playbook powers them by Redfish.

FIRMWARE is uefi or bios, MACHINES how many, STORE files or kubernetes. Logs and report.json go to build/demo.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from programs.known import missing

from . import artifacts, bmc, bootd, bootstrap, report
from .accelerator import accelerator
from .bmc import Bmcs
from .command import CommandFailed
from .down import take_down_abandoned
from .machine import FIRMWARES, Machine
from .network import Lab
from .playbook import Playbook
from .stores import FILES, KUBERNETES, STORES, FilesStore, KubernetesStore

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "playbooks"
BUILD = ROOT / "build"
DIRECTORY = BUILD / "demo"
MAX_MACHINES = 8
# As the inventory has them.
FLEET = [(f"um790-{number}", f"58:47:ca:71:d8:{0x48 + number:02x}") for number in range(1, MAX_MACHINES + 1)]
DISK_BOOT = 300.0  # seconds from the end of the installation to the boot from disk
Store = FilesStore | KubernetesStore
BOOTED = "system: booted from disk: "


class Failed(Exception):
    """The demo did not come to its end; the message says why."""


def main() -> int:
    """Run the demo; returns the exit status."""
    try:
        run(*wishes(os.environ))
    except (Failed, CommandFailed) as error:
        say(f"demo failed: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the lab is taken down")
        return 130
    return 0


def wishes(environ: dict[str, str]) -> tuple[str, int, str]:
    """The firmware, the number of machines and the store that ``environ`` asks for; raises Failed."""
    firmware, count = environ.get("FIRMWARE", "uefi"), environ.get("MACHINES", "1")
    store = environ.get("STORE", FILES)
    if store not in STORES:
        raise Failed(f"STORE is {store!r} but should be one of {', '.join(STORES)}")
    if firmware not in FIRMWARES:
        raise Failed(f"FIRMWARE is {firmware!r} but should be one of {', '.join(FIRMWARES)}")
    if not count.isdecimal() or not 1 <= int(count) <= MAX_MACHINES:
        raise Failed(f"MACHINES is {count!r} but should be a number from 1 to {MAX_MACHINES}")
    return firmware, int(count), store


def run(firmware: str, count: int, kind: str) -> None:
    """Boot ``count`` machines from a store of this kind; raises Failed."""
    lacking = missing(*STORES[kind].needs)
    if lacking:
        raise Failed("\n  ".join(["this host lacks something", *lacking]))
    take_down_abandoned()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    say("building what the machines boot: Debian's kernel, a stand-in for the operating system")
    files = artifacts.build(BUILD / "lab")
    images = DIRECTORY / "images"
    artifacts.publish(files, images / "harvester")
    with Lab() as lab:
        bootstrap.lay_out(lab)
        bootstrap.start_names(lab, DIRECTORY / "names.log")
        bootstrap.start_images(lab, images, DIRECTORY / "images.log")
        say(f"the lab is up: node {bootstrap.NODE_ADDRESS}, images {bootstrap.IMAGES_ADDRESS}")
        if kind == KUBERNETES:
            say("starting Kubernetes on the node")
        store = STORES[kind](lab, DIRECTORY, BUILD / "lab")
        shown_last: list[str] = []
        try:
            sightings = provision(lab, store, firmware, count)
        finally:
            shown_last += store.keep(DIRECTORY)
        finish(store.name, sightings, shown_last)


def provision(lab: Lab, store: Store, firmware: str, count: int) -> list[report.Sighting]:
    """Run the playbook, which powers the machines on, and follow them to the boot from their disks."""
    log = DIRECTORY / "ansible.log"
    told = {"demo_machines": count, "demo_dir": str(DIRECTORY), **store.variables}
    inventories = [PLAYBOOKS / "inventory" / name for name in store.inventories]
    machines = [Machine(lab, DIRECTORY, name, mac, firmware) for name, mac in FLEET[:count]]
    bmcs = Bmcs(lab, DIRECTORY, machines)
    say(f"machines run under {accelerator()}; their BMCs, at {bmc.ADDRESS}, are sushy-tools' emulator of Redfish")
    playbook = Playbook(lab, PLAYBOOKS / "demo.yml", inventories, told, log, store.environment)
    if playbook.result() != 0:
        raise Failed(f"the playbook failed; what it said is in {shown(log)}")
    say("ready: installed, restarted, tried the network first, and ended on their disks")
    began = {machine.name: powered_on(machine, bmcs) for machine in machines}
    booted = wait_for_disks(machines)
    seen = {str(entry["name"]): entry for entry in bootd.machines(lab)}
    return [
        report.Sighting(seen[machine.name], began[machine.name], booted[machine.name], shown(machine.serial))
        for machine in machines
    ]


def powered_on(machine: Machine, bmcs: Bmcs) -> float:
    """Return when a machine was switched on; raises Failed unless that was once, to boot from the network once."""
    done = [(event["power"], event["boot"]) for event in bmcs.events(machine.name)]
    if done != [("On", "Pxe")]:
        raise Failed(f"{machine.name}: its BMC was told {done}")
    say(f"{machine.name}: its BMC was told to boot it by PXE once, and switched it on")
    return float(bmcs.events(machine.name)[0]["at"])


def wait_for_disks(machines: Sequence[Machine]) -> dict[str, float]:
    """Return when each machine came up from its disk; raises Failed when one did not in time."""
    deadline = time.monotonic() + DISK_BOOT
    booted: dict[str, float] = {}
    while len(booted) < len(machines):
        for machine in machines:
            _unused, found, marker = machine.console.partition(BOOTED)
            if found and machine.name not in booted:
                booted[machine.name] = time.time()
                say(f"{machine.name}: booted from disk: {marker.splitlines()[0]}")
            elif not found and time.monotonic() > deadline:
                raise Failed(f"{machine.name} did not boot from its disk; its console is in {shown(machine.serial)}")
        time.sleep(0.2)
    return booted


def finish(store: str, sightings: list[report.Sighting], lines: list[str]) -> None:
    """Print the table, then ``lines``, and write the report."""
    target = DIRECTORY / "report.json"
    target.write_text(json.dumps(report.document(store, sightings), indent=2) + "\n")
    print()
    for line in report.table(sightings):
        print(line)
    for line in [*lines, ""] if lines else []:
        print(line)
    print(report.STAND_IN)
    print(f"The report is {shown(target)}; the logs are beside it.", flush=True)


def shown(path: Path) -> str:
    """``path`` as somebody in the checkout would name it."""
    return str(path.relative_to(ROOT))


def say(line: str) -> None:
    """Print a line of the lab's own, at once."""
    print(f"lab: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
