# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What ``bootd explain`` says, told by the running daemon of what it serves now, to anybody: so without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..configurations.base import Configuration
from ..decisions.boot_programs import own_architecture
from ..hardware.model import Machine, Nic, boot_interface, with_first
from ..hardware.secret_fields import HIDDEN, hidden
from ..http.status import Document, machine_document
from ..installers.registry import installer_of
from ..ipxe.artifacts import plain
from ..process.masking import mask
from ..runtime.services import Services
from ..stores.base import StoreProblem
from .clients import CLIENTS, FIRMWARE, Client
from .explain import as_document, explain
from .snapshot import Snapshot

_HIDDEN_SCRIPT = f"#!ipxe\n# netboot.ipxe.contents {HIDDEN}\n"


class ServedSnapshot(Snapshot):
    """What the daemon serves at one moment; no file is read for it."""

    __slots__ = ()

    @classmethod
    def of(cls, services: Services) -> ServedSnapshot:
        """Return what ``services`` serve now."""
        return cls(
            services.settings,
            services.catalog,
            services.journal.states(),
            tuple(services.problems()),
            services.configurations,
        )

    def problems_of_machine(self, machine: Machine) -> list[StoreProblem]:
        """Return what the store has found wrong with the object of ``machine``."""
        starts = (f"{machine.key} ", f"{machine.key}:")
        return [item for item in self.problems if item.where == machine.source or item.message.startswith(starts)]


def explain_served(services: Services, machine: Machine, wanted: str = "") -> Document:
    """Return what ``machine`` would get next by each kind of client, or by the one that is ``wanted``.

    Raises ValueError where there is no such client. ``own`` is which of them the machine's own firmware is, as far as
    that is known. Nothing secret of its object is told.
    """
    if wanted and wanted not in CLIENTS:
        raise ValueError(f"client is {wanted} but should be one of {', '.join(CLIENTS)}")
    snapshot = ServedSnapshot.of(services)
    state = snapshot.state(machine.key)
    interface = boot_interface(with_first(machine, state.switched_off))
    found: dict[str, Document] = {}
    own = ""
    if interface is not None:
        nic = services.catalog.by_mac(interface.mac) or Nic(machine, interface)
        arch = own_architecture(interface, state.firmware)
        own = next((kind for kind, client in CLIENTS.items() if client == (FIRMWARE, arch)), "")
        for kind in (wanted,) if wanted else CLIENTS:
            client = Client(CLIENTS[kind][0], arch if CLIENTS[kind][1] is None else CLIENTS[kind][1] or 0)
            explanation = explain(nic, client, snapshot, services.clock(), without_secrets)
            found[kind] = _masked(as_document(explanation, snapshot))
            del found[kind]["machine"]
    return {
        "machine": machine_document(machine, state),
        "configuration": _configuration(services, machine),
        "own": own,
        "clients": found,
    }


def without_secrets(nic: Nic) -> Nic:
    """Return ``nic`` with a word in the place of whatever is secret in its object."""
    netboot = nic.interface.netboot
    osie = replace(netboot.osie, kernel_params=(HIDDEN,) if netboot.osie.kernel_params else ())
    netboot = replace(netboot, osie=osie, ipxe_contents=_HIDDEN_SCRIPT if netboot.ipxe_contents else "")
    metadata = hidden({"spec": {"metadata": dict(nic.machine.metadata)}})["spec"]["metadata"]
    machine = replace(nic.machine, metadata=metadata, user_data=HIDDEN if nic.machine.user_data else None)
    return Nic(machine, replace(nic.interface, netboot=netboot))


def _configuration(services: Services, machine: Machine) -> Document:
    """Return whether there is an installer's configuration for ``machine``, why it can't be used, and what it loads."""
    problems: list[str] = []
    installer = installer_of(machine)

    def read(text: str) -> Configuration:
        try:
            return installer.read(text)
        except ValueError as error:
            problems.append(str(error))
            return Configuration(text)

    kept = services.configurations.get(machine.key, read)
    present = kept is not None
    # An installer that is told a login for its image has a secret there.
    loads = [mask(plain(url)) for url in installer.loads(kept.document if kept else None) if "@" not in url]
    return {
        "present": present,
        "loads": [url for url in loads if HIDDEN not in url],
        "problems": problems,
        "made": installer.makes_configuration and not present,
    }


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: _masked(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value
