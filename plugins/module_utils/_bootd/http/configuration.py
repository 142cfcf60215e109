# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/configuration/<mac>/<token>``: a machine's installer configuration, for that machine while it is being installed.

It holds the cluster's token and passwords. So everything else below ``/configuration/`` gets one and the same 404, and
why is only in the log.
"""

from __future__ import annotations

import os

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    pass

from ..decisions import tokens
from ..decisions.events import Configuration, ConfigurationLeak
from ..hardware.mac import parse_mac
from ..hardware.model import Nic
from ..runtime import configuration_handout
from ..runtime.origin import is_its_own
from . import responses
from .file_body import FileBody
from .site import Site

ROOT = tokens.CONFIGURATION_PREFIX
ELSEWHERE = "asked for from an address that is not the machine's"


def add_routes(app: Bottle, site: Site) -> None:
    """Add the route, and the 404 for all that looks like it."""

    def configuration(rest: str = "") -> HTTPResponse:
        mac, _slash, token = rest.partition("/")
        nic = site.services.catalog.by_mac(parse_mac(mac) or "")
        is_token = _is_token(site, nic, token)
        reason = _obstacle(site, nic, is_token)
        if nic is not None and reason == ELSEWHERE and is_token:
            _note_leak(site, nic)
        if nic is not None and not reason:
            reply = give(site, nic)
            if reply is not None:
                return reply
            reason = "no configuration is kept for it"
        site.services.log.warning(
            "configuration_not_given",
            machine=nic.machine.key if nic is not None else None,
            client=site.address(request.environ),
            reason=reason,
        )
        return nothing()

    app.route(ROOT, method="ANY", callback=configuration)
    app.route(f"{ROOT}/<rest:path>", method="ANY", callback=configuration)


def nothing() -> HTTPResponse:
    """Return what everybody gets who gets no configuration."""
    return responses.text(404, "no such configuration\n")


def give(site: Site, nic: Nic) -> HTTPResponse | None:
    """Return the configuration of the machine of ``nic``, None where there is none. That it was sent is recorded."""
    handout = configuration_handout.handout(site.services, nic)
    if handout is None:
        return None
    content = handout.content
    headers = {
        "Content-Type": handout.media_type,
        "Content-Length": str(len(content)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if request.method == "HEAD":
        return HTTPResponse(b"", 200, headers=headers)
    body = _body(content)
    body.on_close.append(lambda sent: _sent(site, nic, sent, len(content)))
    return HTTPResponse(body, 200, headers=headers)


def _is_token(site: Site, nic: Nic | None, token: str) -> bool:
    """Return whether ``token`` is the machine's; as slowly for unknown machines, or time would tell which there are."""
    key = nic.machine.key if nic is not None else ""
    state = site.services.journal.state(key)
    return tokens.opens_configuration(site.services.secret, key, state.installs, state.attempt, token)


def _obstacle(site: Site, nic: Nic | None, is_token: bool) -> str:
    """Return why this request gets nothing, "" where it may get the configuration of ``nic``."""
    services = site.services
    if request.method not in ("GET", "HEAD"):
        return f"asked for by {request.method}"
    if nic is None:
        return "no Hardware object has this MAC address"
    if not is_its_own(services, nic, site.speaker(request.environ)):
        return ELSEWHERE
    if not is_token:
        return "the URL is not, or no longer, in use"
    return configuration_handout.obstacle(services, nic, services.journal.state(nic.machine.key))


def _note_leak(site: Site, nic: Nic) -> None:
    """Close the window of a machine that has its configuration: somebody else has come to know its URL."""
    services, state = site.services, site.services.journal.state(nic.machine.key)
    address = site.address(request.environ)
    # A rehearsal is shown no token. So whoever has one is no rehearsal, whatever it says, but for the machine itself.
    if state.configuration_closed or "configuration" not in state.seen or is_its_own(services, nic, address):
        return
    closed = site.record(nic, ConfigurationLeak(address)).configuration_closed
    services.log.warning("configuration_window_closed", machine=nic.machine.key, mac=nic.interface.mac, reason=closed)


def _body(content: bytes) -> FileBody:
    """Return ``content`` as a file in memory: what is sent of a file is known to its end."""
    descriptor = os.memfd_create("configuration", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return FileBody(descriptor, 0, len(content))


def _sent(site: Site, nic: Nic, sent: int, size: int) -> None:
    site.services.metrics.http_bytes.inc(sent)
    if sent == size:
        site.record(nic, Configuration(sent))
