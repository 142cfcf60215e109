# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cells of the matrix: each kind of machine in each arrangement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integration.daemon.running import ADDRESS
from matrix.arrangements import ARRANGEMENTS, Arrangement
from matrix.clients import CLIENTS, Client


@dataclass(frozen=True, slots=True)
class Setting:
    """What the other DHCP server has to be told for a cell to boot, and ``why``, with the reference."""

    line: str
    why: str


# By the names of client and arrangement.
SETTINGS: Mapping[tuple[str, str], Setting] = {
    ("uefi-secure-boot", "proxy"): Setting(
        f"dhcp-boot=,,{ADDRESS}",
        "GRUB loads from the next server of the lease, and does not look at [what a proxy has "
        "offered](https://github.com/rhboot/grub2/pull/87)",
    ),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A kind of machine in an arrangement; ``told``: the other DHCP server has been told what it needs there."""

    client: Client
    arrangement: Arrangement
    told: bool = True

    def __str__(self) -> str:
        return f"{self.client.name}-{self.arrangement.name}{'' if self.told else '-untold'}"

    @property
    def has_bystander(self) -> bool:
        """Whether another host is on the machine's own network, to see what it hears of iPXE's boot."""
        return self.client.is_told_a_script and self.arrangement.name == "reservation"

    @property
    def setting(self) -> str:
        """The line that the other DHCP server's configuration has for this cell, "" for none."""
        setting = SETTINGS.get((self.client.name, self.arrangement.name))
        return setting.line if setting and self.told else ""


CELLS = tuple(Cell(client, arrangement) for client in CLIENTS for arrangement in ARRANGEMENTS)
# They stay where GRUB has found no configuration.
UNTOLD = tuple(
    Cell(client, arrangement, told=False)
    for client in CLIENTS
    for arrangement in ARRANGEMENTS
    if (client.name, arrangement.name) in SETTINGS
)
