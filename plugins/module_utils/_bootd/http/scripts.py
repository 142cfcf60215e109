# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The iPXE scripts: ``auto.ipxe`` from DHCP, ``autoexec.ipxe`` that iPXE looks for by itself."""

from __future__ import annotations

from dataclasses import replace

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    pass

from ..decisions import events
from ..decisions.boot import Asked, LocalDisk, Program, Script, Wait, Wants, decide, decide_script, refuse_script
from ..decisions.waiting import what_for
from ..hardware.mac import parse_mac
from ..hardware.model import Nic
from ..runtime import admission, configuration_handout
from . import responses
from .site import Site

NAMES = ("auto.ipxe", "autoexec.ipxe")


def add_routes(app: Bottle, site: Site) -> None:
    """Add ``/auto.ipxe``, ``/autoexec.ipxe`` and the same below ``/<mac>/``."""

    def by_address() -> HTTPResponse:
        return answer(site, None)

    def by_mac(mac: str) -> HTTPResponse:
        parsed = parse_mac(mac)
        if parsed is None:
            return responses.text(404, f"{mac} is no MAC address\n")
        return answer(site, parsed)

    for name in NAMES:
        app.get(f"/{name}", callback=by_address)
        app.get(f"/<mac>/{name}", callback=by_mac)


def answer(site: Site, mac: str | None) -> HTTPResponse:
    """Return the script of the machine with ``mac``, None: of the client's address; 404 where there is no such one."""
    caller = site.caller(request.environ, mac)
    if caller.nic is None:
        site.asked_by_unknown(request.environ, mac)
        asked = Asked(Wants.SCRIPT, Program.IPXE, who=caller.name)
        decision = decide(None, asked, site.boot_context(request.environ))
        if isinstance(decision, Script):
            return responses.text(200, site.render(decision, caller.name, site.services.settings))
        return responses.text(404, f"{decision.reason}\n")
    nic, settings, environ = caller.nic, site.services.settings, request.environ
    if refusal := refuse_script(nic):
        if _asks(site, nic):
            site.record(nic, events.LocalBoot(refusal.reason))
        return responses.text(404, f"{refusal.reason}\n")
    context = site.boot_context(environ, configuration_handout.config_url(site.services, nic, site.address(environ)))
    script = decide_script(nic, context)
    text = site.render(script, nic.interface.mac, settings)
    waits_for = _note(site, nic, script, len(text.encode("utf-8", "replace")))
    if waits_for:
        text = site.render(decide_script(nic, replace(context, waits_for=waits_for)), nic.interface.mac, settings)
    return responses.text(200, text)


def _note(site: Site, nic: Nic, script: Script | Wait, size: int) -> str:
    """Tell the journal what the machine is answered; return what it has to wait for first, "" where for nothing.

    Whoever else looks at its script changes nothing.
    """
    services, now = site.services, site.services.clock()
    asks = _asks(site, nic)
    if isinstance(script, Script) and isinstance(script.boots, LocalDisk):
        if asks:
            site.record(nic, events.LocalBoot(script.reason))
        return ""
    if not asks:
        return what_for(nic.machine, admission.others_of(services), now)
    served = events.Script(script.kind, "http", size)
    return admission.admit(services, nic, events.Event(nic.machine.key, nic.interface.mac, now, served))


def _asks(site: Site, nic: Nic) -> bool:
    return bool(request.method == "GET" and site.is_own_act(request.environ, nic))
