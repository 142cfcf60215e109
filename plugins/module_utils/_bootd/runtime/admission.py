# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""Lets machines that ask for their scripts in one by one, so that of two that ask at once one gets the last place."""

from __future__ import annotations

from dataclasses import replace

from ..decisions.events import Event, Held
from ..decisions.stages import BUSY
from ..decisions.waiting import Others, what_for
from ..hardware.model import Nic
from .services import Services


def may_wait(services: Services, nic: Nic) -> bool:
    """Return whether the machine of ``nic`` may have to wait for others at all; one that installs has its place."""
    waits = bool(nic.machine.after or services.settings.installs_at_once)
    return waits and services.journal.state(nic.machine.key).stage not in BUSY


def others_of(services: Services) -> Others:
    """Return what is known of all machines now."""
    journal = services.journal
    return Others(services.catalog, journal.state, journal.busy(), services.settings)


def admit(services: Services, nic: Nic, script: Event) -> str:
    """Return what the machine of ``nic`` has to wait for, "" where it may have its script.

    The outcome is recorded in the journal in one step with the decision, so that of two machines one gets the last
    place: the event ``script`` where the machine may go on, a ``Held`` event where it has to wait.
    """
    if not may_wait(services, nic):
        services.journal.record(script)
        return ""
    waits_for = ""

    def choose() -> Event:
        nonlocal waits_for
        waits_for = what_for(nic.machine, others_of(services), script.at)
        return replace(script, detail=Held(waits_for)) if waits_for else script

    services.journal.decide(choose)
    return waits_for
