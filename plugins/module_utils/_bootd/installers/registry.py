# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The installers that bootd knows, by ``metadata.instance.operating_system.distro`` of the Hardware object.

They are imported by name: Ansible packs the modules it finds in import statements, and nothing that is looked up.
"""

from __future__ import annotations

from ..hardware.model import Machine, text_at
from .base import Installer
from .debian import Debian
from .harvester.installer import Harvester
from .linux import Linux

ANY: Installer = Linux()
INSTALLERS: tuple[Installer, ...] = (Harvester(), Debian(), ANY)
_BY_DISTRO = {installer.distro: installer for installer in INSTALLERS}


def find(distro: str) -> Installer:
    """Return the installer for ``distro``; what is not known boots any kernel."""
    return _BY_DISTRO.get(distro, ANY)


def meant_by(distro: str) -> Installer:
    """Return the installer that ``distro`` means to people, whatever its case and the spaces around it."""
    return find(distro.strip().lower())


def installer_of(machine: Machine) -> Installer:
    """Return the installer of ``machine``, whichever script starts it."""
    return find(text_at(machine.metadata, "instance", "operating_system", "distro"))
