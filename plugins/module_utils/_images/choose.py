# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which source a module's options name.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.baremetal.netboot.plugins.module_utils._images import folder_source, http_source
from ansible_collections.baremetal.netboot.plugins.module_utils._images.folder_source import FolderSource
from ansible_collections.baremetal.netboot.plugins.module_utils._images.http_source import HttpSource, url_problem
from ansible_collections.baremetal.netboot.plugins.module_utils._images.iso_source import IsoSource
from ansible_collections.baremetal.netboot.plugins.module_utils._images.release_names import rendered
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import Source, Stream, shown
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import CHECKSUMS, Release


def source_from(release: Release, options: Mapping[str, Any], how: Mapping[str, Any]) -> Source:
    """Return where ``release`` comes from; ``how`` are arguments for Ansible's open_url. Raises ValueError."""
    given = rendered(options["source"], release.version, release.arch)
    within = rendered(options["source_directory"], release.version, release.arch).strip("/")
    source = _remote(given, within, release, how) if "://" in given else _local(given, within, release)
    if not options.get("checksums"):
        return source
    return _OtherChecksums(source, rendered(options["checksums"], release.version, release.arch), how)


def _remote(url: str, within: str, release: Release, how: Mapping[str, Any]) -> Source:
    problem = url_problem(url)
    if problem:
        raise ValueError(f"source {problem}")
    base, mark, query = url.partition("?")
    return HttpSource(f"{base.rstrip('/')}/{within}{mark}{query}", release.names, how)


def _local(path: str, within: str, release: Release) -> Source:
    place = Path(path).expanduser()
    if not place.is_absolute():
        raise ValueError(f"source is {path!r} but should be a URL or an absolute path")
    if place.is_dir():
        folder = place / within
        return FolderSource(folder if folder.is_dir() else place, release.names)
    if place.is_file():
        return IsoSource(place, release.names)
    raise ValueError(f"source {path}: there is no such folder, and no such ISO")


class _OtherChecksums:
    """A source whose checksums are elsewhere."""

    def __init__(self, source: Source, place: str, how: Mapping[str, Any]) -> None:
        problem = url_problem(place) if "://" in place else ""
        if problem:
            raise ValueError(f"checksums {problem}")
        self._source = source
        self.place = source.place
        self._checksums_at = shown(place) if "://" in place else place
        self.checksums: Callable[[], str] = lambda: _text_at(place, how)

    def url(self, role: str) -> str:
        return self._checksums_at if role == CHECKSUMS else self._source.url(role)

    def size(self, role: str) -> int | None:
        return self._source.size(role)

    def open(self, role: str, offset: int = 0, validator: str = "") -> Stream:
        return self._source.open(role, offset, validator)


def _text_at(place: str, how: Mapping[str, Any]) -> str:
    if "://" in place:
        return http_source.read_text(place, how)
    return folder_source.read_text(Path(place).expanduser())
