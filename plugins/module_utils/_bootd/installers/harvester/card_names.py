# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The names a kernel line gives to network cards, and how the installed system comes to keep them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...hardware.model import Interface, Machine, text_at
from .kernel_line import Network, network_arguments, renamed_cards
from .quirks import holds
from .spelling import spelled

COMMANDS = "after_install_chroot_commands"


def kept_arguments(machine: Machine, card: Interface) -> list[str]:
    """Return the arguments about the network that the machine's kernel gets where bootd keeps its configuration."""
    given = " ".join([*card.netboot.osie.kernel_params, text_at(machine.metadata, "instance", "userdata")]).split()
    version = text_at(machine.metadata, "instance", "operating_system", "version")
    network = Network(card.mac, card.address, card.netmask, card.gateway, vlan_id=card.vlan_id)
    return [*network_arguments(version, network, given, kept=True), *given]


def with_card_names(document: Mapping[str, Any], arguments: Iterable[str], version: str) -> dict[str, Any]:
    """Return ``document`` so that the installed system calls each card as ``arguments`` make the live system call it.

    The installer writes the live system's names into the installed one (the row "name-kept" of ``quirks``). Before
    v1.2 there is no way to have it do this.
    """
    cards = renamed_cards(arguments)
    if not cards or not holds("chroot-commands", version):
        return dict(document)
    system_key = spelled(document, "os")
    system = document.get(system_key) or {}
    if not isinstance(system, Mapping):
        return dict(document)
    commands_key = spelled(system, "afterInstallChrootCommands")
    given = system.get(commands_key) or []
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list) or any("extra_cmdline" in str(command) for command in given):
        return dict(document)  # somebody sets that line already
    names = " ".join(f"ifname={card}" for card in dict.fromkeys(cards))
    command = f'grub2-editenv /oem/grubenv set extra_cmdline="{names}"'
    others = {key: value for key, value in system.items() if key != commands_key}
    return {**document, system_key: {**others, COMMANDS: [command, *given]}}
