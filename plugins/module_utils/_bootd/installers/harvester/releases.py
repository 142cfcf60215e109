# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""The files of a Harvester release: what they are called, where they are, and the checksums beside them.

Names as scripts/package-harvester-os of harvester/harvester gives them, up to v1.8 of harvester/harvester-installer.
They lie at ``BASE/VERSION/FILE`` on releases.rancher.com and on every mirror that keeps its layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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
# Where an ISO has them: first since Elemental lays it out by architecture, which Harvester's arm64 ISO does not
# (package/harvester-os/{iso/boot/grub2,arm}/grub.cfg), then as before. The last is a guess for ISOs to come.
ISO_PATHS: dict[str, tuple[str, ...]] = {
    "kernel": ("boot/x86_64/loader/linux", "boot/kernel", "boot/aarch64/loader/linux"),
    "initrd": ("boot/x86_64/loader/initrd", "boot/initrd", "boot/aarch64/loader/initrd"),
    "rootfs": ("rootfs.squashfs",),
}

_OLDEST = (1, 1)
_ARM64_SINCE = _NET_INSTALL_SINCE = (1, 3)
_VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)
_SERIES = re.compile(r"v([0-9]{1,4})\.([0-9]{1,4})(?:[.-].*)?", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,254}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# coreutils' sha512sum: the digest, a space, a space or the mark of binary mode, the name.
_CHECKSUM = re.compile(r"([0-9A-Fa-f]{128}) [ *](.+)", re.ASCII)


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


def rendered(template: str, version: str, arch: str) -> str:
    """Return ``template`` with ``{version}`` and ``{arch}`` filled in; raises ValueError where it has others."""
    strange = sorted(set(_PLACEHOLDER.findall(template)) - {"version", "arch"})
    filled = template.replace("{version}", version).replace("{arch}", arch)
    if strange or "{" in filled or "}" in filled:
        raise ValueError(f"{template!r} may have {{version}} and {{arch}} in braces, and nothing else")
    return filled


def source_names(files: Mapping[str, str], templates: Mapping[str, str], version: str, arch: str) -> dict[str, str]:
    """Return ``files`` as a mirror calls them that renames: by ``templates``, role by role; raises ValueError."""
    strange = sorted(set(templates) - set(TEMPLATES))
    if strange:
        raise ValueError(f"{', '.join(strange)} is none of {', '.join(TEMPLATES)}")
    names = {role: rendered(templates.get(role) or name, version, arch) for role, name in files.items()}
    for role, name in names.items():
        if not is_file_name(name):
            raise ValueError(f"the name of {role} is {name!r} but should be that of a file: no path, no leading dot")
    return names


def is_file_name(name: str) -> bool:
    """Return whether ``name`` is a plain name of a file that is not hidden."""
    return _FILE.fullmatch(name) is not None


def parse_checksums(text: str) -> dict[str, str]:
    """Return the digests of a ``.sha512`` file by file name, in lower case.

    Raises ValueError, with the line, for whatever sha512sum would not write, for a name that is a path, and for one
    that has two digests.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _CHECKSUM.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is no line of sha512sum: {line[:80]!r}")
        digest, name = match[1].lower(), match[2]
        if not is_file_name(name):
            raise ValueError(f"line {number} names {name[:80]!r}, which is no plain file name")
        if found.setdefault(name, digest) != digest:
            raise ValueError(f"line {number} has another digest of {name} than a line before")
    if not found:
        raise ValueError("it has no line")
    return found


def digest_of(checksums: Mapping[str, str], names: Iterable[str]) -> str:
    """Return the digest of the first of ``names`` that has one, "" where none has."""
    return next((checksums[name] for name in names if name in checksums), "")
