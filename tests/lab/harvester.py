# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo-harvester`: three machines become a cluster, in a lab, though two of them go wrong at first.

The first machine creates the cluster, the others wait for it in iPXE and join. Of these, one has a disk that is not
there and reports FAILED, one falls silent after its kernel has started. The playbook has to say so of both, and the
second run has to repair them and to leave the first machine alone. Logs and report.json go to build/demo-harvester.
STORE is files or kubernetes.

Inventory and runs are those of the tutorial docs/tutorials/harvester-cluster.md, and what it prints has to come.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from docsite import transcript
from programs.known import missing

from . import artifacts, bootd, bootstrap, report, story
from .accelerator import accelerator
from .command import CommandFailed
from .demo import BUILD, PLAYBOOKS, ROOT, Failed, Store, say, shown
from .down import take_down_abandoned
from .machine import Machine
from .network import Lab
from .playbook import Playbook
from .stores import FILES, KUBERNETES, STORES

DIRECTORY = BUILD / "demo-harvester"
TUTORIAL = ROOT / "docs/tutorials/harvester-cluster.md"
INVENTORY = DIRECTORY / "inventory.yml"
VERSION = "v1.8.2"  # as the inventory has it
COMMAND = "ansible-playbook -i inventory.yml baremetal.netboot.provision"
MACHINES = {f"node-{number}": f"58:47:ca:71:d8:5{number}" for number in (1, 2, 3)}
PASSWORD = "lab of the demo"
CLUSTER = "10-10-0-30"  # its VIP, under which its token is kept


def main() -> int:
    """Run the demo; returns the exit status."""
    try:
        run(os.environ.get("STORE", FILES))
    except (Failed, CommandFailed) as error:
        say(f"demo failed: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the lab is taken down")
        return 130
    return 0


def run(kind: str) -> None:
    """Have the three machines installed in two runs of the playbook; raises Failed where anything is not as told."""
    if kind not in STORES:
        raise Failed(f"STORE is {kind!r} but should be one of {', '.join(STORES)}")
    lacking = missing(*STORES[kind].needs)
    if lacking:
        raise Failed("\n  ".join(["this host lacks something", *lacking]))
    take_down_abandoned()
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    say(f"building the files of a release, {VERSION}, with their checksums: a stand-in for Harvester")
    artifacts.publish(artifacts.build(BUILD / "lab"), DIRECTORY / "release", VERSION)
    with Lab() as lab:
        bootstrap.lay_out(lab)
        if kind == KUBERNETES:
            say("starting Kubernetes on the node")
        store = STORES[kind](lab, DIRECTORY, BUILD / "lab")
        say(f"the lab is up: node {bootstrap.NODE_ADDRESS}; machines run under {accelerator()}")
        try:
            first, second = twice(lab, store)
        finally:
            store.keep(DIRECTORY)
        expect(story.told_in(logs(), [PASSWORD, store.token(CLUSTER)]))
    target = DIRECTORY / "report.json"
    target.write_text(json.dumps({"first": first, "second": second}, indent=2) + "\n")
    say("a cluster of three; neither its password nor its token is in any log")
    print(report.STAND_IN)
    print(f"The report is {shown(target)}; the logs are beside it.", flush=True)


def twice(lab: Lab, store: Store) -> Sequence[story.Run]:
    """Run the playbook with two machines that go wrong, then with these repaired, and return both runs."""
    inventory, first_run, second_run = tutorial()
    INVENTORY.write_text(inventory.text, encoding="utf-8")
    machines = {name: Machine(lab, DIRECTORY, name, mac) for name, mac in MACHINES.items()}
    first = attempt(lab, store, "first", machines.values(), broken=True)
    expect([*story.after_the_first(first), *not_as_printed(first_run, first)])
    say("as it had to be: the first machine is ready, of the others the playbook has said what is wrong")
    broken = [machines[name] for name in ("node-2", "node-3")]
    for machine in broken:
        machine.power_off()
    second = attempt(lab, store, "second", broken, broken=False)
    expect([*story.after_the_second(second, first), *not_as_printed(second_run, second)])
    return first, second


def tutorial() -> tuple[transcript.Written, transcript.Typed, transcript.Typed]:
    """Return the tutorial's inventory and its two runs of the playbook; raises Failed where it has others."""
    steps = transcript.steps(TUTORIAL)
    match steps:
        case [
            transcript.Written("inventory.yml") as inventory,
            transcript.Typed() as first,
            transcript.Typed() as second,
        ]:
            if first.command == second.command == COMMAND:
                return inventory, first, second
    raise Failed(f"{shown(TUTORIAL)} has another course than one inventory and twice {COMMAND!r}")


def not_as_printed(typed: transcript.Typed, run: story.Run) -> list[str]:
    """Return how what the tutorial prints differs from what was seen."""
    found = transcript.difference(typed.prints, run["said"])
    return [f"{shown(TUTORIAL)}: {found}"] if found else []


def attempt(lab: Lab, store: Store, name: str, machines: Iterable[Machine], *, broken: bool) -> story.Run:
    """Run the playbook, power ``machines`` on when it asks for that, and return how it ended and what bootd knows."""
    log, power = DIRECTORY / f"ansible-{name}.log", DIRECTORY / "power"
    power.unlink(missing_ok=True)
    told = {"demo_dir": str(DIRECTORY), "demo_broken": broken, **store.variables}
    overlays = [PLAYBOOKS / "inventory" / file.replace("demo", "demo_harvester", 1) for file in store.inventories]
    inventories = [INVENTORY, *overlays]
    playbook = Playbook(lab, PLAYBOOKS / "demo_harvester.yml", inventories, told, log, store.environment)
    while not power.exists():
        if not playbook.runs:
            raise Failed(f"the playbook ended before it asked for power; what it said is in {shown(log)}")
        time.sleep(0.2)
    for machine in machines:
        machine.power_on()
        say(f"{machine.name}: power on, {machine.firmware}, {machine.mac}")
    status = playbook.result()
    known: Mapping[str, Mapping[str, object]] = {str(entry["name"]): entry for entry in bootd.machines(lab)}
    return {"status": status, "said": log.read_text(errors="replace"), "machines": known}


def expect(problems: list[str]) -> None:
    """Raise Failed with ``problems``, if there are any."""
    if problems:
        raise Failed("\n  ".join(["not as it has to be", *problems, f"the logs are in {shown(DIRECTORY)}"]))


def logs() -> dict[str, str]:
    """Return the content of every log by its name."""
    paths: list[Path] = sorted(DIRECTORY.glob("*.log"))
    return {path.name: path.read_text(errors="replace") for path in paths}


if __name__ == "__main__":
    sys.exit(main())
