# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/api/v1/...``, ``/healthz``, ``/readyz``, ``/metrics``: bootd and its machines, for people and programs."""

from __future__ import annotations

try:
    from bottle import Bottle, HTTPResponse
except ImportError:
    pass

from ..process import metrics
from . import responses, status
from .site import Site

GREETING = "bootd boots machines from the network. See /api/v1/machines, /api/v1/unknown, /readyz and /metrics.\n"


def add_routes(app: Bottle, site: Site) -> None:
    """Add the routes."""
    services = site.services

    def greeting() -> HTTPResponse:
        return responses.text(200, GREETING)

    def healthz() -> HTTPResponse:
        faults = services.health.faults()
        if faults:
            return responses.text(503, "".join(f"{fault}\n" for fault in faults))
        # Another bootd would hear no more than this one, so nobody has to start one: 200, and the gap in words.
        return responses.text(
            200, "".join(f"{name}: {gap}\n" for name, gap in services.health.gaps().items()) or "ok\n"
        )

    def readyz() -> HTTPResponse:
        # That this is answered means that every socket is bound and the catalog is loaded: bootd listens no sooner.
        # A file that can't be read keeps its last machines in service, so it is shown here and takes nobody away.
        gaps = services.health.gaps()
        document = status.ready_document(len(services.catalog), services.problems(), gaps)
        return responses.json_document(503 if gaps else 200, document)

    def exposition() -> HTTPResponse:
        services.metrics.unknown.set(len(services.unknown))
        body = services.metrics.render()
        return HTTPResponse(body, 200, headers={"Content-Type": metrics.CONTENT_TYPE, "Cache-Control": "no-store"})

    app.get("/", callback=greeting)
    app.get("/healthz", callback=healthz)
    app.get("/readyz", callback=readyz)
    app.get("/metrics", callback=exposition)
    _add_machines(app, site)


def _add_machines(app: Bottle, site: Site) -> None:
    services = site.services

    def machines() -> HTTPResponse:
        return responses.json_document(
            200, status.machines_document(services.catalog.machines(), services.journal.state)
        )

    def machine(name: str) -> HTTPResponse:
        found = status.find(services.catalog.machines(), name)
        if found is None:
            return responses.json_error(404, f"no machine, or more than one, is called {name}")
        return responses.json_document(200, status.machine_document(found, services.journal.state(found.key)))

    def unknown() -> HTTPResponse:
        return responses.json_document(200, status.unknown_document(services.unknown.all()))

    app.get("/api/v1/machines", callback=machines)
    app.get("/api/v1/machines/<name:path>", callback=machine)
    app.get("/api/v1/unknown", callback=unknown)
