# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a release are to be in which directory, and what is known of them. Pure.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.baremetal.netboot.plugins.module_utils._bootd.installers.harvester.releases import (
    release_files,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._images.release_names import digest_of, source_names

CHECKSUMS = "checksums"


@dataclass(frozen=True)
class Release:
    """A release: ``files`` are the names by role (see releases.TEMPLATES), ``names`` those at the source."""

    version: str
    arch: str
    files: Mapping[str, str]
    names: Mapping[str, str]
    roles: Sequence[str] = field(default=())

    @property
    def checksums(self) -> str:
        return self.files[CHECKSUMS]


@dataclass(frozen=True)
class Found:
    """A file that is there; ``sha512`` is "" where nobody has read it."""

    size: int
    sha512: str = ""


@dataclass(frozen=True)
class Judgement:
    """What is to become of one file: ``fetched``, ``replaced`` or ``unchanged``, and why.

    ``resumable``: what is there may be the beginning of the file, and the rest is all that is missing.
    """

    action: str
    reason: str = ""
    resumable: bool = False


def release_from(version: str, arch: str, roles: Iterable[str], templates: Mapping[str, str]) -> Release:
    """Return the release that a module's options name; raises ValueError."""
    files = release_files(version, arch)
    given = {role: template for role, template in templates.items() if template}
    # A template for a file that this release has not is no mistake: one set of them serves all releases.
    names = source_names(files, given, version, arch)
    wanted = tuple(dict.fromkeys(roles))
    lacking = [role for role in wanted if role not in files]
    if lacking:
        raise ValueError(f"Harvester {version} for {arch} has no {', '.join(lacking)}")
    if not wanted:
        raise ValueError("files names no file, so there would be nothing to fetch")
    return Release(version, arch, files, names, wanted)


def digests(release: Release, checksums: Mapping[str, str]) -> dict[str, str]:
    """Return the digests that the wanted files should have; raises ValueError where one is not told.

    A mirror that renames may have left the names in the checksums as they were, or not.
    """
    found = {role: digest_of(checksums, (release.files[role], release.names[role])) for role in release.roles}
    lacking = [release.files[role] for role, digest in found.items() if not digest]
    if lacking:
        raise ValueError(f"{release.names[CHECKSUMS]} has no line for {', '.join(lacking)}")
    return found


def kept_checksums(release: Release, text: str, checksums: Mapping[str, str]) -> str:
    """Return what to keep of the checksums, so that sha512sum -c checks the directory: they name its own files."""
    own = [release.files[role] for role in release.roles]
    if all(name in checksums for name in own):
        return text
    back = {release.names[role]: name for role, name in release.files.items()}
    return "".join(f"{digest}  {back.get(name, name)}\n" for name, digest in sorted(checksums.items()))


def judge(found: Found | None, digest: str, size: int | None, others: Mapping[str, str] | None = None) -> Judgement:
    """Say what is to become of a file.

    It should have ``digest``, "" where none is known, and has ``size`` at the source, None where that is not told.
    ``others`` are the release's digests by name: a file may be another one under a wrong name.
    """
    if found is None:
        return Judgement("fetched")
    if not digest:
        if size is None or found.size == size:
            return Judgement("unchanged")
        return Judgement("replaced", f"it has {found.size} bytes, at the source {size}")
    if found.sha512 == digest:
        return Judgement("unchanged")
    namesake = next((name for name, other in sorted((others or {}).items()) if other == found.sha512), "")
    if namesake:
        return Judgement("replaced", f"it is {namesake} under a wrong name")
    if size is not None and found.size < size:
        return Judgement("replaced", f"it is truncated or wrong: {found.size} of {size} bytes", resumable=True)
    told = f"{found.size} bytes" if size is None or size == found.size else f"{found.size} bytes, not {size}"
    return Judgement("replaced", f"it is not what the checksums say: {told}, sha512 {found.sha512[:16]}...")


def space_problem(needed: int, free: int, directory: str) -> str:
    """Return what to say where there is too little room for what is fetched, "" where there is enough."""
    if needed <= free:
        return ""
    return f"{directory} has {shown_size(free)} free but {shown_size(needed)} are needed"


def shown_size(size: float) -> str:
    """Return a number of bytes for people, in powers of ten as disks have them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.2f} {unit}"
        size /= 1000
    return ""


def hidden(name: str, kind: str) -> str:
    """Return the name of a file that belongs to ``name`` and is never served."""
    return f".{name}.{kind}"


def leftovers(names: Collection[str]) -> list[str]:
    """Return the hidden files that may belong to the files ``names``."""
    return [hidden(name, kind) for name in names for kind in ("part", "part.json")]
