# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""``/api/v1/...``, ``/healthz``, ``/readyz``, ``/metrics``: bootd and its machines, for people and programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

try:
    from bottle import Bottle, HTTPResponse, request
except ImportError:
    pass

from ..hardware.mac import parse_mac
from ..process import metrics
from ..process.version import DOCUMENTATION, VERSION
from ..runtime.boot_programs import missing_programs, program_files
from ..runtime.measures import rendered
from ..runtime.services import Services
from . import page_files, responses, status
from .packets import packets_document, unknown_packets_document
from .site import Site
from .writes import Writes

ROOT = "/api/v1"
EVENTS = f"{ROOT}/events"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path that is answered, as bottle writes it, what is there in a few words, and what answers."""

    rule: str
    description: str
    callback: Callable[..., HTTPResponse]
    method: str = "GET"

    @property
    def path(self) -> str:
        """Return the path for people, as in ``/api/v1/machines/<name>``."""
        return self.rule.replace(":path>", ">")


def add_routes(app: Bottle, site: Site) -> None:
    """Add the routes, and those that list them."""
    writes = Writes(site)
    endpoints = [
        *_of_machines(site),
        Endpoint(f"{ROOT}/machines/<name:path>/netboot", "switch its netboot on or off", writes.netboot, "POST"),
        Endpoint(f"{ROOT}/machines/<name:path>/retry", "let it try again, where it has failed", writes.retry, "POST"),
        *_of_bootd(site),
    ]

    def index() -> HTTPResponse:
        listed = [
            {"path": endpoint.path, "method": endpoint.method, "description": endpoint.description}
            for endpoint in endpoints
        ]
        documentation = f"{DOCUMENTATION}/api.md"
        return responses.json_document(200, {"version": VERSION, "documentation": documentation, "endpoints": listed})

    def greeting() -> HTTPResponse:
        if page_files.wants_page(request.headers.get("Accept", "")):
            return page_files.file(page_files.INDEX)
        width = max(len(endpoint.path) for endpoint in endpoints)
        lines = [f"{endpoint.path:<{width}}  {endpoint.description}\n" for endpoint in endpoints]
        text = f"bootd {VERSION} boots machines from the network.\n\n{''.join(lines)}"
        return responses.text(200, text, Vary="Accept")

    endpoints.insert(0, Endpoint(ROOT, "this list, as JSON", index))
    endpoints.insert(0, Endpoint("/page/<name>", "the files of the page", page_files.file))
    endpoints.insert(0, Endpoint("/", "the page, in a browser; else this list", greeting))
    for endpoint in endpoints:
        app.route(endpoint.rule, method=endpoint.method, callback=endpoint.callback)

    def nothing(name: str = "") -> HTTPResponse:
        return responses.json_error(404, f"{ROOT} lists what there is, and nothing is called /api/{name}")

    for rule in ("/api", "/api/<name:path>"):
        app.get(rule, callback=nothing)


def ready_now(services: Services, gaps: Mapping[str, str]) -> status.Document:
    """Return the document of ``/readyz``; ``gaps`` are the servers that hear nobody now."""
    settings = services.settings
    return status.ready_document(
        len(services.catalog),
        services.problems(),
        gaps,
        missing_programs(services),
        program_files(settings.arch_map, settings.boot_files),
    )


def health_now(services: Services) -> status.Document:
    """Return the document of ``/api/v1/health``."""
    return status.health_document(
        ready_now(services, services.health.gaps()),
        services.health.faults(),
        len(services.unknown),
        services.journal.opened_at,
        services.clock(),
        takes_writes=bool(services.settings.admin_token_file),
    )


def _of_machines(site: Site) -> list[Endpoint]:
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

    def events(name: str) -> HTTPResponse:
        found = status.find(services.catalog.machines(), name)
        if found is None:
            return machine(f"{name}/events")  # that may be what a machine is called
        packets = packets_document(found, services.recent)
        return responses.json_document(200, status.events_document(services.journal.recent(found.key), packets))

    def explain(name: str) -> HTTPResponse:
        found = status.find(services.catalog.machines(), name)
        if found is None:
            return machine(f"{name}/explain")
        if site.explain is None:
            return responses.json_error(404, "nobody explains here")
        try:
            return responses.json_document(200, site.explain(services, found, request.query.client))
        except ValueError as error:
            return responses.json_error(400, str(error))

    return [
        Endpoint(f"{ROOT}/machines", "every machine, and where it stands", machines),
        Endpoint(f"{ROOT}/machines/<name:path>/events", "what was seen of it last", events),
        Endpoint(f"{ROOT}/machines/<name:path>/explain", "what it would get next, and why", explain),
        Endpoint(f"{ROOT}/machines/<name:path>", "one machine, by NAME or NAMESPACE/NAME", machine),
    ]


def _of_bootd(site: Site) -> list[Endpoint]:
    services = site.services

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
        # A file that can't be read keeps its last machines in service, and a boot program that is missing is missing
        # for some of the machines: both are shown here, and take nobody away.
        gaps = services.health.gaps()
        return responses.json_document(503 if gaps else 200, ready_now(services, gaps))

    def health() -> HTTPResponse:
        return responses.json_document(200, health_now(services))

    def stream() -> HTTPResponse:
        # GET is answered by http/event_stream, in the event loop; this is for HEAD.
        return HTTPResponse(b"", 200, headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})

    def exposition() -> HTTPResponse:
        body = rendered(services)
        return HTTPResponse(body, 200, headers={"Content-Type": metrics.CONTENT_TYPE, "Cache-Control": "no-store"})

    def unknown() -> HTTPResponse:
        return responses.json_document(200, status.unknown_document(services.unknown.all()))

    def unknown_packets(mac: str) -> HTTPResponse:
        parsed = parse_mac(mac)
        if parsed is None or services.catalog.by_mac(parsed) is not None:
            return responses.json_error(404, f"{mac} is no MAC address, or that of a machine")
        return responses.json_document(200, unknown_packets_document(parsed, services.recent))

    return [
        Endpoint(f"{ROOT}/unknown", "who asked and has no Hardware object", unknown),
        Endpoint(f"{ROOT}/unknown/<mac>", "what one of them asked last", unknown_packets),
        Endpoint(EVENTS, "every change as it comes: server-sent events", stream),
        Endpoint(f"{ROOT}/health", "how bootd itself is, for the page", health),
        Endpoint("/healthz", "ok, or 503 with the servers that answer nobody", healthz),
        Endpoint("/readyz", "200 while machines are answered; what is wrong with the store and the boot files", readyz),
        Endpoint("/metrics", "counters and gauges for Prometheus", exposition),
    ]
