# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd explain``: what one machine would get at each step of a boot, and why, from the code that answers it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from urllib.parse import quote

from ..decisions import tokens
from ..decisions.architectures import CPUS
from ..decisions.boot import BootContext, Program, Script, Wait, contradiction, decide_script
from ..decisions.boot_programs import own_architecture
from ..decisions.events import Via
from ..decisions.modes import AUTO_PROXY, RESERVATION, Modes
from ..decisions.policy import judge
from ..decisions.stages import BUSY
from ..decisions.waiting import Others, what_for
from ..grub import render as grub
from ..hardware.mac import parse_mac
from ..hardware.model import Nic
from ..hardware.problem import printable
from ..http.status import Document, machine_document
from ..installers.registry import installer_of
from ..ipxe.render import render
from ..process.networks import is_own_address
from ..process.settings import Settings
from ..stores.base import StoreProblem
from .arguments import EXAMPLE_ADDRESS, client_from, settings_from
from .boot_steps import DISCOVER, PROXY_REQUEST, Step, boot_steps, mode_of
from .clients import FIRMWARE, Client
from .daemon_api import NoAnswer, ask
from .machine_table import age
from .snapshot import Snapshot, read_snapshot

MAX_PROBLEMS = 10  # that are shown where there is no such machine
_DHCP = (DISCOVER, PROXY_REQUEST)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A boot of one interface of a machine, begun by ``client``.

    ``waits_for`` is what it would be held for just now, ``problems`` are those of its object. ``other_architecture``
    says that the client has another than the object, "" where it has not.
    """

    nic: Nic
    client: Client
    steps: tuple[Step, ...]
    waits_for: str
    problems: tuple[StoreProblem, ...]
    other_architecture: str = ""


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what the machine that is named would get; 1 where there is no such machine, or its manifest is broken."""
    client = client_from(options)
    snapshot = read_snapshot(settings_from(options), environ, configurations=True)
    found = [explain(nic, client, snapshot, time.time()) for nic in snapshot.find(options.machine)]
    if options.json:
        explained = [as_document(item, snapshot) | {"packets": packets_of(item.nic, snapshot)} for item in found]
        document = {"explanations": explained} if found else {}
        sys.stdout.write(json.dumps(document or missing_document(options.machine, snapshot), indent=2) + "\n")
    else:
        told = [(*as_text(item, snapshot), *packet_lines(packets_of(item.nic, snapshot)), "") for item in found]
        lines = [line for part in told for line in part][:-1]
        sys.stdout.writelines(f"{line}\n" for line in lines or missing_text(options.machine, snapshot))
    return 0 if found else 1


def explain(
    nic: Nic, client: Client | None, snapshot: Snapshot, now: float, shown: Callable[[Nic], Nic] = lambda nic: nic
) -> Explanation:
    """Return what the machine of ``nic`` would get that starts with ``client``, None for its own firmware.

    Scripts are made of what ``shown`` returns of an interface and its machine.
    """
    machine, settings = nic.machine, snapshot.settings
    if client is None:
        client, cpu = Client(FIRMWARE, own_architecture(nic.interface, snapshot.state(machine.key).firmware)), ""
    else:
        cpu = CPUS.get(client.arch, "")
    busy = [key for key, state in (snapshot.states or {}).items() if state.stage in BUSY]
    others = Others(snapshot.catalog, snapshot.state, busy, settings)
    waits_for = what_for(machine, others, now) if snapshot.states is not None else ""
    steps = boot_steps(nic, client, snapshot.catalog, settings, partial(_script, snapshot, cpu, shown))
    problems = snapshot.problems_of_machine(machine)
    return Explanation(nic, client, tuple(steps), waits_for, tuple(problems), contradiction(nic, cpu))


def _script(
    snapshot: Snapshot, cpu: str, shown: Callable[[Nic], Nic], nic: Nic, program: Program, via: Via = "tftp"
) -> tuple[Script | Wait, str]:
    nic = shown(nic)
    settings, installer = snapshot.settings, installer_of(nic.machine)
    kept = snapshot.configurations.expects(nic.machine.key, installer.read) or installer.makes_configuration
    # Whoever reads this is not the machine: the token stays hidden.
    config_url = tokens.configuration_url(settings.http_base, nic.interface.mac, tokens.HIDDEN) if kept else ""
    # What the machine ends with: its first script sends it on where its object names another processor.
    context = replace(BootContext.of(settings, config_url), cpu=cpu if contradiction(nic, cpu) else "")
    script = decide_script(nic, context, program)
    mac = nic.interface.mac
    return script, grub.render(script, mac, settings, via) if program is Program.GRUB else render(script, mac, settings)


def as_document(explanation: Explanation, snapshot: Snapshot) -> Document:
    """Return ``explanation`` for programs: the machine as the API has it, and the steps."""
    machine = explanation.nic.machine
    return {
        "machine": machine_document(machine, snapshot.state(machine.key)),
        "state_known": snapshot.states is not None,
        "mac": explanation.nic.interface.mac,
        "source": machine.source,
        "client": {"kind": explanation.client.kind, "arch": explanation.client.arch},
        "dhcp_mode": mode_of(explanation.nic, snapshot.settings),
        "reason": judge(explanation.nic).reason,
        "waits_for": explanation.waits_for,
        "other_architecture": explanation.other_architecture,
        "problems": [asdict(problem) for problem in explanation.problems],
        "steps": [asdict(step) for step in explanation.steps],
    }


def as_text(explanation: Explanation, snapshot: Snapshot) -> Iterator[str]:
    """Yield ``explanation`` for people, line by line."""
    yield from _head(explanation, snapshot)
    for step in explanation.steps:
        yield ""
        yield f"{step.client}: {step.asks or step.refused}"
        yield from (f"  {line}".rstrip() for line in _answer(step))


def packets_of(nic: Nic, snapshot: Snapshot) -> list[Document] | None:
    """Return the last packets of the interface, as the daemon that runs on this host has them, or None.

    None where it runs elsewhere, or gives no answer.
    """
    return _packets_at(f"machines/{quote(nic.machine.key)}/events", nic.interface.mac, snapshot.settings)


def _packets_at(path: str, mac: str, settings: Settings) -> list[Document] | None:
    if not is_own_address(settings.address):
        return None
    try:
        found, _at = ask(f"{settings.http_base}/api/v1/{path}")
        return [dict(packet) for packet in found["packets"] if packet["mac"] == mac]
    except (NoAnswer, KeyError, TypeError, ValueError):
        return None


def packet_lines(packets: list[Document] | None) -> Iterator[str]:
    """Yield ``packets`` for people, line by line; nothing where there are none."""
    if not packets:
        return
    now = time.time()
    yield ""
    yield "its last packets, which bootd remembers until it is restarted:"
    for packet in packets:
        via, asked, why = packet["via"].upper(), packet["asked"], packet["why"]
        answered = f"{packet['answered'] or 'no answer'}{f', because {why}' if why else ''}"
        yield printable(f"  {age(now - packet['at']):>7} ago  {via:<4}  {asked}: {answered}")


def _head(explanation: Explanation, snapshot: Snapshot) -> Iterator[str]:
    """Yield which machine this is, what its object wants, where it stands, and what it has to wait for."""
    nic, machine = explanation.nic, explanation.nic.machine
    yield f"{machine.name} ({machine.key}), {nic.interface.mac}, from {machine.source}"
    yield f"  {judge(nic).reason}"
    if explanation.other_architecture:
        yield f"  but {explanation.other_architecture}; files are chosen by what it says"
    settings, mode = snapshot.settings, mode_of(nic, snapshot.settings)
    if mode != RESERVATION or settings.dhcp_modes:
        modes = ", ".join(f"{scope}={other}" for scope, other in settings.dhcp_modes.items())
        yield f"  DHCP mode {mode}{f', where no other is for an interface or a relay: {modes}' if modes else ''}"
    if snapshot.states is None:
        yield "  what bootd has seen and kept of it is not known here: --state-dir names the directory of the daemon"
    if machine.after:
        yield f"  but waits in iPXE until these are done: {', '.join(machine.after)}"
    if explanation.waits_for:
        yield f"  and now waits for {explanation.waits_for}"
    elif machine.after and snapshot.states is not None:
        yield "  which they are"
    state = snapshot.state(machine.key)
    if state.last_at:
        more = f": {state.error}" if state.error else f", last seen: {state.last}"
        yield f"  stage {state.stage} for {age(time.time() - state.since)}, attempt {state.attempt}{more}"
    if snapshot.settings.address == EXAMPLE_ADDRESS:
        yield f"  {EXAMPLE_ADDRESS} below stands for bootd's address, which --address or --settings tells"
    for problem in explanation.problems:
        yield f"  problem: {problem.where}: {problem.message}"


def _answer(step: Step) -> Iterator[str]:
    if not step.asks:
        return
    if step.refused or step.missing:
        yield step.missing or f"{'no reply' if step.asks in _DHCP else 'refused'}: {step.refused}"
    elif step.asks in _DHCP:
        yield from _offer(step.gets, "DHCPOFFER" if step.asks == DISCOVER else "DHCPACK")
        yield f"because {step.because}"
    elif "script" in step.gets:
        yield from (f"| {line}" for line in str(step.gets["script"]).splitlines())
    elif "path" in step.gets:
        yield f"sends {step.gets['file']}, {step.gets['bytes']} octets, from {step.gets['path']}"
    else:
        yield f"sends {step.gets['file']}, if it is there: --boot-files names the directories to look in"


def _offer(gets: Mapping[str, str | int], message: str) -> Iterator[str]:
    if "address" in gets:
        yield f"{message} {gets['address']}/{gets.get('netmask', '?')}, gateway {gets.get('gateway', 'none')}"
    else:
        yield f"{message} without an address, which another DHCP server gives"
    if "further_options" in gets:
        yield f"further options, where it asks for them: {gets['further_options']}"
    if "file" not in gets:
        yield "no boot file"
    elif "server" in gets:
        yield f"next server {gets['server']}, file {gets['file']}"
    else:
        yield f"file {gets['file']}"


def missing_document(asked: str, snapshot: Snapshot) -> Document:
    """Return for programs that there is no machine ``asked``, or that what is there can't be used."""
    about = snapshot.problems_of(asked)
    return {
        "asked": asked,
        "broken": bool(about),
        "kept": snapshot.kept(asked),
        "nearest": snapshot.nearest(asked),
        "problems": [asdict(problem) for problem in about or snapshot.problems],
    }


def missing_text(asked: str, snapshot: Snapshot) -> Iterator[str]:
    """Yield the same for people, line by line."""
    about, kept = snapshot.problems_of(asked), snapshot.kept(asked)
    if about:
        yield f"{asked}: its object is broken, so that bootd can't serve it as it stands:"
    else:
        yield f"{asked}: no Hardware object {snapshot.what_is_missing(asked)}."
        if nearest := snapshot.nearest(asked):
            yield f"Is {' or '.join(nearest)} meant?"
    shown = about or snapshot.problems
    if shown and not about:
        yield "These can't be used, and the machine may be one of them:"
    yield from (f"  {problem.where}: {problem.message}" for problem in shown[:MAX_PROBLEMS])
    if len(shown) > MAX_PROBLEMS:
        yield f"  and {len(shown) - MAX_PROBLEMS} more: run bootd check"
    for key, stage in kept.items():
        yield f"bootd has served {key} before (stage {stage}). A bootd that runs still serves it so."
    if not kept and AUTO_PROXY in Modes.of(snapshot.settings).used:
        yield f"Where the DHCP mode is {AUTO_PROXY} it boots the script of unknown machines."
        yield "bootd records that it asked."
    elif not kept:
        yield "It gets no DHCP reply, no boot file and no script; bootd records that it asked."
    if not kept and (mac := parse_mac(asked)):
        yield f"bootd machines --unknown {mac} tells whether it has asked, and what it said of itself."
        yield from packet_lines(_packets_at(f"unknown/{mac}", mac, snapshot.settings))
