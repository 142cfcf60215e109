# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Decides who is given an installer's configuration: its own machine, while it is being installed, nobody else."""

from __future__ import annotations

from ..decisions import tokens
from ..decisions.events import Script
from ..decisions.policy import judge
from ..decisions.stages import State, boots_again
from ..hardware.model import Nic
from ..installers.base import Handout, Installer
from ..installers.registry import installer_of
from .origin import is_its_own
from .services import Services

# From the script that names the URL until the report of success, or the end of the window; a failed installer may ask
# once more.
STAGES = ("script", "kernel", "installing", "failed")
_GIVEN = Script("", "http")


def obstacle(services: Services, nic: Nic, state: State) -> str:
    """Return why the machine of ``nic`` may not have its configuration now, "" where it may."""
    verdict = judge(nic)
    if not verdict.allowed:
        return verdict.reason
    if state.stage not in STAGES:
        return f"{nic.machine.name} is not being installed, its stage is {state.stage}"
    if state.configuration_closed:
        return f"{state.configuration_closed}; its next boot from the network opens another window"
    window = services.settings.configuration_window
    # A clock that was set back must not hold it open.
    if abs(services.clock() - (state.script_at or state.since)) > window:
        return f"its script was served more than {window / 60:.0f} minutes ago (--configuration-window)"
    return ""


def config_url(services: Services, nic: Nic, address: str, installer: Installer | None = None) -> str:
    """Return the URL for the kernel line of ``nic``, "" where there is no configuration for its machine.

    Whoever else than the machine asks, by ``address``, is shown no token. ``installer`` is the machine's, None where
    it has to be looked up.
    """
    installer = installer or installer_of(nic.machine)
    if not services.configurations.expects(nic.machine.key, installer.read) and not installer.makes_configuration:
        return ""
    value = _token(services, nic) if is_its_own(services, nic, address) else tokens.HIDDEN
    return tokens.configuration_url(services.settings.http_base, nic.interface.mac, value)


def handout(services: Services, nic: Nic) -> Handout | None:
    """Return the configuration of the machine of ``nic`` as its installer gets it, None where it has none."""
    key, installer = nic.machine.key, installer_of(nic.machine)
    state = services.journal.state(key)
    value = tokens.token(services.secret, key, state.installs, state.attempt)
    url = tokens.report_url(services.settings.http_base, nic.interface.mac, value)
    return installer.configuration(nic, services.configurations.get(key, installer.read), url)


def _token(services: Services, nic: Nic) -> str:
    """Return the token for a script that the machine of ``nic`` is given now: it may begin another attempt."""
    key = nic.machine.key
    # It has what an attempt is told by: when a script was given last changes none.
    state = services.journal.standing(key)
    attempt = state.attempt + boots_again(state, _GIVEN)
    return tokens.configuration_token(services.secret, key, state.installs, attempt)
