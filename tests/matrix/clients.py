# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the matrix: kinds of machines, by what their firmware does when it boots from the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lab import artifacts, rom

SCRIPT = ("auto.ipxe", "HTTP")


def system(arch: str = "amd64", protocol: str = "HTTP") -> tuple[tuple[str, str], ...]:
    """The kernel and the initramfs for ``arch``."""
    return tuple((ending.format(arch=arch), protocol) for ending in artifacts.ENDINGS[:2])


@dataclass(frozen=True, slots=True)
class Client:
    """One kind.

    ``options`` are those of the lab's Machine, ``fetches`` the files it has to load, each with how. ``program`` is what
    the Hardware object has it load first, "" for what bootd chooses. ``rom`` makes the network card's, where it is not
    QEMU's own. ``firmware`` and ``processor`` are what the system sees that was booted. ``played_as`` is the client
    that a rehearsal plays for it.
    """

    name: str
    title: str
    firmware: str
    fetches: tuple[tuple[str, str], ...]
    options: Mapping[str, object] = field(default_factory=dict)
    program: str = ""
    rom: Callable[[], bytes] | None = None
    processor: str = "x86_64"
    played_as: str = "uefi"

    @property
    def arch(self) -> str:
        """Its architecture as Debian names it."""
        return str(self.options.get("arch", "amd64"))

    @property
    def is_told_a_script(self) -> bool:
        """Whether its iPXE is sent to its script by DHCP, and does not look for one by itself before that."""
        return SCRIPT in self.fetches

    @property
    def secure_boot(self) -> bool:
        """Whether its firmware starts only what is signed."""
        return bool(self.options.get("secure_boot"))


def _without_http() -> bytes:
    return rom.without_http(rom.SHIPPED.read_bytes())


CLIENTS = (
    Client("bios-ipxe", "BIOS, iPXE in the card's ROM", "bios", (SCRIPT, *system()), played_as="ipxe"),
    Client(
        "bios-chain",
        "BIOS, a ROM without HTTP (iPXE's, with HTTP taken out)",
        "bios",
        (("undionly.kpxe", "TFTP"), SCRIPT, *system()),
        rom=_without_http,
        played_as="bios",
    ),
    Client("uefi-tftp", "UEFI, PXE (TFTP)", "uefi", (("snponly.efi", "TFTP"), SCRIPT, *system())),
    Client(
        "uefi-http",
        "UEFI, HTTP boot",
        "uefi",
        (("snponly.efi", "HTTP"), SCRIPT, *system()),
        {"http": True},
        played_as="uefi-http",
    ),
    Client(
        "uefi-secure-boot",
        "UEFI, Secure Boot with Microsoft's keys",
        "uefi",
        (("shimx64.efi", "TFTP"), ("grubx64.efi", "TFTP"), ("grub.cfg", "TFTP"), *system(protocol="TFTP")),
        {"secure_boot": True},
        program="shimx64.efi",
    ),
    Client(
        "arm64-uefi-tftp",
        "64-bit ARM, UEFI, PXE (TFTP), iPXE of Debian 13",
        "uefi",
        (("ipxe-arm64.efi", "TFTP"), ("autoexec.ipxe", "TFTP"), *system("arm64")),
        {"arch": "arm64"},
        processor="aarch64",
        played_as="arm64",
    ),
)
