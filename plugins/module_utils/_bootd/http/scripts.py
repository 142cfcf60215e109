# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The iPXE scripts: ``auto.ipxe`` from DHCP, ``autoexec.ipxe`` that iPXE looks for by itself."""

from __future__ import annotations

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    Bottle = HTTPResponse = request = None

from .. import events
from ..catalog import Nic
from ..hardware.mac import parse_mac
from ..policy import Boot, judge
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
    script = site.render(caller.nic, verdict, site.services.settings)
    if request.method == "GET":
        _note(site, caller.nic, verdict.boot, verdict.reason, len(script.encode("utf-8", "replace")))
    return replies.text(200, script)


def _note(site: Site, nic: Nic, boot: Boot, reason: str, size: int) -> None:
    if boot is Boot.LOCAL:
        site.record(nic, events.LOCAL_BOOT, {"reason": reason})
    else:
        site.record(nic, events.SCRIPT, {"kind": boot.value, "via": "http", "bytes": size})
