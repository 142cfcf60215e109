# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What every route is handed, and what they all do with a request: find the machine and tell the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..decisions.boot import BootContext, Script, Wait
from ..decisions.events import Detail, Event
from ..decisions.stages import State
from ..hardware.model import Machine, Nic
from ..process.settings import Settings
from ..runtime.origin import NOBODY, BootLookup, Lookup, boots_unknown, speaks_for
from ..runtime.services import Services
from ..runtime.unknown_requests import note_unknown
from .caller import Caller, Networks, client_address, identify, networks
from .downloads import Downloads

Environ = dict[str, Any]  # a WSGI environment (PEP 3333)
NIC = "bootd.nic"  # in the WSGI environment: the interface that was found, for the log
REHEARSAL = "HTTP_X_REHEARSAL"  # in the WSGI environment: "1" from a client that only plays a machine
SLOT = "bootd.slot"  # in the WSGI environment: the ConnectionSlot, which a route asks before it sends a file


class Render(Protocol):
    """Makes the iPXE script of a boot decision; see ``ipxe.render``."""

    def __call__(self, script: Script | Wait, mac: str, settings: Settings, /) -> str:
        """Return the script of the machine whose interface has ``mac``."""


def is_rehearsal(environ: Environ) -> bool:
    """Return whether the client says that it only plays a machine: it is answered, and tells nothing of one."""
    return environ.get(REHEARSAL) == "1"


class Explain(Protocol):
    """Tells what a machine would get next; see ``commands.explain_served``."""

    def __call__(self, services: Services, machine: Machine, wanted: str = "", /) -> dict[str, Any]:
        """Return the document for each kind of client, or the one ``wanted``; raises ValueError for no such kind."""


@dataclass(frozen=True, slots=True)
class Site:
    """The services, the directories of boot files, the renderer of iPXE scripts, and who explains, None for nobody.

    See ``ipxe.render`` and ``commands.explain_served``.
    """

    services: Services
    boot_files: Sequence[str]
    render: Render
    explain: Explain | None = None
    proxies: Networks = field(default=())
    downloads: Downloads = field(default_factory=Downloads)

    @classmethod
    def of(cls, services: Services, boot_files: Sequence[str], render: Render, explain: Explain | None = None) -> Site:
        """Return the Site that ``services.settings`` describe."""
        return cls(services, tuple(boot_files), render, explain, networks(services.settings.trusted_proxies))

    def boot_context(self, environ: Environ, configuration_url: str = "") -> BootContext:
        """Return what a boot decision has to know of this daemon, and of where the client is."""
        unknown = boots_unknown(self.services, self.address(environ))
        return BootContext.of(self.services.settings, configuration_url, boots_unknown=unknown)

    def address(self, environ: Environ) -> str:
        """Return the address of the client."""
        peer, forwarded = environ.get("REMOTE_ADDR") or "", environ.get("HTTP_X_FORWARDED_FOR") or ""
        return client_address(str(peer), str(forwarded), self.proxies)

    def speaker(self, environ: Environ) -> str:
        """Return the address for which the request may move a machine or open its secrets: NOBODY in a rehearsal."""
        return NOBODY if is_rehearsal(environ) else self.address(environ)

    def caller(self, environ: Environ, mac: str | None = None, *, boots: bool = False) -> Caller:
        """Return who asks: the machine with ``mac``, or where that is None the one with the client's address.

        ``boots`` is whether it asks what to boot: see ``runtime.origin``.
        """
        machines = BootLookup(self.services) if boots else Lookup(self.services)
        found = identify(machines, mac, self.address(environ))
        if found.nic is not None:
            environ[NIC] = found.nic
        return found

    def decided(self, decision: str) -> None:
        """Count what a machine is told to boot, in a word."""
        self.services.metrics.decisions.shared("http", decision).inc()

    def asked_by_unknown(self, environ: Environ, mac: str | None) -> None:
        """Note that a machine asks for its script or a boot program that has no Hardware object."""
        if not is_rehearsal(environ):
            note_unknown(self.services, "http", mac, self.address(environ))

    def is_own_act(self, environ: Environ, nic: Nic) -> bool:
        """Return whether it is the machine of ``nic`` itself that asks, so that what it does may move its stage."""
        return speaks_for(self.services, nic, self.speaker(environ))

    def record(self, nic: Nic, detail: Detail, *, durable: bool = False) -> State:
        """Record what was seen of a machine; return its new state. StoreError where a ``durable`` write failed."""
        services = self.services
        event = Event(nic.machine.key, nic.interface.mac, services.clock(), detail)
        return services.journal.record(event, durable=durable)
