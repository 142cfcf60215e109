# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The releases of Harvester: which there are, what their files are called, and the URL that they are below.

Names as scripts/package-harvester-os of harvester/harvester gives them, up to v1.8 of harvester/harvester-installer.
They lie at ``BASE/VERSION/FILE`` on releases.rancher.com and on every mirror that keeps its layout.
"""

from __future__ import annotations

import re

DEFAULT_BASE_URL = "https://releases.rancher.com/harvester"
ARCHES = ("amd64", "arm64")

# What each file is for -> its name. A role's name is also what the installer's stages call it.
TEMPLATES: dict[str, str] = {
    "kernel": "harvester-{version}-vmlinuz-{arch}",
    "initrd": "harvester-{version}-initrd-{arch}",
    "rootfs": "harvester-{version}-rootfs-{arch}.squashfs",
    "iso": "harvester-{version}-{arch}.iso",
    "net_install_iso": "harvester-{version}-{arch}-net-install.iso",
    "checksums": "harvester-{version}-{arch}.sha512",
}
# What a machine needs to boot and install.
BOOT_ROLES = ("kernel", "initrd", "rootfs", "iso")

_OLDEST = (1, 1)
_ARM64_SINCE = _NET_INSTALL_SINCE = (1, 3)
_VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)
_SERIES = re.compile(r"v([0-9]{1,4})\.([0-9]{1,4})(?:[.-].*)?", re.ASCII)


def series(version: str) -> tuple[int, int] | None:
    """Return major and minor of ``v1.8.2``, ``v1.9.0-rc6`` or ``v1.8``, None for a build of a branch as ``master``."""
    found = _SERIES.fullmatch(version)
    return (int(found[1]), int(found[2])) if found else None


def problem(version: str, arch: str) -> str:
    """Return why there is no such release, "" where there may be one."""
    if not _VERSION.fullmatch(version) or ".." in version:
        return f"version is {version!r} but should be as v1.8.2: letters, digits, dots, dashes, at most 64"
    if arch not in ARCHES:
        return f"arch is {arch!r} but should be one of {', '.join(ARCHES)}"
    known = series(version)
    if known is None:
        return ""
    if known < _OLDEST:
        return f"version is {version} but Harvester before v1.1 is not supported"
    if arch == "arm64" and known < _ARM64_SINCE:
        return f"version is {version} but Harvester for arm64 exists from v1.3 on"
    return ""


def release_files(version: str, arch: str = "amd64") -> dict[str, str]:
    """Return the names of a release's files by role (see TEMPLATES); raises ValueError where there is no such release.

    The net-install ISO exists from v1.3, and for amd64 only.
    """
    told = problem(version, arch)
    if told:
        raise ValueError(told)
    known = series(version)
    net_install = arch == "amd64" and (known is None or known >= _NET_INSTALL_SINCE)
    return {
        role: template.format(version=version, arch=arch)
        for role, template in TEMPLATES.items()
        if role != "net_install_iso" or net_install
    }


def release_url(version: str, base: str = DEFAULT_BASE_URL) -> str:
    """Return the URL below which a release's files are."""
    return f"{base.rstrip('/')}/{version}"
