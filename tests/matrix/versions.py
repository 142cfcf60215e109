# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""With which programs of others the cells boot: the versions of Debian's packages."""

from __future__ import annotations

from lab import secure_boot
from lab.command import run

PACKAGES = {
    "QEMU": "qemu-system-x86",
    "SeaBIOS": "seabios",
    "edk2 for x64": "ovmf",
    "edk2 for ARM": "qemu-efi-aarch64",
    "iPXE, the card's ROM": "ipxe-qemu",
    "iPXE, boot programs": "ipxe",
    "dnsmasq": "dnsmasq-base",
    "ISC dhcrelay": "isc-dhcp-relay",
}


# Unpacked, not installed.
SIGNED = {"shim": "shim-signed", "GRUB": "grub-efi-amd64-signed"}


def versions() -> list[tuple[str, str]]:
    """Pairs of a program and the version of its package."""
    unpacked = dict(name.split("=") for name in secure_boot.packages())
    installed = [(program, _version(package)) for program, package in PACKAGES.items()]
    return installed + [(program, unpacked[package]) for program, package in SIGNED.items()]


def _version(package: str) -> str:
    return run(["dpkg-query", "--show", "--showformat=${Version}", package]).stdout
