# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""What Harvester's releases do differently from each other, or from what one would expect, when they are installed.

Each row is a fact with the versions and architectures it is true of, and who tells it. ``kernel_line`` and the checks
of Hardware objects ask here by a row's name.
"""

from __future__ import annotations

from dataclasses import dataclass

from .versions import OLDEST, Version, parse_version, shown_version

ARCHES = ("amd64", "arm64")
# The names of Hardware objects, and Harvester's.
ARCH_NAMES = {"": "amd64", "x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Quirk:
    """A fact about the versions from ``since`` until before ``until``, on ``archs``."""

    name: str
    what: str
    source: str
    since: Version = OLDEST
    until: Version | None = None
    archs: tuple[str, ...] = ARCHES

    def holds(self, version: Version, arch: str) -> bool:
        """Return whether this is true of ``version`` on ``arch``."""
        return self.since <= version and (self.until is None or version < self.until) and arch in self.archs

    def versions(self) -> str:
        """Return the versions in words for people."""
        if self.until is None:
            return "all" if self.since == OLDEST else f"from {shown_version(self.since)}"
        if self.since == OLDEST:
            return f"before {shown_version(self.until)}"
        return f"from {shown_version(self.since)}, before {shown_version(self.until)}"


QUIRKS = (
    Quirk(
        "arm64-missing",
        "there is no release for arm64",
        "docs v1.3, install/requirements; scripts/package-harvester-os",
        until=(1, 3),
        archs=("arm64",),
    ),
    Quirk(
        "bios-refused",
        "the installer stops on machines with legacy BIOS, and skipchecks does not help",
        "docs v1.8, install/pxe-boot-install; biosCheck in console/install_panels.go",
        since=(1, 8),
    ),
    Quirk(
        "address-lost",
        "the live system's NetworkManager forgets what the initrd was told, and takes another address where several "
        "DHCP servers answer: a static ip= keeps it",
        "harvester/harvester#10258, harvester/seeder#85",
        since=(1, 8),
    ),
    Quirk(
        "name-kept",
        "the card's name in the live system is written into the installed one: where ifname= changed it, the installed "
        "system's kernel line needs the same ifname=",
        "config/templates/nm-bond-slave.nmconnection; pkg/tink of harvester/seeder",
    ),
    Quirk(
        "chroot-commands",
        "os.after_install_chroot_commands run at the end of the installation",
        "docs v1.3, install/harvester-configuration",
        since=(1, 2),
    ),
    Quirk(
        "one-ip",
        "only one ip= counts, and ip=dhcp alone takes any card: BOOTIF= says which",
        "docs, install/pxe-boot-install; harvester/harvester-installer#187",
    ),
    Quirk(
        "dhcp-retry",
        "the initrd gives up after one unanswered DHCP request: rd.net.dhcp.retry= has it ask again",
        "docs, install/pxe-boot-install; harvester/harvester#1363",
    ),
    Quirk(
        "no-certificates",
        "the initrd trusts no certificate authority: the rootfs comes by HTTP, or with rd.noverifyssl",
        "harvester/harvester#1431 and #4134",
    ),
    Quirk(
        "initrd-named",
        "UEFI finds the initrd by initrd= only, with the name that iPXE knows it by",
        "docs, install/pxe-boot-install",
    ),
    Quirk(
        "names-predictable",
        "without net.ifnames=1 cards have other names in the live system than in the installed one",
        "docs v1.8, install/pxe-boot-install",
    ),
    Quirk(
        "first-console",
        "the installer works on the first of the active consoles only; on arm64 not on ttyAMA0 where there is another",
        "isFirstConsoleTTY in console/tty.go",
    ),
    Quirk(
        "router-needed",
        "a node without default route does not start: DHCP has to offer a router, or the configuration a gateway",
        "docs, install/pxe-boot-install; harvester/harvester#5675",
    ),
    Quirk(
        "preflight",
        "an unattended installation stops where cores, memory or network are below what production wants, unless "
        "harvester.install.skipchecks=true",
        "docs v1.3, install/pxe-boot-install",
        since=(1, 3),
    ),
    Quirk(
        "iso-local",
        "install.iso_url may be local, where the machine has the ISO in a drive",
        "pkg/installer of harvester/harvester",
        since=(1, 9),
    ),
    Quirk(
        "networks-v1.0",
        "the management interface is install.networks.harvester-mgmt, the server's port 8443, no scheme_version",
        "docs v1.0, install/harvester-configuration; pkg/config/config.go of harvester/harvester-installer",
        until=(1, 1),
    ),
    Quirk(
        "tg3-missing",
        "the kernel of the live system does not find some Broadcom cards (tg3)",
        "harvester/harvester#11266",
        since=(1, 8),
    ),
    Quirk(
        "arm64-stub",
        "some arm64 machines stop at the EFI stub",
        "harvester/harvester#9755",
        since=(1, 7),
        until=(1, 8),
        archs=("arm64",),
    ),
)
_BY_NAME = {quirk.name: quirk for quirk in QUIRKS}


def holds(name: str, version: str, arch: str = "amd64") -> bool:
    """Return whether the row ``name`` is true of ``version``, as ``v1.8.2``; what is not known counts as newest."""
    return _BY_NAME[name].holds(parse_version(version), arch)


def quirks_of(version: str, arch: str = "amd64") -> list[Quirk]:
    """Return the rows that are true of ``version`` on ``arch``."""
    number = parse_version(version)
    return [quirk for quirk in QUIRKS if quirk.holds(number, arch)]


def arch_refused(version: str, arch: str) -> str:
    """Return why ``version`` is not for machines of ``arch``, "" where it is."""
    if not holds("arm64-missing", version, arch):
        return ""
    return f"Harvester {version} has no release for arm64: that begins with v1.3"


def bios_refused(version: str) -> str:
    """Return why ``version`` is not for machines with legacy BIOS, "" where it is."""
    if not holds("bios-refused", version):
        return ""
    return f"Harvester {version} does not install on machines with legacy BIOS, as from v1.8: set the firmware to UEFI"
