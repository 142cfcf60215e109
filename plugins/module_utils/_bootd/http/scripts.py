# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The scripts of iPXE and the configurations of GRUB, of machines that ask for them.

``auto.ipxe`` comes from DHCP, ``autoexec.ipxe`` iPXE looks for by itself. GRUB that firmware has loaded by HTTP looks
for ``/grub/grub.cfg``, or beside the file it was loaded from; see ``grub.names``.
"""

from __future__ import annotations

from typing import NamedTuple

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    pass

from ..decisions import events
from ..decisions.boot import (
    Asked,
    BootContext,
    LocalDisk,
    Program,
    Script,
    Wait,
    Wants,
    contradiction,
    decide,
    decide_script,
    kind_of,
    refuse_script,
)
from ..decisions.waiting import what_for
from ..grub import render as grub
from ..grub.names import CONFIGURATION, cpu_in, is_configuration, mac_in
from ..hardware.cpu import cpu_of_build
from ..hardware.mac import parse_mac, split_mac
from ..hardware.model import Nic
from ..ipxe.render import with_network
from ..runtime import admission, configuration_handout
from . import responses
from .site import Site

AUTOEXEC = "autoexec.ipxe"
NAMES = ("auto.ipxe", AUTOEXEC)


def add_routes(app: Bottle, site: Site) -> None:
    """Add ``/auto.ipxe``, ``/autoexec.ipxe`` and the same below ``/<mac>/``; ``grub.cfg`` anywhere."""

    def by_address() -> HTTPResponse:
        return answer(site, None)

    def by_mac(mac: str) -> HTTPResponse:
        parsed = parse_mac(mac)
        if parsed is None:
            return responses.text(404, f"{mac} is no MAC address\n")
        return answer(site, parsed)

    def of_grub(directory: str = "", mac: str = "") -> HTTPResponse:
        named, name = split_mac(f"{directory}/{CONFIGURATION}" + (f"-{mac}" if mac else ""))
        return answer(site, named or mac_in(name), Program.GRUB, cpu_in(name))

    for directory in ("", "/<directory:path>"):
        app.get(f"{directory}/{CONFIGURATION}", callback=of_grub)
        app.get(f"{directory}/{CONFIGURATION}-<mac>", callback=of_grub)
    for name in NAMES:
        app.get(f"/{name}", callback=by_address)
        app.get(f"/<mac>/{name}", callback=by_mac)


def program_of(name: str) -> Program | None:
    """Return which program asks for its script by the tidied path ``name``, None where it is that of a file."""
    if name.rpartition("/")[2] in NAMES:
        return Program.IPXE
    return Program.GRUB if is_configuration(name) else None


def answer(site: Site, mac: str | None, program: Program = Program.IPXE, build: str = "") -> HTTPResponse:
    """Return the script, for ``program``, of the machine with ``mac``, None: of the client's address.

    ``build`` is what GRUB says that it was built for; iPXE says it in the query.
    404 where there is no such machine.
    """
    caller = site.caller(request.environ, mac, boots=True)
    if caller.nic is None:
        environ = request.environ
        site.asked_by_unknown(environ, mac)
        decision = decide(None, Asked(Wants.SCRIPT, program, who=caller.name), site.boot_context(environ))
        site.decided(kind_of(decision) if isinstance(decision, Script) else "refused")
        if isinstance(decision, Script):
            in_firmware = request.path.rstrip("/").endswith(f"/{AUTOEXEC}")
            return responses.text(200, _text(site, program, decision, caller.name, in_firmware=in_firmware))
        return responses.text(404, f"{decision.reason}\n")
    nic, environ = caller.nic, request.environ
    if program is Program.IPXE and (refusal := refuse_script(nic)):
        if _asks(site, nic):
            site.record(nic, events.LocalBoot(refusal.reason))
        site.decided("refused")
        return responses.text(404, f"{refusal.reason}\n")
    cpu = build or request.query.get("arch", "")
    in_firmware = request.path.rstrip("/").endswith(f"/{AUTOEXEC}")
    asked = Question(nic.interface.mac, program, cpu, bool(build) or "arch" in request.query, in_firmware)
    url = configuration_handout.config_url(site.services, nic, site.speaker(environ))
    script, text = write(site, nic, asked, url)
    if isinstance(script, Script) and (differs := contradiction(nic, cpu_of_build(cpu))):
        site.services.log.warning("other_architecture", machine=nic.machine.name, mac=nic.interface.mac, reason=differs)
    waits_for = _note(site, nic, script, len(text.encode("utf-8", "replace")))
    site.decided("wait" if waits_for else kind_of(script))
    if waits_for:
        _waits, text = write(site, nic, asked, url, waits_for)
    return responses.text(200, text)


class Question(NamedTuple):
    """What a request for the script of the machine with ``mac`` says beside who asks.

    ``cpu`` is what the program says that it was built for, "" where it says nothing although it may have been
    ``asked_cpu``; ``in_firmware``: the script is fetched through firmware, by an iPXE that may have no network yet.
    """

    mac: str
    program: Program = Program.IPXE
    cpu: str = ""
    asked_cpu: bool = False
    in_firmware: bool = False


def write(
    site: Site, nic: Nic, asked: Question, configuration_url: str, waits_for: str = ""
) -> tuple[Script | Wait, str]:
    """Return what is decided for the machine of ``nic``, and the script that does it."""
    # As the script itself has iPXE and GRUB say where they run on another processor than the object has it.
    cpu = cpu_of_build(asked.cpu)
    settings = site.services.settings
    context = BootContext.of(settings, configuration_url, waits_for, cpu=cpu, asked_cpu=asked.asked_cpu)
    script = decide_script(nic, context, asked.program)
    return script, _text(site, asked.program, script, nic.interface.mac, in_firmware=asked.in_firmware)


def event_of(script: Script | Wait, size: int) -> events.LocalBoot | events.Script:
    """Return what is recorded of the machine itself that is answered ``script``, a text of ``size`` octets."""
    if isinstance(script, Script) and isinstance(script.boots, LocalDisk):
        return events.LocalBoot(script.reason)
    return events.Script(script.kind, "http", size)


def _text(site: Site, program: Program, script: Script | Wait, mac: str, *, in_firmware: bool = False) -> str:
    settings = site.services.settings
    if program is Program.GRUB:
        return grub.render(script, mac, settings, "http")
    text = site.render(script, mac, settings)
    # The one by this name is had through firmware, where it boots by HTTP.
    return with_network(script, text) if in_firmware else text


def _note(site: Site, nic: Nic, script: Script | Wait, size: int) -> str:
    """Tell the journal what the machine is answered; return what it has to wait for first, "" where for nothing.

    Whoever else looks at its script changes nothing.
    """
    services, now = site.services, site.services.clock()
    asks, seen = _asks(site, nic), event_of(script, size)
    if isinstance(seen, events.LocalBoot):
        if asks:
            site.record(nic, seen)
        return ""
    if not asks:
        return what_for(nic.machine, admission.others_of(services), now)
    return admission.admit(services, nic, events.Event(nic.machine.key, nic.interface.mac, now, seen))


def _asks(site: Site, nic: Nic) -> bool:
    return bool(request.method == "GET" and site.is_own_act(request.environ, nic))
