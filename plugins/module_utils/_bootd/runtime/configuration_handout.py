# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Decides who is given an installer's configuration: its own machine, while it is being installed, nobody else."""

from __future__ import annotations

from ..decisions import tokens
from ..decisions.policy import judge
from ..decisions.stages import State
from ..hardware.model import Nic
from ..installers.base import Handout
from ..installers.registry import installer_of
from .services import Services

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
    """Return the URL for the kernel line of ``nic``, "" where there is no configuration for its machine.

    Whoever else than the machine asks, by ``address``, is shown no token.
    """
    installer = installer_of(nic.machine)
    if not services.configurations.expects(nic.machine.key, installer.read) and not installer.makes_configuration:
        return ""
    value = _token(services, nic) if is_its_own(services, nic, address) else tokens.HIDDEN
    return tokens.configuration_url(services.settings.http_base, nic.interface.mac, value)


def handout(services: Services, nic: Nic) -> Handout | None:
    """Return the configuration of the machine of ``nic`` as its installer gets it, None where it has none."""
    key, installer = nic.machine.key, installer_of(nic.machine)
    value = tokens.token(services.secret, key, services.journal.state(key).installs)
    url = tokens.report_url(services.settings.http_base, nic.interface.mac, value)
    return installer.configuration(nic, services.configurations.get(key, installer.read), url)


def _token(services: Services, nic: Nic) -> str:
    key = nic.machine.key
    return tokens.configuration_token(services.secret, key, services.journal.state(key).installs)
