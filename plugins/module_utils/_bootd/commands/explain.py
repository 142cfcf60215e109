# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``bootd explain``: what one machine would get at each step of a boot, and why, from the code that answers it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..configurations.base import Configurations, NoConfigurations
from ..decisions import architectures, tokens
from ..decisions.boot import (
    Asked,
    BootContext,
    BootFile,
    Program,
    Refusal,
    Script,
    Wait,
    Wants,
    decide_next,
    decide_script,
)
from ..decisions.boot import decide as decide_boot
from ..decisions.policy import judge
from ..decisions.stages import State
from ..decisions.waiting import Others, what_for
from ..dhcp import options as opt
from ..dhcp.decide import Answer, decide
from ..dhcp.packet import BOOTREQUEST, NO_ADDRESS, Packet, identify
from ..dhcp.reply import context_from, program_of
from ..hardware.model import Nic
from ..installers.registry import installer_of
from ..ipxe.render import render
from ..process.log import Log
from ..process.served_files import open_inside
from ..process.settings import Settings
from ..stores.base import Store, StoreProblem
from ..stores.catalog import Catalog
from ..stores.states.directory import StateDir
from ..tftp.decide import Refuse
from ..tftp.decide import decide as decide_tftp
from ..tftp.packet import Request
from .arguments import client_from, settings_from
from .backends import is_cluster, open_backends

_ASKED = bytes((opt.SUBNET_MASK, opt.ROUTER, opt.DOMAIN_NAME_SERVER, opt.TFTP_SERVER_NAME, opt.BOOT_FILE_NAME))
MAX_PROBLEMS = 10  # that are shown where there is no such machine


@dataclass(frozen=True, slots=True)
class ExplainContext:
    """What an explanation takes into account beside the catalog.

    ``state_of`` returns a machine's state by its key; None where the state directory is not known. ``problems`` are
    those of the store.
    """

    settings: Settings
    configurations: Configurations = field(default_factory=NoConfigurations)
    state_of: Callable[[str], State] | None = None
    problems: Sequence[StoreProblem] = ()


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what the machine that is named would get; 1 where no Hardware object has its MAC address."""
    mac, arch = client_from(options)
    settings = settings_from(options)
    catalog = Catalog()
    with StateDir(settings.state_dir, exclusive=False) as state_dir:
        backends = open_backends(settings, state_dir, catalog, Log(level="error", stream=sys.stderr), environ)
        backends.store.read(catalog)
        backends.configurations.read()
        state_of = _states(backends.store, settings)
    context = ExplainContext(settings, backends.configurations, state_of, backends.store.problems())
    sys.stdout.writelines(f"{line}\n" for line in explain(catalog, mac, arch, context))
    return 0 if catalog.by_mac(mac) else 1


def _states(store: Store, settings: Settings) -> Callable[[str], State] | None:
    """Return what gives the states of machines, None where nobody said where they are kept."""
    if not settings.state_dir and not is_cluster(settings.store):
        return None
    states = store.load_states()
    return lambda key: states.get(key, State())


def explain(catalog: Catalog, mac: str, arch: int, context: ExplainContext) -> Iterator[str]:
    """Yield the lines that explain a boot of the machine with ``mac`` (colon form), whose firmware is of ``arch``."""
    nic = catalog.by_mac(mac)
    if nic is None:
        yield from _unknown(mac, context.problems)
        return
    yield from _machine(nic, catalog, context)
    yield from _boot(nic, arch, catalog, context)
    yield from _dhcp("operating system", _request(mac, {}), nic, context.settings)


def _unknown(mac: str, problems: Sequence[StoreProblem]) -> Iterator[str]:
    yield f"{mac}: no Hardware object has this MAC address."
    yield "It gets no DHCP reply, no boot file and no script; bootd records that it asked."
    if problems:
        yield "These can't be used, and the machine may be one of them:"
        yield from (f"  {problem.where}: {problem.message}" for problem in problems[:MAX_PROBLEMS])


def _machine(nic: Nic, catalog: Catalog, context: ExplainContext) -> Iterator[str]:
    """Yield which machine this is, what its object wants, and what it has to wait for."""
    machine = nic.machine
    yield f"{machine.name} ({machine.key}), {nic.interface.mac}, from {machine.source}"
    yield f"  {judge(nic).reason}"
    if context.state_of is None:
        yield "  what bootd has seen and kept of it is not known here: --state-dir names the directory of the daemon"
    if not machine.after:
        return
    yield f"  but waits in iPXE until these are done: {', '.join(machine.after)}"
    if context.state_of is not None:
        waits_for = what_for(machine, Others(catalog, context.state_of, (), context.settings), 0.0)
        yield f"  and now waits for {waits_for}" if waits_for else "  which they are"


def _boot(nic: Nic, arch: int, catalog: Catalog, context: ExplainContext) -> Iterator[str]:
    """Yield what the firmware, of ``arch``, is answered, what it loads, and how that goes on."""
    settings, mac = context.settings, nic.interface.mac
    request = _firmware(mac, arch)
    yield from _dhcp(f"firmware, {architectures.describe(arch)}", request, nic, settings)
    client = identify(request)
    asked = Asked(Wants.NEXT, program_of(client), client.arches, who=mac)
    next_step = decide_next(nic, asked, BootContext.of(settings))
    if isinstance(next_step, BootFile) and next_step.server not in ("", settings.address):
        yield ""
        yield f"firmware: loads {next_step.name} from {next_step.server}, and what comes then is not up to bootd"
        return
    yield from _load(next_step, asked.program, nic, catalog, settings)
    if isinstance(next_step, Refusal) and next_step.netboot:
        yield ""
        yield "iPXE: not reached, since this firmware is given nothing to load"
        return
    if isinstance(next_step, BootFile) and next_step.server:
        return
    sender = "iPXE" if isinstance(next_step, BootFile) else "iPXE, if the network card carries it"
    yield from _dhcp(sender, _ipxe(mac, arch), nic, settings)
    yield from _script(nic, context)


def _request(mac: str, more: dict[int, bytes]) -> Packet:
    options = {opt.MESSAGE_TYPE: bytes((opt.DHCPDISCOVER,)), opt.PARAMETER_REQUEST_LIST: _ASKED}
    return Packet(op=BOOTREQUEST, xid=1, mac=mac, options=options | more)


def _firmware(mac: str, arch: int) -> Packet:
    name = "HTTPClient" if arch in architectures.BY_HTTP else "PXEClient"
    vendor_class = f"{name}:Arch:{arch:05d}:UNDI:003016".encode()
    return _request(mac, {opt.VENDOR_CLASS: vendor_class, opt.CLIENT_ARCHITECTURE: arch.to_bytes(2, "big")})


def _ipxe(mac: str, arch: int) -> Packet:
    firmware = _firmware(mac, arch)
    return _request(mac, {**firmware.options, opt.USER_CLASS: b"iPXE"})


def _dhcp(sender: str, request: Packet, nic: Nic, settings: Settings) -> Iterator[str]:
    yield ""
    yield f"{sender}: DHCPDISCOVER"
    answer = decide(request, nic, context_from(settings))
    if not isinstance(answer, Answer):
        yield f"  no reply: {answer.reason}"
        return
    reply, interface = answer.reply, nic.interface
    yield f"  DHCPOFFER {reply.yiaddr}/{interface.netmask or '?'}, gateway {interface.gateway or 'none'}"
    file = answer.leased.filename if answer.leased else ""
    named = opt.text(reply.options.get(opt.TFTP_SERVER_NAME, b""))
    server = named if reply.siaddr == NO_ADDRESS else reply.siaddr
    if not file:
        yield "  no boot file"
    elif "://" in file or not server:
        yield f"  file {file}"
    else:
        yield f"  next server {server}, file {file}"
    yield f"  because {answer.reason}"


def _load(
    next_step: BootFile | Refusal, program: Program, nic: Nic, catalog: Catalog, settings: Settings
) -> Iterator[str]:
    """Yield what the firmware gets for the file that ``next_step`` names; nothing where it names none."""
    name = next_step.name if isinstance(next_step, BootFile) else ""
    if not name and not next_step.url:
        return
    yield ""
    if program is Program.HTTP:
        yield f"firmware: HTTP GET {next_step.url}"
        wanted = Asked(Wants.FILE, program, name=name or next_step.url.rpartition("/")[2], who=nic.interface.mac)
        decision = decide_boot(nic, wanted, BootContext.of(settings))
        refused = f"403: {decision.reason}" if isinstance(decision, Refusal) else ""
    else:
        tftp_name = next_step.tftp_name if isinstance(next_step, BootFile) else ""
        yield f"firmware: TFTP RRQ {tftp_name}"
        request = Request(write=False, filename=tftp_name, mode="octet", options=())
        answer = decide_tftp(
            request, nic.interface.address, catalog, BootContext.of(settings), lambda found: _text(found, settings)
        )
        refused = answer.reason if isinstance(answer, Refuse) else ""
    yield f"  refused: {refused}" if refused else f"  {_sends(name, settings.boot_files)}"


def _sends(name: str, directories: Sequence[str]) -> str:
    """Return that the boot file ``name`` is sent, and where it is, or that it is missing."""
    if not directories:
        return f"sends {name}, if it is there: --boot-files names the directories to look in"
    for directory in directories:
        try:
            descriptor = open_inside(directory, name)
        except OSError:
            continue
        size = os.fstat(descriptor).st_size
        os.close(descriptor)
        return f"sends {name}, {size} octets, from {os.path.join(directory, name)}"
    return f"can't send {name}: it is in none of {', '.join(directories)}"


def _script(nic: Nic, context: ExplainContext) -> Iterator[str]:
    yield ""
    yield "iPXE: GET the script"
    settings = context.settings
    installer = installer_of(nic.machine)
    kept = context.configurations.expects(nic.machine.key, installer.read) or installer.makes_configuration
    # Whoever reads this is not the machine: the token stays hidden.
    config_url = tokens.configuration_url(settings.http_base, nic.interface.mac, tokens.HIDDEN) if kept else ""
    for line in _text(nic, settings, config_url)[1].splitlines():
        yield f"  | {line}".rstrip()


def _text(nic: Nic, settings: Settings, config_url: str = "") -> tuple[Script | Wait, str]:
    script = decide_script(nic, BootContext.of(settings, config_url))
    return script, render(script, nic.interface.mac, settings)
