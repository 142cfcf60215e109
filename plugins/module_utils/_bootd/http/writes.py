# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``POST /api/v1/machines/<name>/netboot`` and ``.../retry``: all that can be changed over HTTP, by whoever may.

Netboot is switched as it is after an installation: bootd keeps that it did, and the object goes on saying what its
owner wants. So a manifest is never written, and what an owner has switched off stays so.
"""

from __future__ import annotations

import json
from collections.abc import Callable

try:
    from bottle import HTTPResponse, request
except ImportError:
    pass

from ..decisions.events import Detail, Event, NetbootSwitched, Retried, describe
from ..hardware.model import Machine
from ..stores.base import StoreError
from . import responses, status
from .admin import Admin
from .site import Site, is_rehearsal

MAX_BODY = 1024  # octets
RETRY_SECONDS = "5"


class Writes:
    """The two routes. A write is answered once it is kept."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._admin = Admin(site.services.settings.admin_token_file)

    def netboot(self, name: str) -> HTTPResponse:
        """Switch netboot of the machine called ``name`` as the body says, ``{"on": true}`` or ``{"on": false}``."""
        return self._if_allowed(name, self._switch)

    def retry(self, name: str) -> HTTPResponse:
        """Have the machine called ``name``, which has failed, stand at the beginning again."""
        return self._if_allowed(name, self._retry)

    def _if_allowed(self, name: str, write: Callable[[Machine], HTTPResponse]) -> HTTPResponse:
        services = self._site.services
        client = self._site.address(request.environ)
        refusal = self._admin.refusal(request.environ.get("HTTP_AUTHORIZATION", ""), client)
        if refusal is not None:
            if refusal.status_code in (403, 503):
                services.log.warning("write_refused", client=client, name=name, status=refusal.status_code)
            return refusal
        if is_rehearsal(request.environ):
            return responses.json_error(400, "nothing is changed in a rehearsal: leave out the header X-Rehearsal")
        machine = status.find(services.catalog.machines(), name)
        if machine is None:
            return responses.json_error(404, f"no machine, or more than one, is called {name}")
        try:
            return write(machine)
        except StoreError as error:
            return responses.json_error(503, f"not kept: {error}", Retry_After=RETRY_SECONDS)

    def _switch(self, machine: Machine) -> HTTPResponse:
        wanted = _wanted(request.body.read(MAX_BODY + 1))
        if wanted is None:
            return responses.json_error(400, 'the body has to be {"on": true} or {"on": false}')
        netboots = [interface.netboot for interface in machine.interfaces]
        on = tuple(item.mac for item in machine.interfaces if item.netboot.allow_pxe is True)
        if not wanted and on:
            return self._record(machine, NetbootSwitched("off", self._client(), on, machine.reprovision))
        if wanted and any(netboot.switched_off for netboot in netboots):
            return self._record(machine, NetbootSwitched("on", self._client()))
        if wanted and not on:
            where = f"in its object ({machine.source})" if machine.source else "in its object"
            return responses.json_error(409, f"allowPXE is not true {where}, which is its owner's to change")
        return self._document(machine)

    def _retry(self, machine: Machine) -> HTTPResponse:
        stage = self._site.services.journal.state(machine.key).stage
        if stage != "failed":
            return responses.json_error(409, f"{machine.name} has not failed, its stage is {stage}")
        return self._record(machine, Retried(self._client()))

    def _record(self, machine: Machine, detail: Detail) -> HTTPResponse:
        services = self._site.services
        event = Event(machine.key, machine.interfaces[0].mac, services.clock(), detail)
        services.journal.record(event, durable=True)
        services.log.info("changed_by_hand", machine=machine.name, client=self._client(), what=describe(event))
        return self._document(machine)

    def _document(self, machine: Machine) -> HTTPResponse:
        services = self._site.services
        served = services.catalog.get(machine.key) or machine
        return responses.json_document(200, status.machine_document(served, services.journal.state(machine.key)))

    def _client(self) -> str:
        return self._site.address(request.environ)


def _wanted(body: bytes) -> bool | None:
    """Return what the body of a request asks for, None where it is not understood."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    on = document.get("on") if isinstance(document, dict) and set(document) == {"on"} else None
    return on if isinstance(on, bool) else None
