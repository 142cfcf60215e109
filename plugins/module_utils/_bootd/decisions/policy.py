# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The one policy for DHCP, TFTP and HTTP: whether a machine may boot from the network now, and what it boots.

Every server asks here, so that "netboot is off" can't mean three different things.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..hardware.model import Nic, text_at
from ..installers.registry import installer_of


class Boot(Enum):
    """What a machine boots."""

    CONTENTS = "netboot.ipxe.contents"
    CHAIN = "netboot.ipxe.url"
    INSTALLER = "its installer"
    LOCAL = "local disk"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a machine may boot from the network, what it then boots, and why: a sentence for people."""

    allowed: bool
    boot: Boot
    reason: str


def judge(nic: Nic) -> Verdict:
    """Return what netboot means for ``nic``.

    Precedence, first match wins: ``netboot.allowPXE`` not true -> the local disk; ``netboot.ipxe.contents``;
    ``netboot.ipxe.url``, else ``metadata.instance.ipxe_script_url``; the installer of ``operating_system.distro``,
    which for most is whatever ``netboot.osie`` names. A machine that may netboot but says nothing of what to boot gets
    the local disk too, and the reason says what is missing.
    """
    netboot = nic.interface.netboot
    if netboot.switched_off:
        why = "it was switched off by hand" if netboot.by_hand else "it is installed"
        return Verdict(False, Boot.LOCAL, f"netboot is off for {nic.machine.name}: {why}")
    if netboot.allow_pxe is not True:
        state = "false" if netboot.allow_pxe is False else "missing, which counts as false"
        return Verdict(False, Boot.LOCAL, f"netboot is off for {nic.machine.name}: netboot.allowPXE is {state}")
    name = nic.machine.name
    if netboot.ipxe_contents:
        return Verdict(True, Boot.CONTENTS, f"{name} boots the script in netboot.ipxe.contents")
    if script_url(nic):
        return Verdict(True, Boot.CHAIN, f"{name} boots the script at {script_url(nic)}")
    installer = installer_of(nic.machine)
    if not installer.needs_osie or netboot.osie.kernel or netboot.osie.base_url:
        return Verdict(True, Boot.INSTALLER, f"{name} {installer.does}")
    return Verdict(
        True,
        Boot.LOCAL,
        f"{name} may netboot but nothing says what: set netboot.ipxe, netboot.osie or operating_system.distro",
    )


def script_url(nic: Nic) -> str:
    """Return the URL of the iPXE script to chain to, or ""."""
    return nic.interface.netboot.ipxe_url or text_at(nic.machine.metadata, "instance", "ipxe_script_url")
