# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release's files are called at their source, inside its ISO, and in its checksum file. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.releases import TEMPLATES

# Where an ISO has them: first since Elemental lays it out by architecture, which Harvester's arm64 ISO does not
# (package/harvester-os/{iso/boot/grub2,arm}/grub.cfg), then as before. The last is a guess for ISOs to come.
ISO_PATHS: dict[str, tuple[str, ...]] = {
    "kernel": ("boot/x86_64/loader/linux", "boot/kernel", "boot/aarch64/loader/linux"),
    "initrd": ("boot/x86_64/loader/initrd", "boot/initrd", "boot/aarch64/loader/initrd"),
    "rootfs": ("rootfs.squashfs",),
}

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,254}", re.ASCII)
# coreutils' sha512sum: the digest, a space, a space or the mark of binary mode, the name.
_CHECKSUM = re.compile(r"([0-9A-Fa-f]{128}) [ *](.+)", re.ASCII)


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
