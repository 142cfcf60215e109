# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bootd's web application with a catalog in memory, asked without a socket or by one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from _bootd.configurations.base import Configuration, ConfigurationReader, NoConfigurations
from _bootd.decisions import tokens
from _bootd.decisions.boot import Script, Wait
from _bootd.decisions.events import Detail
from _bootd.decisions.stages import State
from _bootd.hardware.model import Interface, Machine, Netboot
from _bootd.http.app import create_app
from _bootd.http.server import HttpServer
from _bootd.http.site import SLOT
from _bootd.installers.kernel_boot import KernelBoot
from _bootd.process.log import Log
from _bootd.process.metrics import Metrics
from _bootd.process.settings import Settings
from _bootd.runtime.services import Services
from _bootd.stores.base import StoreError
from _bootd.stores.catalog import Catalog
from _bootd.stores.journal import Journal
from _bootd.stores.switches import as_served
from _bootd.stores.unknown_machines import UnknownMachines

SECRET = b"s" * 32
NOW = 1_000_000.0
MAC, ADDRESS, KEY = "58:47:ca:71:d8:49", "10.10.0.16", "tink-system/um790-1"
OTHER_MAC, OTHER_ADDRESS, OTHER_KEY = "52:54:00:00:00:02", "10.10.0.17", "tink-system/other"
STRANGER = "10.10.0.99"


def machine(name: str = "um790-1", mac: str = MAC, address: str = ADDRESS, **fields: Any) -> Machine:
    """Return a machine that may netboot and installs Harvester."""
    netboot = fields.pop("netboot", Netboot(allow_pxe=True))
    metadata = {
        "facility": {"facility_code": "onprem", "plan_slug": "c2.medium.x86"},
        "instance": {"operating_system": {"distro": "harvester", "version": "v1.2.0"}},
    }
    interface = Interface(mac, address, hostname=name, netboot=netboot)
    return Machine(name, "tink-system", (interface,), **{"metadata": metadata, "user_data": "token: x\n", **fields})


class MemoryStore:
    """Keeps states in memory; ``broken`` makes it refuse like a full disk."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.broken = False

    def load_states(self) -> dict[str, State]:
        return {}

    def changed_states(self) -> dict[str, State]:
        return {}

    def save(self, states: Mapping[str, State]) -> None:
        if self.broken:
            raise StoreError("no space left on device")
        self.states |= states


class ServingStore(MemoryStore):
    """Serves each machine of ``catalog`` as its state has it, as stores do when a state is saved."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog
        self._written = catalog.by_key()

    def save(self, states: Mapping[str, State]) -> None:
        super().save(states)
        for key, state in states.items():
            served = as_served(self._written[key], state.switched_off, by_hand=bool(state.switched_by))
            self._catalog.upsert(served)


class MemoryConfigurations(NoConfigurations):
    """Keeps configurations by key, as text."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get(self, key: str, read: ConfigurationReader) -> Configuration | None:
        return read(self.texts[key]) if key in self.texts else None

    def expects(self, key: str, _read: ConfigurationReader) -> bool:
        return key in self.texts


@dataclass
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def stub_render(decision: Script | Wait, mac: str, _settings: Settings) -> str:
    """Return a script that says what was decided."""
    arguments = decision.boots.arguments if isinstance(getattr(decision, "boots", None), KernelBoot) else ()
    urls = [value for key, _equals, value in (item.partition("=") for item in arguments) if key.endswith("config_url")]
    return f"#!ipxe\necho {' '.join([mac, decision.kind, *urls])}\n"


@dataclass
class Site:
    """The application and all it stands on. The journal's writer does not run: only durable records reach the store."""

    settings: Settings
    store: MemoryStore = field(default_factory=MemoryStore)
    catalog: Catalog = field(default_factory=Catalog)
    stream: io.StringIO = field(default_factory=io.StringIO)
    problems: list[Any] = field(default_factory=list)
    render: Any = stub_render
    configurations: MemoryConfigurations = field(default_factory=MemoryConfigurations)
    busy: bool = False  # the server sends as many files as it may
    downloads: int = 0  # that routes have begun and not ended
    now: float = NOW

    def __post_init__(self) -> None:
        self.log = Log("json", "debug", self.stream)
        self.journal = Journal(self.store, self.log, lambda: NOW)
        self.services = Services(
            self.settings,
            self.catalog,
            self.journal,
            UnknownMachines(),
            Metrics(),
            self.log,
            SECRET,
            lambda: self.problems,
            lambda: self.now,
            configurations=self.configurations,
        )
        self.app = create_app(self.services, self.settings.boot_files, lambda *arguments: self.render(*arguments))

    def ask(self, method: str, uri: str, source: str = ADDRESS, body: bytes = b"", **headers: str) -> Answer:
        """Ask as the machine at ``source``; keywords are headers: ``content_type``, ``if_none_match``..."""
        path, _unused, query = uri.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "bootd",
            "SERVER_PORT": "7080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": source,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            SLOT: self,
        }
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        for name, value in headers.items():
            key = name.upper()
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return self._call(environ)

    def begin_download(self) -> bool:
        """Stand for the place of a connection, as routes know it."""
        self.downloads += not self.busy
        return not self.busy

    def end_download(self) -> None:
        self.downloads -= 1

    def _call(self, environ: dict[str, Any]) -> Answer:
        begun: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
            begun[:] = [int(status[:3]), {name.lower(): value for name, value in headers}]

        response = self.app(environ, start_response)
        try:
            body = b"".join(response)
        finally:
            if hasattr(response, "close"):
                response.close()
        assert environ["wsgi.errors"].getvalue() == "", "bottle met an exception"
        return Answer(begun[0], begun[1], body)

    def get(self, uri: str, source: str = ADDRESS, **headers: str) -> Answer:
        return self.ask("GET", uri, source, **headers)

    def post(self, uri: str, body: bytes = b"", source: str = ADDRESS, **headers: str) -> Answer:
        return self.ask("POST", uri, source, body, **headers)

    def state(self, key: str = KEY) -> State:
        return self.journal.state(key)

    def events(self, key: str = KEY) -> list[Detail]:
        return [event.detail for event in self.journal.recent(key)]

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def counted(self, route: str, status: int) -> float:
        """Return how often ``route`` answered ``status``."""
        wanted = f'bootd_http_requests_total{{route="{route}",status="{status}"}}'
        lines = self.services.metrics.render().decode().splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(wanted)), 0.0)

    def token(self, key: str = KEY, installs: int = 0) -> str:
        return tokens.token(SECRET, key, installs)


def left_behind(site: Site) -> tuple[object, ...]:
    """Return what requests leave: states, events, packets, metrics but for durations, log and unknown machines."""
    metrics = [
        line
        for line in site.services.metrics.render().decode().splitlines()
        if line.startswith("bootd_") and ("duration_seconds" not in line or "duration_seconds_count" in line)
    ]
    lines = [{**line, "ts": 0, "duration": 0} for line in site.lines()]
    states = site.journal.states()
    recent = {key: site.journal.recent(key) for key in states}
    packets = {mac: site.services.recent.of(mac) for mac in (MAC, OTHER_MAC)}
    return states, recent, packets, metrics, lines, site.services.unknown.all()


def serve_switches(site: Site) -> None:
    """Have what is switched in a machine's state be in force, as with a real store."""
    site.journal._writer.store = site.store = ServingStore(site.catalog)


def make_site(root: Path, *machines: Machine, **settings: Any) -> Site:
    """Return a site with ``machines``, boot files in ``root/boot`` and images in ``root/images``."""
    for name in ("boot", "images"):
        (root / name).mkdir(exist_ok=True)
    site = Site(
        replace(
            Settings(
                "files:x", str(root), "10.10.0.20", image_dir=str(root / "images"), boot_files=(str(root / "boot"),)
            ),
            **settings,
        )
    )
    site.catalog.replace(machines)
    return site


@contextmanager
def serving(site: Site) -> Iterator[int]:
    """Serve ``site`` on a port of the loopback interface, which is what it returns."""
    server = HttpServer(site.services, site.app)
    server.open()
    server.start()
    try:
        yield server.port
    finally:
        server.stop()
