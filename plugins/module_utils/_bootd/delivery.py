# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who is given an installer's configuration: its own machine, while it is being installed, and nobody else."""

from __future__ import annotations

from . import tokens
from .catalog import Nic
from .configurations import document
from .decisions.policy import judge
from .hardware.model import text_at
from .installers.harvester.card_names import kept_arguments, with_card_names
from .installers.harvester.webhooks import with_webhooks
from .services import Services
from .stages import State

# From the script that names the URL until the report of success; a failed installer may ask once more.
STAGES = ("script", "kernel", "installing", "failed")


def obstacle(nic: Nic, state: State) -> str:
    """Return why the machine of ``nic`` may not have its configuration now, "" where it may."""
    verdict = judge(nic)
    if not verdict.allowed:
        return verdict.reason
    if state.stage not in STAGES:
        return f"{nic.machine.name} is not being installed, its stage is {state.stage}"
    return ""


def is_its_own(services: Services, nic: Nic, address: str) -> bool:
    """Return whether ``address`` is one of the machine that ``nic`` belongs to."""
    owner = services.catalog.by_ip(address)
    return owner is not None and owner.machine.key == nic.machine.key


def config_url(services: Services, nic: Nic, address: str) -> str:
    """Return the URL for the kernel line of ``nic``, "" where no configuration is kept for its machine.

    Whoever else than the machine asks, by ``address``, is shown no token.
    """
    if not services.configurations.expects(nic.machine.key):
        return ""
    value = _token(services, nic) if is_its_own(services, nic, address) else tokens.HIDDEN
    return tokens.configuration_url(services.settings.http_base, nic.interface.mac, value)


def content(services: Services, nic: Nic) -> bytes | None:
    """Return the configuration of the machine of ``nic``, our webhooks first, None where it has none.

    Where the kernel line gives the boot card a name, one that was written by hand has the installed system do so too.
    """
    kept = services.configurations.get(nic.machine.key)
    if kept is None:
        return None
    installs = services.journal.state(nic.machine.key).installs
    value = tokens.token(services.secret, nic.machine.key, installs)
    url = tokens.report_url(services.settings.http_base, nic.interface.mac, value)
    version = text_at(nic.machine.metadata, "instance", "operating_system", "version")
    named = with_card_names(kept.document, kept_arguments(nic.machine, nic.interface), version)
    return document.write(with_webhooks(named, url), like=kept.text).encode()


def _token(services: Services, nic: Nic) -> str:
    key = nic.machine.key
    return tokens.configuration_token(services.secret, key, services.journal.state(key).installs)
