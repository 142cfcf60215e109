# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The iPXE scripts: ``auto.ipxe`` from DHCP, ``autoexec.ipxe`` that iPXE looks for by itself."""

from __future__ import annotations

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    Bottle = HTTPResponse = request = None

from .. import delivery
from ..catalog import Nic
from ..decisions import waiting as order
from ..decisions.policy import Boot, Verdict, held, judge
from ..events import Event, LocalBoot, Script
from ..hardware.mac import parse_mac
from . import replies
from .site import Site

NAMES = ("auto.ipxe", "autoexec.ipxe")


def add_routes(app: Bottle, site: Site) -> None:
    """Add ``/auto.ipxe``, ``/autoexec.ipxe`` and the same below ``/<mac>/``."""

    def by_address() -> HTTPResponse:
        return answer(site, None)

    def by_mac(mac: str) -> HTTPResponse:
        parsed = parse_mac(mac)
        if parsed is None:
            return replies.text(404, f"{mac} is no MAC address\n")
        return answer(site, parsed)

    for name in NAMES:
        app.get(f"/{name}", callback=by_address)
        app.get(f"/<mac>/{name}", callback=by_mac)


def answer(site: Site, mac: str | None) -> HTTPResponse:
    """Return the script of the machine with ``mac``, None: of the client's address; 404 where there is no such one."""
    caller = site.caller(request.environ, mac)
    if caller.nic is None:
        return replies.text(404, f"no Hardware object has {caller.name}\n")
    verdict = judge(caller.nic)
    config_url = delivery.config_url(site.services, caller.nic, site.address(request.environ))
    script = site.render(caller.nic, verdict, site.services.settings, config_url)
    waits_for = _note(site, caller.nic, verdict, len(script.encode("utf-8", "replace")))
    if waits_for:
        script = site.render(caller.nic, held(verdict, waits_for), site.services.settings)
    return replies.text(200, script)


def _note(site: Site, nic: Nic, verdict: Verdict, size: int) -> str:
    """Tell the journal what a GET is answered; return what the machine has to wait for first, "" where for nothing."""
    services, machine, now = site.services, nic.machine, site.services.clock()
    asks = request.method == "GET"
    if verdict.boot is Boot.LOCAL:
        if asks:
            site.record(nic, LocalBoot(verdict.reason))
        return ""
    if not asks:
        return order.what_for(machine, order.others_of(services), now)
    script = Script(verdict.boot.value, "http", size)
    return order.admit(services, nic, Event(machine.key, nic.interface.mac, now, script))
