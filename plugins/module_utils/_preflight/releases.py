# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can the files of releases be had from where they are to come from, and are those the right ones?

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._images.choose import source_from
from ansible_collections.baremetal.netboot.plugins.module_utils._images.directory import allocated, free_space
from ansible_collections.baremetal.netboot.plugins.module_utils._images.present import Failed, Wish, present
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import Source, SourceError
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import (
    CHECKSUMS,
    release_from,
    shown_size,
)
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.disk import Need
from ansible_collections.baremetal.netboot.plugins.module_utils._preflight.results import (
    INVENTORY,
    NETWORK,
    NODE,
    Check,
    Problem,
)

BLOCK = 1024 * 1024
_WRITE_IT = "write it as docs/images.md shows: version: v1.8.2, and a source that is a URL or a folder of the node"


# What harvester_image has by default; a release without any of the others has the role's.
DEFAULTS = {"arch": "amd64", "source_directory": "{version}", "source_names": {}, "checksums": "", "verify": True}


def look(
    host: str, releases: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any], how: Mapping[str, Any]
) -> tuple[Check, list[Need]]:
    """Return what is wrong with the sources of ``releases``, options of harvester_image each, and the room they need.

    ``defaults`` are those options that a release does not say: path, source and files.

    Files in a folder of the host are read and compared with the checksums; those on a server are asked for by HEAD, as
    they are compared when they are fetched. ``how`` are arguments for Ansible's open_url.
    """
    problems: list[Problem] = []
    needs: list[Need] = []
    seen = []
    for release in releases:
        options = {**DEFAULTS, **defaults, **{name: value for name, value in release.items() if value is not None}}
        version, source = str(options.get("version", "")), str(options["source"])
        seen.append(f"{version} from {source.partition('?')[0].rpartition('@')[2]}")
        who = NETWORK if "://" in source else NODE
        try:
            found, size = _of_release(options, how)
        except ValueError as error:
            problems.append(Problem(str(error), f"{host} image_server_releases", _WRITE_IT, INVENTORY))
            continue
        remedy = "see that the source has it and answers, or name another with image_server_source"
        problems += [Problem(what, f"{host} image_server_releases {version}", remedy, who) for what in found]
        needs.append(need_of(Path(str(options["path"])), f"Harvester {version}", size))
    return Check("images", "; ".join(seen), problems, "" if seen else "image_server_releases has none"), needs


def need_of(directory: Path, what: str, size: int) -> Need:
    """Return the need for ``size`` bytes in ``directory``, which need not be there yet."""
    there = next(path for path in (directory, *directory.parents) if path.is_dir())
    return Need(str(directory), what, size, os.stat(there).st_dev, free_space(directory))


def _of_release(options: Mapping[str, Any], how: Mapping[str, Any]) -> tuple[list[str], int]:
    """Return a sentence for each file that can't be had or is wrong, and how many bytes are still to come."""
    release = release_from(str(options.get("version", "")), options["arch"], options["files"], options["source_names"])
    source = source_from(release, options, how)
    directory = Path(str(options["path"])) / release.version
    away: list[str] = []
    told: list[str] = []
    wish = Wish(release, directory, verify=options["verify"], check=True, retries=0)
    try:
        outcomes = present(wish, source, away.append)
    except Failed as failed:
        # Room is looked at for all releases together.
        told = [line for line in str(failed).splitlines() if not _is_of_room(line, directory)]
        outcomes = failed.outcomes
    coming = [outcome for outcome in outcomes if outcome.changed and outcome.role != CHECKSUMS]
    if coming:
        # A source that is away is no matter where all has been fetched before.
        told += [line.partition("; ")[0] for line in away]
    if "://" not in str(options["source"]):
        told += [line for outcome in coming if (line := _wrong(source, outcome.role, outcome.sha512))]
    size = sum(max((outcome.size or 0) - allocated(outcome.path), 0) for outcome in coming)
    return told, size


def _is_of_room(line: str, directory: Path) -> bool:
    return line.startswith(f"{directory} has ") and line.endswith(" are needed")


def _wrong(source: Source, role: str, digest: str) -> str:
    """Return what is wrong with a file at its source that should have ``digest`` ("": nobody knows), "" for nothing."""
    if not digest:
        return ""
    try:
        found, size = digest_at(source, role)
    except SourceError as error:
        return str(error)
    if found == digest:
        return ""
    return f"{source.url(role)} is not what the checksums say: {in_short(size, found, digest)}"


def in_short(size: int, found: str, digest: str) -> str:
    """Return which file was found, and which one was wanted, for people."""
    return f"it has {shown_size(size)} and SHA-512 {found[:16]}..., should be {digest[:16]}..."


def digest_at(source: Source, role: str) -> tuple[str, int]:
    """Return SHA-512 and size of a file, read where it is; raises SourceError."""
    digest, block, size = hashlib.sha512(), bytearray(BLOCK), 0
    with source.open(role) as stream:
        while count := stream.read_into(memoryview(block)):
            digest.update(memoryview(block)[:count])
            size += count
    return digest.hexdigest(), size
